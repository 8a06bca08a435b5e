"""Agreement against published worked examples, and against what must hold by definition."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from trainables.data.agreement import agreement, cohen_kappa, fleiss_kappa, krippendorff_alpha
from trainables.errors import DataError

_ = None
# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section D: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
UNITS = list(zip(*OBSERVERS, strict=True))

# Fleiss 1971 as worked out in many textbooks: 14 raters, 10 subjects, 5 categories; how often each was given.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


def pairs(both_yes: int, yes_no: int, no_yes: int, both_no: int) -> tuple[list[str], list[str]]:
    first = ["yes"] * (both_yes + yes_no) + ["no"] * (no_yes + both_no)
    second = ["yes"] * both_yes + ["no"] * yes_no + ["yes"] * no_yes + ["no"] * both_no
    return first, second


@pytest.mark.parametrize(
    ("table", "kappa"),
    [((20, 5, 10, 15), 0.4), ((45, 15, 25, 15), 0.1304), ((25, 35, 5, 35), 0.2593)],
)
def test_cohens_kappa_of_known_tables(table: tuple[int, int, int, int], kappa: float) -> None:
    assert cohen_kappa(*pairs(*table)) == pytest.approx(kappa, abs=5e-5)


def test_cohens_kappa_is_that_of_scikit_learn() -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, 300), rng.integers(0, 4, 300)
    second[:150] = first[:150]
    assert cohen_kappa(first.tolist(), second.tolist()) == pytest.approx(cohen_kappa_score(first, second))


def test_fleiss_kappa_of_the_published_example() -> None:
    ratings = [[label for label, count in enumerate(row) for _ in range(count)] for row in FLEISS]
    assert fleiss_kappa(ratings) == pytest.approx(0.210, abs=5e-4)


def test_fleiss_kappa_is_that_of_statsmodels() -> None:
    inter_rater = pytest.importorskip(
        "statsmodels.stats.inter_rater", reason="statsmodels is the reference for Fleiss' kappa"
    )
    rng = np.random.default_rng(1)
    ratings = rng.integers(0, 3, (80, 5))
    ratings[:40, 1:] = ratings[:40, :1]
    table, _names = inter_rater.aggregate_raters(ratings)
    assert fleiss_kappa(ratings.tolist()) == pytest.approx(inter_rater.fleiss_kappa(table))


@pytest.mark.parametrize(("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_alpha_of_the_published_example(level: str, alpha: float) -> None:
    assert krippendorff_alpha(UNITS, level) == pytest.approx(alpha, abs=6e-4)  # type: ignore[arg-type]


def test_krippendorffs_two_observers() -> None:
    """Krippendorff 2011, section A (binary, alpha = 0.095) and B (nominal, alpha = 0.692)."""
    binary = [[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]
    assert krippendorff_alpha(list(zip(*binary, strict=True))) == pytest.approx(0.095, abs=5e-4)
    first, second = "aabbdcccedda", "babbbccceddd"
    assert krippendorff_alpha(list(zip(first, second, strict=True))) == pytest.approx(0.692, abs=5e-4)


def test_full_agreement_is_one_and_pure_chance_about_zero() -> None:
    same = [[label] * 3 for label in [1, 2, 3, 1, 2, 3]]
    assert fleiss_kappa(same) == 1
    for level in ("nominal", "ordinal", "interval"):
        assert krippendorff_alpha(same, level) == pytest.approx(1)  # type: ignore[arg-type]
    chance = np.random.default_rng(2).integers(0, 3, (4000, 3)).tolist()
    assert abs(fleiss_kappa(chance)) < 0.03  # 3 sigmas are 0.03 at 12 000 pairs
    assert abs(krippendorff_alpha(chance)) < 0.03


def test_nothing_to_compare_is_nan_not_an_exception() -> None:
    assert math.isnan(cohen_kappa([None, "a"], ["b", None]))
    assert math.isnan(cohen_kappa(["a", "a"], ["a", "a"]))
    assert math.isnan(fleiss_kappa([["a", None], [None, "b"]]))
    assert math.isnan(krippendorff_alpha([["a", "a"], ["a", "a"]]))


@pytest.mark.parametrize("missing", [None, float("nan"), "", "  ", pd.NA, np.nan, pd.NaT])
def test_what_counts_as_missing(missing: object) -> None:
    told = agreement({"ann": ["x", "y", missing], "bob": ["x", "x", "y"]})
    assert (told.rows, told.complete, told.unanimous) == (2, 2, 1)


def test_a_word_for_nothing_is_a_label() -> None:
    assert agreement({"ann": ["none", "nan"], "bob": ["none", "nan"]}).rows == 2


def test_numbers_and_their_spellings_are_one_label() -> None:
    assert cohen_kappa([1, 2, 3], ["1", "2.0", 3.0]) == 1


def test_levels_above_nominal_come_with_numbers_only() -> None:
    numbers = agreement({str(i): list(row) for i, row in enumerate(OBSERVERS)})
    assert numbers.alpha["ordinal"] == pytest.approx(0.815, abs=6e-4)
    assert (numbers.rows, numbers.complete) == (11, 8)
    words = agreement({"a": ["x", "y"], "b": ["x", "y"]})
    assert list(words.alpha) == ["nominal"]
    with pytest.raises(DataError, match="ordinal agreement needs numbers, got the label 'x'"):
        krippendorff_alpha([["x", "y"]], "ordinal")


def test_columns_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(DataError, match="two annotators or more, not 1"):
        agreement({"ann": ["x"]})
    with pytest.raises(DataError, match="differ in length"):
        agreement({"ann": ["x"], "bob": ["x", "y"]})
