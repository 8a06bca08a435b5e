"""`optimizer: {role: scientific}` alone: the parameter as its trainable declares it, with that role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, get_args

from search.settings.data_section import is_leaf
from search.settings.document import Document
from spaces.errors import nearest
from spaces.parameter import Role

__all__ = ["leaves_to_trainable", "with_declared_roles"]


def with_declared_roles(
    given: Mapping[str, Any] | None, declared: Mapping[str, Any], owner: str, document: Document
) -> tuple[dict[str, Any] | None, list[str]]:
    """(the file's parameters with what it leaves to the trainable filled in, what is wrong).

    A file that gives roles and nothing else searches all that is declared. One that says more searches what it names.

    Args:
        given, declared: in the spelling of a sweep file, nested or dotted.
        owner: the trainable, for messages.
        document: gives the places.
    """
    if given is None or not (roles := list(_roles(given, ()))):
        return None if given is None else dict(given), []
    problems = []
    known = dict(_declared(declared, "", []))
    alone = len(roles) == sum(1 for _ in _entries(given))
    found = deepcopy(dict(given))
    for path, name, role in roles:
        if name not in known:
            problems.append(
                document.problem(
                    ("parameters", *path),
                    f"has a role and no values, and {owner} declares no such parameter{nearest(name, known)}; "
                    "give it {min: .., max: ..} or {values: [..]}",
                )
            )
            continue
        here = found
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = _with_role(known[name], role)
    if alone and not problems:
        chosen = {name: _with_role(known[name], role) for _, name, role in roles}
        return {name: chosen.get(name, leaf) for name, leaf in known.items()}, []
    return found, problems


def leaves_to_trainable(given: Mapping[str, Any]) -> bool:
    """Whether some of the file's parameters have a role and nothing else."""
    return any(True for _ in _roles(given, ()))


def _roles(given: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """(path, dotted name, role) of everything that has a role and nothing else."""
    for key, below in given.items():
        if not isinstance(below, Mapping) or is_leaf(below):
            continue
        here = (*path, str(key))
        if set(below) == {"role"} and below["role"] in get_args(Role):
            yield here, ".".join(here), below["role"]
        else:
            yield from _roles(below, here)


def _entries(given: Mapping[str, Any]) -> Iterator[Any]:
    """Every parameter of the file, one with a role alone among them."""
    for below in given.values():
        if isinstance(below, Mapping) and not is_leaf(below) and set(below) != {"role"}:
            yield from _entries(below)
        else:
            yield below


def _declared(declared: Mapping[str, Any], prefix: str, when: list[Any]) -> Iterator[tuple[str, Any]]:
    """Declared parameters by their dotted names, the conditions of the groups around each put into it."""
    for key, below in declared.items():
        if isinstance(below, Mapping) and not is_leaf(below):
            members = {name: leaf for name, leaf in below.items() if name != "when"}
            own = [below["when"]] if "when" in below else []
            yield from _declared(members, f"{prefix}{key}.", [*when, *own])
        elif not when:
            yield f"{prefix}{key}", below
        else:
            leaf = dict(below) if isinstance(below, Mapping) else {"value": below}
            yield f"{prefix}{key}", {**leaf, "when": [*when, *([leaf["when"]] if "when" in leaf else [])]}


def _with_role(leaf: Any, role: str) -> Any:
    if isinstance(leaf, list):
        return [_with_role(branch, role) for branch in leaf]
    return {**leaf, "role": role} if isinstance(leaf, Mapping) else {"value": leaf, "role": role}
