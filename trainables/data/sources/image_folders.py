"""A folder of images, one folder a class: opened by Pillow, brought to one size and one colour mode."""

from __future__ import annotations

import statistics
import struct
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from trainables.data.dataset import Array, Repair
from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.origin import Places, repair_of
from trainables.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["FORMATS", "IMAGE_ENDINGS", "LARGEST_SIDE", "decoded", "read_images"]

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
GREY = ("1", "L", "LA", "I", "I;16", "I;16B", "I;16L")
SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L")
ORIENTATION = 0x0112  # the EXIF tag; from 5 on it exchanges height and width

BROKEN = (OSError, EOFError, ValueError, TypeError, SyntaxError, LookupError, ArithmeticError, struct.error)
"""What Pillow's readers raise at damaged files."""

LARGEST_SIDE = 128
"""Of images where `data.features.side` does not say another."""


@dataclass(frozen=True)
class _Picture:
    """What the head of an image file says: its class, and its size as it will be seen."""

    label: str
    file: Path
    height: int
    width: int
    grey: bool
    transparent: bool


def read_images(root: Path, classes: dict[str, list[Path]], stray: list[Path], section: Section) -> Records:
    """Read the images of `classes`; without classes, those in the folder itself, which have no targets.

    They are turned as their EXIF says; of several frames the first is taken; what is transparent becomes
    white. All stay grey where all files are grey, else all become RGB. Where they are not of one size, or
    larger than 128 pixels, they become as large as their median, at most 128; `data.features.side` says
    the side of a square for all. What cannot be read is left out. Each of these is a repair with a count.

    Raises:
        DataError: no image, or none of a class, can be read; says why the first cannot.
    """
    found = [(label, file) for label, files in classes.items() for file in files] or [
        ("", file) for file in stray
    ]
    broken: dict[Path, str] = {}
    pictures = [each for label, file in found if (each := _head(label, file, broken)) is not None]
    _check_classes(root, found, broken)
    height, width = _size(pictures, section["features.side"])
    grey = all(picture.grey for picture in pictures)
    kept, arrays = [], []
    for picture in pictures:
        array = _decode(picture, (width, height), grey, broken)
        if array is not None:
            kept.append(picture)
            arrays.append(array)
    _check_classes(root, found, broken)
    places = Places("", tuple(picture.file.relative_to(root).as_posix() for picture in kept))
    array = np.stack(arrays)
    targets = np.array([picture.label for picture in kept], dtype=object) if classes else None
    return Records(
        str(root),
        "images",
        places,
        fingerprint_of(array, targets),
        array=array,
        targets=targets,
        task="classification" if classes else "generation",
        repairs=(
            *_left_out(root, stray if classes else [], broken),
            *_changed(kept, places, (height, width), grey),
        ),
    )


def _head(label: str, file: Path, broken: dict[Path, str]) -> _Picture | None:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as image:
                turned = image.getexif().get(ORIENTATION, 1) >= 5
                width, height = reversed(image.size) if turned else image.size
                transparent = _is_transparent(image)
                if image.mode == "F":
                    raise ValueError("holds floating point numbers; store it as .npz")
                return _Picture(label, file, height, width, image.mode in GREY, transparent)
    except (*BROKEN, Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        broken[file] = _reason(file, error)
        return None


def _decode(picture: _Picture, size: tuple[int, int], grey: bool, broken: dict[Path, str]) -> Array | None:
    """uint8 (height, width, channels), or None for what is broken further on."""
    try:
        return decoded(picture.file, size, grey=grey)
    except BROKEN as error:
        broken[picture.file] = _reason(picture.file, error)
        return None


def decoded(file: Path | IO[bytes], size: tuple[int, int], *, grey: bool) -> Array:
    """One picture as it is read for training: turned upright, transparent parts white, resized by Lanczos' filter.

    Args:
        file: PNG, JPEG, ...: one of `FORMATS`.
        size: (width, height).

    Returns:
        uint8 (height, width, 1 or 3).

    Raises:
        OSError, ValueError, SyntaxError, ...: it cannot be read; one of `BROKEN`.
    """
    from PIL import Image, ImageOps

    with Image.open(file, formats=FORMATS) as opened:
        image: Image.Image = ImageOps.exif_transpose(opened)
        if image.mode in SIXTEEN_BITS:
            image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8))
        if _is_transparent(opened):
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        image = image.convert("L" if grey else "RGB")
        if image.size != size:
            image = image.resize(size, Image.Resampling.LANCZOS)
        array = np.asarray(image)
        return array[..., None] if grey else array


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info


def _reason(file: Path, error: BaseException) -> str:
    """Why an image cannot be read, without its path."""
    said = str(error).replace(repr(str(file)), "it").replace(str(file), "it")
    return f"{said[:1].lower()}{said[1:]}"


def _check_classes(root: Path, found: Sequence[tuple[str, Path]], broken: dict[Path, str]) -> None:
    """Of every class there is an image left.

    Raises:
        DataError: there is not.
    """
    left = {label for label, file in found if file not in broken}
    for label, file in found:
        if label not in left:
            of = f"of class {label!r} " if label else ""
            count = sum(each == label for each, _ in found)
            raise DataError(
                f"{root}: none of the {count} images {of}can be read; {file.name}: {broken[file]}"
            )


def _size(pictures: Sequence[_Picture], side: int) -> tuple[int, int]:
    """The height and width that all are brought to."""
    if side:
        return side, side
    height = statistics.median_low([picture.height for picture in pictures])
    width = statistics.median_low([picture.width for picture in pictures])
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _left_out(root: Path, stray: Sequence[Path], broken: dict[Path, str]) -> list[Repair]:
    def repair(what: str, files: Sequence[Path]) -> Repair:
        places = Places("", tuple(file.relative_to(root).as_posix() for file in files))
        return repair_of(what, range(len(files)), places)

    repairs = [repair("images beside the folders of the classes, left out", stray)] if stray else []
    if broken:
        repairs.append(repair("images that cannot be read, left out", sorted(broken)))
    return repairs


def _changed(kept: Sequence[_Picture], places: Places, size: tuple[int, int], grey: bool) -> list[Repair]:
    sized = [index for index, each in enumerate(kept) if (each.height, each.width) != size]
    clear = [index for index, each in enumerate(kept) if each.transparent]
    mixed = [index for index, each in enumerate(kept) if each.grey and not grey]
    changes = (
        (f"images resized to {size[0]} x {size[1]} pixels (height x width)", sized),
        ("images with transparent parts, which became white", clear),
        ("grey images given three equal channels, as others are in colour", mixed),
    )
    return [repair_of(what, rows, places) for what, rows in changes if rows]
