"""Underfitting: the training loss is still high and close to the validation loss, and more training or capacity helps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.checks.traces import (
    LEVEL,
    TOP,
    Pair,
    at_full_length,
    falling,
    loss_pair,
    objective_of,
    trace_of,
)
from search.analysis.numbers import number, percent
from search.history import History
from search.trial import Trial
from spaces import Parameter

__all__ = ["underfitting"]

NEEDED = 8
"""Values of the training loss below which its trend is not judged."""

POOR = 0.3
"""A training loss is high while more than this share of its first value is left."""

CLOSE = 0.1
"""The validation loss is close where it is at most this share above the training loss."""

MOVING = 0.05
"""The last quarter must have brought at least this share of the training loss: noise alone falls, too."""

_CAPACITY = (
    *("width", "depth", "layers", "hidden", "units", "channels", "filters", "blocks", "heads", "growth"),
    *("max_depth", "num_leaves", "max_leaf", "n_estimators", "degree", "components", "capacity", "dim"),
)


def underfitting(history: History) -> list[Finding]:
    """Of the best trial at full length; its capacity counts as used up where the top trials crowd at the upper bound."""
    trials = at_full_length(history)
    if history.problem.max_steps == 1 or not trials:
        return []
    best = trials[0]
    pair = loss_pair(history, [best])
    if pair is None:
        return [
            cannot_tell("underfitting", "No loss is reported for both parts, as train/loss and val/loss.")
        ]
    train, valid = trace_of(best, pair.train), trace_of(best, pair.valid)
    if len(train) < NEEDED or len(valid) < 3:
        return [cannot_tell("underfitting", f"At least {NEEDED} values of {pair.train} are needed.")]
    first, end, beside = (
        float(train.values[0]),
        float(train.values[-3:].mean()),
        float(valid.values[-3:].mean()),
    )
    if min(train.values.min(), valid.values.min()) <= 0:
        why = f"{pair.train} is not above 0 throughout, so what is left of it says nothing."
        return [cannot_tell("underfitting", why)]
    left, gap = end / first, (beside - end) / end
    quarter = train.values[-max(5, math.ceil(len(train) / 4)) :]
    fell = 1 - float(quarter[-2:].mean() / quarter[:2].mean())
    moves = falling(quarter) < LEVEL and fell > MOVING
    crowded = _crowded(history, trials)
    evidence = {
        "trial": best.id,
        "train": pair.train,
        "valid": pair.valid,
        "left": left,
        "gap": gap,
        "fell_in_last_quarter": fell,
        "falling": moves,
        "at_upper_bound": crowded,
    }
    if _perfect(history, best):
        says = f"{history.problem.objective.metric} of the best trial, {best.id}, is 1: no more is to be had."
        return [Finding("underfitting", "pass", says, about=best.id, evidence=evidence)]
    if left > POOR and gap < CLOSE and (moves or crowded):
        return [_warning(best, pair, (first, end, beside), moves, crowded, evidence)]
    says = (
        f"{pair.train} of the best trial, {best.id}, came from {number(first)} to {number(end)}; {pair.valid} is "
        f"{number(beside)}."
    )
    return [Finding("underfitting", "pass", says, about=best.id, evidence=evidence)]


def _perfect(history: History, best: Trial) -> bool:
    """Whether a share that is maximised (accuracy, AUC: within [0, 1] at every step) has reached 1."""
    values = -objective_of(best).values
    return history.problem.objective.goal == "maximize" and values.max() == 1 and values.min() >= 0


def _warning(
    best: Trial,
    pair: Pair,
    losses: tuple[float, float, float],
    moves: bool,
    crowded: Sequence[str],
    evidence: dict[str, object],
) -> Finding:
    first, end, beside = losses
    reasons = ["is still falling"] * moves
    reasons += [f"the top trials are at the upper bound of {', '.join(crowded)}"] * bool(crowded)
    says = (
        f"The best trial, {best.id}, underfits: {percent(end / first)} of {pair.train} at step 1 is left "
        f"({number(end)}), {pair.valid} is no worse than {percent(CLOSE)} above it ({number(beside)}), and "
        f"{'it ' if moves else ''}{', and '.join(reasons)}."
    )
    capacity = f"a larger upper bound of {', '.join(crowded)}" if crowded else "more capacity"
    moves_next = "more steps or a higher learning rate, then " if moves else ""
    train, valid = trace_of(best, pair.train), trace_of(best, pair.valid)
    picture = {
        "kind": "line",
        "x": train.steps.tolist(),
        "lines": {
            pair.train: train.values.tolist(),
            pair.valid: np.interp(train.steps, valid.steps, valid.values).tolist(),
        },
        "mark": None,
    }
    advice = f"Give it {moves_next}{capacity}, and less regularisation."
    return Finding("underfitting", "warn", says, best.id, evidence, advice, None, picture)


def _crowded(history: History, trials: list[Trial]) -> list[str]:
    """Parameters of capacity at whose upper bound the top trials are found more often than chance allows."""
    names = [
        p
        for p in history.problem.space.parameters
        if any(word in p.name.lower().rpartition(".")[2] for word in _CAPACITY)
    ]
    return [parameter.name for parameter in names if _p_of_crowding(parameter, trials) < LEVEL]


def _p_of_crowding(parameter: Parameter, trials: list[Trial]) -> float:
    """Hypergeometric: so many of the top in the upper tenth of the values tried, or more."""
    values = [trial.config.get(parameter.name) for trial in trials]
    kept = [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    top = min(TOP, len(kept) // 4)
    if top < 3 or len(set(kept)) < 2:
        return 1.0
    bound = min(float(np.quantile(kept, 0.9)), max(kept))
    upper = [value >= bound for value in kept]
    return _at_least(sum(upper[:top]), len(kept), sum(upper), top)


def _at_least(seen: int, total: int, marked: int, drawn: int) -> float:
    """P(at least `seen` marked ones among `drawn`, without replacement, of `total` with `marked`)."""
    ways = sum(
        math.comb(marked, k) * math.comb(total - marked, drawn - k)
        for k in range(seen, min(marked, drawn) + 1)
        if drawn - k <= total - marked
    )
    return ways / math.comb(total, drawn)
