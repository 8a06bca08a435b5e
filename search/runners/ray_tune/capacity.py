"""How many trials a cluster carries, counted by node, since a trial runs on one; and counted again while it changes."""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.errors import RunnerError
from search.resources import Resources
from search.runners.ray_tune.autoscaling import autoscales
from spaces import flatten

__all__ = ["Capacity", "check_fits", "leaving_nodes"]

Need = tuple[tuple[str, float], ...]
"""What a trial needs, by Ray's names of resources: hashable, so that trials of one class are counted together."""

_LOOK_AGAIN = 1.0  # seconds for which an answer of the cluster's is good


class Capacity:
    """What the cluster carries as it stands now: nodes join, are lost, and are taken away with notice.

    `workers`: trials at the same time at most, whatever the cluster has; None = as many as fit.

    ```
    capacity = Capacity(ray, resources, workers)
    while capacity.admits():                     # no further trial is asked for without room for it
        capacity.enter("a", resources.of(config))
    capacity.leave("a")                          # it has ended, wherever it ran
    ```

    Raises RunnerError: trials of some class fit on no node, and none can be added; see `check_fits`.
    """

    def __init__(self, ray: Any, resources: Resources, workers: int | None) -> None:
        self._ray, self._classes, self._workers = ray, resources.classes, workers
        self._taken: dict[str, Need] = {}
        self._looked_at = -math.inf
        self._nodes: list[Mapping[str, float]] = []
        self._leaving: frozenset[str] = frozenset()
        self._look()
        if not autoscales(ray):
            check_fits(self._nodes, self._classes)

    def enter(self, trial: str, resources: Resources) -> None:
        """A trial runs from now on, or waits for a node that carries it."""
        self._taken[trial] = _need(resources)

    def leave(self, trial: str) -> None:
        """It has ended."""
        self._taken.pop(trial, None)

    def admits(self) -> bool:
        """Whether there is room for one more trial.

        Its class is known only once it is asked for. So one of each class may come to wait for its node; beyond that
        no trial is asked for early.
        """
        if self._workers is not None:
            if len(self._taken) >= self._workers:
                return False
            if not all(each.amounts for each in self._classes):  # nothing but that number limits them
                return True
        self._look()
        waiting, free = pack(self._nodes, Counter(self._taken.values()))
        needs = [dict(_need(each)) for each in self._classes]
        return waiting < len(needs) and any(_carried(node, need) for node in free for need in needs)

    def leaves(self, node: str) -> bool:
        """Whether the node whose id begins with `node` is being taken away."""
        self._look()
        return bool(node) and any(each.startswith(node) for each in self._leaving)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < _LOOK_AGAIN:
            return
        self._leaving = leaving_nodes(self._ray)
        self._nodes = [
            node["Resources"]
            for node in self._ray.nodes()
            if node["Alive"] and node["NodeID"] not in self._leaving
        ]
        self._looked_at = now


@dataclass(frozen=True)
class Placement:
    """What Tune asks for each trial: the placement group that carries it. It goes to the workers, so it can be pickled.

    `cohorts`: the trials of Tune's are cohorts, which all need the same.
    """

    resources: Resources
    cohorts: bool = False

    def __call__(self, config: dict[str, Any]) -> Any:
        from ray import tune

        from search.runners.ray_tune.hosted import KEY, Assignment

        if self.cohorts:
            return tune.PlacementGroupFactory([self.resources.amounts])
        own = Assignment.from_config(config).config if KEY in config else config
        return tune.PlacementGroupFactory([self.resources.of(flatten(own)).amounts])


def check_fits(nodes: Sequence[Mapping[str, float]], classes: Sequence[Resources]) -> None:
    """Raises RunnerError: a class of trial that not one of the nodes carries; says what is there and what is needed."""
    for each in classes:
        need = each.amounts
        if not need or any(_carried(node, need) for node in nodes):
            continue
        most = {name: max((node.get(name, 0.0) for node in nodes), default=0.0) for name in need}
        scarcest = min(need, key=lambda name: most[name] / need[name])
        key = {"CPU": "cpu", "GPU": "gpu", "memory": "memory"}.get(scarcest, f"custom.{scarcest}")
        raise RunnerError(
            f"a trial needs {' and '.join(_spelled(name, amount) for name, amount in need.items())} on one node; "
            f"no node has more than {_spelled(scarcest, most[scarcest])} along with the rest. "
            f"Lower resources.{key} in the sweep file, or add a node"
        )


def leaving_nodes(ray: Any) -> frozenset[str]:
    """Ids of the nodes that are being drained: a spot machine whose end was announced, one that is scaled away.

    Ray has no public call for it in 2.60; from outside the cluster (ray://) it cannot be asked at all.
    """
    with contextlib.suppress(Exception):
        return frozenset(ray._private.state.state.get_draining_nodes())
    return frozenset()


def pack(
    nodes: Sequence[Mapping[str, float]], trials: Mapping[Need, int]
) -> tuple[int, list[dict[str, float]]]:
    """How many of the trials find no room, and what each node then has left.

    A trial goes to the plainest node that carries it: those that need what few nodes have are not to find it taken.
    """
    free = sorted((dict(node) for node in nodes), key=len)
    waiting = 0
    for needed, left in sorted(trials.items(), key=lambda item: -len(item[0])):
        need = dict(needed)
        for node in free:
            here = min(left, _carried(node, need))
            for name, amount in need.items() if here else ():
                node[name] -= here * amount
            left -= here
        waiting += left
    return waiting, free


def _carried(node: Mapping[str, float], need: Mapping[str, float]) -> int:
    """How many trials of one need a node carries."""
    return min(math.floor(node.get(name, 0.0) / amount + 1e-9) for name, amount in need.items())


def _need(resources: Resources) -> Need:
    """A trial that asks for nothing counts as one that takes a CPU, or there would be no end of them."""
    return tuple(sorted((resources.amounts or {"CPU": 1.0}).items()))


def _spelled(name: str, amount: float) -> str:
    return f"{amount / 2**20:,.0f} MiB memory" if name == "memory" else f"{amount:g} {name}"
