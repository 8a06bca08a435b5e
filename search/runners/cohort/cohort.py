"""The worker's side: the stacks of one cohort. It knows no sweep; it does as it is told, and reports."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace

from search.paths import RunPaths, write_atomic
from search.pictures import Drawings
from search.runners.base import StopSignal
from search.runners.cohort.engine import Engine, NeuralEngine, Stack
from search.runners.cohort.messages import Assignment, Leave, Orders, Report
from search.runners.cohort.solo import Solo
from search.runners.endings import failure_of, traceback_of
from search.runners.limit import TimeLimitError, time_limit
from search.storage import Home, resume_point
from search.trial import Failure, trial_id
from spaces import nest
from trainables.checkpoint import prune, write_checkpoint
from trainables.host import Host
from trainables.metrics import clean_metrics
from trainables.plug import Plug

__all__ = ["Cohort", "Terms"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Terms:
    """What all trials of a cohort have in common.

    `objective`: name of the metric. `max_steps`: at full fidelity. `width`: lanes at most. `every`: steps between two
    checkpoints of a trial. `limit`: seconds that a step of one trial may take, and a stack's as often as it has lanes;
    None = no limit. `threads`: that may compute a stack.
    """

    objective: str
    max_steps: int
    width: int
    every: int = 1
    device: str = "cpu"
    limit: float | None = None
    threads: int = 1


@dataclass
class _Lane:
    """A trial in training. `step`: steps done. `saved`: of its newest checkpoint."""

    assignment: Assignment
    place: int
    stack: Stack
    step: int
    saved: int


class Cohort:
    """Stacks of one width in all, by the shapes of the trials that it was given; and at most a few that train alone.

    ```
    cohort.obey(Orders(enter=...))
    while True:
        reports = cohort.step()            # one step of every lane
        cohort.obey(orders)                # what follows from them
    cohort.save(); cohort.close()
    ```

    A checkpoint is written when a trial is at full fidelity or has ended by itself, before that is reported; and every
    `terms.every` steps once it is known that the trial goes on, so none is written for one that is stopped.

    `paths` None: nothing is written. `home`: the store where a checkpoint may lie. `stop`: breaks off a step that has not
    ended some seconds after it was set.
    """

    def __init__(
        self,
        plug: Plug,
        terms: Terms,
        paths: RunPaths | None,
        *,
        home: Home | None = None,
        stop: StopSignal | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._plug, self._terms, self._paths, self._home, self._stop = plug, terms, paths, home, stop
        self._engine: Engine = NeuralEngine() if engine is None else engine
        self._stacks: dict[Hashable, Stack] = {}
        self._lanes: dict[int, _Lane] = {}
        self._said: list[tuple[int, Report]] = []

    def obey(self, orders: Orders) -> None:
        """Empty lanes, fill lanes, and save what goes on. What fails here is reported by the next step."""
        for leave in orders.leave:
            self._leave(leave)
        for assignment in orders.enter:
            self._enter(assignment)
        for assignment in orders.draw:
            self._draw(assignment)
        self._close_empty()
        self._save_all(lambda lane: lane.step % self._terms.every == 0)

    def step(self) -> list[Report]:
        """One step of every lane; the reports in the order of the lanes.

        Raises KeyboardInterrupt: it was broken off. What its lanes had done since their checkpoints is lost.
        """
        said, self._said = self._said, []
        for shape, stack in list(self._stacks.items()):
            lanes = [lane for lane in self._lanes.values() if lane.stack is stack]
            said += [(lane.place, report) for lane, report in self._step(shape, stack, lanes)]
        return [report for _, report in sorted(said, key=lambda each: each[0])]

    def save(self) -> None:
        """A checkpoint of every lane, for a resume."""
        self._save_all(lambda lane: True)

    def close(self) -> None:
        """Let go of everything; what it raises changes nothing about the trials."""
        self._lanes.clear()
        self._close_empty()

    # -- inside ---------------------------------------------------------------------------------------------------

    def _enter(self, given: Assignment) -> None:
        taken = {lane.place for lane in self._lanes.values()}
        place = next(place for place in range(len(taken) + 1) if place not in taken)
        config = nest(dict(given.config))
        checkpoint, step = None, 0
        if given.from_step and self._paths is not None:
            found = resume_point(self._paths, given.number, given.from_step, home=self._home)
            checkpoint, step = found or (None, 0)
        shape: Hashable | None = None if given.alone else self._engine.shape(self._plug, config)
        try:
            with time_limit(self._terms.limit, self._stop):
                stack = self._stack(shape, given.number)
                stack.add(given.number, config, seed=given.seed, checkpoint=checkpoint)
        except TimeLimitError as error:
            failure = Failure("timeout", f"setting up {error}")
            self._said.append((place, self._failed(given, 0, failure, error)))
        except (Exception, SystemExit) as error:
            if shape is None:
                self._said.append((place, self._failed(given, 0, failure_of(error), error)))
            else:  # alone it may go well, or raises what is its own
                self._said.append((place, Report(given.number, 0, broken=True)))
        else:
            self._lanes[given.number] = _Lane(given, place, stack, step, step)

    def _stack(self, shape: Hashable | None, number: int) -> Stack:
        """The open stack of a shape, or a new one; of a trial without a shape one of its own."""
        terms, key = self._terms, ("alone", number) if shape is None else shape
        if key not in self._stacks:
            self._stacks[key] = (
                Solo(self._plug, self._paths, terms.device)
                if shape is None
                else self._engine.stack(self._plug, shape, terms.width, terms.device, terms.threads)
            )
        return self._stacks[key]

    def _step(self, shape: Hashable, stack: Stack, lanes: list[_Lane]) -> Iterable[tuple[_Lane, Report]]:
        limit = None if self._terms.limit is None else self._terms.limit * len(lanes)
        try:
            with time_limit(limit, self._stop):
                done = stack.step()
                return [(lane, self._report(lane, done[lane.assignment.number])) for lane in lanes]
        except TimeLimitError as error:
            if isinstance(stack, Solo):
                failure = Failure("timeout", f"step {lanes[0].step + 1} {error}")
                return [(lanes[0], self._failed(lanes[0].assignment, lanes[0].step, failure, error))]
            why = f"a step {error}"
        except (Exception, SystemExit) as error:
            why = traceback_of(error)
        log.warning(
            "a stack of %d lanes failed; its trials go on by themselves:\n%s", len(lanes), why.rstrip()
        )
        for lane in lanes:
            del self._lanes[lane.assignment.number]
        self._close(shape)
        return [(lane, Report(lane.assignment.number, lane.step, broken=True)) for lane in lanes]

    def _report(self, lane: _Lane, said: object) -> Report:
        """What a lane has to report, its checkpoint written where it has come to its end."""
        number = lane.assignment.number
        if isinstance(said, StopIteration):
            return self._saved(lane) or Report(number, lane.step, finished=True)
        if isinstance(said, BaseException):
            return self._failed(lane.assignment, lane.step, failure_of(said), said)
        try:
            metrics, problem = clean_metrics(said, self._terms.objective)
        except Exception as error:  # the value of a tensor may raise
            return self._failed(lane.assignment, lane.step, failure_of(error), error)
        lane.step += 1
        failed = self._saved(lane) if problem is None and lane.step >= self._terms.max_steps else None
        return failed or Report(number, lane.step, metrics, problem)

    def _leave(self, leave: Leave) -> None:
        lane = self._lanes.get(leave.number)
        if lane is None:
            return
        failed = self._saved(lane) if leave.save else None
        if failed is not None:  # it begins anew when it is taken up again
            log.warning("%s: cannot be saved (%s)", trial_id(leave.number), failed.failure)
            return
        if leave.keep and not self._keep(lane):
            return
        del self._lanes[leave.number]
        lane.stack.free(leave.number)

    def _save_all(self, due: Callable[[_Lane], bool]) -> None:
        for lane in list(self._lanes.values()):
            failed = self._saved(lane) if due(lane) else None
            if failed is not None:
                self._said.append((lane.place, failed))

    def _saved(self, lane: _Lane) -> Report | None:
        """Save; a report where the trainable's own `save` raises: its trial has failed."""
        try:
            self._save(lane)
        except (Exception, SystemExit) as error:
            return self._failed(lane.assignment, lane.step, failure_of(error), error)
        return None

    def _save(self, lane: _Lane) -> None:
        """A checkpoint of the step just done. A disk that does not take it is no fault of the trial's."""
        number = lane.assignment.number
        if self._paths is None or not self._plug.can_checkpoint or lane.step == lane.saved:
            return
        folder = self._paths.checkpoints(number)
        try:
            write_checkpoint(folder, lambda into: lane.stack.save(number, into), lane.step)
            prune(folder)
            lane.saved = lane.step
        except OSError as error:
            log.warning(
                "%s: no checkpoint after step %d (%s); it goes on", trial_id(number), lane.step, error
            )

    def _keep(self, lane: _Lane) -> bool:
        """What pictures can be drawn from once it is known whose are wanted; of what cannot be saved, the pictures. False:
        saving failed, and the lane is empty."""
        if not self._plug.can_checkpoint and isinstance(lane.stack, Solo):
            self._draw_now(lane.assignment.number, lane.stack.host)
        return self._saved(lane) is None

    def _draw(self, given: Assignment) -> None:
        """Pictures of a trial's work, by an ordinary host that goes on from its checkpoint."""
        if self._paths is None:
            return
        found = resume_point(self._paths, given.number, given.from_step, home=self._home)
        if found is None or found[1] != given.from_step:
            return
        host = Host(self._plug)
        try:
            with time_limit(self._terms.limit, self._stop):
                config = nest(dict(given.config))
                host.start(config, seed=given.seed, device=self._terms.device, checkpoint=found[0])
                self._draw_now(given.number, host)
        except (Exception, SystemExit, TimeLimitError) as error:
            log.warning("%s: no pictures of it (%r)", trial_id(given.number), error)
        finally:
            host.close()

    def _draw_now(self, number: int, host: Host) -> None:
        if self._paths is not None:
            Drawings(self._paths.pictures(number), max(1, host.step), best=None, bar=None).after_step(
                host, 0.0
            )

    def _failed(self, given: Assignment, step: int, failure: Failure, error: BaseException) -> Report:
        """Keep the traceback, empty the lane, and say what happened."""
        lane = self._lanes.pop(given.number, None)
        if lane is not None:
            lane.stack.free(given.number)
        if self._paths is not None:
            path, trace = self._paths.failure(given.number, given.attempt), traceback_of(error)
            try:
                write_atomic(path, trace)
                failure = replace(failure, log=self._paths.relative(path))
            except OSError as unwritten:
                log.warning(
                    "%s: its traceback could not be written (%s):\n%s",
                    trial_id(given.number),
                    unwritten,
                    trace,
                )
        return Report(given.number, step, failure=failure)

    def _close_empty(self) -> None:
        """Let go of stacks without a lane: each holds a copy of the data, and memory for its width."""
        taken = {id(lane.stack) for lane in self._lanes.values()}
        for key in [key for key, stack in self._stacks.items() if id(stack) not in taken]:
            self._close(key)

    def _close(self, key: Hashable) -> None:
        try:
            self._stacks.pop(key).close()
        except (Exception, SystemExit) as error:
            log.warning("letting go of a stack raised %r", error)
