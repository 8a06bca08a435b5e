"""The driver's side: which trial is in which lane of a cohort, and what becomes of it after each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable

from search.runners.base import Clock, Work
from search.runners.cohort.drawing import may_be_drawn
from search.runners.cohort.messages import Assignment, Leave, Orders, Report
from search.runners.cohort.waiting import Candidate, Waiting
from search.runners.endings import (
    close_as_decided,
    close_finished,
    close_if_halted,
    close_or_retry,
)
from search.runners.lineage import has_inherited
from search.storage import resume_point
from search.sweep import PassiveSweep
from search.trial import Failure, Trial

__all__ = ["Roster"]


class Roster:
    """The lanes of one cohort as the driver knows them; it drives the sweep with what the cohort reports.

    ```
    cohort.obey(roster.open())
    while roster.busy:
        cohort.obey(roster.take(cohort.step()))
    ```

    A trial is started in the journal when it is assigned a lane. Every answer is the sweep's: a cohort decides nothing, and
    the trials of all cohorts are compared with one another. A trial that needs what a lane is still to save, its own
    checkpoint in another cohort or its parent's, is held until then.

    `width`: lanes. `node`, `pid`: of the worker. `lanes`: its trials, and the shape of each; change it by verbs only.
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
        self._held: list[Candidate] = []
        self._saving: set[int] = set()  # by the last orders
        self._errands = False  # whether those ask for more than to let a trial go
        self._shapes: Counter[Hashable | None] = Counter()
        self.lanes: dict[int, Hashable | None] = {}

    @property
    def busy(self) -> bool:
        """Whether it has a trial, is about to, or has yet to save one that left: orders are obeyed before a step."""
        return bool(self.lanes) or bool(self._held) or self._errands

    def open(self, members: Iterable[int] | None = None, after: Failure | None = None) -> Orders:
        """The first trials. `members`: these and no others, ever; `after`: the failure that they are tried again after."""
        if members is None:
            return Orders(enter=tuple(self._fill()))
        self._closed, enter = True, []
        for number in members:
            trial = self._sweep.history.trials[number]
            if trial.open and not close_if_halted(self._sweep, number, self._clock.now()):
                self._occupy(number, self._waiting.shape(trial))
                enter.append(self._start(trial, after))
        return Orders(enter=tuple(enter))

    def take(self, reports: Iterable[Report]) -> Orders:
        """What follows from a step of the cohort. A lane that falls free is given to the next trial at once, so that the
        trial comes to the searcher knowing no more than was reported before."""
        leave: list[Leave] = []
        enter: list[Assignment] = []
        self._let_go()
        enter += self._fill()
        for report in reports:
            if report.number in self.lanes:
                self._take(report, leave, enter)
                enter += self._fill()
        self._errands = any(each.save or each.keep for each in leave)
        return Orders(tuple(leave), tuple(enter))

    def abandon(self) -> list[int]:
        """The worker is gone, with what it had not done yet: the trials that were in its lanes, and are in none now."""
        self._let_go()
        self._errands = False
        members = list(self.lanes)
        for number in members:
            self._vacate(number)
        return members

    # -- inside ---------------------------------------------------------------------------------------------------

    def _take(self, report: Report, leave: list[Leave], enter: list[Assignment]) -> None:
        sweep, number, now = self._sweep, report.number, self._clock.now()
        trial = sweep.history.trials[number]
        if report.broken:
            self._vacate(number)
            self._waiting.add(trial, alone=True)
        elif report.failure is not None:
            if close_or_retry(sweep, number, report.failure, now):
                enter.append(self._start(trial, report.failure))
            else:
                self._vacate(number)
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
        while len(self.lanes) + len(self._held) < self._width and not self._closed:
            found = self._waiting.next(
                self._shapes.keys() - {None}, None not in self._shapes, self._clock.now()
            )
            if found is None:
                return
            trial = self._sweep.history.trials[found.number]
            saved_here = trial.number in self._saving  # it leaves by the same orders, before it enters
            if self._waiting.needs_saving(trial) and not saved_here:
                self._held.append(found)
            elif trial.parent is None or has_inherited(self._sweep, self._work, trial, self._clock.now()):
                self._occupy(found.number, found.shape)
                yield self._start(trial)

    def _let_go(self) -> None:
        """What the last orders were to save is saved, or never will be; who was held may look again."""
        self._waiting.saving -= self._saving
        self._saving = set()
        held, self._held = self._held, []
        for each in held:
            self._waiting.add(self._sweep.history.trials[each.number], alone=each.shape is None)

    def _occupy(self, number: int, shape: Hashable | None) -> None:
        self.lanes[number] = shape
        self._shapes[shape] += 1

    def _vacate(self, number: int) -> None:
        shape = self.lanes.pop(number)
        self._shapes[shape] -= 1
        if not self._shapes[shape]:
            del self._shapes[shape]

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
        if trial.number in self._saving:
            return trial.steps
        found = resume_point(paths, trial.number, trial.steps, home=self._work.home)
        return found[1] if found is not None else 0

    def _leaving(self, trial: Trial, *, save: bool = False) -> Leave:
        self._vacate(trial.number)
        if save:
            self._saving.add(trial.number)
            self._waiting.saving.add(trial.number)
        return Leave(trial.number, save, keep=not trial.open and may_be_drawn(self._sweep, self._work, trial))
