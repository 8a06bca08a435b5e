"""The faults of the soak: each strikes once, and says when and how it is undone."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from contracts.two_nodes import TwoNodes
from soak.arena import Clock, Disk, Driver

__all__ = ["KINDS", "Blow", "Field"]

AWAY = 8.0  # seconds that the storage is away
FULL = 12.0  # seconds that the disk stays full, if the driver does not end before
DOWN = 6.0  # seconds from the death of a node to the start of the next
JUMPS = (-3600, 0, 3600)  # seconds that the wall clock is off


@dataclass
class Field:
    """What can be struck, and the generator that says where."""

    cluster: TwoNodes
    disk: Disk
    clock: Clock
    driver: Driver
    chance: random.Random
    shifted: int = 0


@dataclass(frozen=True)
class Blow:
    """What was done. `undo`, called after `lasts` seconds, makes it good; a `fatal` one ends the driver."""

    what: str
    lasts: float = 0.0
    undo: Callable[[], None] | None = None
    fatal: bool = False


def _trial_kill(field: Field) -> Blow | None:
    """The process in which a trial runs, as the journal names it."""
    ours = {process.pid for process in _workers(field)}
    running = [
        (trial.id, trial.attempts[-1].pid)
        for trial in field.disk.history().running
        if trial.attempts and trial.attempts[-1].pid in ours
    ]
    if not running:
        return None
    name, pid = field.chance.choice(running)
    _kill(psutil.Process(pid))
    return Blow(f"{name}, process {pid}")


def _worker_kill(field: Field) -> Blow | None:
    """Any worker process of Ray's, idle or not."""
    workers = _workers(field)
    if not workers:
        return None
    worker = field.chance.choice(workers)
    _kill(worker)
    return Blow(f"process {worker.pid}")


def _node_kill(field: Field) -> Blow | None:
    if not field.cluster.worker.processes("raylet/raylet"):
        return None
    field.cluster.worker.kill()
    return Blow(f"back after {DOWN:g} s", DOWN, lambda: _up(field, field.cluster.start_worker))


def _driver_kill(field: Field) -> Blow | None:
    return Blow("resumed at once", fatal=True) if field.driver.kill() else None


def _power_cut(field: Field) -> Blow | None:
    """Everything at once: driver, head, worker node."""
    field.driver.kill()
    for node in (field.cluster.worker, field.cluster.head):
        node.kill()
    _up(field, field.cluster.start_head)
    _up(field, field.cluster.start_worker)
    return Blow("driver and both nodes", fatal=True)


def _disk_full(field: Field) -> Blow | None:
    if not field.disk.limited:
        return None
    field.disk.fill()
    return Blow(f"for {FULL:g} s at most", FULL, field.disk.free, fatal=True)


def _storage_away(field: Field) -> Blow | None:
    if not field.disk.run.trials.is_dir():
        return None
    field.disk.swap_trials()
    return Blow(f"the folder of all trials, for {AWAY:g} s", AWAY, field.disk.swap_trials)


def _clock_jump(field: Field) -> Blow | None:
    if not field.clock.env:
        return None
    before = field.shifted
    field.shifted = field.chance.choice([jump for jump in JUMPS if jump != before])
    field.clock.shift(field.shifted)
    return Blow(f"from {before:+d} s to {field.shifted:+d} s")


KINDS: dict[str, Callable[[Field], Blow | None]] = {
    "trial kill": _trial_kill,
    "worker kill": _worker_kill,
    "node kill": _node_kill,
    "driver kill": _driver_kill,
    "disk full": _disk_full,
    "storage away": _storage_away,
    "clock jump": _clock_jump,
    "power cut": _power_cut,
}
"""By name. Each strikes, or answers None where there is nothing to strike at this moment or on this machine."""


def _workers(field: Field) -> list[psutil.Process]:
    nodes = (field.cluster.head, field.cluster.worker)
    return [process for node in nodes for process in node.processes("ray::")]


def _up(field: Field, start: Callable[[], None]) -> None:
    """Start a node. Ray gives up after half a minute, which on a busy machine is no fault of ours: then once more."""
    for _ in range(3):
        try:
            return start()
        except AssertionError:
            node = field.cluster.head if start == field.cluster.start_head else field.cluster.worker
            node.kill()
    return start()


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()
