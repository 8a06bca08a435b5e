from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.playing import problem_of
from search.problem import Budget, FailurePolicy, Objective, Problem
from spaces import Float, Parameter, Space

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite, st.sampled_from(["minimize", "maximize"]))
def test_a_score_is_the_value_made_smaller_is_better(value: float, goal: Any) -> None:
    objective = Objective("m", goal)
    assert objective.value(objective.score(value)) == value


@given(finite, finite)
def test_maximising_turns_the_order_and_minimising_keeps_it(a: float, b: float) -> None:
    up, down = Objective("m", "maximize"), Objective("m", "minimize")
    assert (up.score(a) < up.score(b)) == (a > b)
    assert (down.score(a) < down.score(b)) == (a < b)


@pytest.mark.parametrize(
    ("goal", "target", "value", "reached"),
    [
        ("minimize", 0.5, 0.5, True),
        ("minimize", 0.5, 0.51, False),
        ("minimize", 0.0, 0.0, True),
        ("maximize", 0.9, 0.95, True),
        ("maximize", 0.9, 0.89, False),
        ("maximize", None, math.inf, False),
    ],
)
def test_a_target_is_reached_on_its_own_side(
    goal: Any, target: float | None, value: float, reached: bool
) -> None:
    objective = Objective("m", goal, target)
    assert objective.reached(objective.score(value)) is reached


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Objective("m", "min"), "goal must be minimize or maximize, got 'min'"),  # type: ignore[arg-type]
        (lambda: Objective("m", target=math.nan), "target must be finite, got nan"),
        (lambda: Objective("m", counts="first"), "counts must be best or last, got 'first'"),  # type: ignore[arg-type]
        (lambda: Budget(trials=0), "budget.trials must be positive, got 0"),
        (lambda: Budget(seconds=math.nan), "budget.seconds must be positive, got nan"),
        (lambda: Budget(steps=-1), "budget.steps must be positive, got -1"),
        (lambda: FailurePolicy(retries=-1), "failure.retries must be 0 or more, got -1"),
        (lambda: FailurePolicy(stop_after=0), "failure.stop_after must be positive, got 0"),
        (lambda: FailurePolicy(step_timeout=0.0), "failure.step_timeout must be positive, got 0.0"),
        (lambda: problem_of(0), "max_steps must be 1 or more, got 0"),
        (lambda: problem_of(1, seed=-1), "seed must be 0 or more, got -1"),
    ],
)
def test_what_cannot_be_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()


def test_a_problem_survives_json() -> None:
    problem = Problem(
        Space((Parameter("lr", Float(1e-5, 1e-1, log=True)),)),
        Objective("acc", "maximize", 0.99),
        27,
        Budget(60, 7200.0, None),
        FailurePolicy(1, None, 30.0),
        seed=7,
        points=({"lr": 0.01},),
    )
    again = Problem.from_json(json.loads(json.dumps(problem.to_json())))
    assert again.to_json() == problem.to_json()
    assert (again.objective, again.budget, again.failure) == (
        problem.objective,
        problem.budget,
        problem.failure,
    )
    assert again.points == problem.points
