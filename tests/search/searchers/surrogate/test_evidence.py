"""What is read of a history: a row a rung, running trials too, and scores that can be compared."""

from __future__ import annotations

import json

import numpy as np
import pytest

from contracts.searchers import SPACES, Patient, play, problem_on
from search.history import History, Observation
from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.searchers.surrogate.evidence import Evidence, Ladder, Reader, levelled, standardised, telling
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome


def _swept(steps: int = 27) -> tuple[Problem, PassiveSweep]:
    problem = Problem(SPACES["floats"], Objective("loss"), steps, Budget(trials=100))
    return problem, PassiveSweep.begin(problem, make_searcher("random", problem), Patient(), MemoryJournal())


def test_rungs_are_a_ninth_a_third_and_the_whole_and_an_opening_is_at_the_foot() -> None:
    assert Ladder(81).steps == (3, 9, 27, 81)
    assert Ladder(52).steps == (2, 6, 18, 52)
    assert Ladder(9).steps == (1, 3, 9)
    assert Ladder(1).steps == (1,)


def test_each_trial_is_read_at_every_rung_it_reached() -> None:
    problem, sweep = _swept()
    sweep.ask(4, 0.0)
    for number, steps in enumerate((27, 5, 11, 2)):
        for step in range(1, steps + 1):
            sweep.report(number, step, {"loss": 10.0 * number - step}, 0.0)
    sweep.close(0, Outcome.COMPLETED, 0.0)
    sweep.close(1, Outcome.STOPPED, 0.0, "stopped")
    read = Reader(problem).read(sweep.history)
    assert list(zip(read.trial, read.step, read.score, strict=True)) == [
        (0, 1, -1.0), (0, 3, -3.0), (0, 9, -9.0), (0, 27, -27.0),
        (1, 1, 9.0), (1, 3, 7.0), (1, 5, 5.0),
        (2, 1, 19.0), (2, 3, 17.0), (2, 9, 11.0), (2, 11, 9.0), (3, 1, 29.0), (3, 2, 28.0),
    ]  # fmt: skip
    told = read[telling(read, Ladder(27))]
    assert list(zip(told.trial, told.step, strict=True)) == [
        (0, 3), (0, 9), (0, 27), (1, 3), (1, 5), (2, 3), (2, 9), (2, 11), (3, 2),
    ]  # fmt: skip
    assert set(Reader(problem).read(sweep.history, closed=2).trial) == {0, 1}


def test_a_score_is_the_best_up_to_its_rung() -> None:
    problem, sweep = _swept(3)
    sweep.ask(1, 0.0)
    for step, loss in enumerate((3.0, 1.0, 2.0), start=1):
        sweep.report(0, step, {"loss": loss}, 0.0)
    sweep.close(0, Outcome.COMPLETED, 0.0)
    assert Reader(problem).read(sweep.history).score.tolist() == [3.0, 1.0]


def test_a_failed_trial_is_a_full_one_with_the_worst_score() -> None:
    problem, sweep = _swept(9)
    sweep.ask(2, 0.0)
    sweep.report(0, 1, {"loss": 4.0}, 0.0)
    sweep.close(1, Outcome.FAILED, 0.0, failure=Failure("raised", "it broke"))
    read = Reader(problem).read(sweep.history)
    assert (9, 4.0) in zip(read.step, read.score, strict=True)


def test_what_was_paused_stands_until_there_is_more_to_say() -> None:
    """A trial that goes on is not forgotten on its way to the first rung, and is told by its newest rungs after it."""
    problem = Problem(SPACES["floats"], Objective("loss"), 54, Budget(trials=100))
    scheduler = make_scheduler("asha", problem, {"promote": True, "min_iter": 1})
    sweep = PassiveSweep.begin(problem, make_searcher("random", problem), scheduler, MemoryJournal())
    for number, trial in enumerate(sweep.ask(3, 0.0)):
        sweep.report(trial.number, 1, {"loss": float(number)}, 0.0)
    (best,) = sweep.ask(1, 0.0)  # the best one waited, and goes on
    assert best.number == 0
    assert best in sweep.history.running
    read = Reader(problem).read(sweep.history)
    assert sorted(zip(read.trial, read.step, read.score, strict=True)) == [
        (0, 1, 0.0),
        (1, 1, 1.0),
        (2, 1, 2.0),
    ]
    sweep.report(0, 2, {"loss": -2.0}, 0.0)
    read = Reader(problem).read(sweep.history)
    assert read.step.tolist() == [1, 1, 2]
    assert read.score.tolist() == [1.0, 2.0, -2.0]


def test_a_failed_trial_that_runs_again_is_no_failure() -> None:
    problem, sweep = _swept(9)
    sweep.ask(2, 0.0)
    sweep.report(0, 1, {"loss": 4.0}, 0.0)
    sweep.close(1, Outcome.FAILED, 0.0, failure=Failure("raised", "it broke"))
    sweep.reopen(1, 0.0)
    assert 9 not in Reader(problem).read(sweep.history).step


