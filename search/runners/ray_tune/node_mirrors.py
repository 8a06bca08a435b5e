"""On each node of a cluster that does not share the driver's run directory: an actor that sends what workers write there
to the run's store.

It is the driver's, not a worker's: what a worker wrote before it was killed still arrives, and the process that trains
sends nothing itself. It asks for no CPU.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from search.storage import Mirror, Outpost

__all__ = ["NodeMirrors"]

log = logging.getLogger(__name__)

PATIENCE = 120.0  # seconds that the end of a run waits for what other nodes still send


class NodeMirrors:
    """One actor for each node that was reached. `outpost` None: the run belongs to no store, and nothing is done."""

    def __init__(self, outpost: Outpost | None) -> None:
        self._outpost = outpost
        self._actors: dict[str, Any] = {}

    def reach(self, node: str) -> None:
        """Have one on the node whose id begins with `node`, from where a trial has said that it runs. Waits for nothing."""
        if self._outpost is None or not node or node in self._actors:
            return
        whole = next((each["NodeID"] for each in ray.nodes() if each["NodeID"].startswith(node)), None)
        if whole is None:
            return
        there = NodeAffinitySchedulingStrategy(whole, soft=False)
        options = {"num_cpus": 0, "max_restarts": 3, "scheduling_strategy": there}
        self._actors[node] = ray.remote(_Sender).options(**options).remote(self._outpost)

    def finish(self) -> None:
        """Wait until everything has arrived from the nodes that still stand."""
        pending = [actor.finish.remote() for actor in self._actors.values()]
        _, late = ray.wait(pending, num_returns=len(pending), timeout=PATIENCE) if pending else ([], [])
        if late:
            log.warning(
                "not everything has arrived from %d nodes within %g s; it lies in their caches, and the next driver that "
                "uses them sends it",
                len(late),
                PATIENCE,
            )
        for actor in self._actors.values():
            with contextlib.suppress(Exception):  # its node may be gone
                ray.kill(actor)


class _Sender:
    """The actor. Where its node shares the driver's directory it has nothing to do."""

    def __init__(self, outpost: Outpost) -> None:
        paths = outpost.directory()
        self._mirror = None if outpost.shared else Mirror(outpost.home, paths)

    def finish(self) -> bool:
        return self._mirror is None or self._mirror.finish()
