"""What a source gives: rows as they were found, before anything is split, fitted or encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainables.data.dataset import Array, Repair
from trainables.data.section import Modality, Task

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Records"]


@dataclass(frozen=True, eq=False)
class Records:
    """The rows of a source. Exactly one of `frame`, `array` and `texts` is given.

    Attributes:
        name: the file, folder, query or built-in set, for messages.
        modality: "table": `frame`, or a two-dimensional `array`; "images": `array` uint8 (rows, height, width,
            channels); "text": `texts`; "series": `frame` in the order of time (to be forecast), or `array` float
            (rows, length, channels) (to be classified).
        frame: one row of the source a row, its index 0 .. n - 1; missing cells are NaN or None. Its columns are
            typed: numbers are float64 or int64, labels and texts are str objects, dates are datetime64.
        array: see `modality`.
        texts: one text a row.
        targets: (rows,) beside an `array` or `texts`: labels (str or int) or numbers; None where there are none.
        extra: further columns beside an `array` or `texts` (groups, annotators), one row a row.
        task: what is known to be learnt from it; None = to be inferred.
        target: the name of the column of `frame` that is to be predicted, where the source knows it.
        labels: names of the classes, where `targets` are their numbers.
        feature_names: names of the columns of a two-dimensional `array`.
        place: says where a row stands: ``place(16) == "row 18"``, ``"cats/7.png"``.
        repairs: what was put right while reading.
        fingerprint: SHA-256 of the content, hexadecimal.
    """

    name: str
    modality: Modality
    place: Callable[[int], str]
    fingerprint: str
    frame: pd.DataFrame | None = None
    array: Array | None = None
    texts: tuple[str, ...] | None = None
    targets: Array | None = None
    extra: pd.DataFrame | None = None
    task: Task | None = None
    target: str | None = None
    labels: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    repairs: tuple[Repair, ...] = ()

    @property
    def rows(self) -> int:
        """How many there are."""
        for held in (self.frame, self.array, self.texts):
            if held is not None:
                return len(held)
        raise AssertionError("records hold a frame, an array or texts")
