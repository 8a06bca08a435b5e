"""The front in numbers and in words, how it grew, and fronts side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from contracts.traded import traded, traded_in
from search.analysis import compare, comparison_verdict, leaderboard, pareto, verdict
from search.analysis.front_verdict import front_verdict
from search.analysis.hypervolume import hypervolume_curve, reference_of, shared_volumes
from search.analysis.pareto import broken_constraints
from search.dominance import hypervolume
from search.front import extremes_of, knee_of, points_of, settled
from search.problem import Repeats

BENT = [(0.0, 0.0), (1.0, 8.0), (9.0, 9.0), (5.0, 2.0), (6.0, 1.0)]
"""(loss, gain): the first three are the front, with a knee in the middle."""


def test_the_front_its_ends_and_what_lies_behind() -> None:
    found = pareto(traded(BENT))
    assert found is not None
    assert found["front"] == ["t00000", "t00001", "t00002"]
    assert found["knee"] == "t00001"
    assert found["extremes"] == ["t00000", "t00002"]
    assert (found["feasible"], found["infeasible"], found["dominated"]) == (5, 0, 2)
    rows = {row["trial"]: row for row in found["trials"]}
    assert rows["t00003"]["front"] == 2
    assert rows["t00003"]["dominated_by"] == 1
    assert rows["t00004"]["front"] == 3
    assert rows["t00004"]["dominated_by"] == 2
    assert rows["t00001"]["values"] == [1.0, 8.0]


def test_with_one_objective_there_is_no_front_to_speak_of() -> None:
    assert pareto(traded([(1.0,), (2.0,)], names=["loss"])) is None


def test_a_front_that_bulges_outward_or_has_two_points_has_no_knee() -> None:
    circle = np.array([[np.cos(t), np.sin(t)] for t in np.linspace(0, np.pi / 2, 9)])
    assert knee_of(circle) is None
    assert knee_of(1 - circle) == 4
    assert knee_of(circle[:2]) is None
    assert extremes_of(circle) == [8, 0]


def test_of_equal_ends_the_one_that_is_better_in_the_rest() -> None:
    assert extremes_of(np.array([[0.0, 5.0], [0.0, 2.0], [1.0, 1.0]])) == [1, 2]


def test_infeasible_and_failed_trials_are_on_no_front_and_measure_no_volume() -> None:
    rows = [(1.0, 1.0, 5.0), (0.0, 9.0, 50.0), (2.0, 2.0, 9.0), (None,)]
    history = traded(rows, limits=["kb <= 10"])
    found = pareto(history)
    assert found is not None
    assert found["front"] == ["t00000", "t00002"]
    assert (found["feasible"], found["infeasible"]) == (2, 1)
    assert {row["trial"]: row["front"] for row in found["trials"]} == {
        "t00000": 1,
        "t00001": None,
        "t00002": 1,
    }
    assert found["hypervolume"]["ideal"] == [1.0, 2.0]
    assert broken_constraints(history) == [{"constraint": "kb <= 10", "broken": 1, "trials": 3}]
    board = {row["trial"]: row for row in leaderboard(history)["rows"]}
    assert (board["t00001"]["rank"], board["t00001"]["feasible"], board["t00001"]["front"]) == (
        None,
        False,
        False,
    )
    assert (board["t00000"]["rank"], board["t00000"]["feasible"], board["t00000"]["front"]) == (1, True, True)


@pytest.mark.parametrize("objectives", [2, 3])
def test_the_volume_grows_to_what_the_whole_front_has(objectives: int) -> None:
    rows = np.random.default_rng(objectives).random((60, objectives))
    history = traded([tuple(map(float, row)) for row in rows], names=("loss", "gain", "size")[:objectives])
    points = points_of(settled(history), objectives)
    reference, ideal = reference_of([points]), points.min(axis=0)
    curve = hypervolume_curve(history, reference, ideal)
    assert curve["share"] == sorted(curve["share"])
    assert curve["share"][-1] == pytest.approx(hypervolume(points, reference) / np.prod(reference - ideal))
    for trial, share in zip(curve["trial"], curve["share"], strict=True):
        assert share == pytest.approx(hypervolume(points[:trial], reference) / np.prod(reference - ideal))


def test_the_reference_lies_a_tenth_beyond_the_worst_also_where_nothing_varies() -> None:
    assert reference_of([np.array([[0.0, 4.0]]), np.array([[10.0, 4.0]])]).tolist() == pytest.approx(
        [11.0, 4.4]
    )


def test_the_verdict_names_front_knee_and_ends_and_what_to_do() -> None:
    told = verdict(traded(BENT), "two", "finished")
    assert told["headline"] == "3 configs on the front; knee: t00001 (loss 1, gain 8)"
    assert told["sentences"][0] == (
        "t00000 has the best loss (loss 0, gain 0); t00002 has the best gain (loss 9, gain 9)."
    )
    assert 'outcome_constraints: ["gain >= 8"]' in told["next"][-1]["text"]
    assert told["next"][-1]["command"] == "tuneyard show two/t00001"
    assert not any("confirm two" in (step["command"] or "") for step in told["next"])
    assert told["winner"]["trial"] == "t00000"


def test_values_over_folds_are_not_told_to_be_of_one_seed() -> None:
    history = traded(BENT)
    found = pareto(history)
    assert found is not None
    over_folds = replace(history.problem, repeats=Repeats("folds", 3, 1))
    once, folds = (
        front_verdict(found, "two", "finished", each)["cautions"][0] for each in (history.problem, over_folds)
    )
    assert "ran once, under one seed" in once
    assert "means over 3 folds" in folds
    assert "one seed" not in folds


def test_the_search_for_one_objective_keeps_the_constraints_there_are() -> None:
    told = verdict(traded([(*row, 5.0) for row in BENT], limits=["kb <= 10"]), "two", "finished")
    assert 'outcome_constraints: ["gain >= 8", "kb <= 10"]' in told["next"][-1]["text"]


def test_the_verdict_of_one_trial_that_beats_all_and_of_none_that_is_feasible() -> None:
    assert verdict(traded([(0.0, 9.0), (1.0, 1.0)]), "r", "finished")["headline"] == (
        "t00000 is best in every objective: loss 0, gain 9"
    )
    none = verdict(traded([(1.0, 2.0, 30.0), (2.0, 3.0, 20.0)], limits=["kb <= 10"]), "r", "finished")
    assert none["headline"] == "No trial meets the outcome constraints"
    assert none["sentences"] == ["kb <= 10 is broken by 2 of 2 trials. t00001 comes closest: kb 20."]
    assert none["winner"] is None


def test_of_one_objective_the_constraints_are_told_beside_the_winner() -> None:
    history = traded([(0.5, 99.0), (1.0, 5.0), (2.0, 6.0)], names=["loss"], limits=["kb <= 10"])
    told = verdict(history, "r", "finished")
    assert told["winner"]["trial"] == "t00001"
    assert "kb <= 10 is broken by 1 of 3 trials." in told["sentences"]


def test_the_doctor_asks_for_no_confirmation_of_a_front() -> None:
    from search.analysis.checks import doctor

    rows = np.random.default_rng(1).random((40, 2))
    found = doctor(traded([tuple(map(float, row)) for row in rows]))
    assert {each["verdict"] for each in found if each["check"] == "gap"} == {"cannot tell"}
    assert not any("confirm" in (each["command"] or "") for each in found)


def test_fronts_are_compared_in_a_box_in_common(tmp_path: Path) -> None:
    better = traded_in(tmp_path / "a", [(0.0, 0.0), (1.0, 8.0), (9.0, 9.0)])
    worse = traded_in(tmp_path / "b", [(3.0, 0.0), (4.0, 3.0), (9.0, 8.0)])
    first, second = shared_volumes([better.history, worse.history])
    assert first["value"][-1] > second["value"][-1]
    comparison = compare([worse, better])
    assert comparison["winner"] == 1
    assert comparison["rows"][1]["best"] == pytest.approx(first["value"][-1])
    assert (comparison["rows"][1]["front"], comparison["rows"][1]["metric"]) == (3, "hypervolume")
    assert "found the best front" in comparison_verdict(comparison)["headline"]
    alone = traded_in(tmp_path / "c", [(1.0,)], names=["loss"])
    other = compare([better, alone])
    assert other["comparable"] is False
    assert "maximize gain" in comparison_verdict(other)["sentences"][0]
