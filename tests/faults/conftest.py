"""What each fault cost, measured: printed with its seed, and kept for `scripts/reliability`."""

from __future__ import annotations

import json
from typing import Protocol

import pytest

ROWS = range(1, 26)


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


@pytest.fixture
def measured(request: pytest.FixtureRequest, record_property: object) -> Measured:
    """Each call becomes a JUnit property `reliability` of the test."""
    assert callable(record_property)

    def measured(row: int, fault: str, *, tries: int, lost_steps: int, lost_trials: int, seed: int) -> None:
        assert row in ROWS
        assert tries > 0, "nothing was tried"
        tried = "1 try" if tries == 1 else f"{tries} tries"
        print(
            f"row {row}: {fault}: {tried}, {lost_steps} steps run twice, {lost_trials} finished trials lost "
            f"(seed {seed})"
        )
        cost = {
            "row": row,
            "fault": fault,
            "tries": tries,
            "lost_steps": lost_steps,
            "lost_trials": lost_trials,
            "seed": seed,
            "test": request.node.nodeid.partition("[")[0],
        }
        record_property("reliability", json.dumps(cost))

    return measured
