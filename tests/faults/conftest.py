"""What each fault cost, measured: printed with its seed, and kept for `scripts/reliability`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contracts.measured import Measured

ROWS = range(1, 26)


@pytest.fixture(scope="package")
def local_ray() -> Iterator[Any]:
    """One local Ray for the rows that strike trials and not drivers; the runner uses it because it is there."""
    from search.resources import Resources
    from search.runners.ray_tune.cluster import cluster

    with cluster(None, 2, Resources()) as ray:
        yield ray


@pytest.fixture
def measured(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Measured:
    """Each call becomes a JUnit property `reliability` of the test."""

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
