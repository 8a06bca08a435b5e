"""The soak itself: a sweep on a cluster of two nodes, struck by a random fault every few seconds until its time is over."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from contracts.two_nodes import two_nodes
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from soak.arena import Clock, Driver, disk, write_sweep
from soak.strikes import KINDS, Blow, Field

__all__ = ["ALWAYS", "Endured", "Strike", "endure"]

ALWAYS = frozenset({"trial kill", "worker kill", "node kill", "driver kill"})
"""Kinds that strike once at least, however slow the machine is."""

EVERY = 20.0  # seconds between two faults
STEP = 0.4  # seconds of a step
STUCK = 900.0  # seconds without a record of the journal, on a busy machine


@dataclass
class Strike:
    """One fault. `begun`, `over`: bytes of the truth file when it struck and when it was undone.

    `running`: trials that were under way. `closed`: trials that had ended; none of them may run again.
    """

    kind: str
    what: str
    at: float
    begun: int
    running: int
    closed: frozenset[int]
    over: int | None = None


@dataclass
class Endured:
    """What is to be accounted for: the run, and the file in which its trials said what they did.

    `surprises`: a driver ended, and no fault of ours had ended it. `drivers`: how many it took. `seconds`: in all.
    """

    run: RunPaths
    truth: Path
    seed: int
    strikes: list[Strike] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    drivers: int = 0
    seconds: float = 0.0

    @property
    def history(self) -> History:
        """What the journal tells."""
        return History.from_records(read_journal(self.run.journal))


def endure(folder: Path, minutes: float, seed: int, say: Callable[[str], None]) -> Endured:
    """Let a sweep of so many minutes, on its own clock, run to its end through all that strikes it.

    Faults come for as many minutes of wall time, and until each of `ALWAYS` has; what is left of the sweep then runs
    undisturbed.
    Raises AssertionError: it is stuck, or takes far too long.
    """
    sweep = write_sweep(folder, round(minutes * 60), STEP, seed)
    clock = Clock(folder)
    with disk(folder / "storage") as storage, two_nodes() as cluster:
        driver = Driver(sweep, storage, cluster.address, {**cluster.env, **clock.env})
        endured = Endured(storage.kept, folder / "truth.jsonl", seed)
        for absent, why in ((not storage.limited, "disk full"), (not clock.env, "clock jump")):
            if absent:
                say(f"left out on this machine: {why}")
        try:
            field = Field(cluster, storage, clock, driver, random.Random(seed))
            _Storm(endured, field, minutes * 60, say).rage()
        finally:
            endured.drivers = driver.starts
            driver.kill()
            clock.close()
    return endured


class _Storm:
    def __init__(self, endured: Endured, field: Field, seconds: float, say: Callable[[str], None]) -> None:
        self.endured, self.field, self.seconds, self.say = endured, field, seconds, say
        self._undo: list[tuple[float, Strike, Callable[[], None]]] = []
        self._bag: list[str] = []
        self._unstruck = set(ALWAYS)
        self._fatal = False  # whether the newest fault explains the end of the driver at work
        self._starved = False  # whether it had no disk for a while: on a slow machine it ends long after there is one again

    def rage(self) -> None:
        """Until the sweep is finished."""
        began = time.monotonic()
        size, grown, next_strike = 0, began, 0.0
        self.field.driver.start()
        while True:
            time.sleep(0.05)
            now = time.monotonic()
            self._make_good(now)
            if self.field.driver.code() is not None and self._ended(now):
                break
            if self.endured.truth.exists() and not next_strike:
                next_strike = now + EVERY / 2  # the first trial trains
            if next_strike and next_strike <= now and (now < began + self.seconds or self._unstruck):
                self._strike(now - began)
                next_strike = max(next_strike + EVERY, time.monotonic() + EVERY / 2)  # some take a while
            journal = self.field.disk.run.journal
            if (size_now := journal.stat().st_size if journal.exists() else 0) != size:
                size, grown = size_now, now
            assert now - grown < STUCK, f"stuck: {self.field.driver.last_words()[-3000:]}"
            assert now - began < 3 * self.seconds + 1800, "takes far too long"
        self._make_good(float("inf"))
        self.endured.seconds = time.monotonic() - began

    def _strike(self, at: float) -> None:
        history = self.field.disk.history()
        if history.finished:
            return
        closed = frozenset(trial.number for trial in history.trials if not trial.open)
        begun = _size(self.endured.truth)
        blow, kind = self._drawn()
        running = sum(bool(trial.attempts) for trial in history.running)
        strike = Strike(kind, blow.what, at, begun, running, closed)
        self.endured.strikes.append(strike)
        self._unstruck.discard(kind)
        self._fatal = blow.fatal
        self._starved = self._starved or kind == "disk full"
        if blow.undo is not None:
            self._undo.append((time.monotonic() + blow.lasts, strike, blow.undo))
        else:
            strike.over = _size(self.endured.truth)
        done = f"{len(closed)} trials done, {history.steps_total} steps, {self.field.driver.starts} drivers"
        self.say(f"{at:6.0f} s  {kind}: {blow.what} ({done})")

    def _drawn(self) -> tuple[Blow, str]:
        """Every kind once in random order, those of `ALWAYS` first, then again; what cannot strike now is tried next."""
        chance = self.field.chance
        while True:
            for kind in reversed(self._bag):
                busy = any(strike.kind == kind for _, strike, _ in self._undo)
                blow = None if busy else KINDS[kind](self.field)
                if blow is not None:
                    self._bag.remove(kind)
                    return blow, kind
            self._bag = sorted(chance.sample(list(KINDS), len(KINDS)), key=self._unstruck.__contains__)

    def _make_good(self, now: float) -> None:
        for each in [each for each in self._undo if each[0] <= now]:
            self._undo.remove(each)
            _, strike, undo = each
            undo()
            strike.over = _size(self.endured.truth)

    def _ended(self, now: float) -> bool:
        """The driver is gone: whether the sweep is over; else the next one is started, as soon as there is a disk for it."""
        code, driver = self.field.driver.code(), self.field.driver
        full = [each for each in self._undo if each[1].kind == "disk full"]
        if full:
            words = driver.last_words()
            if code != -9 and not _gave_up(code, words):
                self.endured.surprises.append(f"disk full: exit code {code}: {words[-2000:]}")
            self._undo = [each for each in self._undo if each not in full]
            for _, strike, free in full:
                free()
                strike.over = _size(self.endured.truth)
        elif self.field.disk.run.journal.exists() and self.field.disk.history().finished:
            if code != 0:
                self.endured.surprises.append(
                    f"finished with exit code {code}: {driver.last_words()[-2000:]}"
                )
            return True
        elif not self._fatal and not (self._starved and _gave_up(code, driver.last_words())):
            self.endured.surprises.append(f"exit code {code}: {driver.last_words()[-2000:]}")
            self.say(f"a driver ended by itself with code {code}")
            assert len(self.endured.surprises) < 20, self.endured.surprises[-1]
        self._fatal = self._starved = False
        driver.start()
        return False


def _gave_up(code: int | None, words: str) -> bool:
    """Whether a driver without a disk ended as it may: with a sentence."""
    return code in (1, 5) and "Traceback" not in words


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
