"""Which scores a model may be fitted to."""

from __future__ import annotations

from dataclasses import replace

from search.history import Observation
from search.searchers.fidelity import comparable
from search.searchers.window import window
from search.trial import Outcome


def ran(number: int | None, *scores: float, outcome: Outcome = Outcome.STOPPED) -> Observation:
    curve = tuple(enumerate(scores, start=1))
    return Observation(number, {"x": number}, min(scores, default=9.0), outcome, curve)


def test_full_trials_when_there_are_enough() -> None:
    known = [
        ran(0, 5.0, 4.0, outcome=Outcome.COMPLETED),
        ran(1, 1.0),
        ran(2, 6.0, 3.0, outcome=Outcome.COMPLETED),
    ]
    assert comparable(known, 2) == [known[0], known[2]]


def test_else_the_highest_step_that_enough_reached_with_scores_up_to_it() -> None:
    known = [ran(0, 5.0, 4.0, 3.0, outcome=Outcome.COMPLETED), ran(1, 7.0, 6.0), ran(2, 8.0)]
    found = comparable(known, 2)
    assert [(each.number, each.score, each.outcome) for each in found] == [
        (0, 4.0, Outcome.COMPLETED),
        (1, 6.0, Outcome.COMPLETED),
    ]


def test_a_failed_trial_counts_everywhere_and_its_newest_end_only() -> None:
    failed = ran(1, outcome=Outcome.FAILED)
    again = ran(1, 2.0, 1.0, outcome=Outcome.COMPLETED)
    known = [ran(0, 3.0), failed, ran(2, 4.0)]
    assert [each.score for each in comparable(known, 3)] == [3.0, 9.0, 4.0]
    assert comparable([*known, again], 1) == [again]


def test_too_few_of_anything_are_the_full_ones() -> None:
    known = [ran(0, 3.0), ran(None, 1.0, outcome=Outcome.COMPLETED)]
    assert comparable(known, 5) == [known[1]]
    assert comparable([], 1) == []


def test_window_keeps_order_best_and_newest() -> None:
    known = [ran(number, float(score)) for number, score in enumerate((0, 9, 1, 8, 7, 6, 5))]
    assert [each.number for each in window(known, 4)] == [0, 2, 5, 6]
    assert window(known, 7) == known


def test_where_the_last_step_counts_a_trial_is_not_told_by_its_luckiest_fold() -> None:
    known = [ran(0, 1.0, 4.0, 5.0), ran(1, 3.0, 2.0)]
    assert [each.score for each in comparable(known, 2, "last")] == [4.0, 2.0]
    assert [each.score for each in comparable(known, 2)] == [1.0, 2.0]


def test_a_score_from_before_a_trial_was_feasible_is_not_told_as_its_best() -> None:
    first, second = (replace(ran(number, 0.1, 0.9, 0.8), score=0.8, excess=(-0.5,)) for number in (0, 1))
    assert [each.score for each in comparable([first, second], 2)] == [0.8, 0.8]
