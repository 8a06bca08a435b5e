"""Several objectives at a rung: fronts first, and within a front those that cover it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.playing import Counting, problem_of
from search.dominance import dominance_ranks, hypervolume
from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.schedulers import make_scheduler
from search.schedulers.fronts import merit_ranks
from search.sweep import PassiveSweep
from spaces import Integer, Parameter, Space

points = st.lists(
    st.tuples(st.integers(0, 6).map(float), st.integers(0, 6).map(float)), min_size=1, max_size=40
).map(np.array)


def two(trials: int, max_steps: int = 9) -> Problem:
    return Problem(
        Space((Parameter("x", Integer(0, 10**6)),)),
        Objective("loss", counts="last"),
        max_steps,
        Budget(trials=trials),
        secondary=(Objective("speed", "maximize", counts="last"),),
    )


def play(problem: Problem, options: dict[str, Any], found: Sequence[tuple[float, float]], name: str = "asha"):
    """Trial i reports found[i] (loss, speed) at every step, one trial after the other."""
    sweep = PassiveSweep.begin(
        problem, Counting(), make_scheduler(name, problem, options), journal := MemoryJournal()
    )
    now = 0.0
    while trials := sweep.ask(1, now):
        (trial,) = trials
        sweep.start(trial.number, now, node="test", pid=0, from_step=trial.steps)
        while True:
            now += 1.0
            loss, speed = found[trial.number]
            decision = sweep.report(trial.number, trial.steps + 1, {"loss": loss, "speed": speed}, now)
            if decision.outcome is not None:
                sweep.close(trial.number, decision.outcome, now, decision.reason, decision.failure)
            if decision.lets_go:
                break
    sweep.end("the end", now)
    return sweep, journal.records


@settings(max_examples=100, deadline=None)
@given(points)
def test_an_earlier_front_comes_first_and_equals_share_their_place(given_points: Any) -> None:
    ranks, fronts = merit_ranks(given_points), dominance_ranks(given_points)
    for i in range(len(ranks)):
        for j in range(len(ranks)):
            if fronts[i] < fronts[j]:
                assert ranks[i] < ranks[j]
            assert (ranks[i] == ranks[j]) == bool(np.all(given_points[i] == given_points[j]))
        assert ranks[i] == 1 + sum(ranks < ranks[i])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=20, unique=True))
def test_of_one_objective_it_is_the_order_of_the_values(values: list[float]) -> None:
    assert merit_ranks(np.array(values)[:, None]).tolist() == [
        1 + sum(other < value for other in values) for value in values
    ]


def test_within_a_front_the_ends_come_first_and_then_the_widest_gap() -> None:
    front = np.array([[0.0, 1.0], [0.1, 0.9], [0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])
    assert merit_ranks(front).tolist() == [1, 4, 3, 5, 2]


def test_units_do_not_count() -> None:
    found = np.random.default_rng(0).uniform(size=(30, 2))
    assert (merit_ranks(found) == merit_ranks(found * [1e6, 1e-3] + [5.0, -2.0])).all()


def test_the_first_few_of_a_front_cover_more_than_the_best_in_one_objective() -> None:
    x = np.linspace(0, 1, 40)
    front = np.stack([x, (1 - np.sqrt(x))], axis=1)
    chosen = front[merit_ranks(front) <= 8]
    assert hypervolume(chosen, [1.1, 1.1]) > 1.2 * hypervolume(front[:8], [1.1, 1.1])


def test_who_is_best_in_either_objective_goes_on() -> None:
    found = [(0.5, 1.0), (0.9, 9.0), (0.9, 0.5), (0.8, 0.9), (0.95, 0.1), (0.1, 0.2)]
    sweep, _ = play(two(6), {"min_iter": 3, "promote": True}, found)
    ended = {trial.number: trial.state for trial in sweep.history.trials}
    assert ended[2] == ended[4] == "stopped"
    assert ended[5] == "completed"  # the lowest loss
    assert ended[1] == "completed"  # the highest speed
    said = [d["reason"] for d in sweep.history.decisions if d["trial"] == 5 and d["step"] == 3]
    assert said == ["rung 3: 1st of 6 by fronts, the best 2 go on"]


@pytest.mark.parametrize(("name", "options"), [("asha", {}), ("asha", {"promote": True}), ("hyperband", {})])
def test_a_resumed_sweep_decides_the_same(name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(1)
    found = [tuple(pair) for pair in rng.uniform(size=(30, 2)).tolist()]
    sweep, records = play(two(30), options, found, name)
    assert any(trial.state == "stopped" for trial in sweep.history.trials)
    for end in range(1, len(records), 9):
        PassiveSweep.resume(
            records[:end], Counting(), make_scheduler(name, two(30), options), MemoryJournal()
        )


def test_with_one_objective_twice_it_is_the_rule_for_one() -> None:
    """The second objective orders the trials as the first does, so there is one trial on each front."""
    losses = np.random.default_rng(2).permutation(40) / 40
    both, _ = play(two(40), {}, [(loss, -loss) for loss in losses.tolist()])
    one = problem_of(9, budget=Budget(trials=40))
    alone, _ = play(one, {}, [(loss, 0.0) for loss in losses.tolist()])
    assert [t.steps for t in both.history.trials] == [t.steps for t in alone.history.trials]
