"""What the outcomes of a comparison say so far."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from deploy.ab.allocation import SUSPECT, mismatch
from deploy.ab.fixed import rates, welch
from deploy.ab.outcomes import Outcomes
from deploy.ab.plan import Kind, Method, Plan
from deploy.ab.sequential import BURN_IN, EVENTS, PLANNED, Sequence, sequence
from deploy.errors import DeployError

__all__ = ["Analysis", "Arm", "Goal", "analyse"]

SKEWED = 3.0
"""Skewness of outcomes from which a note is made (an exponential distribution has 2)."""

BEYOND = 1.05
"""Rows per planned row from which one look at the end is no longer taken for granted: arms fill unevenly."""

Goal = Literal["maximize", "minimize"]
Verdict = Literal["better", "worse", "no difference shown", "go on", "broken allocation"]


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes:
        assigned: rows that were given to it. rows: of those, the ones with an outcome.
        mean: of the outcomes; of a rate the share of ones. deviation: their standard deviation.
    """

    name: str
    assigned: int
    rows: int
    mean: float
    deviation: float


@dataclass(frozen=True)
class Analysis:
    """A comparison of two arms.

    Attributes:
        metric, kind, method, alpha: what was analysed, and how.
        control, treatment: the arms.
        estimate: treatment minus control. low, high, p: None before anything can be said.
        test: its name, with the paper.
        mismatch: p of the allocation.
        crossed: "sequential": the row (of those with an outcome, from 1) at which the comparison was decided; else None.
        verdict: of the treatment: "better", "worse"; "no difference shown" at the planned end; "go on" before it; "broken
            allocation" where the arms did not get their shares.
        notes: what to know before believing it, a sentence each.
    """

    metric: str
    kind: Kind
    method: Method
    alpha: float
    control: Arm
    treatment: Arm
    estimate: float
    low: float | None
    high: float | None
    p: float | None
    test: str
    mismatch: float
    crossed: int | None
    verdict: Verdict
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Every attribute, JSON throughout."""
        return {**asdict(self), "notes": list(self.notes)}


def analyse(
    outcomes: Outcomes,
    *,
    method: Method | None = None,
    alpha: float | None = None,
    ratio: float | None = None,
    goal: Goal = "maximize",
    plan: Plan | None = None,
) -> Analysis:
    """Compare the arms.

    Args:
        method, alpha, ratio: as of `Plan`; None = those of the plan, else "sequential", 0.05 and 1.
        goal: which way the outcome is good.
        plan: what was decided before the first row; None = nothing was.

    Raises:
        DeployError: the plan is for another kind of outcome, an arm has too few rows, or a value out of its range.
    """
    method = method or (plan.method if plan else "sequential")
    alpha = alpha if alpha is not None else plan.alpha if plan else 0.05
    ratio = ratio if ratio is not None else plan.ratio if plan else 1.0
    if not 0 < alpha < 1:
        raise DeployError(f"--alpha is a chance between 0 and 1, not {alpha:g}")
    if not 0.001 <= ratio <= 1000:
        raise DeployError(
            f"--ratio is rows of the treatment per row of the control, 0.001 to 1000, not {ratio:g}"
        )
    kind: Kind = "rate" if outcomes.rate and not (plan and plan.kind == "mean") else "mean"
    if plan and plan.kind == "rate" and kind != "rate":
        raise DeployError(
            f"the plan is for a rate, and column {outcomes.metric!r} holds other numbers than 0 and 1; name the "
            "column of the rate: --metric COLUMN"
        )
    arms = [
        Arm(name, assigned, len(mine), float(mine.mean()), float(mine.std(ddof=1)) if len(mine) > 1 else 0.0)
        for name, assigned, mine in zip(
            (outcomes.control, outcomes.treatment),
            outcomes.assigned,
            (outcomes.values[~outcomes.treated], outcomes.values[outcomes.treated]),
            strict=True,
        )
    ]
    chance = mismatch(*outcomes.assigned, ratio, sequential=method == "sequential")
    found = (_once if method == "fixed" else _followed)(outcomes, kind, alpha, plan)
    notes = [*found.notes, *_missing(arms)]
    verdict = found.verdict
    if found.p is not None and found.p <= alpha and verdict not in ("go on",):
        verdict = "better" if (found.side > 0) == (goal == "maximize") else "worse"
    if chance < SUSPECT:
        verdict = "broken allocation"
        notes.insert(
            0,
            f"the arms got {outcomes.assigned[0]} and {outcomes.assigned[1]} rows, which a planned ratio of {ratio:g} gives "
            f"with p = {chance:.2g}: rows are lost or misdirected in one arm. Find out why before believing any number here",
        )
    return Analysis(
        outcomes.metric, kind, method, alpha, arms[0], arms[1], arms[1].mean - arms[0].mean,
        found.low, found.high, found.p, found.test, chance, found.crossed, verdict, tuple(notes),
    )  # fmt: skip


@dataclass(frozen=True)
class _Found:
    low: float | None
    high: float | None
    p: float | None
    side: float  # above 0 where the treatment has more
    test: str
    verdict: Verdict
    crossed: int | None
    notes: tuple[str, ...]


def _once(outcomes: Outcomes, kind: Kind, alpha: float, plan: Plan | None) -> _Found:
    control, treatment = outcomes.values[~outcomes.treated], outcomes.values[outcomes.treated]
    if kind == "rate":
        found = rates((int(control.sum()), len(control)), (int(treatment.sum()), len(treatment)), alpha)
    elif min(len(control), len(treatment)) < 2:
        raise DeployError("a mean needs two rows and more in each arm; wait for more outcomes")
    else:
        found = welch(control, treatment, alpha)
    verdict: Verdict = "no difference shown"
    notes: tuple[str, ...] = ()
    if plan is None:
        notes = (
            "p and interval hold only if this number of rows was fixed beforehand; where you look more than once, take "
            "--method sequential",
        )
    elif len(control) < plan.control or len(treatment) < plan.treatment:
        verdict = "go on"
        notes = (
            f"too early: {len(control)} and {len(treatment)} of the planned {plan.control} and {plan.treatment} rows; to "
            "decide by what stands here would be peeking",
        )
    elif len(control) + len(treatment) > BEYOND * plan.rows:
        notes = (
            f"{len(control)} and {len(treatment)} rows, where {plan.control} and {plan.treatment} were planned: this holds only "
            "if nobody looked before; a second look finds a difference that is none more often than alpha says",
        )
    return _Found(found.low, found.high, found.p, found.estimate, found.test, verdict, None, notes)


def _followed(outcomes: Outcomes, kind: Kind, alpha: float, plan: Plan | None) -> _Found:
    planned = plan.planned if plan else PLANNED
    path = sequence(outcomes.treated, outcomes.values, alpha=alpha, planned=planned, rate=kind == "rate")
    test = "mixture SPRT (Robbins 1970, Johari et al. 2022; asymptotic: Waudby-Smith et al. 2024)"
    counts = int((~outcomes.treated).sum()), int(outcomes.treated.sum())
    notes: list[str] = []
    if not outcomes.ordered:
        notes.append("the rows are taken in the order of the file, as there is no column time")
    if kind == "mean":
        notes += _tails(outcomes)
    over = plan is not None and counts[0] >= plan.control and counts[1] >= plan.treatment
    silent: Verdict = "no difference shown" if over else "go on"
    if np.isnan(path.estimate[-1]):
        each = f", {EVENTS} ones and {EVENTS} zeros" if kind == "rate" else " and a spread"
        notes.append(f"nothing is said before each arm has {BURN_IN} rows{each}")
        return _Found(None, None, None, 0.0, test, silent, None, tuple(notes))
    low, high, changed = _bounds(path)
    if changed:
        notes.append(
            "the interval after all rows and an earlier one do not meet: the difference has changed with time; look at "
            "the arms by week"
        )
    crossed = path.p <= alpha
    if not crossed.any():
        return _Found(low, high, float(path.p[-1]), 0.0, test, silent, None, tuple(notes))
    first = int(crossed.argmax())
    return _Found(
        low,
        high,
        float(path.p[-1]),
        float(path.estimate[first]),
        test,
        "no difference shown",
        first + 1,
        tuple(notes),
    )


def _bounds(path: Sequence) -> tuple[float, float, bool]:
    """The intersection of all intervals so far, which holds as each does; the last one where they do not meet."""
    low, high = float(np.nanmax(path.low)), float(np.nanmin(path.high))
    if low > high:
        return float(path.low[-1]), float(path.high[-1]), True
    return low, high, False


def _tails(outcomes: Outcomes) -> list[str]:
    """A note where few large outcomes decide and the arms are of different sizes: equal arms cancel each other's skewness."""
    from scipy.stats import skew

    share = float(outcomes.treated.mean())
    if 0.3 <= share <= 0.7 or outcomes.values.std() == 0 or abs(skew(outcomes.values)) < SKEWED:
        return []
    return [
        "few large outcomes decide the mean, and the arms differ in size: the chance of a false finding is above "
        "alpha (measured: up to 3 times). Cut the outcomes at a value fixed beforehand, or give the arms equal shares"
    ]


def _missing(arms: list[Arm]) -> list[str]:
    """A note where outcomes are missing; another one where they are missing in one arm more than in the other."""
    from scipy.stats import fisher_exact

    lost = [arm.assigned - arm.rows for arm in arms]
    if not any(lost):
        return []
    notes = [f"{lost[0]} and {lost[1]} rows have no outcome yet and are left out"]
    p = float(fisher_exact([[lost[0], arms[0].rows], [lost[1], arms[1].rows]]).pvalue)
    if p < SUSPECT:
        notes.append(
            f"outcomes are missing in one arm more than in the other (p = {p:.2g}): what is compared is not what was assigned"
        )
    return notes
