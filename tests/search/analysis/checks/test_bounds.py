"""Best points at a bound: found on the parameter's own scale, and the new bound reads as a sweep file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from contracts.scripted import scripted
from search.analysis.checks.bounds import bounds
from spaces import parse_parameters

LR = {"min": 1e-5, "max": 1e-1, "log": True}


def sweep(leaf: dict[str, Any], best_at: float, *, goal: str = "minimize", trials: int = 40) -> Any:
    """A random sweep of x and an innocent y; the value is best where x lies at `best_at` on the unit interval."""
    parameters = {"x": leaf, "y": {"min": 0.1, "max": 0.9}}
    domain = parse_parameters(parameters).parameters[0].domain
    rng, sign, told = np.random.default_rng(0), 1 if goal == "minimize" else -1, []
    for _ in range(trials):
        x, y = domain.from_unit(rng.random()), 0.1 + 0.8 * rng.random()
        loss = (domain.to_unit(x) - best_at) ** 2 + 0.1 * (y - 0.5) ** 2 + 0.01 * rng.standard_normal()
        told.append(({"x": x, "y": y}, sign * loss))
    return scripted(parameters, told, goal=goal)


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
@pytest.mark.parametrize(
    ("leaf", "best_at", "bound", "new"),
    [
        (LR, 1.2, 1e-1, {"min": 1e-5, "max": 2.0, "log": True}),
        (LR, -0.2, 1e-5, {"min": 5e-7, "max": 1e-1, "log": True}),
        ({"min": 16, "max": 256, "step": 16}, 1.2, 256, {"min": 16, "max": 336, "step": 16}),
        ({"min": 0.2, "max": 0.8}, -0.2, 0.2, {"min": 0.0, "max": 0.8}),
        ({"min": 8, "max": 64, "step": 8}, -0.2, 8, {"min": 0, "max": 64, "step": 8}),
    ],
)
def test_a_best_value_beyond_the_bound_is_told_with_the_new_bound(
    leaf: dict[str, Any], best_at: float, bound: float, new: dict[str, Any], goal: str
) -> None:
    (finding,) = bounds(sweep(leaf, best_at, goal=goal))
    assert (finding.verdict, finding.about, finding.evidence["bound"]) == ("warn", "x", bound)
    written = YAML(typ="safe").load(finding.next.removeprefix("Search beyond it: "))
    assert parse_parameters(written) == parse_parameters({"x": new})


@pytest.mark.parametrize("leaf", [LR, {"min": 16, "max": 256, "step": 16}, {"min": 0.2, "max": 0.8}])
def test_a_best_value_inside_passes(leaf: dict[str, Any]) -> None:
    assert [finding.verdict for finding in bounds(sweep(leaf, 0.5))] == ["pass"]


@pytest.mark.parametrize(
    ("leaf", "best_at"),
    [({"min": 0.0, "max": 0.8}, -0.2), ({"min": 0.2, "max": 1.0}, 1.2), ({"min": 1, "max": 40}, -0.2)],
)
def test_an_end_that_nothing_lies_beyond_is_no_fault(leaf: dict[str, Any], best_at: float) -> None:
    assert [finding.verdict for finding in bounds(sweep(leaf, best_at))] == ["pass"]


def test_a_whole_number_on_a_log_scale_stays_above_zero() -> None:
    leaf = {"min": 2, "max": 512, "log": True}
    (finding,) = bounds(sweep(leaf, -0.3))
    assert finding.evidence["new"] == 1


def test_few_trials_cannot_tell() -> None:
    (finding,) = bounds(sweep(LR, 1.2, trials=19))
    assert finding.verdict == "cannot tell"
    assert "19 trials" in finding.says
    assert bounds(scripted({"x": LR}, []))[0].verdict == "cannot tell"
    assert bounds(scripted({"x": LR}, [({"x": 0.01}, None)] * 30))[0].verdict == "cannot tell"


def test_equal_values_pass() -> None:
    told = [({"x": 10 ** -(1 + 4 * i / 39)}, 1.0) for i in range(40)]
    assert bounds(scripted({"x": LR}, told))[0].verdict == "pass"
