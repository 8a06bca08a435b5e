"""Texts as numbers: words, a vocabulary of the training rows, numbers of words, and tf-idf."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainables.data.dataset import Array
from trainables.data.section import Section
from trainables.errors import DataError

__all__ = ["PADDING", "UNKNOWN", "WEIGHTS_LIMIT", "Ngrams", "Tfidf", "Vocabulary", "ngrams_of", "words_of"]

PADDING, UNKNOWN = 0, 1

WEIGHTS_LIMIT = 2**31
"""Bytes that the tf-idf weights of the training texts may take."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[!?]")


def words_of(text: str) -> list[str]:
    """The words of a text in lower case: runs of letters and digits, with apostrophes inside; ! and ? count too."""
    return _WORD.findall(text.lower())


def ngrams_of(text: str, longest: int) -> list[str]:
    """The runs of 1 to `longest` neighbouring words of a text, joined by spaces."""
    words = words_of(text)
    return [
        " ".join(words[start : start + length])
        for length in range(1, longest + 1)
        for start in range(len(words) - length + 1)
    ]


@dataclass(frozen=True)
class Ngrams:
    """`ngrams_of` with its length: what a vectorizer calls, and what can be stored with it."""

    longest: int

    def __call__(self, text: str) -> list[str]:
        return ngrams_of(text, self.longest)


class Vocabulary:
    """The words that are known: the most frequent ones of the training texts, equals in the order of the alphabet.

    Attributes:
        words: the word of each number: "" pads, "?" stands for every unknown word, then from the most frequent.
    """

    def __init__(self, texts: Sequence[str], size: int) -> None:
        counts = Counter(word for text in texts for word in words_of(text))
        known = sorted(counts, key=lambda word: (-counts[word], word))[:size]
        self.words: tuple[str, ...] = ("", "?", *known)
        self._numbers = {word: number for number, word in enumerate(known, start=2)}

    def numbers_of(self, texts: Sequence[str], length: int) -> Array:
        """int64 (texts, length): the first `length` words of each, padded at the end; one unknown word where none is."""
        numbers = np.full((len(texts), length), PADDING, np.int64)
        for row, text in enumerate(texts):
            words = words_of(text)[:length]
            numbers[row, : len(words)] = [self._numbers.get(word, UNKNOWN) for word in words]
            if not words:
                numbers[row, 0] = UNKNOWN
        return numbers


class Tfidf:
    """scikit-learn's TfidfVectorizer over our words, dense: float32, rows of length 1, the most frequent n-grams.

    Dense, because no model here takes a sparse matrix; 6,363 sentences by 5,000 words are 127 MB.

    Attributes:
        names: the n-grams.
    """

    def __init__(self, section: Section) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._model: Any = TfidfVectorizer(
            analyzer=Ngrams(section["features.ngrams"]),
            max_features=section["features.vocabulary"],
            dtype=np.float32,
        )
        self.names: tuple[str, ...] = ()

    def fit_transform(self, texts: Sequence[str]) -> Array:
        """The weights of training texts (texts, n-grams).

        Raises:
            DataError: there is no word in them, or the weights would take more than `WEIGHTS_LIMIT`.
        """
        if not any(words_of(text) for text in texts):
            raise DataError(f"the {len(texts)} training texts hold no word")
        weights = self._model.fit_transform(texts)
        size = 4 * weights.shape[0] * weights.shape[1]
        if size > WEIGHTS_LIMIT:
            raise DataError(
                f"data.features.vocabulary: {weights.shape[1]} features of {weights.shape[0]} texts take "
                f"{size / 2**30:.1f} GiB, at most {WEIGHTS_LIMIT / 2**30:g}; lower it"
            )
        self.names = tuple(str(name) for name in self._model.get_feature_names_out())
        return np.asarray(weights.toarray())

    def transform(self, texts: Sequence[str]) -> Array:
        """The weights of other texts."""
        return np.asarray(self._model.transform(texts).toarray())
