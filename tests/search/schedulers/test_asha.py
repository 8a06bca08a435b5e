from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.playing import fates, play, problem_of
from search.problem import Problem
from search.schedulers.asha import Asha
from search.schedulers.halving import ordinal


def constant(*levels: float) -> list[list[float]]:
    return [[level] * 27 for level in levels]


def test_defaults_are_those_that_were_measured_best() -> None:
    assert Asha(problem_of(52)).rungs == (6, 18)
    assert Asha(problem_of(27)).rungs == (3, 9)


def test_seventh_of_nine_is_stopped_and_told_so(problem_27: Problem) -> None:
    levels = [0.1, 0.2, 0.3, 0.4, 0.405, 0.41, 0.5, 0.6]
    sweep, _ = play(problem_27, Asha(problem_27), constant(*levels, 0.412))
    last = sweep.history.trials[8]
    assert (last.state, last.steps) == ("stopped", 3)
    assert last.reason == "rung 3: 0.412 is 7th of 9, the best 3 go on"


def test_going_on_at_a_rung_is_on_record(problem_27: Problem) -> None:
    sweep, _ = play(problem_27, Asha(problem_27), constant(0.5, 0.4))
    assert [
        (d["trial"], d["step"], d["reason"]) for d in sweep.history.decisions if d["outcome"] is None
    ] == [
        (0, 3, "rung 3: 0.5 is 1st of 1, the best goes on"),
        (0, 9, "rung 9: 0.5 is 1st of 1, the best goes on"),
        (1, 3, "rung 3: 0.4 is 1st of 2, the best goes on"),
        (1, 9, "rung 9: 0.4 is 1st of 2, the best goes on"),
    ]


def test_a_tie_with_the_last_place_goes_on(problem_27: Problem) -> None:
    sweep, _ = play(problem_27, Asha(problem_27), constant(0.5, 0.5, 0.6, 0.5))
    assert fates(sweep) == [("completed", 27), ("completed", 27), ("stopped", 3), ("completed", 27)]


def test_who_fails_before_a_rung_takes_nobodys_place(problem_27: Problem) -> None:
    curves = [[0.1, float("nan")], [0.2, float("nan")], *constant(0.5, 0.6)]
    sweep, _ = play(problem_27, Asha(problem_27), curves)
    assert fates(sweep)[2:] == [("completed", 27), ("stopped", 3)]
    assert sweep.history.trials[3].reason.startswith("rung 3: 0.6 is 2nd of 2,")


def test_past_max_iter_nobody_is_stopped(problem_27: Problem) -> None:
    curves = [[0.1] * 27, [0.1] * 9 + [9.0] * 18]
    sweep, _ = play(problem_27, Asha(problem_27, min_iter=3, max_iter=9), curves)
    assert fates(sweep) == [("completed", 27), ("completed", 27)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 3.0]), min_size=12, max_size=12), max_size=25
    ),
    st.integers(1, 4),
    st.integers(2, 4),
    st.integers(1, 6),
)
def test_each_decision_is_the_rule_spelled_out(
    curves: list[list[float]], first: int, eta: int, workers: int
) -> None:
    """Against a second reading of the rule, by sorting everything afresh at each arrival."""
    problem = problem_of(12)
    scheduler = Asha(problem, min_iter=first, eta=eta)
    _, records = play(problem, scheduler, curves, workers)
    arrived: dict[int, list[float]] = {}
    said = {(r["trial"], r["step"]): r["outcome"] for r in records if r["type"] == "decision"}
    for record in records:
        if record["type"] == "result" and record["step"] in scheduler.rungs:
            scores = arrived.setdefault(record["step"], [])
            scores.append(record["metrics"]["loss"])
            last_place = sorted(scores)[max(1, len(scores) // eta) - 1]
            stops = record["metrics"]["loss"] > last_place
            assert said[record["trial"], record["step"]] == ("stopped" if stops else None)


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 111)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "111th")
    ]
