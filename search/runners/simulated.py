"""Trials on a virtual clock: any number of workers, no process, no file, no waiting.

Each step costs what its trainable reports as `seconds`, or one second. The trainables are real, and so are the sweep,
its searcher and its scheduler: a thousand concurrent workers run in one process, the same way each time.
"""

from __future__ import annotations

import heapq
import math
import tempfile
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from search.runners.base import Work
from search.runners.endings import (
    close_as_decided,
    close_finished,
    close_host,
    close_if_halted,
    close_or_retry,
    failure_of,
)
from search.sweep import PassiveSweep
from search.trial import Failure, Trial
from spaces import nest
from trainables.host import Host
from trainables.metrics import clean_metrics

__all__ = ["COST_METRIC", "SimulatedRunner"]

COST_METRIC = "seconds"


class SimulatedRunner:
    """Runs `work.workers` trials (default 1) at a time, in virtual time, from where the sweep's clock stands.

    At equal times, what was begun first ends first. A step that costs more than the step time-out fails as hanging; a
    step that raises costs one second. A retry begins from the first step, since nothing is saved. A paused trial keeps
    its trainable, and goes on with it at no cost; a copy begins with its parent's checkpoint. All trainables live in one
    process: those that draw from the global generators, rather than from their seed, see one another's draws.
    """

    def run(self, sweep: PassiveSweep, work: Work) -> str:
        return _Simulation(sweep, work).run()


@dataclass(frozen=True, slots=True)
class _Step:
    """What a worker comes back with at the end of a step. `metrics` None: the trial has ended by itself."""

    number: int
    metrics: Mapping[str, float] | None = None
    problem: str | None = None
    failure: Failure | None = None


class _Simulation:
    def __init__(self, sweep: PassiveSweep, work: Work) -> None:
        self._sweep, self._work = sweep, work
        self._workers = work.workers or 1
        self._now = sweep.elapsed
        self._waiting = deque(trial.number for trial in sweep.history.running)
        self._due: list[tuple[float, int, _Step]] = []
        self._begun = 0
        self._hosts: dict[int, Host] = {}
        self._parked: dict[int, Host] = {}  # of paused trials

    def run(self) -> str:
        stop = self._work.stop
        try:
            self._fill()
            while self._due and not stop:
                self._now, _, step = heapq.heappop(self._due)
                self._finish(step)
                self._fill()
        finally:
            self._hosts.update(self._parked)
            for number in list(self._hosts):
                self._let_go(number)
        reason = stop.reason if stop else self._sweep.spent(self._now) or "every trial has ended"
        self._sweep.end(reason, self._now)
        return reason

    def _fill(self) -> None:
        """Give every free worker a trial: those left open by an earlier run first."""
        while (free := self._workers - len(self._due)) > 0 and not self._work.stop:
            if not self._waiting:
                self._waiting.extend(trial.number for trial in self._sweep.ask(free, self._now))
            if not self._waiting:
                return
            number = self._waiting.popleft()
            if not close_if_halted(self._sweep, number, self._now):
                self._start(number)

    def _start(self, number: int, after: Failure | None = None) -> None:
        trial = self._sweep.history.trials[number]
        if trial.parent is not None:  # what it took the place of is closed
            for gone in [n for n in self._parked if not self._sweep.history.trials[n].open]:
                close_host(self._parked.pop(gone), gone)
        step = 0 if after is not None else self._stands_at(trial)
        self._sweep.start(
            number, self._now, node="simulated", pid=0, from_step=max(step, trial.from_step), after=after
        )
        parked = self._parked.pop(number, None)
        host = self._hosts[number] = Host(self._work.plug) if parked is None else parked
        try:
            if parked is None:
                self._set_up(host, trial, step)
        except KeyboardInterrupt:
            self._work.stop.request("interrupted")
        except (Exception, SystemExit) as error:
            self._enqueue(0.0, _Step(number, failure=failure_of(error)))
        else:
            self._advance(number)

    def _stands_at(self, trial: Trial) -> int:
        """Steps that a trial need not do again: all of them, where it was paused since it last had a worker."""
        return trial.steps if trial.idle_since is not None else 0

    def _set_up(self, host: Host, trial: Trial, step: int) -> None:
        """Begin a trial, or go on with one after `step` steps, done again silently."""
        if trial.parent is None:
            host.start(nest(trial.config), seed=trial.seed, from_step=step)
            return
        with tempfile.TemporaryDirectory() as folder:
            parent = self._sweep.history.trials[trial.parent]
            kept = self._parked.get(parent.number)
            model = kept if kept is not None and kept.step == trial.from_step else Host(self._work.plug)
            try:
                if model is not kept:
                    self._set_up(model, parent, trial.from_step)
                model.save(Path(folder))
            finally:
                if model is not kept:
                    model.close()
            host.start(
                nest(trial.config), seed=trial.seed, checkpoint=Path(folder), from_step=trial.from_step
            )
        while host.step < step and host.advance() is not None:
            pass

    def _advance(self, number: int) -> None:
        """Take a trial's next step now; it is reported when its cost has passed."""
        host = self._hosts[number]
        try:
            raw = host.advance()
            cleaned = None if raw is None else clean_metrics(raw, self._sweep.problem.objective.metric)
        except KeyboardInterrupt:
            self._work.stop.request("interrupted")
            return
        except (Exception, SystemExit) as error:
            self._enqueue(1.0, _Step(number, failure=failure_of(error)))
            return
        if cleaned is None:
            self._enqueue(0.0, _Step(number))
            return
        metrics, problem = cleaned
        cost, limit = _cost(metrics), self._sweep.problem.failure.step_timeout
        if limit is not None and cost > limit:
            hanging = Failure("timeout", f"step {host.step} took longer than {limit:g} s")
            self._enqueue(limit, _Step(number, failure=hanging))
        else:
            self._enqueue(cost, _Step(number, metrics, problem))

    def _enqueue(self, cost: float, step: _Step) -> None:
        heapq.heappush(self._due, (self._now + cost, self._begun, step))
        self._begun += 1

    def _finish(self, step: _Step) -> None:
        sweep, number, now = self._sweep, step.number, self._now
        if step.failure is not None:
            self._let_go(number)
            if close_or_retry(sweep, number, step.failure, now):
                self._start(number, after=step.failure)
        elif step.metrics is None:
            self._let_go(number)
            close_finished(sweep, number, now)
        else:
            decision = sweep.report(number, self._hosts[number].step, step.metrics, now, step.problem)
            if decision.pause:
                self._parked[number] = self._hosts.pop(number)
            elif decision.outcome is None:
                self._advance(number)
            else:
                self._let_go(number)
                close_as_decided(sweep, number, decision, now)

    def _let_go(self, number: int) -> None:
        close_host(self._hosts.pop(number), number)


def _cost(metrics: Mapping[str, float]) -> float:
    """Virtual seconds of the step that reported `metrics`."""
    cost = metrics.get(COST_METRIC, 1.0)
    return cost if math.isfinite(cost) and cost >= 0 else 1.0
