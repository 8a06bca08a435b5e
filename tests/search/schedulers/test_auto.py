"""The scheduler of `method: auto`: an opening by promotion, then the stopping rule."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from contracts.playing import Counting, play, problem_of
from contracts.schedulers import MAX_STEPS, curves
from search.errors import SettingsError
from search.history import Record
from search.journal import MemoryJournal
from search.problem import Budget
from search.schedulers import make_scheduler
from search.schedulers.asha import Asha
from search.sweep import PassiveSweep


def played(
    curves: Sequence[Sequence[float]], opening: int, workers: int = 1
) -> tuple[PassiveSweep, list[Record]]:
    """Trial i reports curves[i]; free workers ask whenever there is room, until nothing is left to do."""
    problem = problem_of(MAX_STEPS, budget=Budget(trials=len(curves)))
    journal = MemoryJournal()
    scheduler = make_scheduler("auto", problem, {"opening": opening})
    sweep, now = PassiveSweep.begin(problem, Counting(), scheduler, journal), 0.0
    while True:
        for trial in sweep.ask(workers - len(sweep.history.running), now):
            sweep.start(trial.number, now, node="test", pid=0, from_step=trial.steps)
        if not sweep.history.running:
            sweep.end("the end", now)
            return sweep, journal.records
        for trial in sweep.history.running:
            now += 1.0
            value = curves[trial.number][trial.steps]
            decision = sweep.report(trial.number, trial.steps + 1, {"loss": value}, now)
            if decision.outcome is not None:
                sweep.close(trial.number, decision.outcome, now, decision.reason, decision.failure)


def test_nobody_goes_on_in_the_opening_for_having_come_first() -> None:
    worst_first = [[float(level)] * MAX_STEPS for level in range(9, 0, -1)]
    sweep, _ = played(worst_first, opening=9)
    steps = [trial.steps for trial in sweep.history.trials]
    assert steps[:2] == [1, 1]
    assert steps[8] == MAX_STEPS
    assert sum(steps) < 9 * MAX_STEPS / 2


@pytest.mark.parametrize("workers", [1, 4])
def test_a_fresh_scheduler_decides_the_same_over_the_same_journal(workers: int) -> None:
    _, records = played(curves(40), opening=27, workers=workers)
    problem = problem_of(MAX_STEPS, budget=Budget(trials=40))
    for end in range(1, len(records) + 1, 7):
        PassiveSweep.resume(
            records[:end], Counting(), make_scheduler("auto", problem, {"opening": 27}), MemoryJournal()
        )


def test_after_the_opening_nobody_waits() -> None:
    sweep, _ = played(curves(40), opening=9, workers=4)
    assert any(trial.pauses for trial in sweep.history.trials[:9])
    assert not any(trial.pauses for trial in sweep.history.trials[9:])
    assert all(not trial.open for trial in sweep.history.trials)


def test_without_an_opening_it_is_asha() -> None:
    problem = problem_of(MAX_STEPS)
    ours, _ = play(problem, make_scheduler("auto", problem, {"opening": 0}), curves(40), 3)
    theirs, _ = play(problem, Asha(problem), curves(40), 3)
    assert [t.steps for t in ours.history.trials] == [t.steps for t in theirs.history.trials]


def test_later_trials_are_compared_with_those_of_the_opening() -> None:
    levels = [0.1 + 0.01 * number for number in range(9)] + [1.0]
    sweep, _ = played([[level] * MAX_STEPS for level in levels], opening=9)
    assert sweep.history.trials[9].steps == 3  # stopped at the first rung of the stopping rule


def test_rungs_of_both_are_told() -> None:
    assert make_scheduler("auto", problem_of(52)).rungs == (2, 6, 18)


def test_a_wrong_opening_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"early_terminate.opening: must be a whole number of at least 0"):
        make_scheduler("auto", problem_of(MAX_STEPS), {"opening": -1})
