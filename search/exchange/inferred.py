"""A space for configs whose space nobody recorded: the domains that fit the values, the conditions that fit the gaps.

What is inferred is the smallest thing that holds every value seen; bounds are the values seen (rounded outwards to three
digits), not those that were allowed. A scale is logarithmic where that makes the values likelier: between the bounds a and b, the log-uniform
density beats the uniform one exactly if the geometric mean of the values lies below (b - a) / log(b / a), the logarithmic
mean of the bounds. How often that is right: docs/decisions/inferred-spaces.md.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

from spaces import Categorical, Condition, Config, Constant, Domain, Float, Integer, Ordinal, Parameter, Space
from spaces.values import Value, canonical

__all__ = ["Presence", "infer_domain", "infer_space"]

_FEW = 10  # values that a whole number or a choice may have to decide which parameters take part
_REPEATS = 3  # trials for each distinct value that make numbers a list of choices rather than a range
_LEAST_RATIO = 10.0  # of the bounds; below, the two scales are too alike to be told apart
_WIDEST = 2**40  # whole numbers beyond are told as floats: an Integer has at most so many values


def infer_domain(values: Sequence[Value]) -> Domain:
    """The domain of these values, one for each trial (repeats count).

    One value alone: a constant. Numbers: few that come again and again and leave gaps are an ordered choice, all others a
    range, whole numbers or floats. Anything else: a choice.
    """
    distinct = list({canonical(value): value for value in values}.values())
    if len(distinct) == 1:
        return Constant(distinct[0])
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in distinct):
        return Categorical(tuple(distinct))
    if any(isinstance(value, float) for value in distinct):
        return _floats([float(value) for value in values])
    return _whole([int(value) for value in values])


def _whole(values: Sequence[int]) -> Domain:
    low, high, distinct = min(values), max(values), sorted(set(values))
    if high - low >= _WIDEST:
        return _floats([float(value) for value in values])
    if high - low + 1 > len(distinct) and _listed(values, distinct):
        return Ordinal(tuple(distinct))
    return Integer(low, high, log=_logarithmic(values))


def _floats(values: Sequence[float]) -> Domain:
    distinct = sorted(set(values))
    if len(distinct) == 1:
        return Constant(distinct[0])
    if _listed(values, distinct):
        return Ordinal(tuple(distinct))
    low, high = _rounded(distinct[0], ROUND_FLOOR), _rounded(distinct[-1], ROUND_CEILING)
    return Float(low, high, log=_logarithmic(values))


def _rounded(value: float, direction: str) -> float:
    """To three digits, away from the other values: a bound that was never more than an estimate need not look like one."""
    return float(Context(prec=3, rounding=direction).create_decimal(repr(value)))


def _listed(values: Sequence[float], distinct: Sequence[float]) -> bool:
    return len(distinct) <= _FEW and len(values) >= _REPEATS * len(distinct)


def _logarithmic(values: Sequence[float]) -> bool:
    low, high = min(values), max(values)
    if low <= 0 or high / low < _LEAST_RATIO:
        return False
    mean_log = math.fsum(map(math.log, values)) / len(values)
    return mean_log < math.log(high - low) - math.log(math.log(high) - math.log(low))


class Presence:
    """Which trials have which parameters, and the conditions that explain it."""

    def __init__(self, configs: Sequence[Mapping[str, Value]], domains: Mapping[str, Domain]) -> None:
        self._configs, self._domains = configs, domains
        self._rows = {
            name: frozenset(row for row, config in enumerate(configs) if name in config) for name in domains
        }
        self.when: dict[str, tuple[Condition, ...]] = {}
        self.unexplained: dict[frozenset[int], list[str]] = {}
        by_rows: dict[frozenset[int], tuple[Condition, ...] | None] = {frozenset(range(len(configs))): ()}
        for name in sorted(domains, key=lambda name: -len(self._rows[name])):
            rows = self._rows[name]
            if rows not in by_rows:
                by_rows[rows] = self._explain(rows)
            conditions = by_rows[rows]
            if conditions is None:
                self.unexplained.setdefault(rows, []).append(name)
            else:
                self.when[name] = conditions

    def _explain(self, rows: frozenset[int]) -> tuple[Condition, ...] | None:
        """The condition on one parameter that holds in exactly these trials, or None."""
        for parent in self._domains:  # as declared: a tool asks for a parent before its children
            if (
                parent in self.when
                and rows < self._rows[parent]
                and (condition := self._separates(parent, rows)) is not None
            ):
                return (condition,)
        return None

    def _separates(self, parent: str, rows: frozenset[int]) -> Condition | None:
        counts = Counter(canonical(self._configs[row][parent]) for row in self._rows[parent])
        if len(counts) > _FEW or 2 * len(counts) > len(self._rows[parent]) + 1:
            return None  # so many values would separate anything
        inside = {canonical(v): v for v in (self._configs[row][parent] for row in sorted(rows))}
        outside = {canonical(v): v for v in (self._configs[row][parent] for row in self._rows[parent] - rows)}
        if inside.keys() & outside.keys():
            return None
        domain = self._domains[parent]
        if isinstance(domain, Categorical | Ordinal):
            return Condition(parent, "in", [value for value in domain.choices if canonical(value) in inside])
        if not isinstance(domain, Integer):
            return None
        if min(inside.values()) > max(outside.values()):
            return Condition(parent, ">=", min(inside.values()))
        if max(inside.values()) < min(outside.values()):
            return Condition(parent, "<=", max(inside.values()))
        return None


def infer_space(
    configs: Sequence[Config], known: Mapping[str, Domain], whole: Iterable[int] | None = None
) -> tuple[Space, list[Config], list[str]]:
    """A space that holds every config; the configs, with the switches that it took; the names of those switches.

    A parameter that only some trials have hangs on a choice, or on a whole number of few values, that explains exactly
    where it stands. Where nothing does, a switch `NAME_given` is added, true in the trials that have it.

    Args:
        configs: one for each trial, flat, with legal names. What no complete config has stays out of the space.
        known: domains that the source tells; of all other parameters they are inferred.
        whole: indices of the configs that can be relied on to be complete; conditions are inferred from these. All of
            them where None or empty.
    """
    sure = sorted(whole or range(len(configs)))
    names = dict.fromkeys(name for config in configs for name in config)
    domains = {
        name: known.get(name) or infer_domain([config[name] for config in configs if name in config])
        for name in names
    }
    seen = {name: domain for name, domain in domains.items() if any(name in configs[row] for row in sure)}
    presence = Presence([configs[row] for row in sure], seen)
    told = [dict(config) for config in configs]
    when, switches = dict(presence.when), []
    for of in presence.unexplained.values():
        switch = _free(f"{of[0]}_given", domains)
        for config in told:
            config[switch] = of[0] in config
        domains[switch] = Categorical((True, False))
        when[switch] = ()
        when.update(dict.fromkeys(of, (Condition(switch, "==", True),)))
        switches.append(switch)
    parameters = [Parameter(name, domain, when[name]) for name, domain in domains.items() if name in when]
    return Space(parameters), told, switches


def _free(name: str, taken: Mapping[str, object]) -> str:
    while name in taken:
        name += "_"
    return name
