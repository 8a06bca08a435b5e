"""A sweep, copied to another tracker while it runs: what the mirrors to MLflow and Weights & Biases have in common.

    driver's thread                                   mirror's thread
    MirrorView.on_event  -- Begin, Report, End -->    Tracker: begin, log, end

The driver only notes what happened. A tracker that is slow, asks over a network or hangs costs the sweep nothing; one
that fails is left out with a warning, and the next `tuneyard resume` brings it up to date: what a tracker is told is
always a part of the journal, and it is asked first how much of that it has.
"""

from __future__ import annotations

import hashlib
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from search.errors import SweepError
from search.history import History, Record
from search.paths import RunPaths
from search.problem import Objective
from search.settings.secrets import redact
from search.trial import Result, Trial, so_far
from search.views.wall_clock import WallClock

__all__ = ["Begin", "End", "MirrorView", "Point", "SweepCard", "SweepEnd", "Tracker"]

log = logging.getLogger(__name__)

_PATIENCE = 60.0  # seconds without any progress after which a driver that ends no longer waits for a tracker
_WORTH_SAYING = 3.0  # seconds of waiting after which the user is told


@dataclass(frozen=True, slots=True)
class SweepCard:
    """What a tracker is told about the sweep.

    `id`: 10 hexadecimal digits, the same for every driver of one run directory, another for a fork.
    `facts`: text values: method, seed, git commit, versions.
    """

    id: str
    name: str
    metric: str
    goal: str
    began: float
    facts: Mapping[str, str]

    @property
    def again(self) -> str:
        """The command that brings a tracker up to date."""
        run, _, part = self.name.partition("/")
        return f"tuneyard {'confirm' if part else 'resume'} {run}"


@dataclass(frozen=True, slots=True)
class Begin:
    """A trial has started, or is to be brought up to date. `config`: flat, without secrets. `mark`: of its end, if any.

    `started`: seconds since the epoch. `redone_from`: results after this step are reported anew.
    """

    number: int
    id: str
    config: Mapping[str, Any]
    seed: int
    origin: str
    fingerprint: str
    started: float
    mark: str | None = None
    redone_from: int | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """The metrics of one step. `wall`: seconds since the epoch. Values may be NaN or infinite."""

    step: int
    wall: float
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class End:
    """A trial has ended, or its driver has while the trial is open (`state` interrupted).

    `state`: completed, stopped, failed or interrupted. `best`: (step, value) of the objective. `mark`: tells this end
    from another one of the same trial.
    """

    state: str
    reason: str
    wall: float
    steps: int
    best: tuple[int, float] | None
    mark: str


@dataclass(frozen=True, slots=True)
class SweepEnd:
    """The driver has ended. `finished`: nothing is left to do. `best`: (id of the trial, value of the objective)."""

    finished: bool
    best: tuple[str, float] | None


class Tracker(Protocol):
    """The other side. All calls come from one thread, `open` first. Any of them may raise: the mirror is then left out.

    `open` answers which trials it has as a whole: number -> mark of their end. `begin` answers how many steps of the
    trial it holds already; only later ones are logged.
    """

    def open(self, card: SweepCard) -> Mapping[int, str]: ...

    def begin(self, trial: Begin) -> int: ...

    def log(self, number: int, points: Sequence[Point]) -> None: ...

    def end(self, number: int, end: End) -> None: ...

    def close(self, end: SweepEnd) -> None: ...


