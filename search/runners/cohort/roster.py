"""The driver's side: which trial is in which lane of a cohort, and what becomes of it after each step."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import replace

from search.pictures import bar
from search.runners.base import Clock, Work
from search.runners.cohort.messages import Assignment, Leave, Orders, Report
from search.runners.cohort.waiting import Waiting
from search.runners.endings import (
    close_as_decided,
    close_finished,
    close_if_halted,
    close_or_retry,
    failure_of,
)
from search.runners.lineage import hand_down
from search.storage import resume_point
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome, Trial

__all__ = ["Roster"]


class Roster:
    """The lanes of one cohort as the driver knows them; it drives the sweep with what the cohort reports.

    ```
    cohort.obey(roster.open())
    while roster.busy:
        cohort.obey(roster.take(cohort.step()))
    ```

    A trial is started in the journal when it is assigned a lane. Every answer is the sweep's: a cohort decides nothing, and
    the trials of all cohorts are compared with one another.

    `width`: lanes. `node`, `pid`: of the worker.
    """

    def __init__(
        self,
        sweep: PassiveSweep,
        work: Work,
        clock: Clock,
        waiting: Waiting,
        *,
        width: int,
        node: str,
        pid: int,
    ) -> None:
        self._sweep, self._work, self._clock, self._waiting = sweep, work, clock, waiting
        self._width, self._node, self._pid = width, node, pid
        self._closed = False
        self._copies: list[Trial] = []  # whose parents are being saved
        self.lanes: dict[int, Hashable | None] = {}

    @property
    def busy(self) -> bool:
        """Whether it has a trial, or is about to."""
        return bool(self.lanes) or bool(self._copies)

    def open(self, members: Iterable[int] | None = None, after: Failure | None = None) -> Orders:
        """The first trials. `members`: these and no others, ever; `after`: the failure that they are tried again after."""
        if members is None:
            return Orders(enter=tuple(self._fill(())))
        self._closed, enter = True, []
        for number in members:
            trial = self._sweep.history.trials[number]
            if trial.open and not close_if_halted(self._sweep, number, self._clock.now()):
                self.lanes[number] = self._waiting.shape(trial)
                enter.append(self._start(trial, after))
        return Orders(enter=tuple(enter))

    def take(self, reports: Iterable[Report]) -> Orders:
        """What follows from a step of the cohort. A lane that falls free is given to the next trial at once, so that the
        trial comes to the searcher knowing no more than was reported before."""
        leave: list[Leave] = []
        enter: list[Assignment] = []
        copies, self._copies = self._copies, []
        for copy in copies:
            self._waiting.add(copy)
        enter += self._fill(leave)
        for report in reports:
            if report.number in self.lanes:
                self._take(report, leave, enter)
                enter += self._fill(leave)
        return Orders(tuple(leave), tuple(enter))

    # -- inside ---------------------------------------------------------------------------------------------------

    def _take(self, report: Report, leave: list[Leave], enter: list[Assignment]) -> None:
        sweep, number, now = self._sweep, report.number, self._clock.now()
        trial = sweep.history.trials[number]
        if report.broken:
            del self.lanes[number]
            self._waiting.add(trial, alone=True)
        elif report.failure is not None:
            if close_or_retry(sweep, number, report.failure, now):
                enter.append(self._start(trial, report.failure))
            else:
                del self.lanes[number]
        elif report.finished:
            close_finished(sweep, number, now)
            leave.append(self._leaving(trial))
        else:
            decision = sweep.report(number, report.step, report.metrics, now, report.problem)
            if decision.outcome is not None:
                close_as_decided(sweep, number, decision, now)
                leave.append(self._leaving(trial))
            elif decision.pause:
                leave.append(self._leaving(trial, save=True))

    def _fill(self, leave: Collection[Leave]) -> Iterable[Assignment]:
        while len(self.lanes) + len(self._copies) < self._width and not self._closed:
            shapes = set(self.lanes.values())
            solo = None not in shapes
            found = self._waiting.next(shapes - {None}, solo, self._clock.now())
            if found is None:
                return
            trial = self._sweep.history.trials[found.number]
            if any(each.save and each.number == trial.parent for each in leave):
                self._copies.append(trial)
            elif trial.parent is None or self._has_inherited(trial):
                self.lanes[found.number] = found.shape
                yield self._start(trial)

    def _has_inherited(self, trial: Trial) -> bool:
        """Whether a copy has its parent's checkpoint; one that cannot be had is a failure of the copy's."""
        try:
            hand_down(self._sweep.history, self._work, trial)
        except (Exception, SystemExit) as error:
            failure = replace(failure_of(error), kind="not started")
            self._sweep.close(trial.number, Outcome.FAILED, self._clock.now(), failure.message, failure)
            return False
        return True

    def _start(self, trial: Trial, after: Failure | None = None) -> Assignment:
        step = self._from_step(trial)
        self._sweep.start(
            trial.number, self._clock.now(), node=self._node, pid=self._pid, from_step=step, after=after
        )
        alone = self.lanes[trial.number] is None
        return Assignment(trial.number, dict(trial.config), trial.seed, len(trial.attempts), step, alone)

    def _from_step(self, trial: Trial) -> int:
        """Steps that a trial need not run again: of its newest checkpoint."""
        paths = self._work.paths
        if paths is None or not self._work.plug.can_checkpoint or not trial.steps:
            return 0
        found = resume_point(paths, trial.number, trial.steps, home=self._work.home)
        return found[1] if found is not None else 0

    def _leaving(self, trial: Trial, *, save: bool = False) -> Leave:
        del self.lanes[trial.number]
        return Leave(trial.number, save, draw=not trial.open and self._is_drawn(trial))

    def _is_drawn(self, trial: Trial) -> bool:
        """Whether there are to be pictures: of a trial far enough along that is among the best five when it ends."""
        far = 2 * trial.steps >= self._sweep.problem.max_steps
        if not self._work.plug.can_draw or not far or trial.outcome is Outcome.FAILED or trial.best is None:
            return False
        to_beat, score = bar(self._sweep.history), trial.best.score
        return to_beat is None or (score is not None and score <= to_beat)
