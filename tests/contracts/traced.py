"""A sweep of given metrics, step by step, for checks of training curves: real sweep and scheduler, given configs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from search.analysis.checks.base import Finding
from search.history import History
from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Outcome
from spaces import parse_parameters

__all__ = ["learning", "traced", "verdicts"]

PARAMETERS = {"lr": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"}}


def traced(
    curve: Callable[[int, int], Mapping[str, float]],
    *,
    trials: int = 12,
    steps: int = 27,
    ends: int | None = None,
    objective: Objective | None = None,
    parameters: Mapping[str, Any] = PARAMETERS,
    scheduler: str = "none",
    audit: float = 0.0,
) -> History:
    """`curve(number, step)` gives the metrics; one trial after the other. `ends`: a trial is over by itself by then."""
    problem = Problem(
        parse_parameters(parameters),
        objective or Objective("val/loss"),
        steps,
        Budget(trials=trials),
        FailurePolicy(stop_after=None),
        audit=audit,
    )
    searcher, rule = make_searcher("random", problem), make_scheduler(scheduler, problem)
    sweep = PassiveSweep.begin(problem, searcher, rule, MemoryJournal())
    now = 0.0
    while asked := sweep.ask(1, now):
        number = asked[0].number
        sweep.start(number, now, node="node", pid=1)
        outcome, reason, failure = Outcome.COMPLETED, "", None
        for step in range(1, min(steps, ends or steps) + 1):
            now += 1.0
            decision = sweep.report(number, step, dict(curve(number, step)), now)
            if decision.outcome is not None:
                outcome, reason, failure = decision.outcome, decision.reason, decision.failure
                break
        sweep.close(number, outcome, now, reason, failure)
    return sweep.history


def learning(
    number: int, step: int, *, steps: int = 27, speed: float = 5.0, noise: float = 0.005
) -> dict[str, float]:
    """Sound curves: both losses come down and level off; the higher the number, the worse the trial."""
    rng = np.random.default_rng([number, step])
    train = (
        0.2 + 0.02 * number + 1.8 * float(np.exp(-speed * step / steps)) + noise / 2 * rng.standard_normal()
    )
    valid = train + 0.05 + noise * rng.standard_normal()
    return {"train/loss": train, "val/loss": valid, "val/accuracy": 1 - valid / 3, "lr": 0.1}


def verdicts(findings: list[Finding]) -> list[str]:
    """The verdicts alone, after a look that every finding can be written down."""
    for each in findings:
        json.dumps(each.to_json(), allow_nan=False)
        assert each.says.endswith(".")
        assert each.verdict != "warn" or each.next.endswith(".")
    return [each.verdict for each in findings]
