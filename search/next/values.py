"""Values: parameters held still, choices dropped with what hangs on them, or given another hearing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.analysis.axes import spelled
from search.analysis.numbers import percent
from search.next.change import Change
from search.next.choices import worse_choices
from search.next.draft import Draft, Keys
from search.next.evidence import Evidence
from search.next.ranges import leaf_at
from search.settings.document import KeyPath
from spaces import Categorical, SpaceError, nest

__all__ = ["drop_choices", "fix_idle", "fix_lengths", "try_dismissed"]

FAILS = 0.9  # share of a choice's trials that failed, from which it is dropped
HEARING = 3  # points for a choice that was dismissed


def fix_idle(evidence: Evidence, draft: Draft) -> list[str]:
    """Hold what does nothing at the winner's value; answers with the names."""
    fixed = []
    for found in evidence.warnings("idle"):
        name, seen = found["about"], found["evidence"]
        path, winner = draft.where(name), evidence.winner
        if path is None or winner is None or name not in winner.config or name not in evidence.movable:
            continue
        value = winner.config[name]
        why = (
            f"explains {percent(seen['share'])} of how {seen['trials']} trials differ, at most {percent(seen['upper'])} "
            "(95 %)"
        )
        change = Change(path, "idle", f"held at the winner's {spelled(value)}", why)
        if draft.attempt(change, lambda keys, p=path, v=value: _fix(keys, p, v)):  # type: ignore[misc]
            fixed.append(name)
    return fixed


def fix_lengths(evidence: Evidence, draft: Draft) -> list[str]:
    """Take the length of the training out of the search: at its longest, while `max_steps` and the scheduler cut it."""
    fixed = []
    for found in evidence.warnings("steps_parameter"):
        name, longest = found["about"], found["evidence"]["high"]
        path = draft.where(name)
        if path is None or name not in evidence.movable:
            continue
        value = round(longest) if float(longest).is_integer() else longest
        why = (
            "a length that is searched compares different amounts of training, and nothing can be stopped early; "
            "max_steps and early_terminate decide it"
        )
        change = Change(path, "steps_parameter", f"no longer searched, {value} for all", why)
        if draft.attempt(change, lambda keys, p=path, v=value: _fix(keys, p, v), fixes=name):  # type: ignore[misc]
            fixed.append(name)
    return fixed


def drop_choices(evidence: Evidence, draft: Draft) -> None:
    """Drop choices that fail nearly always, and those that are clearly worse; the winner's always stays."""
    for found in evidence.warnings("infeasible"):
        name, seen = found["about"], found["evidence"]
        if seen.get("side") != "is" or name not in evidence.movable:
            continue
        domain = evidence.movable[name].domain
        choice = next((c for c in domain.grid(domain.size or 1) if spelled(c) == seen["at"]), None)
        if isinstance(domain, Categorical) and seen["failed_inside"] >= FAILS * seen["inside"]:
            why = (
                f"{seen['failed_inside']} of its {seen['inside']} trials failed, elsewhere {seen['failed_elsewhere']} of "
                f"{seen['elsewhere']}"
            )
            _drop(draft, name, choice, "infeasible", why)
    for name, parameter in evidence.movable.items():
        for worse in worse_choices(evidence.history, evidence.trials, parameter):
            why = (
                f"none of its {worse.trials} trials is among the best {worse.good} of {len(evidence.trials)}, and it is "
                f"worse with all else equal (p {worse.p:.1g})"
            )
            _drop(draft, name, worse.choice, "choices", why)


def try_dismissed(evidence: Evidence, draft: Draft) -> None:
    """A choice that was dismissed after too few trials: the best configs with it in place, to be tried first."""
    for found in evidence.warnings("effort"):
        name, seen = found["about"], found["evidence"]
        if name not in evidence.movable:
            continue
        domain = evidence.movable[name].domain
        choice = next((c for c in domain.grid(domain.size or 1) if spelled(c) == seen["choice"]), None)
        points: list[dict[str, Any]] = []
        for trial in evidence.trials:
            try:
                config = draft.space.validate({**trial.config, name: choice})
            except SpaceError:
                continue
            searched = {each.name for each in draft.space.searched}
            point = nest({key: value for key, value in config.items() if key in searched})
            if point not in points:
                points.append(dict(point))
            if len(points) == HEARING:
                break
        if points:
            had = f"it had {seen['trials']} of {seen['of']} trials, {seen['expected']:.0f} were its share"
            change = Change(("points",), "effort", f"tried first with {name} = {seen['choice']}", had)
            draft.attempt(change, lambda keys, p=points: _add_points(keys, p))  # type: ignore[misc]


