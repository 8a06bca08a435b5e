"""Trials in this process, one at a time: the shortest way from a sweep to its results, and the easiest to debug."""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import TypeVar

from search.paths import write_atomic
from search.pictures import Drawings, bar
from search.runners.base import Clock, Resources, Work
from search.runners.data_card import card_wanted, write_card
from search.runners.endings import (
    close_as_decided,
    close_finished,
    close_host,
    close_if_halted,
    close_or_retry,
    failure_of,
    traceback_of,
)
from search.runners.limit import TimeLimitError, can_limit, time_limit
from search.runners.lineage import hand_down
from search.runners.output import TrialOutput
from search.storage import resume_point
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome, Trial
from spaces import nest
from trainables.checkpoint import prune, write_checkpoint
from trainables.host import Host
from trainables.metrics import clean_metrics

__all__ = ["InlineRunner", "device_of"]

log = logging.getLogger(__name__)
T = TypeVar("T")


class InlineRunner:
    """Trains one trial after the other in this process; `work.workers` is not used.

    A trial is saved every `work.checkpoint_every` steps, after its report, and once more when it completes, is paused or
    the runner is stopped; a crash loses the steps since then, and they are run again. The step time-out holds for each
    step and for setting up (see `time_limit` for what it cannot interrupt). A step that has not finished 8 s after a stop
    was asked for is broken off, and run again by the resume. What a trial prints goes into its folder.
    A trial that takes the process down takes the runner with it: resume, or use a runner with workers of its own.
    """

    def run(self, sweep: PassiveSweep, work: Work) -> str:
        if sweep.problem.failure.step_timeout is not None and not can_limit():
            log.warning("failure.step_timeout has no effect: the inline runner needs the main thread for it")
        section = card_wanted(sweep, work)
        if section is not None and work.paths is not None:
            write_card(work.paths, section)
        clock = Clock(sweep.elapsed)
        waiting = deque(trial.number for trial in sweep.history.running)
        while not work.stop:
            if not waiting:
                waiting.extend(trial.number for trial in sweep.ask(1, clock.now()))
            if not waiting:
                break
            number = waiting.popleft()
            if not close_if_halted(sweep, number, clock.now()):
                _train(sweep, work, clock, number)
        now = clock.now()
        reason = work.stop.reason if work.stop else sweep.spent(now) or "every trial has ended"
        sweep.end(reason, now)
        return reason


def _train(sweep: PassiveSweep, work: Work, clock: Clock, number: int) -> None:
    """Attempts at one trial, until it is closed or paused, or the runner is stopped."""
    failure: Failure | None = None
    again = True
    while again:
        attempt = _Attempt(sweep, work, clock, number)
        try:
            attempt.run(after=failure)
            again = False
        except _Crash as crash:
            failure = attempt.recorded(crash)
            again = close_or_retry(sweep, number, failure, clock.now())
        except _Interrupted:
            if not work.stop:
                work.stop.request("interrupted")
            again = False


class _Crash(Exception):
    """The user's code raised, or took too long."""

    def __init__(self, failure: Failure, traceback: str) -> None:
        super().__init__(failure.message)
        self.failure, self.traceback = failure, traceback


class _Interrupted(Exception):
    """Ctrl-C came while the user's code ran: the trial stays open."""