def test_a_curve_that_begins_late_is_one_row() -> None:
    problem = Problem(SPACES["floats"], Objective("loss"), 27, Budget(trials=100))
    prior = Observation(None, {"x": 0.0, "y": 1.0}, 5.0, Outcome.COMPLETED, ((27, 5.0),))
    sweep = PassiveSweep.begin(
        problem, make_searcher("random", problem), Patient(), MemoryJournal(), priors=[prior]
    )
    assert Reader(problem).read(sweep.history).step.tolist() == [27]


def test_reading_on_is_reading_anew() -> None:
    problem = problem_on(SPACES["mixed"])
    records = play(problem, make_searcher("random", problem), 25, seed=4)
    history, reader = History(problem), Reader(problem)
    for record in records:
        history.apply(record)
        reader.read(history)
    lived, fresh = reader.read(history), Reader(problem).read(History.from_records(records))
    for name in ("x", "step", "score", "trial"):
        np.testing.assert_array_equal(getattr(lived, name), getattr(fresh, name))


def test_what_a_rung_adds_to_all_alike_is_taken_off() -> None:
    """Only the better trials reach the top: they stay better there, though the rung itself changes all scores."""
    ladder = Ladder(27)
    quality = np.linspace(0.0, 1.0, 12)
    low = [(trial, 3, 5.0 + value) for trial, value in enumerate(quality)]
    high = [(trial, 27, 1.0 + value) for trial, value in enumerate(quality[:4])]
    middle = [(trial, 9, 2.0 + value) for trial, value in enumerate(quality[:4])]
    rows = low + middle + high
    evidence = Evidence(
        np.zeros((len(rows), 1)), np.array([r[1] for r in rows]), np.array([r[2] for r in rows]), np.array([r[0] for r in rows])
    )  # fmt: skip
    found = dict(zip([(r[0], r[1]) for r in rows], levelled(evidence, ladder), strict=True))
    for trial in range(4):
        assert found[trial, 27] == pytest.approx(found[trial, 3], abs=0.35)
    assert found[3, 27] < found[11, 3]


def test_what_an_opening_was_looked_at_for_can_be_compared_with_what_went_on() -> None:
    """Losses fall by 20 from the foot of the ladder on, for all alike: who rests there is no worse for that."""
    ladder, quality = Ladder(27), np.linspace(0.0, 1.0, 27)
    rows = [(trial, 1, 20.0 + value) for trial, value in enumerate(quality)]
    rows += [(trial, 3, value) for trial, value in enumerate(quality[:9])]
    trial, step, score = (np.array(column) for column in zip(*rows, strict=True))
    evidence = Evidence(np.zeros((len(rows), 1)), step, score, trial)
    kept = telling(evidence, ladder)
    told = levelled(evidence, ladder)[kept]
    assert len(kept) == 27
    expected = quality[trial[kept]] + 20.0
    np.testing.assert_allclose(
        told, np.where(expected == 21.0, told.max(), expected)
    )  # the worst is pulled in


def test_one_diverged_trial_does_not_flatten_the_others() -> None:
    scores = np.array([1.0, 2.0, 3.0, 1e9])
    ones = np.ones(4, int)
    told = standardised(levelled(Evidence(np.zeros((4, 1)), ones, scores, np.arange(4)), Ladder(1)))
    assert told[1] - told[0] > 0.3
    assert json.dumps(told.tolist())


def test_a_failed_trial_does_not_flatten_the_others_over_rungs() -> None:
    """It counts as a full one with the worst score, though that was seen at the first rung, where all were bad."""
    ladder, quality = Ladder(27), np.linspace(0.0, 1.0, 12)
    rows = [
        (trial, step, base + value)
        for step, base in ((3, 5.0), (9, 2.0), (27, 1.0))
        for trial, value in enumerate(quality)
    ]
    rows.append((12, 27, 6.0))
    trial, step, score = (np.array(column) for column in zip(*rows, strict=True))
    told = levelled(Evidence(np.zeros((len(rows), 1)), step, score, trial), ladder)
    worst, spread = told[:-1].max(), np.ptp(told[:-1])
    assert worst < told[-1] < worst + spread


@pytest.mark.parametrize("scores", [[], [3.0], [0.1] * 5, [-1e308, 1.0, 1e308], [-1e300, 1.0, 2.0]])
def test_any_finite_scores_can_be_told(scores: list[float]) -> None:
    n = len(scores)
    evidence = Evidence(np.zeros((n, 1)), np.ones(n, int), np.array(scores), np.arange(n))
    assert np.isfinite(standardised(levelled(evidence, Ladder(1)))).all()
