"""How many trials fail, and which part of the space they fail in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.analysis.axes import axes_of
from search.analysis.checks.base import Finding, cannot_tell, passed
from search.analysis.checks.new_bounds import cut, spelled_leaf
from search.analysis.checks.response import unambiguous
from search.analysis.checks.split import Split, best_split
from search.analysis.numbers import percent, plural
from search.history import History
from search.trial import Outcome, Trial
from spaces import Float, Integer

__all__ = ["infeasible"]

NOT_THE_CONFIG = ("node lost", "not started")  # kinds of failure
FAILURES = 3  # fewest to look for the region
SHARE, UNEXPLAINED = 0.1, 5  # share and number of failures from which they are worth a word without a region
ALPHA, PURE = 0.01, 0.5  # the split's p, and the share that fails inside it


def infeasible(history: History) -> list[Finding]:
    """Warns where one split tells where trials fail (p <= 0.01, at least half fail inside), or a tenth and more fail.

    Failures are crashes, time-outs and diverged trials; those of the machine do not count. The split is looked for from
    three failures on. Fails where every one of at least three trials failed.
    """
    trials = [trial for trial in history.trials if not trial.open and not _of_the_machine(trial)]
    if not trials:
        return [cannot_tell("infeasible", "No trial has ended yet.")]
    failed = [trial.outcome is Outcome.FAILED for trial in trials]
    count, share = sum(failed), sum(failed) / len(failed)
    evidence: dict[str, Any] = {"failed": count, "trials": len(trials), "share": share}
    said = f"{count} of {plural(len(trials), 'trial')} failed"
    if not count:
        return [passed("infeasible", f"None of {plural(len(trials), 'trial')} failed.", **evidence)]
    if count == len(trials) >= FAILURES:
        return [Finding("infeasible", "fail", f"All {count} trials failed.", evidence=evidence)]
    split = best_split(axes_of(history), trials, failed, history.problem.seed) if count >= FAILURES else None
    if split is not None and split.p <= ALPHA and split.failed / split.inside >= PURE and split.side_fails:
        return [_explained(history, split, f"{said} ({percent(share)})", evidence)]
    if share >= SHARE and count >= UNEXPLAINED:
        why = f"{said} ({percent(share)}), and no threshold of one parameter explains it."
        return [Finding("infeasible", "warn", why, evidence=evidence, next="See the causes of the failures.")]
    if share >= SHARE:
        return [cannot_tell("infeasible", f"{said}; too few to look for the region they lie in.", **evidence)]
    return [passed("infeasible", f"{said} ({percent(share)}), in no one region of the space.", **evidence)]


def _explained(history: History, split: Split, said: str, evidence: Mapping[str, Any]) -> Finding:
    return Finding(
        "infeasible",
        "warn",
        f"{said}: with {split.where} {split.failed} of {split.inside} fail, elsewhere "
        f"{split.failed_elsewhere} of {split.elsewhere}.",
        about=split.axis.name,
        evidence={
            **evidence,
            "side": split.side,
            "at": split.axis.choices[int(split.at)] if split.side == "is" else split.at,
            "inside": split.inside,
            "failed_inside": split.failed,
            "elsewhere": split.elsewhere,
            "failed_elsewhere": split.failed_elsewhere,
            "p": split.p,
        },
        next=_next(history, split),
        picture={
            "kind": "bars",
            "labels": [split.where, "elsewhere"],
            "values": [split.failed / split.inside, split.failed_elsewhere / split.elsewhere],
            "limit": None,
        },
    )


def _next(history: History, split: Split) -> str:
    if split.side == "is":
        return f"Leave out {split.where}, or find out why it fails."
    parameter = next((p for p in unambiguous(history) if p.name == split.axis.name), None)
    if parameter is not None and isinstance(parameter.domain, Float | Integer):
        smaller = cut(parameter.domain, 1.0 if split.side == "above" else 0.0, split.edge)
        if smaller is not None:
            return f"Leave that region out: {spelled_leaf(parameter, smaller)}"
    return f"Leave out {split.where}."


def _of_the_machine(trial: Trial) -> bool:
    return trial.failure is not None and trial.failure.kind in NOT_THE_CONFIG
