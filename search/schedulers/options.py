"""Checking what a sweep file says under `early_terminate`."""

from __future__ import annotations

from typing import Any

from search.errors import SettingsError

__all__ = ["OptionCheck"]


class OptionCheck:
    """Collects everything wrong with a scheduler's options, then says it at once.

    check = OptionCheck()
    eta = check.whole("eta", eta, least=2)
    check.done()
    """

    def __init__(self) -> None:
        self._problems: list[str] = []

    def whole(self, name: str, value: Any, *, least: int) -> int:
        """`value` as an int of at least `least`; `least` stands in for a wrong one until `done`."""
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            self.refuse(name, f"must be a whole number of at least {least}, got {value!r}")
            return least
        return number

    def flag(self, name: str, value: Any) -> bool:
        """`value` as a bool; False stands in for a wrong one until `done`."""
        if not isinstance(value, bool):
            self.refuse(name, f"must be true or false, got {value!r}")
            return False
        return value

    def share(self, name: str, value: Any, *, most: float = 1.0) -> float:
        """`value` as a number from 0 to `most`, both included; 0 stands in for a wrong one until `done`."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
            self.refuse(name, f"must be a number from 0 to {most:g}, got {value!r}")
            return 0.0
        return float(value)

    def refuse(self, name: str, why: str) -> None:
        """Note that option `name` is wrong."""
        self._problems.append(f"early_terminate.{name}: {why}")

    @property
    def sound(self) -> bool:
        """Whether nothing wrong was found so far."""
        return not self._problems

    def done(self) -> None:
        """Raises SettingsError: one line for each problem."""
        if self._problems:
            raise SettingsError(self._problems)
