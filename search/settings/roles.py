"""Roles of parameters: whether each goes with what is searched, and what the sweep will be able to say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from search.searchers import capabilities
from search.settings.document import Document, KeyPath
from search.settings.sweep_file import SweepFile
from spaces import Categorical, Constant, Domain, Float, Integer, Ordinal, Parameter, Space
from spaces.parameter import Role

__all__ = ["role_notes", "role_problems"]

_FAIR = 10
"""Trials for each value of a scientific parameter below which a comparison hardly ever comes out."""


def role_problems(document: Document, space: Space, path_of: Callable[[str], KeyPath]) -> list[str]:
    """What is wrong with the roles, in places of the file. `path_of`: where a parameter of the space was written."""
    problems = []
    for name in space.names:
        branches = [each for each in space.parameters if each.name == name]
        said = _group_problem(branches[0], space) or _problem(name, branches)
        if said is not None:
            problems.append(document.problem(_place(document, path_of(name)), said))
    return problems


def role_notes(file: SweepFile, document: Document, space: Space) -> list[str]:
    """What is sound, and yet leaves little to be said about the scientific parameters."""
    scientific = [each for each in space.searched if each.role == "scientific"]
    if not scientific or file.method is None:
        return []
    names = ", ".join(dict.fromkeys(each.name for each in scientific))
    notes = []
    method = file.method.name
    if capabilities(method).learns:
        notes.append(
            document.problem(
                ("method", "name"),
                f"{method} gives the values of {names} that look good early more trials; "
                "to compare them at equal effort write method: sobol",
            )
        )
    values = 1
    for each in scientific:
        values *= _values(each.domain)
    if file.run_cap and file.run_cap < _FAIR * values:
        notes.append(
            document.problem(
                ("run_cap",),
                f"{file.run_cap} trials over {values} values of {names} leave about {file.run_cap // values} each; "
                f"to tell them apart takes {_FAIR} each and more (run_cap: {_FAIR * values})",
            )
        )
    return notes


def _problem(name: str, branches: list[Parameter]) -> str | None:
    roles = list(dict.fromkeys(each.role for each in branches if each.role is not None))
    if not roles:
        return None
    if len(roles) > 1:
        return f"one parameter has one role, and its branches say {' and '.join(roles)}; write the same in all of them"
    searched = [each for each in branches if each.searched]
    if roles[0] == "fixed":
        if not searched:
            return None
        example = _spelled(searched[0].domain.from_unit(0.5))
        return (
            f"a fixed parameter has one value, and {name} is searched ({_span(searched[0].domain)}); "
            f"write that value in place of the range, {name.rpartition('.')[2]}: {example}, or role: nuisance"
        )
    different = {_spelled(value) for each in branches if (value := _only(each.domain)) is not None}
    if len(different) == 1 and all(_only(each.domain) is not None for each in branches):
        what = "compare" if roles[0] == "scientific" else "tune"
        return (
            f"a {roles[0]} parameter is searched, and {name} has one value ({different.pop()}), so there is nothing "
            f"to {what}; give it {{values: [..]}} or {{min: .., max: ..}}, or write role: fixed"
        )
    return None


def _group_problem(parameter: Parameter, space: Space) -> str | None:
    """`model: {role: nuisance, width: ..}` would make a constant called model.role."""
    group, dot, last = parameter.name.rpartition(".")
    domain = parameter.domain
    if last != "role" or not isinstance(domain, Constant) or domain.value not in get_args(Role):
        return None
    members = [name for name in space.names if name.startswith(f"{group}{dot}") and name != parameter.name]
    if not members:
        return None
    return f"a group has no role; write role: {domain.value} at each of its parameters ({', '.join(members[:4])})"


def _place(document: Document, path: KeyPath) -> KeyPath:
    """The role's own place: of a leaf, or of the first branch that has one."""
    here: Any = document.data
    for key in path:
        if not isinstance(here, (Mapping, list)):
            return path
        here = here[key] if isinstance(here, list) else here.get(key)  # type: ignore[index]
    if isinstance(here, Mapping) and "role" in here:
        return (*path, "role")
    if isinstance(here, list):
        for number, branch in enumerate(here):
            if isinstance(branch, Mapping) and "role" in branch:
                return (*path, number, "role")
    return path


def _only(domain: Domain) -> Any:
    """The one value of a domain that has one."""
    return domain.from_unit(0.5) if domain.size == 1 else None


def _values(domain: Domain) -> int:
    """Groups that the analysis makes of a domain: its choices, or a few parts of a range."""
    if isinstance(domain, Categorical | Ordinal):
        return domain.size
    return min(domain.size or 4, 4)


def _span(domain: Domain) -> str:
    if isinstance(domain, Float | Integer):
        return f"{domain.low:g} to {domain.high:g}"
    return ", ".join(_spelled(value) for value in domain.grid(1)[:4])


def _spelled(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
