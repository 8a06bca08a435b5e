"""The root of the project's exceptions, and the one that this package raises.

    TuneyardError(Exception)
    └── SpaceError(ValueError)       a parameter, condition, constraint or config that breaks a rule

Every other exception of the project derives from `TuneyardError`. Exceptions of a user's own code come
through untouched.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = ["SpaceError", "TuneyardError", "nearest"]


class TuneyardError(Exception):
    """Anything that this project refuses. Its text says the rule, what came, where, and the next move."""


class SpaceError(TuneyardError, ValueError):
    """A space, or a config of it, that breaks a rule.

    Attributes:
        where: the parameter, key or constraint that the problem belongs to; "" when it is the whole space.
        path: keys inside the mapping given to `parse_parameters`; () when it came from elsewhere.
        constraint: 0-based position among the constraints, or None.
        parent: the parent named by the condition to blame; "" when it is no condition.
        column: 1-based column inside a constraint's text, or None.
        problems: the single errors when several were collected, else only this one.
    """

    def __init__(
        self,
        message: str,
        *,
        where: str = "",
        path: tuple[str | int, ...] = (),
        parent: str = "",
        constraint: int | None = None,
        column: int | None = None,
    ) -> None:
        super().__init__(message)
        self.where = where
        self.path = path
        self.parent = parent
        self.constraint = constraint
        self.column = column
        self.problems: tuple[SpaceError, ...] = (self,)

    @classmethod
    def collect(cls, problems: Sequence[SpaceError], heading: str) -> SpaceError:
        """One error out of one or more: the only one itself, or `heading` with a line for each."""
        single = tuple(each for problem in problems for each in problem.problems)
        if len(single) == 1:
            return single[0]
        lines = "\n".join(f"  - {each}" for each in single)
        first = single[0]
        error = cls(
            f"{heading} ({len(single)} problems):\n{lines}",
            where=first.where,
            path=first.path,
            parent=first.parent,
            constraint=first.constraint,
            column=first.column,
        )
        error.problems = single
        return error


def nearest(name: object, known: Iterable[object]) -> str:
    """The end of a sentence about an unknown name: " (did you mean lr?)", or " (known: a, b, c)"."""
    names = [str(each) for each in known]
    close = difflib.get_close_matches(str(name), names, n=3, cutoff=0.6)
    if close:
        return f" (did you mean {' or '.join(close)}?)"
    if not names:
        return ""
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    return f" (known: {shown})"
