"""Values: parameters held still, choices dropped with what hangs on them, or given another hearing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from search.analysis.axes import spelled
from search.analysis.numbers import percent
from search.next.change import Change
from search.next.choices import worse_choices
from search.next.draft import Draft, Keys
from search.next.evidence import Evidence
from search.next.ranges import leaf_at
from search.settings.data_section import is_leaf
from search.settings.document import KeyPath
from spaces import Categorical, Ordinal, SpaceError, nest

__all__ = ["drop_failing", "drop_worse", "fix_idle", "fix_lengths", "try_dismissed"]

FAILS = 0.9  # share of a choice's trials that failed, from which it is dropped
HEARING = 3  # points for a choice that was dismissed


def fix_idle(evidence: Evidence, draft: Draft, but: Sequence[str] = ()) -> list[str]:
    """Hold what does nothing at the winner's value, with what then never takes part taken out; answers with the names.

    `but`: parameters that were decided otherwise.
    """
    fixed = []
    for found in evidence.warnings("idle"):
        name, seen = found["about"], found["evidence"]
        path, winner = draft.where(name), evidence.winner
        if path is None or winner is None or name not in winner.config or name not in evidence.movable:
            continue
        if name in but:
            continue
        value, domain = winner.config[name], evidence.movable[name].domain
        others = domain.choices if isinstance(domain, Categorical | Ordinal) else ()
        lost = [_listed(each) for each in others if not _same(each, value)]
        why = (
            f"explains {percent(seen['share'])} of how {seen['trials']} trials differ, at most {percent(seen['upper'])} "
            "(95 %)"
        )
        change = Change(path, "idle", f"held at the winner's {spelled(value)}", why)
        gone: list[str] = []

        def edit(
            keys: Keys,
            path: KeyPath = path,
            name: str = name,
            value: Any = value,
            lost: Sequence[Any] = lost,
            gone: list[str] = gone,
        ) -> None:
            _fix(keys, path, value)
            gone[:] = _pruned(keys, {name: lost})

        if draft.attempt(change, edit):
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
        if draft.attempt(change, lambda keys, p=path, v=value: _fix(keys, p, v), fixes=[name]):  # type: ignore[misc]
            fixed.append(name)
    return fixed


def drop_failing(evidence: Evidence, draft: Draft) -> None:
    """Drop choices that fail nearly always."""
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


def drop_worse(evidence: Evidence, draft: Draft) -> None:
    """Drop choices that are clearly worse (`worse_choices`); the winner's always stays."""
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
        gone[:] = _pruned(keys, {name: [choice]})
        points = [point for point in keys.get("points", []) if not _same(_value_in(point, name), choice)]
        if "points" in keys:
            keys["points"] = points

    says = f"{spelled(choice)} dropped"
    if not draft.attempt(Change(path, check, says, why), edit):
        return
    if gone:
        draft.changes[-1] = Change(path, check, f"{says} with {', '.join(gone)}", why)


def _pruned(keys: Keys, lost: Mapping[str, Sequence[Any]]) -> list[str]:
    """Remove what takes part only with lost values, and what hangs on that, in place; the names that went."""
    gone: list[str] = []
    while True:
        more = [
            name
            for section, prefix in (("parameters", ""), ("data", "data."))
            if isinstance(keys.get(section), dict)
            for name in _prune(keys[section], prefix, lost, gone)
        ]
        if not more:
            return list(dict.fromkeys(gone))
        gone += more


def _prune(
    group: dict[str, Any], prefix: str, lost: Mapping[str, Sequence[Any]], gone: Sequence[str]
) -> list[str]:
    """One pass; what hangs on `gone` goes, too."""
    went = []
    for key in list(group):
        entry, name = group[key], f"{prefix}{key}"
        branches = entry if isinstance(entry, list) else [entry]
        if not branches or not all(isinstance(branch, dict) for branch in branches):
            continue
        kept = []
        for branch in branches:
            if not _possible(branch, lost, gone):
                went += _leaves(branch, name)
            elif is_leaf(branch):
                kept.append(branch)
            else:
                went += _prune(branch, f"{name}.", lost, gone)
                if set(branch) - {"when"}:
                    kept.append(branch)
        if not kept:
            del group[key]
        elif isinstance(entry, list):
            group[key] = kept if len(kept) > 1 else kept[0]
    return went


def _leaves(branch: Mapping[str, Any], name: str) -> list[str]:
    """The names of the parameters that a leaf or a group holds."""
    if is_leaf(branch):
        return [name]
    return [
        leaf
        for key, below in branch.items()
        if key != "when"
        for leaf in (_leaves(below, f"{name}.{key}") if isinstance(below, Mapping) else [f"{name}.{key}"])
    ]


def _possible(branch: dict[str, Any], lost: Mapping[str, Sequence[Any]], gone: Sequence[str]) -> bool:
    """Whether its conditions can still hold; lost values are taken out of their lists, in place."""
    when = branch.get("when")
    for conditions in when if isinstance(when, list) else [when]:
        if not isinstance(conditions, dict):
            continue
        for parent, wanted in list(conditions.items()):
            if any(_means(parent, full) for full in gone):
                return False
            values = next((v for full, v in lost.items() if _means(parent, full)), ())
            if isinstance(wanted, list):
                left = [each for each in wanted if not any(_same(each, v) for v in values)]
                if not left:
                    return False
                conditions[parent] = left
            elif any(_same(wanted, v) for v in values):
                return False
    return True


def _means(written: str, full: str) -> bool:
    """Whether a condition's parent, which may be named from within its group, is that parameter."""
    return full == written or full.endswith(f".{written}")


def _value_in(point: Mapping[str, Any], name: str) -> Any:
    if name in point:
        return point[name]
    head, _, rest = name.partition(".")
    return _value_in(point[head], rest) if rest and isinstance(point.get(head), Mapping) else None


def _same(one: Any, other: Any) -> bool:
    return spelled(_listed(one)) == spelled(_listed(other))
