from __future__ import annotations

import statistics

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.playing import fates, play, problem_of
from search.problem import Problem
from search.schedulers.median import MedianStopping


def test_stops_below_the_median_of_running_means_and_says_so() -> None:
    problem = problem_of(4)
    scheduler = MedianStopping(problem, grace=2, min_trials=3)
    curves = [[1.0, 3.0, 3.0, 3.0], [4.0, 4.0, 4.0, 4.0], [9.0, 9.0, 9.0, 9.0], [5.0, 4.5, 1.0, 1.0]]
    sweep, _ = play(problem, scheduler, curves)
    last = sweep.history.trials[3]
    assert (last.state, last.steps) == ("stopped", 2)
    assert last.reason == (
        "step 2: its best, 4.5, is worse than 4, the median of 3 ended trials' means up to there"
    )


def test_its_best_step_counts_not_its_last() -> None:
    problem = problem_of(4)
    curves = [*[[4.0] * 4] * 3, [3.9, 9.0, 9.0, 9.0]]
    sweep, _ = play(problem, MedianStopping(problem, grace=1, min_trials=3), curves)
    assert fates(sweep)[3] == ("completed", 4)


def test_grace_and_min_trials_hold_it_back() -> None:
    problem = problem_of(10)
    curves = [[1.0] * 10] * 4 + [[5.0] * 10] * 2
    sweep, _ = play(problem, MedianStopping(problem, grace=3, min_trials=5), curves)
    assert fates(sweep) == [("completed", 10)] * 5 + [("stopped", 3)]


def test_running_trials_are_not_compared_with() -> None:
    problem = problem_of(5)
    sweep, _ = play(
        problem, MedianStopping(problem, grace=1, min_trials=1), [[float(n)] * 5 for n in range(8)], 8
    )
    assert set(fates(sweep)) == {("completed", 5)}


def test_failed_trials_are_not_compared_with(problem_27: Problem) -> None:
    curves = [[0.1] * 20 + [float("nan")]] * 6 + [[5.0] * 27] * 2
    sweep, _ = play(problem_27, MedianStopping(problem_27, grace=1, min_trials=1), curves)
    assert [state for state, _ in fates(sweep)] == ["failed"] * 6 + ["completed"] * 2


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 20), st.integers(1, 8), st.integers(1, 4), st.integers(1, 5))
def test_each_decision_is_the_paper_spelled_out(
    seed: int, count: int, grace: int, min_trials: int, workers: int
) -> None:
    """Against a second reading of section 3.2.2, from the journal alone."""
    problem = problem_of(8)
    lines = np.random.default_rng(seed).integers(-9, 9, size=(count, 8)).astype(float).tolist()
    sweep, records = play(
        problem, MedianStopping(problem, grace=grace, min_trials=min_trials), lines, workers
    )
    ended: list[list[float]] = []
    reported: dict[int, list[float]] = {}
    for record in records:
        if record["type"] == "close":
            ended.append(reported[record["trial"]])
        if record["type"] != "result" or record["step"] == 8:
            continue
        curve, step = reported.setdefault(record["trial"], []), record["step"]
        curve.append(record["metrics"]["loss"])
        means = [sum(other[:step]) / step for other in ended if len(other) >= step]
        stops = step >= grace and len(means) >= min_trials and min(curve) > statistics.median(means)
        trial = sweep.history.trials[record["trial"]]
        assert (trial.state == "stopped" and trial.steps == step) == stops
