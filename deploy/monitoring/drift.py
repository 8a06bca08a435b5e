"""A window of what was served against what the model learned from, column by column."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deploy.reference import OTHER, Distribution
from deploy.validation.shift import chi2, holm, psi, psi_by_chance, shares
from trainables.data.dataset import Array

__all__ = ["LARGE", "LEVEL", "SMALL", "Drift", "drift_of"]

SMALL, LARGE = 0.1, 0.25
"""PSI: worth a look, and large, by custom. Both count only where chance does not explain them."""

LEVEL = 0.01
"""A column has drifted only where p, corrected for the number of columns, is at most this."""


@dataclass(frozen=True)
class Drift:
    """How far a column is from its reference.

    Attributes:
        kind: "number" or "category".
        rows: of the window.
        psi: population stability index over the reference's bins, missing values being one of them.
        by_chance: what `psi` exceeds once in twenty times where nothing has changed, with so many rows.
        p: of a chi-squared test of the same counts. adjusted: by Holm, for all columns of the window.
        missing, missing_before: shares.
        unseen: share of labels that training did not list; 0 of a number.
        mean, mean_before: of a number's known values.
        bins, before, now: what the bins are called, and the share of rows in each, missing values last.
    """

    name: str
    kind: str
    rows: int
    psi: float
    by_chance: float
    p: float
    adjusted: float
    missing: float
    missing_before: float
    unseen: float
    mean: float | None
    mean_before: float | None
    bins: tuple[str, ...]
    before: tuple[float, ...]
    now: tuple[float, ...]

    @property
    def verdict(self) -> str:
        """ "drifted", "moved" (worth a look) or "steady"."""
        if self.adjusted > LEVEL or self.psi < SMALL:
            return "steady"
        return "drifted" if self.psi >= LARGE else "moved"


def drift_of(reference: Sequence[Distribution], window: Mapping[str, Array]) -> list[Drift]:
    """The drift of every column that both know, in the order of the reference.

    Args:
        window: values by column: float64 with NaN, or objects with None.
    """
    found = [_drift(each, window[each.name]) for each in reference if each.name in window and each.rows]
    adjusted = holm([each["p"] for each in found])
    return [Drift(**each, adjusted=float(p)) for each, p in zip(found, adjusted, strict=True)]


def _drift(reference: Distribution, values: Array) -> dict[str, Any]:
    before, now = _counts(reference, values)
    known = int(now[:-1].sum())
    number = reference.kind == "number"
    some = np.asarray(values, np.float64) if number else None
    finite = some[np.isfinite(some)] if some is not None else np.zeros(0)
    listed = len(reference.labels)
    counts_as_seen = number or OTHER in reference.labels
    return {
        "name": reference.name,
        "kind": reference.kind,
        "rows": len(values),
        "psi": psi(shares(before), shares(now)),
        "by_chance": psi_by_chance(int((before + now > 0).sum()), reference.rows, len(values)),
        "p": chi2(before, now)[1],
        "missing": 1 - known / max(len(values), 1),
        "missing_before": reference.missing,
        "unseen": 0.0 if counts_as_seen else float(now[listed:-1].sum()) / max(len(values), 1),
        "mean": float(finite.mean()) if len(finite) else None,
        "mean_before": reference.mean,
        "bins": _names(reference, len(now)),
        "before": tuple(map(float, shares(before))),
        "now": tuple(map(float, shares(now))),
    }


def _names(reference: Distribution, bins: int) -> tuple[str, ...]:
    if reference.kind == "number":
        edges = [f"{edge:.4g}" for edge in reference.edges]
        between = [f"{low} to {high}" for low, high in itertools.pairwise(edges)]
        names = [f"below {edges[0]}", *between, f"{edges[-1]} and more"] if edges else ["any"]
    else:
        names = [*reference.labels]
        names += ["(not in training)"] * (bins - 1 - len(names))
    return (*names, "(missing)")


def _counts(reference: Distribution, values: Array) -> tuple[Array, Array]:
    """Rows by bin before and now, the last bin being that of missing values."""
    found = reference.counts(values)
    expected = np.zeros(max(len(found), len(reference.shares)))
    known = round(reference.rows * (1 - reference.missing))
    expected[: len(reference.shares)] = np.array(reference.shares) * known
    now = np.zeros(len(expected))
    now[: len(found)] = found
    return np.append(expected, reference.rows - known), np.append(now, len(values) - found.sum())
