"""Intervals over folds and seeds: their formulas, what is compared with what, and the words for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from contracts.playing import Counting, problem_of
from search.analysis import history_curve, leaderboard, repeats, verdict
from search.analysis.checks import CURVES, doctor
from search.analysis.repeats_verdict import doubts
from search.history import History
from search.journal import MemoryJournal
from search.problem import Problem, Repeats
from search.schedulers.median import MedianStopping
from search.schedulers.none import NoStopping
from search.sweep import PassiveSweep
from search.trial import Outcome
from search.views.wording import seen

TIMES = 5


def problem(over: Any = "folds", goal: Any = "minimize") -> Problem:
    plain = problem_of(TIMES, goal)
    return replace(
        plain, objective=replace(plain.objective, counts="last"), repeats=Repeats(over, TIMES, length=3)
    )


def played(*trials: Sequence[float], over: Any = "folds", goal: Any = "minimize") -> History:
    """Trial i had these values on its folds, in turn; one with fewer than five was stopped."""
    asked = problem(over, goal)
    sweep = PassiveSweep.begin(asked, Counting(), NoStopping(asked), MemoryJournal())
    for values in trials:
        (trial,) = sweep.ask(1, 0.0)
        sweep.start(trial.number, 0.0, node="n", pid=1)
        for step in range(1, len(values) + 1):
            told = {"loss": float(np.mean(values[:step])), "loss/fold": values[step - 1]}
            sweep.report(trial.number, step, told, float(step))
        sweep.close(trial.number, Outcome.COMPLETED if len(values) == TIMES else Outcome.STOPPED, 9.0)
    return sweep.history


GOOD, NEAR, BAD, SHORT = (
    [1.0, 1.2, 0.9, 1.1, 1.3],
    [1.1, 1.15, 1.0, 1.05, 1.35],
    [3.0, 3.1, 3.2, 2.9, 3.3],
    [0.1, 0.2],
)


def found(*trials: Sequence[float], **more: Any) -> dict[str, Any]:
    said = repeats(played(*trials, **more))
    assert said is not None
    return said


def test_an_interval_over_folds_has_the_correction_of_nadeau_and_bengio() -> None:
    said = found(GOOD)["configs"][0]
    half = stats.t.ppf(0.975, 4) * np.std(GOOD, ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert said["mean"] == pytest.approx(1.1)
    assert said["std"] == pytest.approx(np.std(GOOD, ddof=1))
    assert said["interval"] == pytest.approx([1.1 - half, 1.1 + half])
    assert said["values"] == GOOD


def test_an_interval_over_seeds_is_students() -> None:
    theirs = stats.ttest_1samp(GOOD, 0.0).confidence_interval(0.95)
    assert found(GOOD, over="seeds")["configs"][0]["interval"] == pytest.approx([theirs.low, theirs.high])


def test_pairs_are_of_the_same_folds_with_the_same_correction() -> None:
    pair = found(BAD, GOOD)["pairs"][0]
    assert pair["other"] == "t00000"
    differences = np.array(BAD) - np.array(GOOD)
    error = differences.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert pair["difference"] == pytest.approx(differences.mean())
    assert pair["p"] == pytest.approx(2 * stats.t.sf(differences.mean() / error, 4))
    seeds = found(BAD, GOOD, over="seeds")["pairs"][0]
    assert seeds["p"] == pytest.approx(stats.ttest_rel(BAD, GOOD).pvalue)


def test_who_cannot_be_told_from_the_first() -> None:
    said = found(GOOD, NEAR, BAD, SHORT)
    assert [each["trial"] for each in said["configs"]] == ["t00000", "t00001", "t00002", "t00003"]
    assert said["close"] == ["t00001"]  # one of fewer folds is not compared
    assert [pair["other"] for pair in said["pairs"]] == ["t00001", "t00002"]


def test_a_metric_to_be_maximized_keeps_its_sign() -> None:
    said = found(GOOD, BAD, goal="maximize")
    assert said["configs"][0]["trial"] == "t00001"
    low, high = said["configs"][0]["interval"]
    assert low < said["configs"][0]["mean"] < high
    assert said["pairs"][0]["difference"] > 0
    assert said["configs"][0]["values"] == BAD


def test_a_sweep_of_steps_has_no_repeats() -> None:
    plain = PassiveSweep.begin(problem_of(3), Counting(), NoStopping(problem_of(3)), MemoryJournal())
    assert repeats(plain.history) is None
    assert seen(problem_of(3), 2) == "at step 2"


def test_the_leaderboard_has_the_intervals_and_full_evidence_goes_first() -> None:
    history = played(SHORT, BAD, GOOD)
    rows = leaderboard(history)["rows"]
    assert [row["trial"] for row in rows] == ["t00002", "t00001", "t00000"]
    said = found(SHORT, BAD, GOOD)["configs"]
    assert [row["interval"] for row in rows] == [each["interval"] for each in said]
    assert history_curve(history)["improvements"]["value"] == pytest.approx([3.1, 1.1])


def test_the_verdict_says_how_sure_the_mean_is() -> None:
    told = verdict(played(GOOD, NEAR, BAD, SHORT), "run", "finished")
    assert told["headline"] == "t00000 is best: loss 1.10 ± 0.29 over 5 folds"
    words = " ".join(told["sentences"])
    assert "0.03 ahead of the second, t00001" in words
    assert "with the correction of Nadeau and Bengio" in words
    assert "it cannot be told apart from t00001: take the cheapest" in words
    assert "the best of 4 means" in " ".join(told["cautions"])
    assert "under one seed" not in " ".join(told["cautions"])


def test_a_clear_winner_and_a_lone_one() -> None:
    clear = verdict(played(GOOD, BAD), "run", "finished")
    assert "It beats every other config that was seen on the same folds, beyond chance." in clear["sentences"]
    assert clear["headline"] == "t00000 is best: loss 1.10 ± 0.29 over 5 folds"
    same = verdict(played([1.0] * 5, BAD), "run", "finished")
    assert same["headline"] == "t00000 is best: loss 1.000 over 5 folds"
    wide = verdict(played([551.0, 560.0, 540.0, 530.0, 570.0]), "run", "finished")
    assert wide["headline"] == "t00000 is best: loss 550 ± 29 over 5 folds"
    lone = verdict(played(GOOD, SHORT), "run", "finished")
    assert lone["sentences"][0].startswith("It is the only trial with a value that counts")


@pytest.mark.parametrize(
    ("over", "said"),
    [("folds", "see that the trainable reads data.split.fold"), ("seeds", "one seed is enough")],
)
def test_repeats_that_change_nothing_are_told(over: Any, said: str) -> None:
    same = found([1.0] * 5, [2.0] * 5, over=over)
    assert same["unvaried"]
    assert said in " ".join(doubts(same))
    history = played([1.0] * 5, [2.0] * 5, over=over)
    gap = next(each for each in doctor(history) if each["check"] == "gap")
    assert gap["verdict"] == "cannot tell"


def test_the_doctor_reads_no_curves_of_folds_and_judges_the_gap_by_them() -> None:
    findings = {each["check"]: each for each in doctor(played(GOOD, NEAR, BAD))}
    for name in CURVES:
        assert findings[name]["verdict"] == "cannot tell"
        assert findings[name]["says"].startswith("Steps are folds, each a whole training of its own")
    assert findings["gap"]["verdict"] == "warn"
    assert "t00000 leads t00001 by 0.03" in findings["gap"]["says"]
    clear = {each["check"]: each for each in doctor(played(GOOD, BAD))}
    assert clear["gap"]["verdict"] == "pass"
    few = {each["check"]: each for each in doctor(played(GOOD, SHORT))}
    assert few["gap"]["verdict"] == "cannot tell"


def test_median_stopping_compares_means_over_the_same_folds() -> None:
    asked = problem()
    scheduler = MedianStopping(asked, grace=1, min_trials=1)
    sweep = PassiveSweep.begin(asked, Counting(), scheduler, MemoryJournal())
    sweep.ask(2, 0.0)
    for step, mean in enumerate([9.0, 5.0, 1.0, 1.0, 1.0], start=1):
        sweep.report(0, step, {"loss": mean}, 1.0)
    sweep.close(0, Outcome.COMPLETED, 1.0)
    assert sweep.report(1, 1, {"loss": 8.0}, 2.0).outcome is None
    assert (
        sweep.report(1, 2, {"loss": 6.0}, 2.0).outcome is Outcome.STOPPED
    )  # 5 on the same two; their mean is 7


def test_folds_that_came_apart_have_no_interval_and_harm_no_verdict() -> None:
    history = played([1e200, -1e200, 2e200, 3e200, 1e200], [2e200, 1e200, 9e200, 8e200, 1e200])
    said = repeats(history)
    assert said is not None
    assert [config["interval"] for config in said["configs"]] == [None, None]
    assert said["close"] == ["t00001"]
    assert "t00000 is best" in verdict(history, "run", "finished")["headline"]
