"""What a searcher keeps of a long history, and that it says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from search.history import History, Observation
from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import SEARCHERS, make_searcher
from search.searchers.window import notice, window
from search.sweep import PassiveSweep
from search.trial import Outcome
from spaces import Float, Parameter, Space

SPACE = Space((Parameter("x", Float(0.0, 1.0)), Parameter("y", Float(0.0, 1.0))))


def observed(*scores: float) -> list[Observation]:
    return [
        Observation(number, {"x": 0.5, "y": 0.5}, score, Outcome.COMPLETED, ((1, score),))
        for number, score in enumerate(scores)
    ]


def test_of_equal_scores_the_earlier_one_is_among_the_best_whatever_the_rest() -> None:
    kept = window(observed(1.0, 1.0, 1.0, 1.0, 1.0), 2)
    assert [each.number for each in kept] == [0, 4]


def trained(searcher: Any, problem: Problem, trials: int, before: list[Mapping[str, Any]]) -> MemoryJournal:
    """The journal of `trials` more trials, after the records of `before`."""
    journal, scheduler = MemoryJournal(), make_scheduler("none", problem)
    if before:
        sweep = PassiveSweep.resume(before, searcher, scheduler, journal)
    else:
        sweep = PassiveSweep.begin(problem, searcher, scheduler, journal)
    for _ in range(trials):
        (trial,) = sweep.ask(1, 0.0)
        sweep.start(trial.number, 0.0, node="here", pid=1)
        sweep.report(trial.number, 1, {"loss": trial.config["x"] + trial.config["y"]}, 0.0)
        sweep.close(trial.number, Outcome.COMPLETED, 0.0)
    return journal


@pytest.mark.parametrize(
    ("method", "size", "options"),
    [("tpe", 50, {"window": 50}), ("hyperopt", 50, {"window": 50}), ("gp", 20, {"window": 20})],
)
def test_a_sweep_is_told_once_that_its_searcher_keeps_to_a_window(
    method: str, size: int, options: dict[str, Any]
) -> None:
    problem = Problem(SPACE, Objective("loss"), 1, Budget(trials=200), seed=4)
    most = 2 * size if method == "tpe" else size  # observations from all of which it still proposes

    def searcher(name: str, **given: Any) -> Any:
        return make_searcher(name, problem, given)

    whole = trained(searcher("random"), problem, most, [])
    fresh = trained(searcher(method, **options), problem, 3, whole.records)
    said = [record for record in fresh.records if record["type"] == "notice"]
    assert [record["text"] for record in said] == [notice(size)]
    resumed = trained(searcher(method, **options), problem, 2, [*whole.records, *fresh.records])
    assert not [record for record in resumed.records if record["type"] == "notice"]
    history = History.from_records([*whole.records, *fresh.records, *resumed.records])
    assert [record["text"] for record in history.notices] == [notice(size)]


@pytest.mark.parametrize("method", [name for name in SEARCHERS if name not in ("gp", "cmaes")])
def test_a_short_sweep_hears_of_no_window(method: str) -> None:
    problem = Problem(SPACE, Objective("loss"), 1, Budget(trials=40), seed=4)
    journal = trained(make_searcher(method, problem), problem, 25, [])
    assert not [r for r in journal.records if r["type"] == "notice" and "window" in r["text"]]
