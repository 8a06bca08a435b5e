"""The interface of rows that can be disturbed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Array", "Read", "Rows", "segments"]

Array = np.ndarray[Any, np.dtype[Any]]
Read = Callable[[Any], Array]
"""From raw rows to inputs of the model: `Trained.inputs`."""


class Rows(ABC):
    """Raw rows of one part; every verb gives inputs as the model reads them, and leaves the rows as they are.

    Attributes:
        parts: pieces of a row that can be shuffled among rows or taken away, the same for every row; () = a row has
            parts of its own (words).
        whole: whether the parts together are all of a row.
        levels: strengths of `noisy`, ascending; `unit` says of what, after the number.
        shares: shares for `lost`, ascending; `losing` says what is lost, after "10 % of".
    """

    parts: tuple[str, ...] = ()
    levels: ClassVar[tuple[float, ...]]
    unit: ClassVar[str]
    shares: ClassVar[tuple[float, ...]] = (0.1, 0.2, 0.4)
    losing: ClassVar[str]
    whole: ClassVar[bool] = True

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abstractmethod
    def take(self, rows: Array) -> Rows:
        """These rows alone, by their numbers."""

    @abstractmethod
    def inputs(self) -> Array:
        """As they are."""

    @abstractmethod
    def noisy(self, level: float, rng: np.random.Generator) -> Array:
        """With noise of that strength."""

    @abstractmethod
    def lost(self, share: float, rng: np.random.Generator) -> Array:
        """With that share of each row missing, drawn for each row anew."""

    @abstractmethod
    def shuffled(self, parts: Sequence[int], order: Array) -> Array:
        """With these parts of row i taken from row order[i]."""

    def only(self, parts: Sequence[int], order: Array) -> Array:
        """With all but these parts of row i taken from row order[i]."""
        return self.shuffled([part for part in range(len(self.parts)) if part not in parts], order)

    @abstractmethod
    def parts_of(self, row: int) -> tuple[str, ...]:
        """The parts of one row with their values, as people read them."""

    @abstractmethod
    def masked(self, row: int, masks: Array) -> Array:
        """One row many times (samples, parts of the row): where a mask is False, the part is replaced by what is usual."""

    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """What people would sort the rows by: the columns of a table; of others a few numbers that describe a row."""

    def without(self, part: int) -> Array | None:
        """With one part missing in every row; None where nothing can be missing."""
        return None


def segments(length: int, most: int) -> list[tuple[int, int]]:
    """`length` places cut into at most `most` pieces of like size: (start, stop) of each."""
    edges = np.linspace(0, length, min(length, most) + 1).round().astype(int)
    return [(int(start), int(stop)) for start, stop in pairwise(edges)]
