"""The chance that a stopped trial would have been the best agrees with the truth where the model holds."""

from __future__ import annotations

import numpy as np
import pytest

from search.analysis.checks.stopped_best import Passage, chance_of_better


@pytest.mark.parametrize("slope", [0.0, 0.4, 0.8])
def test_it_agrees_with_the_truth_or_errs_to_the_cautious_side(slope: float) -> None:
    rng = np.random.default_rng(0)
    said, true = [], []
    for _ in range(400):
        early = rng.standard_normal(60)
        final = slope * early + 0.6 * rng.standard_normal(60)
        audited, stopped = np.arange(20), early > -0.5
        stopped[audited] = False
        best = float(final[~stopped].min())
        found = chance_of_better([Passage(early[audited], final[audited], early[stopped])], best, rng)
        assert 0 <= found.low <= found.mean <= found.high <= 1
        said.append(found.mean)
        true.append(final[stopped].min() < best)
    error = np.sqrt(np.mean(true) * (1 - np.mean(true)) / 400)
    assert -3 * error < np.mean(said) - np.mean(true) < 0.05 + 3 * error


def test_what_comes_apart_does_not_widen_the_line() -> None:
    rng = np.random.default_rng(0)
    early = rng.random(30)
    final = early + 0.01 * rng.standard_normal(30)
    apart = final.copy()
    apart[:3] = 1e6
    stopped = np.array([0.9, 0.95])
    chances = [
        chance_of_better([Passage(early, f, stopped)], 0.0, np.random.default_rng(1)).mean
        for f in (final, apart)
    ]
    assert chances[0] < 0.01
    assert chances[1] < 0.2


def test_a_chain_of_passages() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(30)
    second = first + 0.05 * rng.standard_normal(30)
    last = second + 0.05 * rng.standard_normal(30)
    passages = [Passage(first, second, np.array([0.5])), Passage(second, last, np.array([0.5]))]
    alone = [Passage(first, second, np.array([])), Passage(second, last, np.array([0.5]))]
    both = chance_of_better(passages, 0.45, np.random.default_rng(1))
    one = chance_of_better(alone, 0.45, np.random.default_rng(1))
    assert both.mean > one.mean
    assert chance_of_better([Passage(first, second, np.array([]))], 0.0, rng).mean == 0.0


def test_too_few_to_fit() -> None:
    with pytest.raises(ValueError, match="needs 5"):
        chance_of_better([Passage(np.ones(4), np.ones(4), np.ones(1))], 0.0, np.random.default_rng(0))
