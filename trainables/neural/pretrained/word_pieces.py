"""Word pieces: texts as the numbers that a BERT encoder was trained on (Devlin et al. 2019, section 3)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from trainables.data.dataset import Array
from trainables.errors import DataError

__all__ = ["WordPieces"]

PAD, UNKNOWN, FIRST, LAST = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
LONGEST_WORD = 100  # letters; a longer one is unknown, as in the original


class WordPieces:
    """Cuts words into the longest pieces that a vocabulary has: "unhappiest" may be "un", "##happi", "##est".

    Texts are lower-cased and lose their accents; punctuation and Chinese characters stand alone.

    Args:
        vocabulary: the pieces in the order of their numbers; a piece that continues a word begins with "##".

    Raises:
        DataError: one of the four marks [PAD], [UNK], [CLS], [SEP] is not in it, or [PAD] is not number 0.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)
        self.numbers = {piece: number for number, piece in enumerate(self.vocabulary)}
        for mark in (PAD, UNKNOWN, FIRST, LAST):
            if mark not in self.numbers:
                raise DataError(f"the vocabulary of word pieces has no {mark}")
        if self.numbers[PAD]:
            raise DataError(f"the vocabulary of word pieces has {PAD} in place {self.numbers[PAD]}, not 0")
        self._known: dict[str, list[int]] = {}

    @classmethod
    def read(cls, file: Path) -> WordPieces:
        """Those of a `vocab.txt`: a piece a line, in UTF-8.

        Raises:
            DataError: the file cannot be read, or a mark is missing.
        """
        try:
            return cls(file.read_text(encoding="utf-8").split("\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{file} cannot be read: {error}") from error

    def numbers_of(self, text: str) -> list[int]:
        """The pieces of a text, without marks."""
        found: list[int] = []
        for word in words(text):
            if word not in self._known:
                self._known[word] = self._cut(word)
            found += self._known[word]
        return found

    def encode(self, texts: Sequence[str], length: int) -> Array:
        """Texts as rows: [CLS], the pieces, [SEP], then 0.

        Args:
            texts: to be encoded.
            length: columns, at least 3; pieces that do not fit are left out at the end.

        Returns:
            int64 (texts, length).
        """
        rows = np.zeros((len(texts), length), dtype=np.int64)
        for row, text in zip(rows, texts, strict=True):
            pieces = [self.numbers[FIRST], *self.numbers_of(text)[: length - 2], self.numbers[LAST]]
            row[: len(pieces)] = pieces
        return rows

    def _cut(self, word: str) -> list[int]:
        if len(word) > LONGEST_WORD:
            return [self.numbers[UNKNOWN]]
        pieces, start = [], 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if piece in self.numbers:
                    pieces.append(self.numbers[piece])
                    start = end
                    break
            else:
                return [self.numbers[UNKNOWN]]
        return pieces


def words(text: str) -> list[str]:
    """The words of a text: lower case, without accents and control characters, punctuation apart."""
    found: list[str] = []
    inside = False
    for letter in _clean(text):
        if letter.isspace():
            inside = False
        elif _stands_alone(letter):
            found.append(letter)
            inside = False
        elif inside:
            found[-1] += letter
        else:
            found.append(letter)
            inside = True
    return found


def _clean(text: str) -> str:
    kept = (
        " " if letter in "\t\n\r" else letter
        for letter in text
        if letter in "\t\n\r" or (unicodedata.category(letter)[0] != "C" and letter != "�")
    )
    plain = unicodedata.normalize("NFD", "".join(kept).lower())
    return "".join(letter for letter in plain if unicodedata.category(letter) != "Mn")


def _stands_alone(letter: str) -> bool:
    code = ord(letter)
    if code < 128:
        return not letter.isalnum()
    chinese = 0x3400 <= code <= 0x4DBF or 0x4E00 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF
    return chinese or 0x20000 <= code <= 0x2FA1F or unicodedata.category(letter)[0] == "P"
