"""Images: the parts are the squares of a grid over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from deploy.validation.rows.base import Array, Read, Rows, segments

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ImageRows"]

GRID_OF_SMALL, GRID = 4, 7
SMALL = 14


class ImageRows(Rows):
    """uint8 (rows, height, width, channels).

    Args:
        raw: the images.
        read: the model's preparation.
        usual: the mean image of the training rows, uint8 (height, width, channels).
    """

    levels: ClassVar[tuple[float, ...]] = (8.0, 16.0, 32.0, 64.0)
    unit: ClassVar[str] = "of 255 grey levels"
    losing: ClassVar[str] = "the squares black"

    def __init__(self, raw: Array, read: Read, usual: Array) -> None:
        self._raw, self._read, self._usual = raw, read, usual
        height, width = raw.shape[1:3]
        grid = GRID_OF_SMALL if min(height, width) < SMALL else GRID
        self._squares = [
            (rows, columns) for rows in segments(height, grid) for columns in segments(width, grid)
        ]
        self.parts = tuple(
            f"rows {top + 1}-{bottom}, columns {left + 1}-{right}"
            for (top, bottom), (left, right) in self._squares
        )

    def __len__(self) -> int:
        return len(self._raw)

    def take(self, rows: Array) -> ImageRows:
        return ImageRows(self._raw[rows], self._read, self._usual)

    def inputs(self) -> Array:
        return self._read(self._raw)

    def noisy(self, level: float, rng: np.random.Generator) -> Array:
        moved = self._raw + level * rng.standard_normal(self._raw.shape)
        return self._read(np.clip(np.round(moved), 0, 255).astype(np.uint8))

    def lost(self, share: float, rng: np.random.Generator) -> Array:
        gone = rng.random((len(self), len(self.parts))) < share
        found = self._raw.copy()
        for place, ((top, bottom), (left, right)) in enumerate(self._squares):
            found[gone[:, place], top:bottom, left:right] = 0
        return self._read(found)

    def shuffled(self, parts: Sequence[int], order: Array) -> Array:
        found = self._raw.copy()
        for part in parts:
            (top, bottom), (left, right) = self._squares[part]
            found[:, top:bottom, left:right] = self._raw[order, top:bottom, left:right]
        return self._read(found)

    def parts_of(self, row: int) -> tuple[str, ...]:
        return self.parts

    def masked(self, row: int, masks: Array) -> Array:
        found = np.repeat(self._raw[row : row + 1], len(masks), axis=0)
        for place, ((top, bottom), (left, right)) in enumerate(self._squares):
            found[~masks[:, place], top:bottom, left:right] = self._usual[top:bottom, left:right]
        return self._read(found)

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        pixels = self._raw.reshape(len(self._raw), -1).astype(np.float64)
        return pd.DataFrame({"brightness": pixels.mean(axis=1), "contrast": pixels.std(axis=1)})
