"""The driver's side: which trial is in which lane of a cohort, and what becomes of it after each step."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from search.pictures import bar
from search.runners.base import Clock, Work
from search.runners.cohort.messages import Assignment, Leave, Orders, Report
from search.runners.cohort.waiting import Waiting
from search.runners.endings import close_as_decided, close_finished, close_or_retry
from search.storage import resume_point
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome, Trial

__all__ = ["Roster"]


class Roster:
    """The lanes of one cohort as the driver knows them; it drives the sweep with what the cohort reports.

    ```
    cohort.obey(roster.open())
    while roster.lanes:
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
        self.lanes: dict[int, Hashable | None] = {}

    def open(self) -> Orders:
        """The first trials."""
        return Orders(enter=tuple(self._fill()))

    def take(self, reports: Iterable[Report]) -> Orders:
        """What follows from a step of the cohort. A lane that falls free is given to the next trial at once, so that the
        trial comes to the searcher knowing no more than was reported before."""
        leave: list[Leave] = []
        enter: list[Assignment] = []
        for report in reports:
            if report.number in self.lanes:
                self._take(report, leave, enter)
                enter += self._fill()
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

    def _fill(self) -> Iterable[Assignment]:
        while len(self.lanes) < self._width:
            shapes = set(self.lanes.values())
            solo = None not in shapes
            found = self._waiting.next(shapes - {None}, solo, self._clock.now())
            if found is None:
                return
            self.lanes[found.number] = found.shape
            yield self._start(self._sweep.history.trials[found.number])

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