class MirrorView:
    """Copies a sweep to a tracker, as an observer of the sweep.

    `label`: where to, for messages. `make`: makes the tracker, in the mirror's own thread.
    """

    def __init__(self, label: str, make: Callable[[], Tracker]) -> None:
        self._label, self._make = label, make
        self._clock = WallClock()
        self._history: History | None = None
        self._begun: set[int] = set()
        self._worker: _Worker | None = None

    def on_event(self, record: Record, history: History) -> None:
        """See `search.sweep.Observer`. Raises SweepError: the tracker failed since the last call."""
        kind = record["type"]
        if kind in ("sweep", "resume"):
            self._open(record, history)
        if self._worker is None:
            return
        if "trial" in record:
            self._worker.check()
            if kind in ("ask", "start"):
                self._clock.start(record["now"])
            self._follow(record, history.trials[record["trial"]], history)

    def close(self) -> None:
        """Waits until the tracker has everything, as long as it makes progress. Raises SweepError: it does not."""
        if self._worker is None or self._history is None:
            return
        history, now = self._history, self._clock.at(self._history.now)
        for trial in (*history.running, *history.paused):
            if trial.number in self._begun:
                self._worker.put(trial.number, _end(trial, history.problem.objective, "interrupted", now))
        best = history.best
        value = best.best.score if best is not None and best.best is not None else None
        found = None if best is None or value is None else (best.id, history.problem.objective.value(value))
        self._worker.finish(SweepEnd(history.finished, found))

    # -- inside -------------------------------------------------------------------------------------------------

    def _open(self, record: Record, history: History) -> None:
        self._history = history
        if record["type"] == "resume":
            self._clock = WallClock.of(history)
        path = record.get("about", {}).get("path")
        root = Path(path) if path else None
        card = _card(history, root)
        self._worker = _Worker(self._label, self._make, card)
        self._begun.clear()
        for trial in history.trials:
            if trial.attempts or not trial.open:
                self._copy(trial, history)

    def _follow(self, record: Record, trial: Trial, history: History) -> None:
        assert self._worker is not None
        kind = record["type"]
        if kind == "reopen":
            self._copy(trial, history)
        elif kind == "close":
            if trial.number not in self._begun:  # it never started
                self._copy(trial, history)
            else:
                self._worker.put(trial.number, self._ending(trial, history))
        elif kind in ("start", "result") and trial.number not in self._begun:
            self._copy(trial, history)
        elif kind == "result" and not record.get("again"):
            best = trial.best.score if trial.best is not None else None
            self._worker.put(trial.number, self._point(trial.results[-1], best, history.problem.objective))

    def _copy(self, trial: Trial, history: History) -> None:
        """All of a trial up to now."""
        assert self._worker is not None
        self._begun.add(trial.number)
        started = self._clock.at(trial.attempts[0].now if trial.attempts else trial.asked)
        end = None if trial.open else self._ending(trial, history)
        begin = Begin(
            number=trial.number,
            id=trial.id,
            config=redact(dict(trial.config)),
            seed=trial.seed,
            origin=trial.origin,
            fingerprint=history.problem.space.fingerprint(trial.config),
            started=started,
            mark=end.mark if end is not None else None,
            redone_from=trial.steps,
        )
        self._worker.put(trial.number, begin)
        objective, results = history.problem.objective, tuple(trial.results)
        for result, best in zip(results, so_far(results, last=objective.counts == "last"), strict=True):
            self._worker.put(trial.number, self._point(result, best, objective))
        if end is not None:
            self._worker.put(trial.number, end)

    def _point(self, result: Result, best: float | None, objective: Objective) -> Point:
        metrics = dict(result.metrics)
        if best is not None and objective.counts == "best":
            metrics[f"best/{objective.metric}"] = objective.value(best)
        return Point(result.step, self._clock.at(result.now), metrics)

    def _ending(self, trial: Trial, history: History) -> End:
        assert trial.outcome is not None
        assert trial.closed is not None
        at = self._clock.at(trial.closed)
        return _end(trial, history.problem.objective, trial.outcome.value, at)


Message = Begin | Point | End


