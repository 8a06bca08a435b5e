"""A space: parameters with domains, conditions and constraints, and everything one asks of it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from spaces.conditions import Condition
from spaces.constraints import Constraint
from spaces.domains import Constant, Domain
from spaces.errors import SpaceError, nearest
from spaces.grid import count, product
from spaces.ordering import arrange
from spaces.parameter import Parameter
from spaces.values import Config, Value, canonical, flatten, nest, normal

__all__ = ["Space", "flatten", "nest"]


class Space:
    """Ordered parameters and the constraints between them; immutable.

    A parameter takes part in a config (it is *active*) when all its conditions hold and the parents they name
    are active. A config is a flat dict of the active parameters only, constants included.

    Args:
        parameters: at least one. A name may come several times where the conditions exclude each other.
        constraints: expressions, as `Constraint` or text, that a feasible config satisfies.

    Raises:
        SpaceError: an unknown parent or name, a cycle, a name that is also a group (`model` and `model.width`)
            or given twice at once, a condition that can never hold, a constraint of the wrong kinds. All
            problems are collected (`error.problems`).
    """

    def __init__(self, parameters: Iterable[Parameter], constraints: Iterable[Constraint | str] = ()) -> None:
        self.parameters: tuple[Parameter, ...] = arrange(tuple(parameters))
        self.constraints: tuple[Constraint, ...] = self._checked(constraints)
        self.searched: tuple[Parameter, ...] = tuple(each for each in self.parameters if each.searched)
        self._branches: dict[str, list[Parameter]] = {}
        for each in self.parameters:
            self._branches.setdefault(each.name, []).append(each)
        self._column = {each.key: column for column, each in enumerate(self.searched)}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters, each once, parents before children."""
        return tuple(self._branches)

    @property
    def size(self) -> int | None:
        """Number of distinct configs, constraints aside; None when a continuous parameter takes part."""
        return count(self.parameters)

    # --- which parameters take part ----------------------------------------------------------------------

    def walk(self, choose: Callable[[Parameter], Value]) -> Config:
        """The config that comes of asking `choose` for the value of each active searched parameter, in order.

        This is define-by-run: a parameter is asked for only after its parents made it active.
        """
        config: Config = {}
        for each in self.parameters:
            if each.active(config):
                config[each.name] = choose(each) if each.searched else each.domain.from_unit(0.5)
        return config

    def active(self, config: Mapping[str, Value]) -> tuple[Parameter, ...]:
        """The parameters that take part in a flat config, in order, whether or not it has a value for them."""
        known: Config = {}
        found: list[Parameter] = []
        for each in self.parameters:
            if each.active(known):
                found.append(each)
                if isinstance(each.domain, Constant):
                    known[each.name] = each.domain.value
                elif each.name in config:
                    known[each.name] = normal(config[each.name])  # as read from JSON it may be a list
        return tuple(found)

    # --- drawing and the unit cube -----------------------------------------------------------------------

    def sample(self, rng: np.random.Generator, attempts: int = 10_000) -> Config:
        """A feasible config, uniform in the scales of the domains (constraints by rejection).

        Each attempt takes `len(searched)` numbers from `rng`.

        Raises:
            SpaceError: none of the attempts was feasible; the text says which constraint refused how many.
        """
        refused = dict.fromkeys(self.constraints, 0)
        for _ in range(attempts):
            config = self.from_unit(rng.random(len(self.searched)))
            broken = [each for each in self.constraints if not each.holds(config)]
            if not broken:
                return config
            for each in broken:
                refused[each] += 1
        shares = ", ".join(f"{each.text!r} refused {n / attempts:.1%}" for each, n in refused.items() if n)
        raise SpaceError(
            f"no feasible config in {attempts} samples ({shares}): loosen a constraint or the bounds"
        )

    def from_unit(self, u: npt.ArrayLike) -> Config:
        """The config at a point of the unit cube; constraints aside.

        Args:
            u: shape (len(searched),), in [0, 1], in the order of `searched`; entries of inactive parameters
                are ignored (they may be NaN).

        Raises:
            SpaceError: another shape, or an active entry that is NaN or outside [0, 1].
        """
        point = np.asarray(u, dtype=np.float64)
        if point.shape != (len(self.searched),):
            raise SpaceError(f"a point of the unit cube has shape ({len(self.searched)},), got {point.shape}")
        return self.walk(lambda each: each.domain.from_unit(float(point[self._column[each.key]])))

    def to_unit(self, config: Mapping[str, Value]) -> npt.NDArray[np.float64]:
        """The place of a flat config in the unit cube: shape (len(searched),), NaN for inactive parameters.

        Raises:
            SpaceError: an active parameter is missing, or a value is outside its domain.
        """
        point = np.full(len(self.searched), math.nan)
        for each in self.active(config):
            if each.searched:
                if each.name not in config:
                    raise SpaceError(f"{each.name}: missing from the config", where=each.name)
                with _naming(each.name):
                    point[self._column[each.key]] = each.domain.to_unit(config[each.name])
        return point

    def grid(self, resolution: int | Mapping[str, int] = 5) -> Iterator[Config]:
        """Every feasible config of the grid, each once, the last parameter varying fastest.

        Args:
            resolution: points of each continuous parameter (>= 1), one number or by name (5 where not named);
                discrete parameters always give all their values.

        Raises:
            SpaceError: a name that is not in the space, or a resolution below 1.
        """
        by_name = {} if isinstance(resolution, int) else dict(resolution)
        for name in by_name:
            if name not in self._branches:
                raise SpaceError(
                    f"resolution of an unknown parameter {name!r}{nearest(name, self.names)}", where=name
                )
        default = resolution if isinstance(resolution, int) else 5
        axes = [each.domain.grid(by_name.get(each.name, default)) for each in self.parameters]
        return (config for config in product(self.parameters, axes) if self.feasible(config))

    # --- judging configs ---------------------------------------------------------------------------------

    def feasible(self, config: Mapping[str, Value]) -> bool:
        """Whether a flat config satisfies every constraint."""
        return all(each.holds(config) for each in self.constraints)

    def validate(self, config: Mapping[str, Any]) -> Config:
        """The config in its normal form: flat, in the order of the space, plain values, constants filled in.

        Args:
            config: nested or flat; constants may be left out.

        Raises:
            SpaceError: unknown or missing names, values outside their domains, values for parameters that are
                not active, constraints that do not hold; all of them at once.
        """
        given = flatten(config)
        problems = [
            SpaceError(f"{name}: unknown parameter{nearest(name, self.names)}", where=name)
            for name in given
            if name not in self._branches
        ]
        found: Config = {}
        for each in self.parameters:
            if not each.active(found):
                continue
            if isinstance(each.domain, Constant) and each.name not in given:
                found[each.name] = each.domain.value
            elif each.name not in given:
                problems.append(SpaceError(f"{each.name}: missing", where=each.name))
            else:
                try:
                    found[each.name] = each.domain.validate(given[each.name])
                except SpaceError as error:
                    problems.append(SpaceError(f"{each.name}: {error}", where=each.name))
        unsure = {problem.where for problem in problems}  # and whatever hangs on them: no second complaint
        for name in self.names:
            if name in given and name not in found and name not in unsure:
                if any(
                    condition.parent in unsure for each in self._branches[name] for condition in each.when
                ):
                    unsure.add(name)
                else:
                    problems.append(
                        SpaceError(f"{name}: not active here, it needs {self._needs(name)}", where=name)
                    )
        if not problems:
            problems = [
                SpaceError(f"constraint {each.text!r} does not hold", where=each.text, constraint=place)
                for place, each in enumerate(self.constraints)
                if not each.holds(found)
            ]
        if problems:
            raise SpaceError.collect(problems, "the config does not fit the space")
        return found

    def fingerprint(self, config: Mapping[str, Value]) -> str:
        """16 hex digits that depend on the names and values of a config, not on their order or spelling."""
        found = dict(config)
        for each in self.active(config):
            if each.name in config:
                with _naming(each.name):
                    found[each.name] = each.domain.validate(config[each.name])
            elif isinstance(each.domain, Constant):
                found[each.name] = each.domain.value
        return hashlib.sha256(canonical(found).encode()).hexdigest()[:16]

    # --- JSON --------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """A dict of JSON types that `Space.from_json` reads back to an equal space."""
        return {
            "parameters": [
                {
                    "name": each.name,
                    "domain": each.domain.to_json(),
                    "when": [condition.to_json() for condition in each.when],
                    "role": each.role,
                }
                for each in self.parameters
            ],
            "constraints": [each.text for each in self.constraints],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Space:
        """The space that `to_json` wrote.

        Raises:
            SpaceError: members missing or unknown, or any rule of a space broken.
        """
        try:
            parameters = [
                Parameter(
                    each["name"],
                    Domain.from_json(each["domain"]),
                    tuple(Condition.from_json(condition) for condition in each.get("when", ())),
                    each.get("role"),
                )
                for each in data["parameters"]
            ]
            return Space(parameters, data.get("constraints", ()))
        except (KeyError, TypeError, AttributeError) as error:
            raise SpaceError(f"not a space written by to_json: {error!r}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and canonical(self.to_json()) == canonical(other.to_json())

    def __hash__(self) -> int:
        return hash(canonical(self.to_json()))

    def __repr__(self) -> str:
        return f"Space({', '.join(each.key for each in self.parameters)})"

    # --- inside ------------------------------------------------------------------------------------------

    def _checked(self, constraints: Iterable[Constraint | str]) -> tuple[Constraint, ...]:
        domains: dict[str, list[Domain]] = {}
        for each in self.parameters:
            domains.setdefault(each.name, []).append(each.domain)
        kept: list[Constraint] = []
        problems: list[SpaceError] = []
        for place, given in enumerate(constraints):
            try:
                constraint = given if isinstance(given, Constraint) else Constraint(given)
                constraint.check(domains)
                kept.append(constraint)
            except SpaceError as error:
                error.constraint = place
                problems.append(error)
        if problems:
            raise SpaceError.collect(problems, "the constraints do not fit the space")
        return tuple(kept)

    def _needs(self, name: str) -> str:
        branches = self._branches[name]
        return " or ".join(" and ".join(map(str, each.when)) for each in branches)


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Errors of a domain inside say which parameter they belong to."""
    try:
        yield
    except SpaceError as error:
        raise SpaceError(f"{name}: {error}", where=name) from None
