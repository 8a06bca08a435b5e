"""Constraints: expressions over parameters that a config must satisfy."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from spaces.domains import Domain, Float, Integer
from spaces.errors import SpaceError, nearest
from spaces.expression import Expression, KindError, Undefined, kind_of
from spaces.grammar import parse
from spaces.values import Value

__all__ = ["Constraint"]


@dataclass(frozen=True)
class Constraint:
    """A condition on several parameters at once, e.g. `Constraint("model.width * batch_size <= 16384")`.

    The grammar (`spaces.grammar`) has numbers, strings, true, false, none, dotted names, + - * / // % **,
    chained comparisons, in and not in, and, or, not, and min max abs log exp sqrt floor ceil. A name with a hyphen
    stands in backquotes: `batch-size` <= 64.

    Args:
        text: the expression; its value must be true or false.

    Raises:
        SpaceError: not in the grammar, with `column`; see `spaces.grammar.parse` for the caps.
    """

    text: str
    _tree: Expression = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "_tree", parse(self.text))
        except SpaceError as error:
            raise SpaceError(
                f"constraint {self.text!r}: {error}", where=str(self.text), column=error.column
            ) from None

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names it mentions, each once, from left to right."""
        return tuple(dict.fromkeys(name.name for name in self._tree.names()))

    def holds(self, config: Mapping[str, Value]) -> bool:
        """Whether a flat config satisfies it.

        It holds where one of its names is absent (an inactive parameter), and does not hold where its value
        is undefined: division by zero, a logarithm of 0, a number too large.

        Raises:
            SpaceError: an operator met a kind of value that it does not take.
        """
        if any(name not in config for name in self.names):
            return True
        try:
            return self._truth(config)
        except Undefined:
            return False

    def check(self, domains: Mapping[str, Iterable[Domain]]) -> None:
        """Refuse a constraint that does not fit a space, given the domains of each of its names.

        Kinds are checked on one value of each kind that a domain has, so a guard such as
        `clip == none or clip < 3` is accepted.

        Raises:
            SpaceError: an unknown name, or an operator given a kind that it does not take; with `column`.
        """
        for name in self._tree.names():
            if name.name not in domains:
                known = nearest(name.name, domains)
                raise self._refused(f"unknown parameter {name.name!r}{known}", name.column)
        samples = [
            [(name, value) for d in domains[name] for value in _one_of_each_kind(d)] for name in self.names
        ]
        for config in itertools.islice(itertools.product(*samples), 256):
            try:
                self._truth(dict(config))
            except Undefined:
                continue

    def _truth(self, config: Mapping[str, Value]) -> bool:
        try:
            value = self._tree.value(config)
        except KindError as error:
            raise self._refused(str(error), error.column) from None
        if not isinstance(value, bool):
            raise self._refused(
                f"must be true or false, got the {kind_of(value)} {value!r}", self._tree.column
            )
        return value

    def _refused(self, why: str, column: int) -> SpaceError:
        return SpaceError(
            f"constraint {self.text!r}: {why}, at column {column}", where=self.text, column=column
        )

    def __str__(self) -> str:
        return self.text


def _one_of_each_kind(domain: Domain) -> list[Value]:
    if isinstance(domain, Float | Integer):
        return [domain.from_unit(0.5)]
    kinds: dict[str, Value] = {}
    for value in domain.grid(1):
        kinds.setdefault(kind_of(value), value)
    return list(kinds.values())