class _Attempt:
    """One attempt at a trial: from its newest checkpoint, or from the beginning."""

    def __init__(self, sweep: PassiveSweep, work: Work, clock: Clock, number: int) -> None:
        self._sweep, self._work, self._clock = sweep, work, clock
        self._trial: Trial = sweep.history.trials[number]
        self._host = Host(work.plug)
        self._output = TrialOutput(work.paths, number)
        self._saved = 0
        self._drawings = self._drawings_of(work)
        self._where = "setting up"

    def run(self, after: Failure | None) -> None:
        """Until the trial is closed or paused, or left open because the runner is to stop. Raises _Crash, _Interrupted."""
        try:
            self._start(after)
            while not self._work.stop:
                if self._step_lets_go():
                    return
            if not self._work.stop.urgent:
                self._save()
        finally:
            close_host(self._host, self._trial.number)
            self._output.close()

    def recorded(self, crash: _Crash) -> Failure:
        """The failure, with its traceback written to the trial's folder where there is one."""
        paths = self._work.paths
        if paths is None:
            return crash.failure
        file = paths.failure(self._trial.number, len(self._trial.attempts))
        try:
            write_atomic(file, crash.traceback)
        except OSError as error:
            log.warning(
                "%s: its traceback could not be written (%s):\n%s", self._trial.id, error, crash.traceback
            )
            return crash.failure
        return replace(crash.failure, log=paths.relative(file))

    def _start(self, after: Failure | None) -> None:
        trial, checkpoint = self._trial, None
        if trial.parent is not None:
            self._where = "going on from its parent's checkpoint"
            try:
                self._call(lambda: hand_down(self._sweep.history, self._work, trial))
            except _Crash:
                self._begin(after)  # an attempt like any other: it counts among the retries
                raise
        if self._work.paths is not None and self._work.plug.can_checkpoint and trial.steps:
            found = resume_point(self._work.paths, trial.number, trial.steps, home=self._work.home)
            if found is not None:
                checkpoint, self._saved = found
        self._begin(after)
        self._call(
            lambda: self._host.start(
                nest(trial.config),
                seed=trial.seed,
                device=device_of(self._work.resources.of(trial.config)),
                checkpoint=checkpoint,
                from_step=self._saved,
                scratch=self._work.paths.scratch(trial.number) if self._work.paths is not None else None,
            )
        )

    def _begin(self, after: Failure | None) -> None:
        """Journal the beginning of the attempt."""
        self._sweep.start(
            self._trial.number,
            self._clock.now(),
            node=socket.gethostname(),
            pid=os.getpid(),
            from_step=self._saved,
            after=after,
        )

    def _step_lets_go(self) -> bool:
        """One step; True where it was the trial's last, or its last for now."""
        sweep, number, host = self._sweep, self._trial.number, self._host
        self._where = f"step {host.step + 1}"
        advanced = self._call(self._advance)
        if advanced is None:
            self._save()
            self._draw(lambda drawings: drawings.at_end(host))
            close_finished(sweep, number, self._clock.now())
            return True
        metrics, problem = advanced
        decision = sweep.report(number, host.step, metrics, self._clock.now(), problem)
        due = decision.outcome is None and host.step % self._work.checkpoint_every == 0
        if due or decision.pause or decision.outcome is Outcome.COMPLETED:
            self._save()
        if problem is None:
            score = sweep.problem.objective.score(metrics[sweep.problem.objective.metric])
            self._draw(lambda drawings: drawings.after_step(host, score))
        if decision.outcome is not None:
            close_as_decided(sweep, number, decision, self._clock.now())
        return decision.lets_go

    def _advance(self) -> tuple[dict[str, float], str | None] | None:
        """One step and its metrics, read as user's code: the value of a tensor may raise. None: it ended by itself."""
        raw = self._host.advance()
        return None if raw is None else clean_metrics(raw, self._sweep.problem.objective.metric)

    def _save(self) -> None:
        """A checkpoint of the step just reported. A disk that does not take it is no fault of the trial's."""
        paths, plug, step = self._work.paths, self._work.plug, self._host.step
        if paths is None or not plug.can_checkpoint or step == self._saved:
            return
        directory = paths.checkpoints(self._trial.number)

        def write() -> OSError | None:
            try:
                write_checkpoint(directory, self._host.save, step)
                prune(directory)
            except OSError as error:
                return error
            return None

        self._where = f"saving after step {step}"
        failed = self._call(write)
        if failed is None:
            self._saved = step
        else:  # said out here, where stderr is the user's and not the trial's
            log.warning("%s: no checkpoint after step %d (%s); it goes on", self._trial.id, step, failed)

    def _drawings_of(self, work: Work) -> Drawings | None:
        """None where nothing is written, or the trainable does not draw."""
        if work.paths is None or not work.plug.can_draw:
            return None
        best = self._trial.best.score if self._trial.best is not None else None
        folder = work.paths.pictures(self._trial.number)
        return Drawings(folder, self._sweep.problem.max_steps, best=best, bar=bar(self._sweep.history))

    def _draw(self, draw: Callable[[Drawings], None]) -> None:
        drawings = self._drawings
        if drawings is not None:
            self._call(lambda: draw(drawings))

    def _call(self, call: Callable[[], T]) -> T:
        """Run the user's code: its output goes into the trial's folder, its time is limited."""
        limit = self._sweep.problem.failure.step_timeout
        try:
            with self._output.captured(), time_limit(limit, self._work.stop):
                return call()
        except KeyboardInterrupt:
            raise _Interrupted from None
        except TimeLimitError as error:
            failure = Failure("timeout", f"{self._where} {error}")
            raise _Crash(failure, traceback_of(error)) from None
        except (Exception, SystemExit) as error:
            raise _Crash(failure_of(error), traceback_of(error)) from None


def device_of(resources: Resources) -> str:
    """ "cuda" where a GPU is asked for and torch finds one. Torch is loaded for it: no trainable may have done so yet."""
    return "cuda" if resources.gpu > 0 and _gpu_found() else "cpu"


@cache
def _gpu_found() -> bool:
    from trainables.neural.devices import gpu_found

    found = gpu_found()
    if not found:
        log.warning("resources.gpu: torch finds no GPU here, so trials compute on the CPU")
    return found
