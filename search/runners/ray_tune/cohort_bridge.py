"""Between Ray Tune and a sweep in lanes: each trial of Tune's is a cohort, and its results are steps of many trials.

The adapters drive it as they drive a `Bridge`. The sweep is asked here, between a cohort's result and its next step, which
Tune asks for after the answer has been sent; so trials of all cohorts are compared with one another, as without lanes.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

import ray
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.search import Searcher

from search.errors import RunnerError
from search.runners.base import Clock, Lanes, Work
from search.runners.cohort.drawing import to_draw
from search.runners.cohort.engine import NeuralEngine
from search.runners.cohort.messages import Orders
from search.runners.cohort.roster import Roster
from search.runners.cohort.waiting import Waiting
from search.runners.endings import close_or_retry
from search.runners.ray_tune.bridge import BUSY, GRACE, MOVES
from search.runners.ray_tune.capacity import Capacity
from search.runners.ray_tune.cluster import node_is_lost
from search.runners.ray_tune.cohort_host import read_reports, save_lanes, send
from search.runners.ray_tune.crashes import error_text, telling_line
from search.runners.ray_tune.hosted import KEY, whereabouts
from search.runners.ray_tune.node_mirrors import NodeMirrors
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome

__all__ = ["CohortBridge"]

log = logging.getLogger(__name__)

_UNSTARTED = 5  # times in a row that a worker does not come up, which no trial has to do with


class CohortBridge:
    """Knows which trials are in which cohort, and what Tune may not know.

    A process that dies takes all its lanes along, and nobody knows whose fault it was. The trials then go on from their
    checkpoints in two cohorts of half as many; so after a few deaths the one that kills its process is by itself, and
    fails or is retried as without lanes. A lost node is nobody's fault, unless it is the fourth that some of them lose.
    """

    def __init__(
        self, sweep: PassiveSweep, work: Work, clock: Clock, capacity: Capacity, mirrors: NodeMirrors
    ) -> None:
        self.sweep, self.work, self.clock, self.capacity, self.mirrors = sweep, work, clock, capacity, mirrors
        self.error: BaseException | None = None
        self._lanes = work.lanes or Lanes()
        room = self._lanes.queue - self._lanes.width
        self._waiting = Waiting(sweep, work.plug, NeuralEngine(), room, self._is_stopping)
        # trials whose process died, to go on in cohorts of their own, and the failure of one that was by itself
        self._apart: deque[tuple[list[int], Failure | None]] = deque()
        self._numbers: dict[str, int] = {}
        self._rosters: dict[str, Roster] = {}
        self._nodes: dict[str, str] = {}
        self._heard: dict[TuneTrial, float] = {}
        self._watched = math.inf
        self._silent: set[str] = set()  # cohorts that were killed for taking too long
        self._unstarted = 0
        self._moves: Counter[int] = Counter()  # nodes that each trial has lost
        self._halted_at: float | None = None
        self._has_drawn = False

    # A snapshot of Tune's must not hold a sweep, nor a copy of it come alive.
    def __deepcopy__(self, memo: Any) -> CohortBridge:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (_no_bridge, ())

    def guard(self, call: Callable[[], Any], otherwise: Any = None) -> Any:
        """`call()`; what it raises is kept for the runner, and ends the sweep."""
        if self.error is not None:
            return otherwise
        try:
            return call()
        except Exception as error:
            self.error = error
            return otherwise

    def propose(self, tune_id: str) -> dict[str, Any] | str | None:
        """The config of the next cohort; None = not now; or Searcher.FINISHED."""
        now = self.clock.now()
        if self._is_stopping():
            return str(Searcher.FINISHED)
        left = len(self._waiting) + len(self._apart) > 0 or not self.sweep.idle(now)
        if not left and not self.sweep.may_take_up(now):
            return str(Searcher.FINISHED)
        if not left or not self.capacity.admits():
            return None
        self._numbers[tune_id] = len(self._numbers) + 1
        self.capacity.enter(tune_id, self.work.resources)
        return {KEY: str(self._numbers[tune_id])}

    def left(self, tune_id: str) -> None:
        """Tune is done with a cohort."""
        self.capacity.leave(tune_id)

    def number(self, tune_trial: TuneTrial) -> int:
        """Which cohort it is, from 1."""
        return self._numbers[tune_trial.trial_id]

    def folder(self, tune_trial: TuneTrial) -> str:
        """Name of its folder in Tune's own directory."""
        return f"cohort-{self.number(tune_trial):03d}"

    def added(self, tune_trial: TuneTrial) -> bool:
        """Tune has put a cohort into its queue: a new one, or one whose process died. Whether it is to be run."""
        return not self._is_stopping()

    def started(self, tune_trial: TuneTrial) -> None:
        """An actor has taken a cohort on: its first trials are sent."""
        actor = tune_trial.temporary_state.ray_actor
        node, pid = whereabouts(actor)
        self._unstarted = 0
        self._nodes[tune_trial.trial_id] = node.rpartition("/")[2] if "/" in node else ""
        self.mirrors.reach(self._nodes[tune_trial.trial_id])
        self._heard[tune_trial] = time.monotonic()
        roster = Roster(
            self.sweep,
            self.work,
            self.clock,
            self._waiting,
            width=self._lanes.width,
            node=node,
            pid=pid,
        )
        self._rosters[tune_trial.trial_id] = roster
        members, after = self._apart.popleft() if self._apart else (None, None)
        send(actor, roster.open(members, after))

    def reported(self, tune_trial: TuneTrial, result: dict[str, Any]) -> bool:
        """A step of a cohort came in; True: it is over."""
        self._heard[tune_trial] = time.monotonic()
        roster, actor = self._rosters[tune_trial.trial_id], tune_trial.temporary_state.ray_actor
        orders = roster.take(read_reports(result))
        if orders.leave or orders.enter:
            send(actor, orders)
        if self.work.stop:
            if not self.work.stop.urgent:
                save_lanes(actor)
            return True
        if self.capacity.leaves(self._nodes[tune_trial.trial_id]):
            save_lanes(actor)
            self._return(roster.abandon())
            return True
        return not roster.busy and not self._has_to_draw(actor)

    def told_to_stop(self, tune_trial: TuneTrial) -> None:
        """No scheduler of Ray's goes with lanes."""

    def ended(self, tune_trial: TuneTrial, result: dict[str, Any] | None) -> None:
        """Tune has stopped a cohort; what it may have in its lanes stays open."""
        self._heard.pop(tune_trial, None)
        if (roster := self._rosters.pop(tune_trial.trial_id, None)) is not None:
            roster.abandon()

    def crashed(self, tune_trial: TuneTrial) -> None:
        """A cohort's process is gone, or never came up. Tune queues it again: see `added`."""
        self._heard.pop(tune_trial, None)
        roster = self._rosters.pop(tune_trial.trial_id, None)
        text = error_text(tune_trial)
        if roster is None:
            self._unstarted += 1
            if self._unstarted >= _UNSTARTED:
                raise RunnerError(f"no worker for a cohort comes up: {telling_line(text)}")
            return
        members = roster.abandon()
        slow = tune_trial.trial_id in self._silent
        self._silent.discard(tune_trial.trial_id)
        if self.work.stop or not members:
            return
        node = self._nodes.get(tune_trial.trial_id, "")
        lost = "node has died" in text or node_is_lost(ray, node)
        self._moves.update(members if lost else ())
        if lost and all(self._moves[number] <= MOVES for number in members):
            self._return(members)
        elif len(members) == 1:
            self._fail(members[0], text, slow)
        else:
            half = len(members) // 2
            self._apart += [(members[:half], None), (members[half:], None)]
            log.warning(
                "the process of %d trials in lanes died (%s); they go on from their checkpoints in two of half as many",
                len(members),
                "a step took too long" if slow else telling_line(text),
            )

    def watch(self) -> None:
        """Kill what has been silent for too long: the limit of a step, as often as there are lanes."""
        limit = self.sweep.problem.failure.step_timeout
        if limit is None:
            return
        now = time.monotonic()
        if (busy := now - self._watched) > BUSY:  # their results may be waiting for us
            self._heard = {trial: min(now, heard + busy) for trial, heard in self._heard.items()}
        self._watched = now
        for tune_trial, heard in self._heard.items():
            actor, roster = tune_trial.temporary_state.ray_actor, self._rosters.get(tune_trial.trial_id)
            lanes = 1 if roster is None else max(1, len(roster.lanes))
            if actor is not None and now - heard > limit * (lanes + 1):
                self._silent.add(tune_trial.trial_id)
                self._heard[tune_trial] = now
                ray.kill(actor)

    def stop_now(self) -> bool:
        """Whether Tune is to stop everything, without waiting for the steps under way."""
        if self.error is not None or self.work.stop.urgent:
            return True
        if not self._is_stopping():
            return False
        if self._halted_at is None:
            self._halted_at = time.monotonic()
        return time.monotonic() - self._halted_at > GRACE

    def settle(self) -> str:
        """After Tune has returned: close what it left open, unless the sweep is to go on later. Why it ended."""
        now = self.clock.now()
        halt = self.sweep.halted(now)
        if self.work.stop:
            return self.work.stop.reason
        for trial in self.sweep.history.running if halt is not None else []:
            self.sweep.close(trial.number, Outcome.STOPPED, now, halt or "")
        return self.sweep.spent(now) or "Ray Tune ended the sweep"

    # -- inside ---------------------------------------------------------------------------------------------------

    def _has_to_draw(self, actor: Any) -> bool:
        """Have the last cohort of a sweep that is over draw the best trials, before its next step; once."""
        over = self._is_stopping() or (
            not (self._waiting or self._apart) and self.sweep.idle(self.clock.now())
        )
        if self._has_drawn or not over or any(roster.busy for roster in self._rosters.values()):
            return False
        self._has_drawn, wanted = True, to_draw(self.sweep, self.work)
        if wanted:
            send(actor, Orders(draw=wanted))
        return bool(wanted)

    def _is_stopping(self) -> bool:
        return bool(self.work.stop) or self.sweep.halted(self.clock.now()) is not None

    def _return(self, members: Iterable[int]) -> None:
        """Trials that have lost their lane wait for another."""
        for number in members:
            self._waiting.add(self.sweep.history.trials[number])

    def _fail(self, number: int, text: str, slow: bool) -> None:
        """The only trial of a process that died."""
        trial, limit = self.sweep.history.trials[number], self.sweep.problem.failure.step_timeout
        step = trial.steps + 1
        if slow:
            failure = Failure("timeout", f"step {step} took longer than {limit:g} s")
        elif "OutOfMemory" in text or "memory monitor" in text:
            failure = Failure("out of memory", "killed when the node ran out of memory")
        else:
            failure = Failure("exited", f"its process died in step {step}")
        if close_or_retry(self.sweep, number, failure, self.clock.now()):
            self._apart.append(([number], failure))


def _no_bridge() -> None:
    return None
