"""Sweeps that differ in their seed alone are one group; groups are compared pair by pair over the seeds they share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from search.analysis.anytime import value_at
from search.analysis.history_curve import history_curve
from search.analysis.paired import NEEDED, holm, mean_interval, sign_flip
from search.settings.secrets import redact

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["replicates"]

_APART = ("name", "description", "seed", "storage", "base", "workers", "versions", "resources", "confirm")


def replicates(
    runs: Sequence[Run], improvements: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Groups of runs, and a paired test for each two of them.

    `groups`: `label` (what tells the group from the others), `runs` (positions), `seeds`, `mean` and `sd` of the best
    values. `pairs`: positions `a` and `b` of two groups, the number of shared `seeds`, the `budget` in steps at which
    both are looked at (the smallest that a run of the pair spent), the mean `difference` (a - b, in the metric's unit)
    with a 95 % t `interval`, and `p` of the two-sided sign-flip permutation test (exact up to 2**12 signs),
    `adjusted` by Holm (1979) for the number of pairs; or a `reason` why nothing is said.

    `improvements`: columns `steps` and `value` of what each run improved; default: its objective's best so far.
    """
    if improvements is None:
        improvements = [history_curve(run.history)["improvements"] for run in runs]
    every = list(zip(runs, improvements, strict=True))
    keys = [_key(run) for run in runs]
    members: dict[str, list[int]] = {}
    for position, key in enumerate(keys):
        members.setdefault(key, []).append(position)
    labels = _labels([json.loads(key) for key in members])
    groups = [
        {"label": label, "runs": positions, **_summary([every[i] for i in positions])}
        for label, positions in zip(labels, members.values(), strict=True)
    ]
    pairs = [
        {
            "a": a,
            "b": b,
            **_compare([every[i] for i in groups[a]["runs"]], [every[i] for i in groups[b]["runs"]]),
        }
        for a, b in combinations(range(len(groups)), 2)
    ]
    holm(pairs)
    return {"groups": groups, "pairs": pairs}


def _key(run: Run) -> str:
    """Everything that was asked for but the seed; the space is part of it."""
    about = redact(dict(run.history.about)).get("settings")
    settings = {k: v for k, v in about.items() if k not in _APART} if isinstance(about, Mapping) else {}
    problem = run.history.problem
    settings |= {
        "space": problem.space.to_json(),
        "max_steps": problem.max_steps,
        "run_cap": problem.budget.trials,
    }
    return json.dumps(settings, sort_keys=True, default=str)


def _labels(settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each group has of its own, in a few words."""
    keys = dict.fromkeys(key for each in settings for key in each)
    differ = [
        key for key in keys if len({json.dumps(each.get(key), sort_keys=True) for each in settings}) > 1
    ]
    told = [key for key in differ if key not in ("space", "parameters")] or differ
    return [", ".join(f"{key} {_short(each.get(key))}" for key in told) or "all runs" for each in settings]


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("name", value.get("type", value.get("source", dict(value))))
    return str(value)[:60]


_Curved = tuple["Run", Mapping[str, Any]]
"""A run, and the columns of what it improved."""


def _summary(runs: Sequence[_Curved]) -> dict[str, Any]:
    values = [float(curve["value"][-1]) for _, curve in runs if curve["value"]]
    return {
        "seeds": [run.history.problem.seed for run, _ in runs],
        "mean": float(np.mean(values)) if values else None,
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
    }


def _compare(ours: Sequence[_Curved], theirs: Sequence[_Curved]) -> dict[str, Any]:
    left = {run.history.problem.seed: (run, curve) for run, curve in ours}
    right = {run.history.problem.seed: (run, curve) for run, curve in theirs}
    shared = sorted(left.keys() & right.keys())
    said: dict[str, Any] = {
        "seeds": len(shared),
        "budget": None,
        "difference": None,
        "interval": None,
        "p": None,
        "adjusted": None,
    }
    if len(shared) < NEEDED:
        return {**said, "reason": f"{len(shared)} shared seeds; a paired test needs {NEEDED}"}
    budget = min(run.history.steps_total for s in shared for run, _ in (left[s], right[s]))
    differences = []
    for seed in shared:
        a, b = (value_at(dict(curve), "steps", budget) for _, curve in (left[seed], right[seed]))
        if a is None or b is None:
            return {
                **said,
                "budget": budget,
                "reason": f"with seed {seed} one of them has no value by {budget} steps",
            }
        differences.append(a - b)
    found = np.array(differences)
    return {
        **said,
        "budget": budget,
        "difference": float(found.mean()),
        "interval": mean_interval(found),
        "p": sign_flip(found),
        "reason": None,
    }
