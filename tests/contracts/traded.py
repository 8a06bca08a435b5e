"""A run of several objectives with outcome constraints, given its values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from search.history import History
from search.journal import FileJournal, MemoryJournal
from search.outcomes import OutcomeConstraint
from search.paths import RunPaths
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.run import Run
from search.schedulers import make_scheduler
from search.sweep import PassiveSweep
from search.trial import Outcome
from spaces import Float, Parameter, Space

__all__ = ["traded", "traded_in"]

NAMES = ("loss", "gain", "size")


class _Listed:
    def ask(self, history: History, number: int) -> dict[str, Any]:
        return {"x": number / 1000}


def traded(
    rows: Sequence[Sequence[float | None]],
    *,
    names: Sequence[str] = NAMES[:2],
    limits: Sequence[str] = (),
    journal: Any = None,
) -> History:
    """One trial of one step for each row: the values of `names` (the second is maximised), then `kb`; None = it crashed."""
    objectives = [
        Objective(name, "maximize" if place == 1 else "minimize", counts="last" if len(names) > 1 else "best")
        for place, name in enumerate(names)
    ]
    problem = Problem(
        Space([Parameter("x", Float(0.0, 1.0))]),
        objectives[0],
        1,
        Budget(trials=max(1, len(rows))),
        FailurePolicy(stop_after=None),
        secondary=tuple(objectives[1:]),
        outcome_constraints=tuple(map(OutcomeConstraint.parse, limits)),
    )
    sweep = PassiveSweep.begin(
        problem, _Listed(), make_scheduler("none", problem), journal or MemoryJournal()
    )
    for number, row in enumerate(rows):
        sweep.ask(1, float(number))
        sweep.start(number, float(number), node="here", pid=1)
        values = [value for value in row if value is not None]
        metrics = dict(zip((*names, "kb"), values, strict=False))
        decision = sweep.report(number, 1, metrics, float(number))
        assert decision.outcome is not None
        sweep.close(number, Outcome(decision.outcome), number + 1.0, decision.reason, decision.failure)
    sweep.end("all trials asked for", float(len(rows)))
    return sweep.history


def traded_in(folder: Path, rows: Sequence[Sequence[float | None]], **more: Any) -> Run:
    """The same as a run with a directory."""
    paths = RunPaths(folder / "traded")
    paths.root.mkdir(parents=True)
    journal = FileJournal(paths.journal)
    traded(rows, journal=journal, **more)
    journal.close()
    paths.settings.write_text(json.dumps({}))
    return Run.open(paths.root)
