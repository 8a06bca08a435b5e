"""How good was each of several sweeps at the same spending? Best so far, compared at matched budgets."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from search.analysis.history_curve import history_curve
from search.history import History

__all__ = ["anytime", "value_at"]

SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
UNITS = ("steps", "seconds", "trial")


def anytime(
    histories: Sequence[History], improvements: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Best-so-far curves, and what they say at budgets that every sweep reached.

    `curves`: for each sweep the columns `steps`, `seconds`, `trial` and `value` of every improvement, and what it spent
    in all under `end`. `matched`: by unit, the largest `budget` that all of them spent, `rows` of (`at`, `best` of each
    sweep; None before its first value), and `mean`: the best so far averaged over that budget, which is the area under
    the curve divided by the budget. The time before a sweep's first value counts with that value. None where a sweep
    has no value. The sweeps have the same objective.

    `improvements`: the columns of each sweep, where they are of something other than its objective.
    """
    curves = []
    drawn = (
        [history_curve(each)["improvements"] for each in histories] if improvements is None else improvements
    )
    for history, columns in zip(histories, drawn, strict=True):
        end = {"steps": history.steps_total, "seconds": history.now, "trial": len(history.trials)}
        curves.append({**columns, "end": end})
    return {"curves": curves, "matched": {unit: _matched(curves, unit) for unit in UNITS}}


def value_at(curve: dict[str, Any], unit: str, spent: float) -> float | None:
    """Best so far once `spent` was spent; None before the first value."""
    position = bisect_right(curve[unit], spent)
    return float(curve["value"][position - 1]) if position else None


def _matched(curves: Sequence[dict[str, Any]], unit: str) -> dict[str, Any]:
    budget = min(curve["end"][unit] for curve in curves)
    whole = unit != "seconds"
    ats = [max(1, round(share * budget)) if whole else share * budget for share in SHARES]
    rows = [{"at": at, "best": [value_at(curve, unit, at) for curve in curves]} for at in dict.fromkeys(ats)]
    return {
        "budget": budget,
        "rows": rows if budget else [],
        "mean": [_mean(c, unit, budget) for c in curves],
    }


def _mean(curve: dict[str, Any], unit: str, budget: float) -> float | None:
    """The best so far averaged over [0, budget]."""
    if not curve["value"] or not budget or curve[unit][0] > budget:
        return None
    starts = [0.0, *(at for at in curve[unit][1:] if at < budget)]
    values = curve["value"][: len(starts)]
    ends = [*starts[1:], float(budget)]
    return float(
        sum((end - start) * value for start, end, value in zip(starts, ends, values, strict=True)) / budget
    )
