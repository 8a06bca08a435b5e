"""What the next sweep spends and begins with: trials, method, first configs, a confirmation at its end."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from search.analysis.numbers import number, percent, plural
from search.next.change import Change
from search.next.draft import Draft
from search.next.evidence import Evidence
from search.searchers.priors import priors_of
from spaces import Constant, SpaceError, nest

__all__ = ["choose_method", "confirm_winner", "fitting", "limit_trials", "try_first"]

UNLEARNT = ("grid", "random", "sobol")
NEEDED = 20  # trials with a value that a method can learn from, or that a budget can be judged by
SHARE, FEWEST = 0.5, 10  # of the trials so far, where they had levelled off
AGAIN = 3  # of the best, to be tried first where the trials so far cannot be learnt from, or were shorter


def fitting(evidence: Evidence, draft: Draft, ignore: Iterable[str]) -> int:
    """How many of the trials so far lie in the space of the draft: what a warm start brings along."""
    told = {  # constants that the trainable is told beside what the file says: it will be told them again
        each.name
        for each in evidence.history.problem.space.parameters
        if isinstance(each.domain, Constant) and each.name not in draft.space.names
    }
    problem = replace(evidence.history.problem, space=draft.space, points=())
    return sum(1 for _ in priors_of(evidence.history, problem, {*ignore, *told}))


def choose_method(evidence: Evidence, draft: Draft, fit: int) -> None:
    """A method that learns, after one that does not; not where parameters are there to be compared."""
    compared = any(each.role == "scientific" for each in evidence.history.problem.space.parameters)
    if evidence.method not in UNLEARNT or fit < NEEDED or compared:
        return
    why = f"it learns from the {plural(fit, 'trial')} so far, {evidence.method} would not"
    draft.attempt(
        Change(("method",), "method", f"tpe for {evidence.method}", why, weight=False),
        lambda keys: keys.update(method="tpe"),
    )


def limit_trials(evidence: Evidence, draft: Draft, fit: int, length: float) -> None:
    """`run_cap` by what more trials are expected to bring. `length`: steps of a trial over those before.

    Where the file's only limits are of time or steps, they stay.
    """
    so_far, keys = len(evidence.history.trials), draft.keys
    limited = keys.get("time_budget") is not None or keys.get("step_budget") is not None
    if (limited and keys.get("run_cap") is None) or keys.get("method") == "grid":
        return
    budget = evidence.history.problem.budget.trials
    enough: dict[str, Any] = next(
        (each["evidence"] for each in evidence.findings if each["check"] == "enough"), {}
    )
    if "more" not in enough or not fit:
        cap = budget or so_far
        why = f"as before: {plural(so_far, 'trial')} tell too little to judge by" if fit else "as before"
    elif evidence.warnings("enough"):
        cap = max(FEWEST, int(enough["more"]))
        why = (
            f"{so_far} had not levelled off: half as many again were expected to gain {number(enough['gain'], 2)}, "
            f"{percent(enough['share'])} of the distance from the median to the best"
        )
    else:
        cap = max(FEWEST, math.ceil(SHARE * so_far))
        why = f"half of the {so_far} so far, which it begins with; they had levelled off"
    if length < 1:
        cap, why = round(cap / length), f"{why}; and what shorter trials save"
    if cap == keys.get("run_cap"):
        return
    change = Change(("run_cap",), "enough", f"was {budget}" if budget else "a limit", why, weight=False)
    draft.attempt(change, lambda keys: keys.update(run_cap=cap))


def try_first(evidence: Evidence, draft: Draft, fit: int, length: float) -> None:
    """The best configs so far as points, where the warm start does not hold them or trials are longer now."""
    held = (
        evidence.winner is not None
        and fit > 0
        and _place(draft, evidence.winner.config, exact=True) is not None
    )
    if evidence.winner is None or (held and length <= 1):
        return
    points: list[dict[str, Any]] = []
    for trial in evidence.trials:
        point = _place(draft, trial.config)
        if point is not None and point not in points:
            points.append(point)
        if len(points) == AGAIN:
            break
    given = [point for point in draft.keys.get("points", []) if point not in points]
    why = (
        "they were trained for fewer steps"
        if held
        else "no warm start can tell of them, for the space is another"
    )
    change = Change(
        ("points",), "winner", f"the best {plural(len(points), 'config')} first", why, weight=False
    )
    draft.attempt(change, lambda keys: keys.update(points=[*points, *given]))


def confirm_winner(evidence: Evidence, draft: Draft) -> None:
    """The best again under fresh seeds at the end, where the lead of the winner may be luck."""
    gap = next((each for each in evidence.findings if each["check"] == "gap"), None)
    if draft.keys.get("confirm") or evidence.steps_are_evidence or gap is None:
        return
    noisy = evidence.warnings("late_noise")
    if not noisy and (gap["verdict"] == "pass" or "lead" not in gap["evidence"]):
        return
    close = len(gap["evidence"].get("close") or [])
    lead, wobble = gap["evidence"].get("lead"), gap["evidence"].get("wobble")
    luck = gap["evidence"].get("seed_deviation")
    if luck is not None:
        why = f"the lead is {number(lead, 2)}, the luck of a seed {number(luck, 2)} (s.d.)"
    elif wobble is not None:
        why = f"the lead is {number(lead, 2)}, the wobble from step to step {number(wobble, 2)} (s.d.), every config ran once"
    else:
        why = f"every config ran once, so whether the lead of {number(lead, 2)} is luck is not known"
    block = {"top": min(5, max(3, close + 1)), "seeds": 5}
    change = Change(("confirm",), "gap", "fresh seeds at the end", why, weight=False)
    draft.attempt(change, lambda keys: keys.update(confirm=block))


def _place(draft: Draft, config: Any, exact: bool = False) -> dict[str, Any] | None:
    """A config as a point of the new space; None where it is none. `exact`: its constants count, too."""
    searched = {each.name for each in draft.space.searched}
    try:
        found = draft.space.validate(config if exact else {k: v for k, v in config.items() if k in searched})
    except SpaceError:
        return None
    return dict(nest({name: _listed(value) for name, value in found.items() if name in searched}))


def _listed(value: Any) -> Any:
    return [_listed(each) for each in value] if isinstance(value, tuple | list) else value
