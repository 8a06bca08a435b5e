"""From what `data` prepares to what a network reads that was trained on other texts: word pieces, or its own numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trainables.data.dataset import Array
from trainables.neural.pretrained.word_pieces import WordPieces

__all__ = ["Translation"]


@dataclass(frozen=True)
class Translation:
    """Inputs in another language. One of `pieces` and `numbers` is given.

    Attributes:
        pieces: the vocabulary of word pieces in the order of its numbers: texts become int64 (rows, `length`).
        length: columns of a text in word pieces.
        numbers: the new number of each old one: int64 (rows, length) keeps its shape.
    """

    pieces: tuple[str, ...] = ()
    length: int = 0
    numbers: tuple[int, ...] = ()

    def __call__(self, x: Array) -> Array:
        """Translated rows."""
        if self.pieces:
            return self._cutter.encode(x.tolist(), self.length)
        return np.array(self.numbers, dtype=np.int64)[x]

    @cached_property
    def _cutter(self) -> WordPieces:
        return WordPieces(self.pieces)

    def to_json(self) -> dict[str, Any]:
        """As `from_json` takes it."""
        return {"pieces": list(self.pieces), "length": self.length, "numbers": list(self.numbers)}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Translation:
        """What `to_json` gave. Raises KeyError, TypeError, ValueError: it is something else."""
        return cls(
            tuple(str(piece) for piece in said["pieces"]),
            int(said["length"]),
            tuple(int(number) for number in said["numbers"]),
        )
