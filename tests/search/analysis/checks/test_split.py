"""The best split: laws of its counts, and a p that is uniform enough where nothing is to be found."""

from __future__ import annotations

import numpy as np

from contracts.scripted import scripted
from search.analysis.axes import axes_of
from search.analysis.checks.split import best_split

PARAMETERS = {"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b"]}}


def sweep(trials: int, seed: int) -> tuple[list, list]:
    rng = np.random.default_rng(seed)
    told = [({"x": float(rng.random()), "kind": "ab"[int(rng.integers(2))]}, 1.0) for _ in range(trials)]
    history = scripted(PARAMETERS, told)
    return axes_of(history), history.trials


def test_the_parts_make_up_the_whole() -> None:
    axes, trials = sweep(50, 0)
    failed = [trial.config["x"] > 0.7 for trial in trials]
    split = best_split(axes, trials, failed, seed=0)
    assert split is not None
    assert split.inside + split.elsewhere == 50
    assert split.failed == sum(failed)
    assert split.side == "above"
    assert split.edge <= 0.7 < split.at + 0.1
    assert split.p <= 0.01


def test_chance_alone_is_seldom_called_a_region() -> None:
    small = 0
    for seed in range(100):
        axes, trials = sweep(40, seed)
        failed = list(np.random.default_rng([seed, 9]).random(40) < 0.3)
        split = best_split(axes, trials, failed, seed)
        assert split is not None
        small += split.p <= 0.1
    assert small <= 10 + 3 * 3  # a binomial's mean and three of its deviations


def test_nothing_to_split_by() -> None:
    history = scripted({"x": {"min": 0.0, "max": 1.0}}, [({"x": 0.5}, 1.0)] * 5)
    assert best_split(axes_of(history), history.trials, [True, False, True, False, True], 0) is None
