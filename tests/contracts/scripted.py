"""A finished sweep of given configs with given values, for checks: no searcher, no clock."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from search.history import History
from spaces import parse_parameters

__all__ = ["scripted"]

Told = tuple[Mapping[str, Any], float | Sequence[float] | None]
"""(flat config, its values step by step); None: it raised before the first; a NaN at the end: it diverged."""


def scripted(
    parameters: Mapping[str, Any],
    trials: Iterable[Told],
    *,
    goal: str = "minimize",
    method: str = "random",
    constraints: Sequence[str] = (),
    seed: int = 0,
) -> History:
    """The history of trials that ran one after the other."""
    from search.problem import Budget, Objective, Problem

    told = [(config, [] if values is None else _listed(values)) for config, values in trials]
    problem = Problem(
        parse_parameters(parameters, constraints=constraints),
        Objective("loss", goal),  # type: ignore[arg-type]
        max((len(values) for _, values in told), default=1) or 1,
        Budget(trials=max(1, len(told))),
        seed=seed,
    )
    about = {"settings": {"method": method}}
    history = History.from_records([{"type": "sweep", "problem": problem.to_json(), "about": about}])
    for number, (config, values) in enumerate(told):
        ask = {"config": problem.space.validate(config), "seed": number, "origin": "searcher"}
        history.apply({"type": "ask", "trial": number, "now": 0.0, **ask})
        start = {"attempt": 1, "node": "node", "pid": 1, "from_step": 0}
        history.apply({"type": "start", "trial": number, "now": 0.0, **start})
        for step, value in enumerate(values, start=1):
            metrics = {"loss": value}
            history.apply({"type": "result", "trial": number, "step": step, "now": 0.0, "metrics": metrics})
        close: dict[str, Any] = {"outcome": "completed"}
        if not values:
            close = {"outcome": "failed", "failure": {"kind": "raised", "message": "it broke", "log": None}}
        elif not math.isfinite(values[-1]):
            close = {"outcome": "failed", "failure": {"kind": "bad metric", "message": "nan", "log": None}}
        history.apply({"type": "close", "trial": number, "now": 0.0, **close})
    history.apply({"type": "end", "now": 0.0, "reason": "the budget is spent", "finished": True})
    return history


def _listed(values: float | Sequence[float]) -> list[float]:
    return [float(values)] if isinstance(values, int | float) else [float(value) for value in values]
