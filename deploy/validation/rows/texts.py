"""Texts: their parts are the frequent words; those of one text are its own words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from deploy.validation.rows.base import Array, Read, Rows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TextRows"]

SHOWN = 40
"""Words of a text that are explained, from its beginning."""

FEWEST, MOST_PARTS = 10, 40
"""Texts that hold a word before it is a part of all of them; and how many words are."""


class TextRows(Rows):
    """Texts as they are.

    Args:
        raw: one text a row.
        read: the model's preparation.
    """

    levels: ClassVar[tuple[float, ...]] = (0.1, 0.2, 0.4)
    unit: ClassVar[str] = "of the words mistyped (two letters swapped)"
    losing: ClassVar[str] = "the words left out"
    whole: ClassVar[bool] = False

    def __init__(self, raw: Sequence[str], read: Read) -> None:
        self._raw, self._read = tuple(raw), read
        held = Counter(word for text in self._raw for word in set(text.lower().split()))
        self.parts = tuple(word for word, count in held.most_common(MOST_PARTS) if count >= FEWEST)

    def __len__(self) -> int:
        return len(self._raw)

    def take(self, rows: Array) -> TextRows:
        return TextRows([self._raw[row] for row in rows], self._read)

    def inputs(self) -> Array:
        return self._read(self._raw)

    def noisy(self, level: float, rng: np.random.Generator) -> Array:
        return self._read(tuple(_mistyped(text, level, rng) for text in self._raw))

    def lost(self, share: float, rng: np.random.Generator) -> Array:
        cut = (text.split() for text in self._raw)
        return self._read(
            tuple(
                " ".join(
                    word for word, stays in zip(words, rng.random(len(words)) >= share, strict=True) if stays
                )
                for words in cut
            )
        )

    def shuffled(self, parts: Sequence[int], order: Array) -> Array:
        """Words have no place that another text's word could take: they are left out."""
        gone = {self.parts[part] for part in parts}
        return self._read(tuple(_of(text, lambda word: word not in gone) for text in self._raw))

    def only(self, parts: Sequence[int], order: Array) -> Array:
        """With all other words left out."""
        kept = {self.parts[part] for part in parts}
        return self._read(tuple(_of(text, lambda word: word in kept) for text in self._raw))

    def parts_of(self, row: int) -> tuple[str, ...]:
        return tuple(self._raw[row].split()[:SHOWN])

    def masked(self, row: int, masks: Array) -> Array:
        words = self._raw[row].split()
        shown, rest = words[:SHOWN], words[SHOWN:]
        return self._read(
            tuple(
                " ".join([word for word, stays in zip(shown, mask, strict=True) if stays] + rest)
                for mask in masks
            )
        )

    def frame(self) -> pd.DataFrame:
        import pandas as pd

        words = [text.split() for text in self._raw]
        return pd.DataFrame(
            {
                "words": [float(len(each)) for each in words],
                "letters of a word": [
                    float(np.mean([len(word) for word in each])) if each else np.nan for each in words
                ],
                "capitals": [sum(map(str.isupper, text)) / max(len(text), 1) for text in self._raw],
            }
        )


def _of(text: str, stays: Callable[[str], bool]) -> str:
    return " ".join(word for word in text.split() if stays(word.lower()))


def _mistyped(text: str, share: float, rng: np.random.Generator) -> str:
    words = text.split()
    for place in np.flatnonzero(rng.random(len(words)) < share):
        word = words[place]
        if len(word) > 1:
            at = int(rng.integers(len(word) - 1))
            words[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return " ".join(words)