def _add_points(keys: Keys, points: list[dict[str, Any]]) -> None:
    keys["points"] = [*keys.get("points", []), *points]


def _fix(keys: Keys, path: KeyPath, value: Any) -> None:
    """A constant in place of a range; its conditions stay. Points that say another value say it no more."""
    leaf = leaf_at(keys, path)
    kept = {key: leaf[key] for key in ("when",) if isinstance(leaf, Mapping) and key in leaf}
    plain = isinstance(value, bool | int | float | str) and not kept
    leaf_at(keys, path[:-1])[path[-1]] = value if plain else {"value": _listed(value), **kept}
    name = ".".join(map(str, path if path[0] == "data" else path[1:]))
    for point in keys.get("points", []):
        _forget(point, name)


def _forget(point: dict[str, Any], name: str) -> None:
    point.pop(name, None)
    head, _, rest = name.partition(".")
    if rest and isinstance(point.get(head), dict):
        _forget(point[head], rest)
        if not point[head]:
            del point[head]


def _listed(value: Any) -> Any:
    return [_listed(each) for each in value] if isinstance(value, tuple | list) else value


def _drop(draft: Draft, name: str, choice: Any, check: str, why: str) -> None:
    """Take a choice out of `values`, and out of the conditions on it; what nothing makes active any more goes along."""
    path = draft.where(name)
    leaf = None if path is None else draft.get(path)
    if path is None or not isinstance(leaf, Mapping) or len(leaf.get("values", [])) < 2:
        return
    gone: list[str] = []

    def edit(keys: Keys) -> None:
        left = [each for each in leaf_at(keys, path)["values"] if not _same(each, choice)]
        if len(left) == 1:
            _fix(keys, path, left[0])
        else:
            leaf_at(keys, path)["values"] = left
        gone.clear()
        lost = {name: [choice]}
        for section in ("parameters", "data"):
            if isinstance(keys.get(section), dict):
                gone.extend(_prune(keys[section], "data." if section == "data" else "", lost))
        points = [point for point in keys.get("points", []) if not _same(_value_in(point, name), choice)]
        if "points" in keys:
            keys["points"] = points

    says = f"{spelled(choice)} dropped"
    if not draft.attempt(Change(path, check, says, why), edit):
        return
    if gone:
        draft.changes[-1] = Change(path, check, f"{says} with {', '.join(gone)}", why)


def _prune(group: dict[str, Any], prefix: str, lost: Mapping[str, list[Any]]) -> list[str]:
    """Remove what takes part only with a lost choice, in place; the names that went."""
    gone = []
    for key in list(group):
        entry, name = group[key], f"{prefix}{key}"
        branches = entry if isinstance(entry, list) else [entry]
        if not all(isinstance(branch, dict) for branch in branches):
            continue
        kept = []
        for branch in branches:
            if not _possible(branch, name, lost):
                gone.append(name)
            elif any(mark in branch for mark in ("min", "max", "values", "value", "distribution")):
                kept.append(branch)
            else:
                gone += _prune(branch, f"{name}.", lost)
                if set(branch) - {"when"}:
                    kept.append(branch)
        if not kept:
            del group[key]
        elif isinstance(entry, list):
            group[key] = kept if len(kept) > 1 else kept[0]
    return gone


def _possible(branch: dict[str, Any], name: str, lost: Mapping[str, list[Any]]) -> bool:
    """Whether its conditions can still hold; lost values are taken out of their lists, in place."""
    when = branch.get("when")
    for conditions in when if isinstance(when, list) else [when]:
        if not isinstance(conditions, dict):
            continue
        for parent, wanted in list(conditions.items()):
            values = next(
                (v for full, v in lost.items() if full == parent or full.endswith(f".{parent}")), None
            )
            if values is None:
                continue
            if isinstance(wanted, list):
                left = [each for each in wanted if not any(_same(each, v) for v in values)]
                if not left:
                    return False
                conditions[parent] = left
            elif any(_same(wanted, v) for v in values):
                return False
    return True


def _value_in(point: Mapping[str, Any], name: str) -> Any:
    if name in point:
        return point[name]
    head, _, rest = name.partition(".")
    return _value_in(point[head], rest) if rest and isinstance(point.get(head), Mapping) else None


def _same(one: Any, other: Any) -> bool:
    return spelled(_listed(one)) == spelled(_listed(other))
