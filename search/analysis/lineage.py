"""The line of copies that led to the best trial of a population: a schedule of hyperparameters."""

from __future__ import annotations

from typing import Any

from search.history import History
from search.trial import Trial

__all__ = ["lineage"]


def lineage(history: History) -> dict[str, Any] | None:
    """How the best trial came about; None where no trial is a copy of another, or none has a value.

    `trial`: the best one's id. `members`: trials that began by themselves, `copies`: those that went on from another's
    checkpoint. `parameters`: names of those that changed along the line. `schedule`: for each trial of the line `trial`,
    `from_step`, `to_step` (the steps after the first, up to the second, were trained by it), `value` of the metric after the
    last of these (None: not reported), and `config`, of the `parameters` alone.
    """
    copies, best = sum(trial.parent is not None for trial in history.trials), history.best
    if not copies or best is None:
        return None
    line = history.ancestors(best)
    names = [name for name in best.config if len({str(each.config.get(name)) for each in line}) > 1]
    ends = [after.from_step for after in line[1:]] + [best.steps]
    return {
        "trial": best.id,
        "members": len(history.trials) - copies,
        "copies": copies,
        "parameters": names,
        "schedule": [
            {
                "trial": each.id,
                "from_step": each.from_step,
                "to_step": end,
                "value": _value(history, each, end),
                "config": {name: each.config.get(name) for name in names},
            }
            for each, end in zip(line, ends, strict=True)
        ],
    }


def _value(history: History, trial: Trial, step: int) -> float | None:
    score = next((result.score for result in trial.results if result.step == step), None)
    return None if score is None else history.problem.objective.value(score)
