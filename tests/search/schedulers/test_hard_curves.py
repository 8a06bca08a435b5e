"""Curves that mislead: worse late, flat, noisy, of epochs that cost differently. On the simulated clock, paired over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces import Float, Parameter, Space
from trainables.plug import resolve

SPACE = Space(tuple(Parameter(name, Float(0.0, 1.0)) for name in ("floor", "speed")))
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "stopping": ("asha", {}),
    "promotion": ("asha", {"promote": True}),
    "hyperband": ("hyperband", {}),
}


def overfits(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Falls to its floor, and then rises again: its best step is not its last."""
    for step in range(1, 28):
        yield {"loss": config["floor"] + 1 / step + 0.05 * max(0, step - 9)}


def flat(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Nothing tells the trials apart before step 12."""
    for step in range(1, 28):
        yield {"loss": 1.0 if step < 12 else config["floor"]}


def noisy(config: dict[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """A metric of a small validation part: its noise is a third of what the configs differ by."""
    rng = np.random.default_rng(seed)
    for step in range(1, 28):
        yield {"loss": config["floor"] + 1 / step + 0.1 * rng.normal()}


def unequal(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Epochs of the slowest config cost 16 times those of the fastest; what it is worth has nothing to do with it."""
    for step in range(1, 28):
        yield {"loss": config["floor"] + 1 / step, "seconds": 2.0 ** (4 * config["speed"])}


def diverges_late(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """The best there is by step 9, and then no number."""
    for step in range(1, 28):
        bad = config["floor"] < 0.15 and step > 12
        yield {"loss": math.nan if bad else config["floor"] + 1 / step}


def run(trainable: Any, rule: str, seed: int = 0, trials: int = 40, workers: int = 4) -> PassiveSweep:
    name, options = RULES[rule]
    problem = Problem(
        SPACE, Objective("loss"), 27, Budget(trials=trials), FailurePolicy(stop_after=None), seed=seed
    )
    sweep = PassiveSweep.begin(
        problem, make_searcher("random", problem), make_scheduler(name, problem, options), MemoryJournal()
    )
    SimulatedRunner().run(sweep, Work(plug=resolve(trainable), workers=workers))
    return sweep


def rank_of_winner(sweep: PassiveSweep) -> int:
    """How many configs of the sweep were better by their floor than the one that it ended with."""
    assert sweep.history.best is not None
    floors = sorted(trial.config["floor"] for trial in sweep.history.trials)
    return floors.index(sweep.history.best.config["floor"])


every = pytest.mark.parametrize("rule", RULES)


@every
def test_what_gets_worse_late_keeps_its_best_step(rule: str) -> None:
    for seed in range(5):
        sweep = run(overfits, rule, seed)
        best = sweep.history.best
        assert best is not None
        assert best.best is not None
        assert best.best.step <= 10
        assert rank_of_winner(sweep) == 0


@every
def test_on_a_plateau_nobody_is_given_up_for_nothing(rule: str) -> None:
    """Equal scores share a rank: until something tells them apart all go on, and the best is found."""
    sweep = run(flat, rule, trials=24)
    assert all(trial.steps == 27 for trial in sweep.history.trials)
    assert rank_of_winner(sweep) == 0


@every
def test_noise_costs_some_places_and_no_more(rule: str) -> None:
    ranks = [rank_of_winner(run(noisy, rule, seed)) for seed in range(20)]
    assert float(np.mean(ranks)) < 6  # of 40; a config drawn at random: 19.5
    assert float(np.mean([run(noisy, rule, seed).history.steps_total for seed in range(3)])) < 0.75 * 40 * 27


@every
def test_with_unequal_epochs_no_worker_waits_for_another(rule: str) -> None:
    """Work is done whenever there is some: until the last trial has been asked for, all four are busy."""
    sweep = run(unequal, rule, trials=60)
    history = sweep.history
    last = max(trial.asked for trial in history.trials)
    busy = sum(
        min(result.now, last) - min(result.now - result.metrics["seconds"], last)
        for trial in history.trials
        for result in trial.results
    )
    assert busy == pytest.approx(4 * last, rel=1e-6)
    assert rank_of_winner(sweep) == 0


@every
def test_one_that_diverges_late_wins_nothing_and_blocks_nobody(rule: str) -> None:
    sweep = run(diverges_late, rule)
    history = sweep.history
    failed = [trial for trial in history.trials if trial.state == "failed"]
    assert failed
    assert all(trial.config["floor"] < 0.15 for trial in failed)
    assert history.best is not None
    assert history.best.state != "failed"
    assert any(trial.state == "completed" for trial in history.trials)
    assert history.finished
    assert not history.paused


@every
def test_the_winner_is_found_with_a_part_of_the_steps(rule: str) -> None:
    spent = [run(overfits, rule, seed).history.steps_total / (40 * 27) for seed in range(5)]
    assert float(np.mean(spent)) < (0.6 if rule == "hyperband" else 0.4)
