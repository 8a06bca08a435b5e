"""A parameter: a name, its domain, and when it takes part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from spaces.conditions import Condition
from spaces.domains import Constant, Domain
from spaces.errors import SpaceError, nearest
from spaces.values import Value

__all__ = ["Parameter", "Role"]

Role = Literal["scientific", "nuisance", "fixed"]
"""What an experiment does with a parameter: compares its values, tunes it away, or holds it still."""

_NAME = re.compile(r"[^\W\d][\w-]*(\.[\w-]+)*")


@dataclass(frozen=True)
class Parameter:
    """One dimension of a space.

    Args:
        name: dotted names, e.g. `model.width`: letters, digits, _ and -, starting with a letter or _.
        domain: the values it may take.
        when: all of these conditions must hold, and their parents take part, for it to take part.
        role: what the experiment does with it; None when nobody said.
        key: unique inside a space, which sets it: the name, or `name[parent=value]` where a name is given
            in several branches.

    Raises:
        SpaceError: an ill-formed name, an unknown role, or a condition on itself.
    """

    name: str
    domain: Domain
    when: tuple[Condition, ...] = ()
    role: Role | None = None
    key: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise SpaceError(
                f"a parameter's name must be letters, digits, _ and - in parts joined by dots, a letter or _ first; "
                f"got {self.name!r}",
                where=str(self.name),
            )
        if not isinstance(self.domain, Domain):
            raise SpaceError(f"{self.name}: needs a domain, got {self.domain!r}", where=self.name)
        object.__setattr__(self, "when", tuple(self.when))
        if self.role is not None and self.role not in get_args(Role):
            known = nearest(self.role, get_args(Role))
            raise SpaceError(f"{self.name}: unknown role {self.role!r}{known}", where=self.name)
        if any(condition.parent == self.name for condition in self.when):
            raise SpaceError(
                f"{self.name}: a condition may not be about the parameter itself", where=self.name
            )
        if not self.key:
            object.__setattr__(self, "key", self.name)

    @property
    def searched(self) -> bool:
        """Whether a searcher chooses its value: everything but a constant."""
        return not isinstance(self.domain, Constant)

    def active(self, config: Mapping[str, Value]) -> bool:
        """Whether it takes part, given the values of all active parameters before it in the space."""
        return all(each.parent in config and each.holds(config[each.parent]) for each in self.when)
