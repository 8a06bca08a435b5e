"""Isolation: what each value of a scientific parameter can do at its best, everything else tuned for it.

After the Deep Learning Tuning Playbook (Godbole et al. 2023): a scientific parameter is what the experiment asks about,
nuisance parameters must be tuned before its values can be compared fairly, fixed ones are what the answer hangs on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from search.analysis.axes import Axis, axes_of
from search.analysis.equal_effort import expected_bests, intervals, same_distribution
from search.analysis.fair_comparison import exchanges, fairness
from search.analysis.groups import FEW, Group, groups_of
from search.analysis.isolation_verdict import isolation_verdict
from search.analysis.paired import holm
from search.analysis.thinning import head_and_even
from search.history import History

__all__ = ["SUGGESTED", "isolation"]

_AT_MOST_1 = frozenset(["accuracy", "acc", "f1", "auc", "precision", "recall", "r2", "iou", "dice"])
"""Last words of the names of metrics that are never above 1."""

SUGGESTED = 3
"""Parameters that are shown where nobody gave a role: the most important ones."""

_SHARE = 0.05  # of the importance, below which a parameter is not worth a picture
_POINTS, _EFFORTS, _COMBINATIONS = 150, 8, 16  # points drawn and efforts of a group; groups of a combination


def isolation(history: History, important: Mapping[str, Any]) -> dict[str, Any]:
    """One comparison for each scientific parameter, and one for their combinations where there are several.

    Args:
        history: of the sweep.
        important: what `importance` found; asked only where the sweep gives no role.

    Returns:
        `roles`: role -> names; a searched parameter without one counts as nuisance where any is given. `given`: whether any
        is. `note`: what to know before reading; `reason` why nothing is compared, or None. `held`: the sentence
        about what was held fixed. `comparisons`: of one parameter or several each:

        - `parameters`, `scale`, `trials`, `effort` (trials for which the groups are compared: those of the smallest
          that is judged; None without two of them);
        - `groups`: `label`, `parts` (by parameter), `trials`, `counted` (with a value), `failed`, `steps`, `judged` (>= 5
          counted), `best`, `trial`, `expected` best at `effort` with its 95 % `interval`, `points` (values, the best
          first, at most 150) and `curve`: columns effort, expected, low, high;
        - `pairs` of judged groups `a`, `b` (positions): `difference` of the expected bests (a - b), `p`, `adjusted`
          (Holm), `paired` (whether the same settings ran in both), `crossing` (at half the effort the other one is ahead, so
          neither is better; p is then 1);
        - `fairness`: sentences; `verdict`: better | partly | cannot tell; `says`.

        Values are in the metric's own unit.
    """
    axes = {axis.name: axis for axis in axes_of(history)}
    given = history.problem.roles
    roles = _roles(history, axes)
    names = [name for name in roles["scientific"] if name in axes]
    note, reason = "", None
    if not given:
        names, note, reason = _suggested(axes, important)
    elif not names:
        reason = "No parameter has the role scientific, so nothing is compared."
    asked = [[name] for name in names] + ([names] if given and len(names) > 1 else [])
    comparisons = [_comparison(history, [axes[name] for name in each]) for each in asked]
    if given and len(names) > 1 and comparisons[-1] is None and comparisons[0] is not None:
        note = f"The combinations of {' and '.join(names)} are more than {_COMBINATIONS}, too many to be set against each other."
    return {
        "roles": roles,
        "given": bool(given),
        "note": note,
        "reason": reason,
        "held": _held(history),
        "comparisons": [each for each in comparisons if each is not None],
    }


def _roles(history: History, axes: Mapping[str, Axis]) -> dict[str, list[str]]:
    given = history.problem.roles
    roles: dict[str, list[str]] = {"scientific": [], "nuisance": [], "fixed": []}
    if given:
        for name in history.problem.space.names:
            roles[given.get(name, "nuisance" if name in axes else "fixed")].append(name)
    return roles


def _suggested(axes: Mapping[str, Axis], important: Mapping[str, Any]) -> tuple[list[str], str, str | None]:
    note = (
        "No roles were given, so nothing says which comparison this sweep was made for. To ask for one, write role: "
        "scientific at a parameter of the sweep file."
    )
    if important["reason"]:
        return [], note, f"{note} Nor can the most important ones be chosen. {important['reason']}"
    shares: list[dict[str, Any]] = next(
        (method["shares"] for method in important["methods"] if method["shares"]), []
    )
    names = [each["parameter"] for each in shares if each["share"] >= _SHARE and each["parameter"] in axes]
    if not names:
        return [], note, note
    return names[:SUGGESTED], f"{note} Shown are the most important parameters.", None


def _comparison(history: History, axes: Sequence[Axis]) -> dict[str, Any] | None:
    """None where no trial has the parameters, or their combinations are too many to be looked at."""
    groups = groups_of(history, axes)
    if not groups or (len(axes) > 1 and len(groups) > _COMBINATIONS):
        return None
    judged = [place for place, group in enumerate(groups) if len(group.scores) >= FEW]
    effort = min(len(groups[place].scores) for place in judged) if len(judged) > 1 else None
    pairs = _pairs(history, groups, judged, [axis.name for axis in axes])
    found: dict[str, Any] = {
        "parameters": [axis.name for axis in axes],
        "scale": axes[0].scale if len(axes) == 1 else "choice",
        "trials": sum(len(group.trials) for group in groups),
        "effort": effort,
        "groups": [
            _group(history, group, effort if place in judged else None) for place, group in enumerate(groups)
        ],
        "pairs": pairs,
        "fairness": fairness(history, groups, axes),
    }
    return {**found, **isolation_verdict(found, history.problem.objective.goal)}


def _group(history: History, group: Group, effort: int | None) -> dict[str, Any]:
    value = history.problem.objective.value
    scores = np.array(group.scores)
    first = int(scores.argmin()) if len(scores) else None
    expected = None if effort is None else value(float(expected_bests(scores, [effort])[0]))
    order = np.sort(scores)
    return {
        "label": group.label,
        "parts": list(group.parts),
        "trials": len(group.trials),
        "counted": len(scores),
        "failed": group.failed,
        "steps": group.steps,
        "judged": effort is not None,
        "best": None if first is None else value(float(scores[first])),
        "trial": None if first is None else group.counted[first].id,
        "expected": expected,
        "interval": None if effort is None else _values(history, intervals(scores, [effort]))[0],
        "points": [value(float(order[i])) for i in head_and_even(len(order), _POINTS, _POINTS // 2)],
        "curve": _curve(history, scores) if len(scores) >= FEW else None,
    }


def _curve(history: History, scores: np.ndarray[Any, np.dtype[np.float64]]) -> dict[str, list[Any]]:
    """The expected best of 2, 3, ... trials, with its band."""
    value = history.problem.objective.value
    efforts = [int(k) for k in np.unique(np.geomspace(2, len(scores), _EFFORTS).round())]
    bands = _values(history, intervals(scores, efforts))
    return {
        "effort": efforts,
        "expected": [value(float(best)) for best in expected_bests(scores, efforts)],
        "low": [low for low, _ in bands],
        "high": [high for _, high in bands],
    }


def _values(history: History, bands: Any) -> list[list[float]]:
    """Intervals of scores as [low, high] of the metric, cut at 1 where nothing better is possible."""
    objective = history.problem.objective
    ordered = [sorted(objective.value(float(end)) for end in band) for band in bands]
    share = objective.goal == "maximize" and re.split(r"[/_.-]", objective.metric)[-1] in _AT_MOST_1
    return [[low, min(1.0, high) if share else high] for low, high in ordered]


def _pairs(
    history: History, groups: Sequence[Group], judged: Sequence[int], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Every two judged groups. The test is at half the effort: the best of all is one trial's word against another's."""
    pairs: list[dict[str, Any]] = []
    for a, b in combinations(judged, 2):
        ours, theirs = groups[a], groups[b]
        effort = min(len(ours.scores), len(theirs.scores))
        both = [float(expected_bests(each.scores, [effort])[0]) for each in (ours, theirs)]
        half = [float(expected_bests(each.scores, [effort / 2])[0]) for each in (ours, theirs)]
        ways, paired = exchanges(history, ours, theirs, names)
        p = max(
            same_distribution(
                ours.scores[: way.first],
                theirs.scores[: way.second],
                way.blocks,
                effort / 2,
                history.problem.seed,
            )
            for way in ways
        )
        agree = (both[0] - both[1]) * (half[0] - half[1]) > 0
        value = history.problem.objective.value
        pairs.append(
            {
                "a": a,
                "b": b,
                "effort": effort,
                "difference": value(both[0]) - value(both[1]),
                "p": p if agree else 1.0,
                "crossing": not agree and both[0] != both[1],
                "adjusted": None,
                "paired": paired,
            }
        )
    holm(pairs)
    return pairs


def _held(history: History) -> str:
    from search.analysis.checks.fixed import fixed  # its package loads scipy.stats

    return fixed(history)[0].says
