"""A parameter that does nothing: proven by an upper limit, not by the lack of proof."""

from __future__ import annotations

from typing import Any

import numpy as np

from contracts.scripted import scripted
from search.analysis.checks.idle import idle
from search.history import History

PARAMETERS: dict[str, Any] = {
    "x": {"min": 0.0, "max": 1.0},
    "y": {"min": 0.0, "max": 1.0},
    "kind": {"values": ["a", "b"]},
}


def sweep(value: Any, trials: int = 60, noise: float = 0.01, narrow: float = 1.0) -> History:
    rng, told = np.random.default_rng(0), []
    for _ in range(trials):
        y = 0.5 + narrow * (rng.random() - 0.5)
        config = {"x": float(rng.random()), "y": float(y), "kind": "ab"[int(rng.integers(2))]}
        told.append((config, float(value(**config) + noise * rng.standard_normal())))
    return scripted(PARAMETERS, told)


def accused(history: History) -> list[str]:
    return [finding.about for finding in idle(history) if finding.verdict == "warn"]


def test_what_nothing_reads_is_idle() -> None:
    assert accused(sweep(lambda x, y, kind: (x - 0.5) ** 2 + 0.1 * (kind == "a"))) == ["y"]
    assert accused(sweep(lambda x, y, kind: (x - 0.5) ** 2 + (y - 0.4) ** 2)) == ["kind"]


def test_a_parameter_that_only_bends_the_value_is_not() -> None:
    assert accused(sweep(lambda x, y, kind: x + 0.1 * (kind == "a") + (y - 0.5) ** 2)) == []


def test_a_parameter_that_matters_only_with_another_is_not() -> None:
    assert accused(sweep(lambda x, y, kind: (x - 0.5) * (y - 0.5) + 0.1 * (kind == "a"))) == []


def test_one_that_was_hardly_varied_is_not_judged() -> None:
    history = sweep(lambda x, y, kind: x + 0.3 * (kind == "a") + y, noise=0.1, narrow=0.02)
    assert "y" not in accused(history)
    assert idle(history)[0].verdict == "cannot tell"


def test_noise_and_few_trials_cannot_tell() -> None:
    assert idle(sweep(lambda x, y, kind: 0.0, noise=1.0, trials=31))[0].verdict == "cannot tell"
    assert idle(sweep(lambda x, y, kind: x, trials=29))[0].verdict == "cannot tell"
    assert idle(sweep(lambda x, y, kind: 1.0, noise=0.0))[0].verdict == "cannot tell"
    assert idle(scripted(PARAMETERS, []))[0].verdict == "cannot tell"


def test_values_without_any_noise_can_be_judged() -> None:
    assert accused(sweep(lambda x, y, kind: x**2 + y**2, noise=0.0)) == ["kind"]


def test_one_enormous_value_does_not_make_the_others_idle() -> None:
    def value(x: float, y: float, kind: str) -> float:
        return 1e9 if x > 0.97 else x + y + 0.3 * (kind == "a")

    assert accused(sweep(value)) == []


def test_with_too_few_trials_for_a_bend_nothing_is_accused() -> None:
    many = {f"x{i}": {"min": 0.0, "max": 1.0} for i in range(5)}
    rng, told = np.random.default_rng(0), []
    for _ in range(40):
        config = {name: float(rng.random()) for name in many}
        told.append((config, sum((x - 0.5) ** 2 for x in config.values())))
    (finding,) = idle(scripted(many, told))
    assert finding.verdict == "cannot tell"
    assert "too few to judge 5 parameters" in finding.says
