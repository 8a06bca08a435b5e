"""Numbers without a table around them: series that are classified, and prepared inputs of forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from deploy.validation.rows.base import Array, Read, Rows, segments

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SeriesRows"]

STRETCHES = 8


class SeriesRows(Rows):
    """float (rows, length, channels), or (rows, features); the parts are stretches of time of each channel, or features.

    Args:
        raw: what is disturbed.
        read: from that to inputs.
        spread: standard deviation of each number of a row over the training rows, (length, channels) or (features,).
        usual: their mean, of the same shape; it also stands for a value that is lost where `holes` is False.
        names: of the channels or features.
        holes: whether `read` fills missing values (NaN) itself.
    """

    levels: ClassVar[tuple[float, ...]] = (0.1, 0.25, 0.5, 1.0)
    unit: ClassVar[str] = "standard deviations of each number"
    losing: ClassVar[str] = "the numbers missing"

    def __init__(
        self, raw: Array, read: Read, spread: Array, usual: Array, names: tuple[str, ...], *, holes: bool
    ) -> None:
        self._raw, self._read = np.asarray(raw, np.float64), read
        self._spread, self._usual, self._names, self._holes = spread, usual, names, holes
        if raw.ndim == 2:
            self._places = [(slice(None), slice(k, k + 1)) for k in range(raw.shape[1])]
            self.parts = names
            return
        cut = segments(raw.shape[1], STRETCHES)
        named = [
            (f"{names[k]}, steps {start + 1}-{stop}", (slice(None), slice(start, stop), slice(k, k + 1)))
            for k in range(raw.shape[2])
            for start, stop in cut
        ]
        self.parts = tuple(name for name, _ in named)
        self._places = [place for _, place in named]  # type: ignore[misc]

    def __len__(self) -> int:
        return len(self._raw)

    def take(self, rows: Array) -> SeriesRows:
        return SeriesRows(
            self._raw[rows], self._read, self._spread, self._usual, self._names, holes=self._holes
        )

    def inputs(self) -> Array:
        return self._read(self._raw)

    def noisy(self, level: float, rng: np.random.Generator) -> Array:
        return self._read(self._raw + level * self._spread * rng.standard_normal(self._raw.shape))

    def lost(self, share: float, rng: np.random.Generator) -> Array:
        gone = rng.random(self._raw.shape) < share
        return self._read(np.where(gone, np.nan if self._holes else self._usual, self._raw))

    def shuffled(self, parts: Sequence[int], order: Array) -> Array:
        found = self._raw.copy()
        for part in parts:
            place = self._places[part]
            found[place] = self._raw[(order, *place[1:])]
        return self._read(found)

    def parts_of(self, row: int) -> tuple[str, ...]:
        if self._raw.ndim == 3:
            return self.parts
        return tuple(f"{name} = {self._raw[row, k]:.4g}" for k, name in enumerate(self.parts))

    def masked(self, row: int, masks: Array) -> Array:
        found = np.repeat(self._raw[row : row + 1], len(masks), axis=0)
        usual = np.broadcast_to(self._usual, self._raw.shape[1:])[None]
        for part, place in enumerate(self._places):
            away = ~masks[:, part]
            found[(away, *place[1:])] = usual[place]
        return self._read(found)

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        if self._raw.ndim == 2:
            return pd.DataFrame(self._raw, columns=list(self._names))
        columns = {}
        for k, name in enumerate(self._names):
            values = self._raw[:, :, k]
            columns[f"mean of {name}"] = np.nanmean(values, axis=1)
            columns[f"deviation of {name}"] = np.nanstd(values, axis=1)
            columns[f"last {name}"] = values[:, -1]
        return pd.DataFrame(columns)
