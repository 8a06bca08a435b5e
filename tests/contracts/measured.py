"""What a test of a fault says that the fault cost; see `tests/faults/conftest.py`."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Measured"]


class Measured(Protocol):
    """Say what a fault cost. A row may be measured several times, in one test or in many; it is added up."""

    def __call__(
        self, row: int, fault: str, *, tries: int, lost_steps: int, lost_trials: int, seed: int
    ) -> None:
        """Print it, and keep it.

        Args:
            row: of the fault matrix, 1 to 25.
            fault: what was done, in a few words: "driver SIGKILL, random and grid".
            tries: how often it was done.
            lost_steps: steps that were run again in all tries together, or run in vain.
            lost_trials: trials that had finished and were lost, changed, or run again.
            seed: what the faults were drawn from.
        """
