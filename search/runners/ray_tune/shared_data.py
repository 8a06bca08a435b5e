"""One copy of each prepared data set for all trials of a run: in Ray's object store, kept by an actor of the run's.

A worker asks the actor by name; the actor prepares the data set, or has it already, and answers with a reference to
arrays in shared memory, which every process of a node reads in place. As the actor prepares and owns them, they outlive
any worker; when the actor itself is lost, each worker goes on with a store of its own.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from search.paths import RunPaths
from search.runners.data_card import write_card
from trainables.data.dataset import Dataset
from trainables.data.store import MemoryStore, Store
from trainables.errors import DataError

__all__ = ["SharedStore", "shared_data"]

log = logging.getLogger(__name__)

KEPT = (
    8  # data sets that the actor keeps; one that a trial still reads stays in memory until the trial lets go
)
HELD = 2  # data sets that a worker keeps at hand between its trials
AT_ONCE = 4  # data sets that are prepared at the same time
RESTARTS = 3
PATIENCE = 20.0  # seconds that the end of a run waits for its card


@contextlib.contextmanager
def shared_data(paths: RunPaths, base: Path, card: dict[str, Any] | None = None) -> Iterator[str]:
    """Starts the actor of a run for as long as this is open; gives its name, by which `SharedStore` finds it.

    It asks for no CPU, and stands on the driver's node, where the files are sure to be, unless that is outside the cluster.

    `base`: the folder of the sweep file, where modules of the user's may lie. `card`: the data section that a card is to
    be written of: by the actor, since it reads the data anyway.
    """
    name = f"tuneyard-data-{paths.name}-{secrets.token_hex(4)}"
    owner = (
        ray.remote(_Owner)
        .options(
            name=name, num_cpus=0, max_concurrency=AT_ONCE, max_restarts=RESTARTS, scheduling_strategy=_here()
        )
        .remote(str(base))
    )
    written = [] if card is None else [owner.describe.remote(str(paths.root), card)]
    try:
        yield name
    finally:
        if written:  # a short sweep may be over before its card is
            ray.wait(written, timeout=PATIENCE)
        with contextlib.suppress(Exception):  # the cluster may be gone, and the actor with it
            ray.kill(owner)


def _here() -> NodeAffinitySchedulingStrategy | str:
    """The driver's node; from outside the cluster (ray://) any."""
    if ray.util.client.ray.is_connected():
        return "DEFAULT"
    return NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)


class SharedStore:
    """A worker's view of the data sets of a run; see `trainables.data.store.Store`.

    `name`: of the actor, as `shared_data` gave it. `own`: what is asked when the actor is lost.
    """

    def __init__(self, name: str, own: Store | None = None) -> None:
        self._name = name
        self._own = MemoryStore() if own is None else own
        self._held: OrderedDict[str, Dataset] = OrderedDict()
        self._facts: dict[str, str] = {}

    def get(self, key: str, make: Callable[[], Dataset]) -> Dataset:
        """The data set of `key`, its arrays read-only views of shared memory.

        Raises DataError: as `make` does, in the same words, wherever it ran.
        """
        if key not in self._held:
            found = self._ask(lambda owner: owner.prepared.remote(key, cloudpickle.dumps(make)))
            if found is None:
                return self._own.get(key, make)
            self._held[key] = found
        self._held.move_to_end(key)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        return self._held[key]

    def fact(self, key: str, make: Callable[[], str]) -> str:
        """What `make` finds out about a source. Raises DataError: as `get`."""
        if key not in self._facts:
            found = self._ask(lambda owner: owner.fact.remote(key, cloudpickle.dumps(make)))
            if found is None:
                return self._own.fact(key, make)
            self._facts[key] = found
        return self._facts[key]

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        """None: the actor is gone, or could not do what this process may be able to do; so it tries for itself."""
        try:
            answer = ray.get(question(ray.get_actor(self._name)))
            if answer.problem is None:
                return answer.found if answer.at is None else ray.get(answer.at)
        except (ray.exceptions.RayError, ValueError) as error:
            log.warning("data are not shared (%s: %s)", type(error).__name__, str(error).partition("\n")[0])
            return None
        raise DataError(answer.problem)


@dataclass(frozen=True)
class _Answer:
    """Where a data set is, or what was found out, or what is wrong with the data."""

    at: ray.ObjectRef[Dataset] | None = None
    found: str | None = None
    problem: str | None = None


class _Owner:
    """The actor: prepares each data set once, puts it into the object store, and so owns it."""

    def __init__(self, base: str) -> None:
        if base not in sys.path:
            sys.path.append(base)
        self._kept: OrderedDict[str, ray.ObjectRef[Dataset]] = OrderedDict()
        self._locks: dict[str, threading.Lock] = {}

    def prepared(self, key: str, make: bytes) -> _Answer:
        """Where the data set is, or what is wrong with the data. Anything else that `make` raises comes through."""
        with self._locks.setdefault(key, threading.Lock()):
            kept = self._kept.pop(key, None)
            if kept is None:
                try:
                    dataset = cloudpickle.loads(make)()
                except DataError as error:
                    return _Answer(problem=str(error))
                kept = ray.put(dataset)
            self._kept[key] = kept  # at the end: what was asked for longest ago goes first
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return _Answer(at=kept)

    def fact(self, key: str, make: bytes) -> _Answer:
        """What `make` finds out."""
        with self._locks.setdefault(key, threading.Lock()):
            try:
                return _Answer(found=cloudpickle.loads(make)())
            except DataError as error:
                return _Answer(problem=str(error))

    def describe(self, root: str, section: dict[str, Any]) -> None:
        """Write the card of a data section."""
        write_card(RunPaths(Path(root)), section)
