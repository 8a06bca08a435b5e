from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from contracts.playing import fates, play, problem_of
from search.problem import Problem
from search.schedulers.hyperband import Brackets, Hyperband


def test_by_default_it_starts_lower_than_asha() -> None:
    assert Hyperband(problem_of(27)).rungs == (1, 3, 9)
    assert Hyperband(problem_of(52)).rungs == (2, 6, 18)


def test_bracket_sizes_are_those_of_the_paper() -> None:
    assert Brackets(4, 3).sizes == (5, 8, 15, 34, 81)  # Li et al. 2018, table 1: R = 81, eta = 3
    assert Brackets(0, 3).sizes == (1,)


@given(st.integers(0, 6), st.integers(2, 5), st.integers(1, 400))
def test_the_proportion_holds_wherever_the_budget_ends(s_max: int, eta: int, trials: int) -> None:
    brackets = Brackets(s_max, eta)
    given_to = [brackets.of(number) for number in range(trials)]
    for bracket, size in enumerate(brackets.sizes):
        share = trials * size / sum(brackets.sizes)
        assert abs(given_to.count(bracket) - share) < 2


@given(st.lists(st.integers(0, 300), min_size=1, max_size=20))
def test_a_bracket_is_a_function_of_the_number_alone(numbers: list[int]) -> None:
    asked = Brackets(3, 3)
    assert [asked.of(number) for number in numbers] == [Brackets(3, 3).of(number) for number in numbers]


def test_brackets_start_at_their_own_rung_and_do_not_mix(problem_27: Problem) -> None:
    scheduler = Hyperband(problem_27, min_iter=3)
    sweep, _ = play(problem_27, scheduler, [[float(-n)] * 27 for n in range(34)][::-1], workers=34)
    steps: dict[int, set[int]] = {0: set(), 1: set(), 2: set()}
    for trial in sweep.history.trials:
        steps[scheduler.brackets.of(trial.number)].add(trial.steps)
    assert steps[0] == {27}
    assert steps[1] <= {9, 27}
    assert steps[2] <= {3, 9, 27}
    for decision in sweep.history.decisions:
        if decision["rung"] is not None:
            bracket = scheduler.brackets.of(decision["trial"])
            assert decision["reason"].startswith(f"bracket {bracket}, rung {decision['rung']}: ")


def test_the_bracket_that_never_stops_lets_the_worst_through(problem_27: Problem) -> None:
    scheduler = Hyperband(problem_27)
    curves = [[1.0 + (scheduler.brackets.of(n) == 0)] * 27 for n in range(17)]
    sweep, _ = play(problem_27, scheduler, curves)
    assert all(fate == ("completed", 27) for fate in fates(sweep))


def test_with_no_rung_below_full_fidelity_there_is_one_bracket() -> None:
    problem = problem_of(1)
    assert Hyperband(problem).brackets.sizes == (1,)
