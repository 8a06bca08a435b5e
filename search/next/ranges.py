"""Bounds: out where the best lie at them, in where trials fail, and onto the region of the good ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from search.analysis.checks.new_bounds import cut
from search.analysis.numbers import number, percent
from search.next.change import Change
from search.next.draft import Draft, Keys
from search.next.evidence import Evidence
from search.next.limits import limited
from search.settings.document import KeyPath
from spaces import Float, Integer

__all__ = ["move_bounds", "narrow"]

_SIDES = {"upper": ("max", 1.0), "lower": ("min", 0.0)}
TOP = 0.1  # the best, none of which is to be cut off with a region that fails

SURE, OUTER = 0.01, 0.1  # p of the slope at a bound that moves out; of the range, where the winner lies

FEWEST, GOOD = 40, 0.25  # trials with a value from which ranges are narrowed; share of them that is good
ALPHA = 0.01  # that none of the good lies in what is cut off, by chance, over all parameters and ends
MARGIN = 0.1  # of the range, left beyond the outermost good trial
WORTH = 0.15  # of the range, at the least, to be cut off


def move_bounds(evidence: Evidence, draft: Draft) -> set[tuple[str, str]]:
    """Extend, cut or keep bounds as the checks say; answers with the (parameter, end) that were decided.

    A bound moves out only where the winner itself lies in the outermost tenth and the slope is sure (p <= 0.01; the
    doctor warns from 0.1): a wider range that was not needed costs trials.
    """
    decided = _keep_beside_divergence(evidence, draft)
    decided |= _cut_failing(evidence, draft, decided)
    if evidence.several:
        return decided
    for found in evidence.warnings("bounds"):
        name, side = found["about"], found["evidence"]["end"]
        domain = _domain(evidence, name)
        if (name, side) in decided or domain is None:
            continue
        key, end = _SIDES[side]
        seen = found["evidence"]
        new = limited(name, domain, end, float(seen["new"]), evidence.rules.get(name))
        outer = abs(domain.to_unit(evidence.trials[0].config[name]) - end) <= OUTER
        if new is None or not outer or seen["p_slope"] > SURE:
            continue
        why = (
            f"the value still improves towards it; {seen['near']} of the best {seen['best']} lie in the outermost tenth "
            f"({percent(seen['sampled_near'] / seen['trials'])} of all)"
        )
        if _set_bound(draft, name, domain, key, new, "bounds", why):
            decided.add((name, side))
    return decided


def narrow(evidence: Evidence, draft: Draft, decided: set[tuple[str, str]]) -> None:
    """Cut off what was tried enough and held none of the good quarter, with a margin of a tenth of the range.

    The test is hypergeometric: that so many trials out there hold none of the good ones by chance has p <= 0.01 after
    Bonferroni over parameters and ends.
    """
    trials = evidence.trials
    if len(trials) < FEWEST:
        return
    good = math.ceil(GOOD * len(trials))
    parameters = {
        name: each for name, each in evidence.movable.items() if _domain(evidence, name) is not None
    }
    for name in parameters:
        domain = _domain(evidence, name)
        placed = [trial.config.get(name) for trial in trials]
        if domain is None or any(value is None for value in placed):
            continue
        at = np.array([domain.to_unit(value) for value in placed])
        for side, (key, end) in _SIDES.items():
            if (name, side) in decided:
                continue
            edge = float(at[:good].max() + MARGIN if end else at[:good].min() - MARGIN)
            if (1 - edge if end else edge) < WORTH:
                continue
            bound = cut(domain, end, float(domain.from_unit(edge)))
            if bound is None:
                continue
            limit = float(bound.high if end else bound.low)
            outside = sum((float(v) > limit) if end else (float(v) < limit) for v in placed)  # type: ignore[arg-type]
            chance = float(stats.hypergeom.pmf(0, len(trials), good, outside)) * 2 * len(parameters)
            if chance > ALPHA:
                continue
            why = f"none of the {outside} trials beyond is among the best {good} of {len(trials)}"
            _set_bound(draft, name, domain, key, limit, "narrow", why)


def _keep_beside_divergence(evidence: Evidence, draft: Draft) -> set[tuple[str, str]]:
    """The end at which training diverges right beside the best stays: neither further out nor further in."""
    kept = set()
    for found in evidence.warnings("divergence"):
        name, seen = found["about"], found["evidence"]
        side = "upper" if seen["side"] == "above" else "lower"
        path = draft.where(name)
        if path is None:
            continue
        kept.add((name, side))
        why = (
            f"{seen['diverged_inside']} of {seen['inside']} trials {seen['side']} {number(seen['at'], 2)} diverged, and "
            f"the best, {number(seen['best'], 2)}, lies right beside"
        )
        draft.keep(Change(path, "divergence", f"{side} bound kept", why, weight=False))
    return kept


def _cut_failing(evidence: Evidence, draft: Draft, decided: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out the side of a threshold on which trials fail, if none of the best lies there."""
    moved = set()
    for found in evidence.warnings("infeasible"):
        name, seen = found["about"], found["evidence"]
        domain = _domain(evidence, name)
        if domain is None or seen.get("side") not in ("above", "below"):
            continue
        side = "upper" if seen["side"] == "above" else "lower"
        key, end = _SIDES[side]
        best = evidence.trials[: max(5, math.ceil(TOP * len(evidence.trials)))]
        beyond = any((trial.config[name] > seen["at"]) == bool(end) for trial in best if name in trial.config)
        smaller = cut(domain, end, float(seen["at"]))
        if (name, side) in decided or beyond or smaller is None:
            continue
        bound = float(smaller.high if end else smaller.low)
        why = (
            f"{seen['failed_inside']} of {seen['inside']} trials {seen['side']} {number(seen['at'], 2)} failed, elsewhere "
            f"{seen['failed_elsewhere']} of {seen['elsewhere']}"
        )
        if _set_bound(draft, name, domain, key, bound, "infeasible", why):
            moved.add((name, side))
    return moved


def _domain(evidence: Evidence, name: str) -> Float | Integer | None:
    parameter = evidence.movable.get(name)
    domain = None if parameter is None else parameter.domain
    return domain if isinstance(domain, Float | Integer) else None


def _set_bound(
    draft: Draft, name: str, domain: Float | Integer, key: str, bound: float, check: str, why: str
) -> bool:
    path, value = draft.where(name), round(bound) if isinstance(domain, Integer) else bound
    if path is None or not isinstance(draft.get(path), Mapping):
        return False
    old = draft.get(path).get(key)

    def edit(keys: Keys) -> None:
        leaf_at(keys, path)[key] = value

    return draft.attempt(Change(path, check, f"{key} {number(old)} -> {number(value)}", why), edit)


def leaf_at(keys: Keys, path: KeyPath) -> Any:
    """The mapping at `path`, to be changed in place."""
    here: Any = keys
    for part in path:
        here = here[part]
    return here
