"""The training of a trial: how many steps, and when it is stopped early."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.analysis.checks.steps_parameter import is_length
from search.analysis.numbers import number, percent
from search.next.change import Change
from search.next.draft import Draft, Keys
from search.next.evidence import Evidence
from search.next.ranges import leaf_at
from search.searchers import capabilities
from search.settings.document import KeyPath
from spaces import Constant

__all__ = ["adopt_stopping", "change_steps", "mend_stopping"]

FIRST_RUNG = {"asha": "min_iter", "hyperband": "min_iter", "median": "grace"}
"""The option of a scheduler that says when it begins to stop."""

TRUSTED = 0.5  # Kendall's tau at a rung, at the lower end of its interval, from which its ranks may decide
LATEST = 0.5  # of the steps: a first rung beyond saves too little to be worth it
NEEDED, CHEAP = 20, 1 / 3  # trials seen to the end, and the latest rung, for stopping to be taken up
AUDIT = 0.05


def change_steps(evidence: Evidence, draft: Draft) -> tuple[float, list[str]]:
    """More steps where the best still improve, fewer where they had arrived.

    Answers with the new number over the old, and the constants that told a training its length: they follow.
    """
    steps = evidence.history.problem.max_steps
    new, found = steps, None
    if evidence.steps_are_evidence:
        return 1.0, []
    if improving := evidence.warnings("still_improving"):
        found, seen = improving[0], improving[0]["evidence"]
        new = 2 * steps
        gain = seen["share_of_gain_in_last_quarter"]
        late = "" if gain is None else f"; the last quarter brought the best one {percent(gain)} of its gain"
        why = f"{seen['improving']} of the top {seen['top']} still improve at step {steps}{late}"
    elif saturated := evidence.warnings("saturated"):
        found, seen = saturated[0], saturated[0]["evidence"]
        new = int(seen["proposed"])
        why = (
            f"the top {seen['top']} had arrived by step {seen['arrived']}; by {new} their best is "
            f"{number(seen['best_by_then'])} for {number(seen['best'])}"
        )
    if found is None or new == steps:
        return 1.0, []
    lengths = [
        parameter.name
        for parameter in evidence.history.problem.space.parameters
        if isinstance(parameter.domain, Constant)
        and parameter.domain.value == steps
        and is_length(parameter.name)
    ]
    places = [
        path for name in lengths if (path := draft.where(name)) is not None and draft.get(path) == steps
    ]
    change = Change(_where_steps_are_said(draft), found["check"], f"{steps} -> {new}", why)
    made = draft.attempt(change, lambda keys: _set_steps(keys, steps, new, places), fixes=lengths)
    return (new / steps, lengths) if made else (1.0, [])


def mend_stopping(evidence: Evidence, draft: Draft) -> None:
    """Begin to stop where ranks can be trusted, or not at all; audit it where that cannot be told."""
    option = FIRST_RUNG.get(evidence.scheduler)
    if option is None or evidence.steps_are_evidence:
        return
    for found in evidence.warnings("rung_ranks"):
        rungs = found["evidence"].get("rungs") or []
        told = [row for row in rungs if row["interval"] is not None]
        trusted = [row for row in told if row["interval"][0] >= TRUSTED]
        steps = evidence.history.problem.max_steps
        first = told[0] if told else None
        tau = (
            f"Kendall's tau with the final ranks is {number(first['tau'], 2)} at step {first['step']}"
            if first
            else ""
        )
        chance, ahead = found["evidence"].get("chance"), found["evidence"].get("ahead")
        if ahead:
            lost = f"{ahead[0]}, which was to be stopped, ended ahead of all that went on"
        elif chance:
            lost = f"the best was stopped with a chance of up to {percent(chance['mean'])}"
        else:
            lost = "early ranks mislead"
        later = next(
            (row for row in trusted if first and first["step"] < row["step"] <= LATEST * steps), None
        )
        if later is not None:
            why = f"{lost}; {tau}, {number(later['tau'], 2)} at step {later['step']}"
            says = f"{option} {later['step']}"
            change = Change(("early_terminate",), "rung_ranks", says, why)
            draft.attempt(change, lambda keys, at=later["step"]: _set_option(keys, option, at))  # type: ignore[misc]
        else:
            change = Change(
                ("early_terminate",),
                "rung_ranks",
                f"none for {evidence.scheduler}",
                f"{lost}; {tau}".strip("; "),
            )
            draft.attempt(change, lambda keys: keys.update(early_terminate="none"))
    if evidence.verdict("rung_ranks") == "cannot tell" and not draft.keys.get("audit"):
        stopped = sum(bool(record["scheduler"]) for record in evidence.history.decisions)
        if stopped:
            why = f"whether one of the {stopped} stopped trials would have been the best cannot be told"
            change = Change(
                ("audit",), "rung_ranks", f"{percent(AUDIT)} of the stopped run on", why, weight=False
            )
            draft.attempt(change, lambda keys: keys.update(audit=AUDIT))


def adopt_stopping(evidence: Evidence, draft: Draft) -> None:
    """Stop early from the first rung at which the ranks of trials that all ran to the end foretold the final ones."""
    steps = evidence.history.problem.max_steps
    method = capabilities(evidence.method) if evidence.method else None
    if (
        evidence.scheduler != "none"
        or evidence.steps_are_evidence
        or method is None
        or method.stopped == "nothing"
    ):
        return
    if evidence.several or draft.get(("max_steps",)) not in (None, steps):
        return
    for found in evidence.findings:
        if found["check"] != "rung_ranks" or found["verdict"] != "pass":
            continue
        for row in found["evidence"].get("rungs") or []:
            sure = row["interval"] is not None and row["interval"][0] >= TRUSTED and row["dropped"] == 0
            if sure and row["trials"] >= NEEDED and 1 < row["step"] <= CHEAP * steps:
                why = (
                    f"at step {row['step']} Kendall's tau with the final ranks is {number(row['tau'], 2)}, and of the top "
                    f"{row['top']} none would have been dropped"
                )
                change = Change(
                    ("early_terminate",), "rung_ranks", f"from step {row['step']}", why, weight=False
                )
                rule = {"type": "asha", "min_iter": row["step"]}
                draft.attempt(change, lambda keys, r=rule: keys.update(early_terminate=r))  # type: ignore[misc]
                return


def _where_steps_are_said(draft: Draft) -> tuple[str, ...]:
    rule = draft.get(("early_terminate",))
    by_rule = isinstance(rule, Mapping) and "max_iter" in rule and draft.get(("max_steps",)) is None
    return ("early_terminate",) if by_rule else ("max_steps",)


def _set_steps(keys: Keys, old: int, new: int, lengths: list[KeyPath]) -> None:
    """`max_steps`, the last rung where it was the same, and the constants at `lengths`."""
    rule = keys.get("early_terminate")
    by_rule = isinstance(rule, dict) and "max_iter" in rule
    if by_rule and isinstance(rule, dict):
        if rule["max_iter"] == old or rule["max_iter"] > new:
            rule["max_iter"] = new
        first = rule.get("min_iter")
        if isinstance(first, int) and first >= new:
            del rule["min_iter"]
    if not by_rule or "max_steps" in keys:
        keys["max_steps"] = new
    for path in lengths:
        leaf_at(keys, path[:-1])[path[-1]] = new


def _set_option(keys: Keys, option: str, value: Any) -> None:
    rule = keys.get("early_terminate")
    rule = {"type": rule} if isinstance(rule, str) else dict(rule or {})
    keys["early_terminate"] = {key: each for key, each in rule.items() if key != "s"} | {option: value}
