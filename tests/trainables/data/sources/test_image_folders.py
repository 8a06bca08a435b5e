"""Folders of images: broken ones, sizes, colour modes, orientation, and folders that are none."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainables.data.records import Records
from trainables.errors import DataError

Read = Callable[..., Records]

RED, GREY = (200, 10, 10), 90


def draw(
    path: Path, size: tuple[int, int] = (12, 8), colour: Any = RED, mode: str = "RGB", **options: Any
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two classes of four red images, 12 wide and 8 high."""
    for label in ("cats", "dogs"):
        for number in range(4):
            draw(tmp_path / "pets" / label / f"{number}.png")
    return tmp_path / "pets"


def told(records: Records) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(repair.what, repair.count, repair.where) for repair in records.repairs]


def test_classes_are_folders(read: Read, root: Path) -> None:
    draw(root / "dogs" / "puppies" / "9.JPG")
    draw(root / ".cache" / "x.png")
    (root / "dogs" / "notes.md").write_text("not an image")
    records = read(root)
    assert (records.modality, records.task) == ("images", "classification")
    assert records.array is not None
    assert records.array.shape == (9, 8, 12, 3)
    assert records.array.dtype == np.uint8
    assert tuple(records.array[0, 0, 0]) == RED
    assert records.targets is not None
    assert records.targets.tolist() == ["cats"] * 4 + ["dogs"] * 5
    assert records.place(8) == "dogs/puppies/9.JPG"
    assert not records.repairs


