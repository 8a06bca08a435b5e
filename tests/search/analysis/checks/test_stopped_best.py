"""The chance that a stopped trial would have been the best agrees with the truth, also where errors are not normal."""

from __future__ import annotations

import numpy as np
import pytest

from search.analysis.checks.stopped_best import Rung, chance_of_better


def ranks(values: np.ndarray) -> np.ndarray:
    return (np.argsort(np.argsort(values)) + 0.5) / len(values)


@pytest.mark.parametrize(("slope", "near"), [(0.0, 0.25), (0.5, 0.1), (1.0, 0.1)])
@pytest.mark.parametrize("skewed", [False, True])
def test_it_agrees_with_the_truth(slope: float, near: float, skewed: bool) -> None:
    """Seen or foretold. It is the least sure of itself where early ranks say nothing at all."""
    rng = np.random.default_rng(0)
    said, true = [], []
    for _ in range(300):
        early = rng.standard_normal(60)
        error = rng.exponential(size=60) if skewed else rng.standard_normal(60)
        final = 5 + slope * early + 0.5 * error
        condemned = early > -0.4
        audited = condemned & (rng.random(60) < 0.25)
        best = float(final[~condemned].min())
        if audited.sum() < 4:
            continue
        true.append(final[condemned].min() < best)
        if final[audited].min() < best:
            said.append(1.0)
            continue
        seen, weights = ~condemned | audited, np.where(audited, condemned.sum() / audited.sum(), 1.0)
        at = ranks(early)
        rung = Rung(at[condemned & ~audited], at[seen], final[seen], weights[seen])
        found = chance_of_better([rung], best, rng)
        assert 0 <= found.low <= found.mean <= found.high <= 1
        assert found.loss >= 0
        said.append(found.mean)
    assert len(said) > 200
    assert abs(np.mean(said) - np.mean(true)) < near


def test_the_loss_is_what_the_best_of_the_stopped_is_better_by() -> None:
    rng = np.random.default_rng(0)
    at = np.linspace(0.01, 0.99, 99)
    finals = 3 - at + 1e-4 * rng.standard_normal(99)  # the worse at the rung, the better at the end
    found = chance_of_better(
        [Rung(np.array([0.8]), at[:70], finals[:70], np.ones(70))], float(finals[:70].min()), rng
    )
    assert found.mean > 0.99
    assert found.loss == pytest.approx(0.1, abs=0.02)


def test_what_comes_apart_has_no_say() -> None:
    rng = np.random.default_rng(0)
    at = np.linspace(0.02, 0.98, 30)
    finals = at + 0.01 * rng.standard_normal(30)
    apart = finals.copy()
    apart[-3:] = 1e6
    chances = [
        chance_of_better(
            [Rung(np.array([0.9, 0.95]), at, f, np.ones(30))], 0.0, np.random.default_rng(1)
        ).mean
        for f in (finals, apart)
    ]
    assert max(chances) < 0.05


def test_more_stopped_trials_are_more_likely_to_hold_a_better_one() -> None:
    rng = np.random.default_rng(0)
    at, finals = np.linspace(0.02, 0.98, 30), rng.random(30)
    best = float(finals.min())
    chances = [
        chance_of_better([Rung(np.linspace(0.1, 0.9, n), at, finals, np.ones(30))], best, rng).mean
        for n in (3, 30, 1200)
    ]
    assert chances[0] < chances[1] < chances[2]


def test_nobody_stopped_and_too_few_seen() -> None:
    nobody = Rung(np.array([]), np.ones(1), np.ones(1), np.ones(1))
    assert chance_of_better([nobody], 1.0, np.random.default_rng(0)).mean == 0.0
    with pytest.raises(ValueError, match="needs 4 trials that were seen"):
        chance_of_better(
            [Rung(np.ones(1), np.ones(3), np.ones(3), np.ones(3))], 0.5, np.random.default_rng(0)
        )
