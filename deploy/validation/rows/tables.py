"""Rows of a table: the parts are the columns that the model reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from deploy.validation.rows.base import Array, Read, Rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TableRows"]


class TableRows(Rows):
    """A frame.

    Args:
        raw: with the columns that `read` needs.
        read: the model's preparation.
        parts: names of the columns that are inputs.
        spread: standard deviation of each number column over the training rows.
        usual: what stands for a value that is taken away: the training rows' median or most frequent label.
    """

    levels: ClassVar[tuple[float, ...]] = (0.1, 0.25, 0.5, 1.0)
    unit: ClassVar[str] = "standard deviations of each number column"
    losing: ClassVar[str] = "the cells missing"

    def __init__(
        self,
        raw: pd.DataFrame,
        read: Read,
        parts: tuple[str, ...],
        spread: Mapping[str, float],
        usual: Mapping[str, Any],
    ) -> None:
        self._raw, self._read, self.parts = raw, read, parts
        self._spread, self._usual = spread, usual

    def __len__(self) -> int:
        return len(self._raw)

    def take(self, rows: Array) -> TableRows:
        return TableRows(self._raw.iloc[rows], self._read, self.parts, self._spread, self._usual)

    def inputs(self) -> Array:
        return self._read(self._raw)

    def noisy(self, level: float, rng: np.random.Generator) -> Array:
        moved = {
            name: self._raw[name].to_numpy(np.float64) + level * spread * rng.standard_normal(len(self))
            for name, spread in self._spread.items()
        }
        return self._read(self._raw.assign(**moved))

    def lost(self, share: float, rng: np.random.Generator) -> Array:
        gone = rng.random((len(self), len(self.parts))) < share
        return self._read(
            self._raw.assign(
                **{name: _missing(self._raw[name], gone[:, place]) for place, name in enumerate(self.parts)}
            )
        )

    def shuffled(self, parts: Sequence[int], order: Array) -> Array:
        names = [self.parts[part] for part in parts]
        return self._read(
            self._raw.assign(
                **{name: self._raw[name].iloc[order].set_axis(self._raw.index) for name in names}
            )
        )

    def without(self, part: int) -> Array | None:
        name = self.parts[part]
        return self._read(self._raw.assign(**{name: _missing(self._raw[name], np.ones(len(self), bool))}))

    def parts_of(self, row: int) -> tuple[str, ...]:
        return tuple(f"{name} = {_said(self._raw[name].iloc[row])}" for name in self.parts)

    def masked(self, row: int, masks: Array) -> Array:
        import pandas as pd

        many = self._raw.iloc[np.full(len(masks), row)].reset_index(drop=True)
        columns = {}
        for place, name in enumerate(self.parts):
            keep = pd.Series(masks[:, place])
            column = many[name]
            if column.dtype.kind in "iub":
                column = column.astype(np.float64)
            columns[name] = column.where(keep, self._usual[name])
        return self._read(many.assign(**columns))

    def frame(self) -> pd.DataFrame:
        return self._raw[list(self.parts)].reset_index(drop=True)


def _missing(column: pd.Series[Any], gone: Array) -> pd.Series[Any]:
    """The column with nothing where `gone`; whole numbers become floats, which know a missing value."""
    if column.dtype.kind in "iub":
        column = column.astype(np.float64)
    return column.mask(gone)


def _said(value: Any) -> str:
    if value is None or value != value:
        return "missing"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
