"""Texts as numbers: words, a vocabulary of the training rows, numbers of words, and tf-idf."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from trainables.data.dataset import Array

__all__ = ["PADDING", "UNKNOWN", "Vocabulary", "ngrams_of", "tfidf", "words_of"]

PADDING, UNKNOWN = 0, 1

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


def tfidf(vocabulary: int, ngrams: int) -> Any:
    """scikit-learn's TfidfVectorizer over our words: float32, rows of length 1, the most frequent n-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        analyzer=lambda text: ngrams_of(text, ngrams), max_features=vocabulary, dtype=np.float32
    )
