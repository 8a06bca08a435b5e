"""The spelling of a sweep file: plain mappings to a space, and back.

    lr:         {min: 1e-5, max: 1e-1, log: true}           a number; whole if both bounds are written whole
    batch_size: {values: [32, 64, 128], ordered: true}      choices
    epochs:     20                                          a constant, also {value: 20}
    model:                                                  a group: model.width
      width:    {min: 16, max: 256, step: 16}
    momentum:   {min: 0.5, max: 0.99, when: {optimizer: sgd}}           all conditions must hold; also ">= 3"
    decay:                                                  one name in several branches
      - {min: 0.0, max: 0.1, when: {optimizer: sgd}}
      - {min: 0.0, max: 0.5, when: {optimizer: [adam, lion]}}

W&B's spelling (`distribution`, `q`, nesting by `parameters`) is read where it means the same, else refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spaces.conditions import Condition
from spaces.constraints import Constraint
from spaces.domains import Constant, Domain, Float, Integer, Ordinal
from spaces.errors import SpaceError
from spaces.leaf import LEAF_MARKS, looks_like_leaf, read_leaf
from spaces.parameter import Parameter
from spaces.space import Space
from spaces.values import Value, canonical, listed

__all__ = ["parse_parameters", "spell_parameters"]

_OPERATORS = ("==", "!=", "<=", ">=", "<", ">")
_WORDS = {"true": True, "false": False, "null": None, "none": None}

Path = tuple[str | int, ...]


def parse_parameters(mapping: Mapping[str, Any], *, constraints: Iterable[Constraint | str] = ()) -> Space:
    """The space that a mapping spells.

    Args:
        mapping: name to a leaf (a mapping with `min` and `max`, `values`, or `value`; a `Domain`), a bare value
            (a constant), a group of names, or a list of branches. See the module's text.
        constraints: expressions over the full names.

    Raises:
        SpaceError: anything that does not read or does not make a space, all of it at once; each of
            `error.problems` has the `path` of keys to it, or the position of its `constraint`.
    """
    reader = _Reader()
    reader.group(mapping, (), "", ())
    return reader.space(constraints)


def spell_parameters(space: Space) -> dict[str, Any]:
    """The mapping, by full names and with every default that matters, that `parse_parameters` reads as `space`."""
    spelled: dict[str, Any] = {}
    for name in space.names:
        branches = [_spell(each) for each in space.parameters if each.name == name]
        spelled[name] = branches[0] if len(branches) == 1 else branches
    return spelled


@dataclass(frozen=True)
class _Found:
    """A leaf before its parents are known: conditions as (path, prefix to look names up from, parent, wanted)."""

    path: Path
    name: str
    domain: Domain
    role: Any
    when: tuple[tuple[Path, str, str, Any], ...]


class _Reader:
    def __init__(self) -> None:
        self._found: list[_Found] = []
        self._problems: list[SpaceError] = []

    def group(self, mapping: object, path: Path, prefix: str, when: tuple[Any, ...]) -> None:
        """Reads the members of a group whose names all begin with `prefix`."""
        name = prefix.removesuffix(".")
        if not isinstance(mapping, Mapping):
            return self._refuse(f"parameters must be a mapping of names, got {mapping!r}", name, path)
        if not mapping:
            return self._refuse("has no parameters: give at least one, or remove it", name, path)
        if name and looks_like_leaf(mapping):
            return self._refuse(
                f"has none of {', '.join(LEAF_MARKS)}, only {', '.join(map(str, mapping))}; "
                "write {min: .., max: ..}, {values: [..]} or {value: ..}",
                name,
                path,
            )
        members = dict(mapping)
        if name and "when" in members:
            when = (*when, *self._conditions(members.pop("when"), path, prefix, name))
        if name and set(members) == {"parameters"}:  # the way that W&B nests
            return self.group(members["parameters"], (*path, "parameters"), prefix, when)
        for key, entry in members.items():
            if isinstance(key, str):
                self.entry(entry, (*path, key), prefix + key, when)
            else:
                self._refuse(f"a name must be a string, got {key!r}", name, path)
        return None

    def entry(self, entry: object, path: Path, name: str, when: tuple[Any, ...]) -> None:
        """Reads whatever stands beside a name."""
        if isinstance(entry, Domain):
            self._keep(_Found(path, name, entry, None, when))
        elif isinstance(entry, Mapping) and any(mark in entry for mark in LEAF_MARKS):
            self._leaf(dict(entry), path, name, when)
        elif isinstance(entry, Mapping):
            self.group(entry, path, name + ".", when)
        elif isinstance(entry, list | tuple):
            if not entry or not all(isinstance(each, Mapping) for each in entry):
                return self._refuse(
                    "a bare list says too little: write {values: [..]} or {value: [..]}", name, path
                )
            for place, branch in enumerate(entry):
                self.entry(branch, (*path, place), name, when)
        elif entry is None:
            self._refuse("has no value: write {value: null} for a constant None", name, path)
        else:
            self._leaf({"value": entry}, path, name, when)
        return None

    def space(self, constraints: Iterable[Constraint | str]) -> Space:
        """The space of all that was read; problems know where they were read."""
        names = {each.name for each in self._found}
        parameters = [parameter for each in self._found if (parameter := self._parameter(each, names))]
        if self._problems:
            raise SpaceError.collect(self._problems, "the parameters do not read")
        try:
            return Space(parameters, constraints)
        except SpaceError as error:
            for problem in error.problems:
                if problem.constraint is None and not problem.path:
                    problem.path = self._place(problem.where, problem.parent, names)
            error.path = error.problems[0].path
            raise

    def _place(self, name: str, parent: str, names: set[str]) -> Path:
        """Where a parameter was read, or its condition on `parent`; the first of several branches."""
        for found in self._found:
            if found.name == name:
                for path, outer, written, _ in found.when:
                    if parent and _resolve(written, outer, names) == parent:
                        return path
        return next((found.path for found in self._found if found.name == name), ())

    def _leaf(self, leaf: dict[str, Any], path: Path, name: str, when: tuple[Any, ...]) -> None:
        if "when" in leaf:
            when = (*when, *self._conditions(leaf.pop("when"), path, name, name))
        role = leaf.pop("role", None)
        try:
            self._keep(_Found(path, name, read_leaf(leaf), role, when))
        except SpaceError as error:
            self._refuse(str(error), name, (*path, *error.path))

    def _keep(self, found: _Found) -> None:
        self._found.append(found)

    def _conditions(self, when: object, path: Path, scope: str, name: str) -> tuple[Any, ...]:
        """`when` as unresolved conditions; parents are looked up from the group around `scope`, outwards."""
        path = (*path, "when")
        outer = scope.removesuffix(".").rpartition(".")[0]
        listed = when if isinstance(when, list | tuple) else [when]
        if not listed or not all(isinstance(each, Mapping) and each for each in listed):
            self._refuse(
                f"when must be a mapping such as {{optimizer: sgd}}, or a list of them, got {when!r}",
                name,
                path,
            )
            return ()
        places = [(*path, place) if listed is when else path for place in range(len(listed))]
        return tuple(
            ((*place, key), outer, str(key), wanted)
            for place, each in zip(places, listed, strict=True)
            for key, wanted in each.items()
        )

    def _parameter(self, found: _Found, names: set[str]) -> Parameter | None:
        conditions = []
        for path, outer, parent, wanted in found.when:
            try:
                conditions.append(_condition(_resolve(parent, outer, names), wanted))
            except SpaceError as error:
                self._refuse(str(error), found.name, path)
        try:
            return Parameter(found.name, found.domain, tuple(conditions), found.role)
        except SpaceError as error:
            error.path = found.path
            self._problems.append(error)
            return None

    def _refuse(self, why: str, name: str, path: Path) -> None:
        self._problems.append(SpaceError(f"{name}: {why}" if name else why, where=name, path=path))


def _resolve(parent: str, outer: str, names: set[str]) -> str:
    """The full name of a parent: a sibling, else the same in each group around it, else as written."""
    while outer:
        if f"{outer}.{parent}" in names:
            return f"{outer}.{parent}"
        outer = outer.rpartition(".")[0]
    return parent


def _condition(parent: str, wanted: object) -> Condition:
    if isinstance(wanted, list | tuple):
        return Condition(parent, "in", tuple(wanted))
    if isinstance(wanted, Mapping):
        raise SpaceError(
            f"when {parent}: write a value, a list of values or a comparison such as '>= 3', got a mapping"
        )
    if isinstance(wanted, str):
        for op in _OPERATORS:
            if wanted.startswith(op):
                return Condition(parent, op, _operand(wanted.removeprefix(op).strip()))
    return Condition(parent, "==", wanted)


def _operand(text: str) -> Value:
    """The right side of a comparison in text: a number or word where it reads as one, else the text."""
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _spell(parameter: Parameter) -> dict[str, Any]:
    spelled = _spell_domain(parameter.domain)
    conditions = [{each.parent: _spell_condition(each)} for each in parameter.when]
    parents = {each.parent for each in parameter.when}
    if conditions and len(parents) == len(conditions):
        spelled["when"] = {parent: wanted for each in conditions for parent, wanted in each.items()}
    elif conditions:
        spelled["when"] = conditions
    if parameter.role is not None:
        spelled["role"] = parameter.role
    return spelled


def _spell_domain(domain: Domain) -> dict[str, Any]:
    if isinstance(domain, Constant):
        return {"value": listed(domain.value)}
    if isinstance(domain, Float | Integer):
        spelled: dict[str, Any] = {"min": domain.low, "max": domain.high}
        if domain.log:
            spelled["log"] = True
        if domain.step not in (None, 1) or (isinstance(domain, Float) and domain.step):
            spelled["step"] = domain.step
        return spelled
    spelled = {"values": [listed(each) for each in domain.grid(1)]}
    if isinstance(domain, Ordinal):
        spelled["ordered"] = True
    return spelled


def _spell_condition(condition: Condition) -> Value:
    if condition.op == "in":
        return [listed(each) for each in condition.value]
    if condition.op == "==":
        value = condition.value
        reads_otherwise = isinstance(value, tuple) or (
            isinstance(value, str) and value.startswith(_OPERATORS)
        )
        return [listed(value)] if reads_otherwise else value
    if isinstance(condition.value, tuple):
        raise SpaceError(
            f"a sweep file cannot say {condition}: list the values that meet it", where=condition.parent
        )
    shown = f"'{condition.value}'" if isinstance(condition.value, str) else canonical(condition.value)
    return f"{condition.op} {shown}"
