"""Images side by side: misclassified ones with what they were taken for, and samples of a generator."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from trainables.pictures.canvas import GREY, VERMILLION, Canvas, text_width

__all__ = ["draw_grid", "draw_misclassified"]

Floats = npt.NDArray[np.floating]

_MOST_SAMPLES = 100
_TILE = 96.0
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def draw_grid(
    directory: Path, name: str, images: Floats, *, low: float | None = None, high: float | None = None
) -> None:
    """Write `directory`/`name`.png: images in rows, ten at most in each; the first 100 of them.

    Args:
        directory: exists.
        name: lower-case letters, digits, `_` and `-`; it is the tag under which a view shows the picture.
        images: (images, channels, height, width), in any range: 1 channel is grey, 3 are red, green and blue; of
            another number, the first is shown in grey.
        low, high: what is black and what is white; None = the least and the greatest finite value of the images.

    Raises:
        ValueError: a name that no file should have, or an array of another shape.
        OSError: the file cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"a picture's name is 1 to 64 of a-z, 0-9, '_' and '-', not {name!r}")
    if images.ndim != 4 or not len(images):
        raise ValueError(f"images have the shape (images, channels, height, width), not {images.shape}")
    images = images[:_MOST_SAMPLES]
    finite = images[np.isfinite(images)]
    least = low if low is not None else float(finite.min(initial=np.inf))
    greatest = high if high is not None else float(finite.max(initial=-np.inf))
    tiles = _pixels(images, np.array(least), np.array(greatest))
    columns = min(10, math.ceil(math.sqrt(len(tiles))))
    width, height = _tile_size(images, 72.0)
    gap = 4.0
    rows = math.ceil(len(tiles) / columns)
    canvas = Canvas(columns * (width + gap) + gap, rows * (height + gap) + gap)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        canvas.picture(gap + column * (width + gap), gap + row * (height + gap), tile, width, height)
    canvas.save(directory / f"{name}.png")


def draw_misclassified(
    path: Path, images: Floats, captions: Sequence[tuple[str, str]], title: str, scale: Floats
) -> None:
    """Tiles with two lines of text each: what the image is, and what it was taken for.

    `images`: (images, channels, height, width). `scale`: images of the same kind, many: each channel is shown from its
    0.5 % to its 99.5 % quantile there, which undoes a scaling up to its units.
    """
    low, high = np.quantile(scale, [0.005, 0.995], axis=(0, 2, 3), keepdims=True)
    tiles = _pixels(images, low[0], high[0])
    width, height = _tile_size(images, _TILE)
    gap, columns = 14.0, min(8, len(tiles))
    step = max([width, *(text_width(line, 12) for caption in captions for line in caption)]) + gap
    rows = math.ceil(len(tiles) / columns)
    canvas = Canvas(max(columns * step + gap, text_width(title, 14) + 24), 42 + rows * (height + 46))
    canvas.text(12, 14, title, size=14)
    for index, (tile, (true, taken)) in enumerate(zip(tiles, captions, strict=True)):
        row, column = divmod(index, columns)
        x, y = gap + column * step, 42 + row * (height + 46)
        canvas.picture(x, y, tile, width, height)
        canvas.text(x, y + height + 4, true, size=12, colour=GREY)
        canvas.text(x, y + height + 20, taken, size=12, colour=VERMILLION)
    canvas.save(path)


def _tile_size(images: Floats, side: float) -> tuple[float, float]:
    """Width and height in which an image is shown: a whole multiple of small ones, so that all pixels are equal."""
    height, width = images.shape[-2:]
    factor = side / max(height, width)
    factor = max(1, round(factor)) if factor >= 1 else factor
    return max(1.0, width * factor), max(1.0, height * factor)


def _pixels(images: Floats, low: Floats, high: Floats) -> list[Image.Image]:
    span = np.where(high > low, high - low, 1.0)
    scaled = np.nan_to_num((images.astype(np.float64) - low) / span, nan=0.0, posinf=1.0, neginf=0.0)
    whole = (np.clip(scaled, 0.0, 1.0) * 255).round().astype(np.uint8)
    if whole.shape[1] == 3:
        return [Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))) for image in whole]
    return [Image.fromarray(np.ascontiguousarray(image[0])).convert("RGB") for image in whole]