def test_broken_images_are_left_out_and_named(read: Read, root: Path) -> None:
    (root / "cats" / "1.png").write_bytes(b"no image at all")
    cut = draw(root / "dogs" / "2.png", (64, 64)).read_bytes()
    (root / "dogs" / "2.png").write_bytes(cut[: len(cut) // 2])
    (root / "dogs" / "3.png").write_bytes(b"")
    records = read(root)
    assert records.rows == 5
    assert told(records) == [
        ("images that cannot be read, left out", 3, ("cats/1.png", "dogs/2.png", "dogs/3.png"))
    ]


def test_a_class_of_broken_images_is_refused(read: Read, root: Path) -> None:
    for number in range(4):
        (root / "dogs" / f"{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    rule = "none of the 4 images of class 'dogs' can be read; 0.png: cannot identify image file it"
    with pytest.raises(DataError, match=re.escape(rule)):
        read(root)


def test_sizes_become_one(read: Read, root: Path) -> None:
    draw(root / "dogs" / "large.png", (30, 20))
    records = read(root)
    assert records.array is not None
    assert records.array.shape == (9, 8, 12, 3)
    assert told(records) == [("images resized to 8 x 12 pixels (height x width)", 1, ("dogs/large.png",))]
    square = read(root, {"features.side": 16})
    assert square.array is not None
    assert square.array.shape == (9, 16, 16, 3)
    assert [(what, count) for what, count, _ in told(square)] == [
        ("images resized to 16 x 16 pixels (height x width)", 9)
    ]


def test_large_images_become_smaller(read: Read, tmp_path: Path) -> None:
    for label in "ab":
        draw(tmp_path / "set" / label / "1.png", (512, 256))
    array = read(tmp_path / "set").array
    assert array is not None
    assert array.shape == (2, 64, 128, 3)


def test_all_grey_stay_grey(read: Read, tmp_path: Path) -> None:
    draw(tmp_path / "set" / "a" / "1.png", colour=GREY, mode="L")
    draw(tmp_path / "set" / "b" / "1.png", colour=GREY * 256, mode="I;16")
    draw(tmp_path / "set" / "b" / "2.png", colour=1, mode="1")
    array = read(tmp_path / "set").array
    assert array is not None
    assert array.shape == (3, 8, 12, 1)
    assert array[:, 0, 0, 0].tolist() == [GREY, GREY, 255]


def test_colour_modes_become_one(read: Read, root: Path) -> None:
    draw(root / "cats" / "grey.png", colour=GREY, mode="L")
    draw(root / "dogs" / "clear.png", colour=(0, 0, 0, 0), mode="RGBA")
    draw(root / "dogs" / "palette.gif", colour=0, mode="P")
    draw(root / "dogs" / "press.jpg", colour=(0, 0, 0, 0), mode="CMYK")
    records = read(root)
    assert records.array is not None
    colours = {records.place(row): tuple(records.array[row, 0, 0].tolist()) for row in range(records.rows)}
    assert colours["cats/grey.png"] == (GREY,) * 3
    assert colours["dogs/clear.png"] == (255,) * 3
    assert colours["dogs/press.jpg"] == (255,) * 3
    assert told(records) == [
        ("images with transparent parts, which became white", 1, ("dogs/clear.png",)),
        ("grey images given three equal channels, as others are in colour", 1, ("cats/grey.png",)),
    ]


def test_images_are_turned_as_they_were_taken(read: Read, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera on its side
    draw(tmp_path / "set" / "a" / "1.jpg", (12, 8), exif=exif)
    draw(tmp_path / "set" / "b" / "1.jpg", (8, 12))
    records = read(tmp_path / "set")
    assert records.array is not None
    assert records.array.shape == (2, 12, 8, 3)
    assert not records.repairs


def test_without_classes_there_are_no_targets(read: Read, tmp_path: Path) -> None:
    for number in range(3):
        draw(tmp_path / "set" / f"{number}.png")
    records = read(tmp_path / "set")
    assert (records.rows, records.targets, records.task) == (3, None, "generation")


def test_images_beside_the_classes_are_left_out(read: Read, root: Path) -> None:
    draw(root / "stray.png")
    assert told(read(root)) == [("images beside the folders of the classes, left out", 1, ("stray.png",))]


@pytest.mark.parametrize(
    ("make", "options", "rule"),
    [
        (["birds/"], {}, "class 'birds' is empty; put files into its folder, or remove it"),
        (["birds/notes.md"], {}, "class 'birds' is empty"),
        (["cats/1.txt"], {}, "holds 8 images and 1 texts; say which are the data: data.modality"),
        ([], {"modality": "table"}, "data.modality: a folder holds images or text, not table"),
        ([], {"modality": "text"}, "holds no text (.txt); it holds: 8 .png"),
        ([], {"target": "y"}, "data.target: in "),
        ([], {"columns.text": "y"}, "data.columns.text: a folder has no columns"),
    ],
)
def test_what_is_no_set_of_images(
    read: Read, root: Path, make: list[str], options: dict[str, Any], rule: str
) -> None:
    for name in make:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).mkdir(exist_ok=True) if name.endswith("/") else (root / name).write_text("x")
    with pytest.raises(DataError, match=re.escape(rule)):
        read(root, options)


def test_folders_that_hold_nothing_to_learn(read: Read, tmp_path: Path) -> None:
    draw(tmp_path / "one" / "cats" / "1.png")
    with pytest.raises(DataError, match="has one class, 'cats': nothing to learn; a class is a folder"):
        read(tmp_path / "one")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"holds no images \(.*\) and no text \(\.txt\); it holds: nothing"):
        read(tmp_path / "none")


def test_an_image_of_too_many_pixels_is_broken(
    read: Read, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw(root / "cats" / "huge.png", (40, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert told(read(root)) == [("images that cannot be read, left out", 1, ("cats/huge.png",))]


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, at damaged TIFF files
def test_damaged_files_are_left_out_whatever_pillow_raises(read: Read, root: Path) -> None:
    """Each file with random bytes changed, near its head and anywhere."""
    rng = np.random.default_rng(0)
    pixels = Image.fromarray(rng.integers(0, 255, (24, 24, 3), dtype=np.uint8))
    (root / "noise").mkdir()
    pixels.save(root / "noise" / "whole.png")
    written = 1
    for form in ("PNG", "JPEG", "GIF", "TIFF", "PPM"):
        stream = io.BytesIO()
        pixels.save(stream, form)
        for number in range(60):
            content = bytearray(stream.getvalue())
            reach = len(content) if number % 2 else min(len(content), 150)
            for at in rng.integers(0, reach, 4):
                content[at] = rng.integers(256)
            if (
                form == "TIFF" and number == 0
            ):  # where the pixels begin (tag 273) is no whole number, but a fraction
                content = bytearray(
                    stream.getvalue().replace(struct.pack("<HH", 273, 4), struct.pack("<HH", 273, 5))
                )
            (root / "noise" / f"{number}.{form.lower()}").write_bytes(content)
            written += 1
    records = read(root)
    broken = sum(r.count for r in records.repairs if r.what == "images that cannot be read, left out")
    assert records.rows == 8 + written - broken
    assert broken > 60
