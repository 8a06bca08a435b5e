"""The order of a space's parameters, parents before children, and the rules that hold between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from spaces.conditions import Condition, regions
from spaces.domains import Constant, Domain
from spaces.errors import SpaceError, nearest
from spaces.parameter import Parameter

__all__ = ["arrange"]

_Branches = Mapping[str, Sequence[Parameter]]


def arrange(parameters: Sequence[Parameter]) -> tuple[Parameter, ...]:
    """The parameters, parents before children and else as declared, with their keys set.

    Raises:
        SpaceError: no parameters, a wrong type, an unknown parent, a cycle, a name that is also a group, a name
            given twice where both could be active, a condition that cannot hold. All problems are collected.
    """
    if not parameters:
        raise SpaceError("a space needs at least one parameter")
    for each in parameters:
        if not isinstance(each, Parameter):
            raise SpaceError(f"a space is made of Parameter objects, got {each!r}")
    branches: dict[str, list[Parameter]] = {}
    for each in parameters:
        branches.setdefault(each.name, []).append(each)
    problems = [*_groups(branches), *_unknown_parents(branches)] or [*_cycles(branches)]
    if not problems:  # the further rules follow parents, which must exist and end
        problems = [*_never(branches), *_overlaps(branches)]
    if problems:
        raise SpaceError.collect(problems, "the parameters do not make a space")
    return tuple(_keyed(each, branches) for each in _ordered(parameters, branches))


def _groups(branches: _Branches) -> Iterator[SpaceError]:
    for name in branches:
        parts = name.split(".")
        for depth in range(1, len(parts)):
            group = ".".join(parts[:depth])
            if group in branches:
                yield SpaceError(
                    f"{group}: is a parameter and also the group of {name}; rename one", where=group
                )


def _unknown_parents(branches: _Branches) -> Iterator[SpaceError]:
    for each in _all(branches):
        for condition in each.when:
            if condition.parent not in branches:
                known = nearest(condition.parent, branches)
                yield SpaceError(
                    f"{each.name}: its condition names no parameter: {condition.parent!r}{known}",
                    where=each.name,
                    parent=condition.parent,
                )


def _cycles(branches: _Branches) -> Iterator[SpaceError]:
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> Iterator[SpaceError]:
        if name in path:
            cycle = [*path[path.index(name) :], name]
            yield SpaceError(f"{name}: its conditions go in a circle: {' -> '.join(cycle)}", where=name)
        elif name not in done:
            for parent in _parents(branches[name]):
                yield from visit(parent, [*path, name])
            done.add(name)

    for name in branches:
        yield from visit(name, [])


def _never(branches: _Branches) -> Iterator[SpaceError]:
    """Conditions no branch of their parent can meet, alone or together."""
    for each in _all(branches):
        alone = [problem for condition in each.when for problem in _misfits(each, condition, branches)]
        yield from alone
        if not alone:
            for parent, conditions in _closure(each, branches).items():
                if not _possible(branches[parent], conditions):
                    shown = " and ".join(map(str, dict.fromkeys(conditions)))
                    yield SpaceError(f"{each.name}: can never be active, it needs {shown}", where=each.name)


def _misfits(parameter: Parameter, condition: Condition, branches: _Branches) -> Iterator[SpaceError]:
    errors: list[SpaceError] = []
    for parent in branches[condition.parent]:
        try:
            condition.check(parent.domain)
            return
        except SpaceError as error:
            errors.append(error)
    yield SpaceError(f"{parameter.name}: when {errors[0]}", where=parameter.name, parent=condition.parent)


def _overlaps(branches: _Branches) -> Iterator[SpaceError]:
    for name, given in branches.items():
        for place, a in enumerate(given):
            for b in given[place + 1 :]:
                if not _exclusive(a, b, branches):
                    yield SpaceError(
                        f"{name}: given twice ({_shown(a)}; {_shown(b)}), and both could be active at once; "
                        "give each a `when` that excludes the other",
                        where=name,
                    )


def _exclusive(a: Parameter, b: Parameter, branches: _Branches) -> bool:
    """Whether some parent that both depend on cannot meet the conditions of both."""
    left, right = _closure(a, branches), _closure(b, branches)
    return any(
        not _possible(branches[parent], [*left[parent], *right[parent]], fixed=False)
        for parent in left.keys() & right.keys()
    )


def _possible(parents: Sequence[Parameter], conditions: Sequence[Condition], fixed: bool = True) -> bool:
    """Whether some value of the parent meets them all; a constant always may when `fixed` is allowed."""

    def meets(domain: Domain) -> bool:
        if fixed and isinstance(domain, Constant):
            return True
        return any(all(c.holds(region.value) for c in conditions) for region in regions(domain, conditions))

    return any(meets(each.domain) for each in parents)


def _closure(parameter: Parameter, branches: _Branches) -> dict[str, list[Condition]]:
    """Its conditions by parent, and those of its ancestors as far as each name stands for one parameter."""
    found: dict[str, list[Condition]] = {}
    ahead, seen = [parameter], {parameter.name}
    while ahead:
        for condition in ahead.pop().when:
            found.setdefault(condition.parent, []).append(condition)
            parents = branches[condition.parent]
            if len(parents) == 1 and condition.parent not in seen:
                seen.add(condition.parent)
                ahead.append(parents[0])
    return found


def _ordered(parameters: Sequence[Parameter], branches: _Branches) -> Iterator[Parameter]:
    done: set[int] = set()

    def visit(each: Parameter) -> Iterator[Parameter]:
        if id(each) in done:
            return
        done.add(id(each))
        for name in _parents([each]):
            for parent in branches[name]:
                yield from visit(parent)
        yield each

    for each in parameters:
        yield from visit(each)


def _keyed(parameter: Parameter, branches: _Branches) -> Parameter:
    if len(branches[parameter.name]) == 1:
        return replace(parameter, key=parameter.name)
    return replace(parameter, key=f"{parameter.name}[{','.join(map(str, parameter.when))}]")


def _parents(parameters: Sequence[Parameter]) -> dict[str, None]:
    return dict.fromkeys(condition.parent for each in parameters for condition in each.when)


def _all(branches: _Branches) -> Iterator[Parameter]:
    for given in branches.values():
        yield from given


def _shown(parameter: Parameter) -> str:
    return "when " + " and ".join(map(str, parameter.when)) if parameter.when else "always"
