"""Texts: words, numbers of words, tf-idf."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from contracts.records import prepared, text
from trainables.data import words
from trainables.data.words import PADDING, UNKNOWN, Vocabulary, ngrams_of, words_of
from trainables.errors import DataError


def test_words() -> None:
    assert words_of("It's GOOD, isn't_it? Über-plot: 7/10!") == [
        "it's", "good", "isn't", "it", "?", "über", "plot", "7", "10", "!",
    ]  # fmt: skip
    assert words_of(" ... ") == []
    assert ngrams_of("a b c", 2) == ["a", "b", "c", "a b", "b c"]


def test_the_most_frequent_words_are_known() -> None:
    vocabulary = Vocabulary(["b b a", "c b a", "z"], 2)
    assert vocabulary.words == ("", "?", "b", "a")
    numbers = vocabulary.numbers_of(["a b c", "", "b " * 9], 4)
    np.testing.assert_array_equal(numbers, [[3, 2, UNKNOWN, PADDING], [UNKNOWN, 0, 0, 0], [2, 2, 2, 2]])
    assert numbers.dtype == np.int64


def test_tokens_of_a_data_set_stand_for_words_of_its_training_rows() -> None:
    found = prepared(text(), "tokens", features__length=5).dataset
    assert found.shape == (5,)
    texts = text().texts
    assert texts is not None
    for row, numbers in zip(found.train_rows, found.train_x, strict=True):
        assert [found.vocabulary[number] for number in numbers] == words_of(texts[row])[:5]


def test_tfidf_is_that_of_scikit_learn_on_our_words() -> None:
    found = prepared(text(), features__ngrams=2, features__vocabulary=30).dataset
    texts = text().texts
    assert texts is not None
    reference = TfidfVectorizer(analyzer=lambda each: ngrams_of(each, 2), max_features=30)
    expected = reference.fit_transform([texts[row] for row in found.train_rows]).toarray()
    np.testing.assert_allclose(found.train_x, expected, atol=1e-6)
    assert found.names == tuple(reference.get_feature_names_out())
    assert found.train_x.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found.train_x, axis=1), 1, atol=1e-5)
    scaled = prepared(text(), scaling="zscore").dataset
    np.testing.assert_allclose(scaled.train_x.std(axis=0), 1, atol=1e-4)


def test_texts_without_words_and_weights_without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = dataclasses.replace(text(), texts=("...",) * 60)
    with pytest.raises(DataError, match="the 36 training texts hold no word"):
        prepared(empty)
    np.testing.assert_array_equal(prepared(empty, "tokens").dataset.train_x[:, :2], [[UNKNOWN, PADDING]] * 36)
    monkeypatch.setattr(words, "WEIGHTS_LIMIT", 1000)
    with pytest.raises(DataError, match=r"data\.features\.vocabulary: 9 features of 36 texts take"):
        prepared(text())