class _Worker:
    """The mirror's thread: takes what waits, puts points of one trial together, and tells the tracker."""

    def __init__(self, label: str, make: Callable[[], Tracker], card: SweepCard) -> None:
        self._label, self._make, self._card = label, make, card
        self._queue: queue.SimpleQueue[tuple[int, Message | SweepEnd]] = queue.SimpleQueue()
        self._error: Exception | None = None
        self._told = 0
        self._held: dict[int, int] = {}
        self._complete: dict[int, str] = {}
        self._skipped: set[int] = set()
        self._points: dict[int, list[Point]] = {}
        self._thread = threading.Thread(target=self._run, name=f"mirror to {label}", daemon=True)
        self._thread.start()

    def put(self, number: int, message: Message) -> None:
        self._queue.put((number, message))

    def check(self) -> None:
        """Raises SweepError: the tracker failed."""
        if self._error is not None:
            raise SweepError(
                f"the mirror to {self._label} failed: {redact(f'{type(self._error).__name__}: {self._error}')}; "
                f"once that is mended, what is missing there is sent by: {self._card.again}"
            ) from None

    def finish(self, end: SweepEnd) -> None:
        """Wait for the end of the queue. Raises SweepError."""
        self._queue.put((-1, end))
        began = seen = time.monotonic()
        told, said = self._told, False
        while self._thread.is_alive():
            self._thread.join(0.1)
            now = time.monotonic()
            if told != self._told:
                told, seen = self._told, now
            if now - seen > _PATIENCE:
                raise SweepError(
                    f"{self._label} has not answered for {_PATIENCE:g} s and is no longer waited for; what is missing "
                    f"there is sent by: {self._card.again}"
                )
            if not said and now - began > _WORTH_SAYING:
                said = True
                log.warning("waiting for %s to take what is left of this run", self._label)
        self.check()

    def _run(self) -> None:
        try:
            tracker = self._make()
            self._complete = dict(tracker.open(self._card))
            while True:
                waiting = [self._queue.get()]
                while not self._queue.empty():
                    waiting.append(self._queue.get())
                for number, message in waiting:
                    if isinstance(message, SweepEnd):
                        self._flush_all(tracker)
                        tracker.close(message)
                        return
                    self._tell(tracker, number, message)
                self._flush_all(tracker)
        except Exception as error:  # whatever a foreign library raises; shown by `check`
            self._error = error

    def _tell(self, tracker: Tracker, number: int, message: Message) -> None:
        self._told += 1
        if isinstance(message, Begin):
            self._flush(tracker, number)
            whole = message.mark is not None and self._complete.get(number) == message.mark
            if whole:
                self._skipped.add(number)
                return
            self._skipped.discard(number)
            held = tracker.begin(message)
            self._held[number] = held if message.redone_from is None else min(held, message.redone_from)
        elif number in self._skipped:
            return
        elif isinstance(message, Point):
            if message.step > self._held[number]:
                self._held[number] = message.step
                self._points.setdefault(number, []).append(message)
        else:
            self._flush(tracker, number)
            tracker.end(number, message)
            self._complete[number] = message.mark

    def _flush(self, tracker: Tracker, number: int) -> None:
        if points := self._points.pop(number, None):
            tracker.log(number, points)

    def _flush_all(self, tracker: Tracker) -> None:
        for number in list(self._points):
            self._flush(tracker, number)
            self._told += 1


def _card(history: History, root: Path | None) -> SweepCard:
    about, objective = history.about, history.problem.objective
    confirmed = about.get("confirm", {}).get("of")
    name = f"{confirmed}/confirm" if confirmed else root.name if root is not None else "sweep"
    settings = about.get("settings", {})
    git = about.get("git") or {}
    facts = {
        "method": settings.get("method", {}).get("name"),
        "early_terminate": settings.get("early_terminate", {}).get("type"),
        "trainable": settings.get("trainable"),
        "description": settings.get("description"),
        "seed": history.problem.seed,
        "git.commit": git.get("commit"),
        "git.dirty": git.get("dirty"),
        "version": about.get("versions", {}).get("tuneyard"),
    }
    told = "\n".join((name, _born(history, root), str(about.get("host")), str(history.problem.seed)))
    return SweepCard(
        id=hashlib.sha256(told.encode()).hexdigest()[:10],
        name=name,
        metric=objective.metric,
        goal=objective.goal,
        began=WallClock.of(history).at(0.0),
        facts=redact({key: str(value) for key, value in facts.items() if value is not None}),
    )


def _born(history: History, root: Path | None) -> str:
    """When the journal was begun, as it stands there: the header of a sweep that begins just now is told without."""
    if history.began is None and root is not None and (journal := RunPaths(root).journal).is_file():
        with open(journal, encoding="utf-8") as lines:
            return str(json.loads(lines.readline()).get("t"))
    return str(history.began)


def _end(trial: Trial, objective: Objective, state: str, wall: float) -> End:
    reason = f"{trial.failure.kind}: {trial.failure.message}" if trial.failure is not None else trial.reason
    best = trial.best
    return End(
        state=state,
        reason=redact(reason),
        wall=wall,
        steps=trial.steps,
        best=None if best is None or best.score is None else (best.step, objective.value(best.score)),
        mark=f"{len(trial.results)}-{len(trial.attempts)}-{state}",
    )
