"""Between Ray Tune and a sweep: the bridge knows which trial of ours each Tune trial is, and drives the passive sweep
with what Tune says to the adapters. What goes wrong in here ends the sweep cleanly and is raised after Tune has let go.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.search import Searcher

from search.paths import write_atomic
from search.pictures import bar
from search.runners.base import Clock, Work
from search.runners.endings import close_as_decided, close_finished, close_or_retry
from search.runners.lineage import has_inherited
from search.runners.ray_tune.capacity import Capacity
from search.runners.ray_tune.cluster import node_is_lost
from search.runners.ray_tune.crashes import error_text, failure_of_process
from search.runners.ray_tune.hosted import KEY, Assignment, Report, hand_over, resume_point, whereabouts
from search.runners.ray_tune.memory import taken_account
from search.runners.ray_tune.node_mirrors import NodeMirrors
from search.sweep import PassiveSweep
from search.trial import OF_THE_NODE, Failure, Outcome, Trial
from spaces import nest
from trainables.metrics import clean_metrics

__all__ = ["Bridge"]

log = logging.getLogger(__name__)

BUSY = 1.0  # seconds between two looks at the trials, beyond which it was the driver that was silent: a slow proposal
_OF_THE_PROCESS = ("exited", "not started", *OF_THE_NODE)  # kinds of failure that need not be the trial's own
GRACE = 8.0  # seconds that running trials have to finish their step after a stop was asked for
MOVES = 3  # nodes that one trial may lose at no cost: a trial that takes its nodes down with it has to end

_RAYS_OWN = {*tune.result.AUTO_RESULT_KEYS, *tune.result.DEFAULT_RESULT_KEYS, *tune.result.DEBUG_METRICS}
_RAYS_OWN |= {"done", "should_checkpoint", "checkpoint_dir_name", "timestamp", "date", "hostname", "trial_id"}
_RAYS_OWN -= {tune.result.MEAN_ACCURACY, tune.result.MEAN_LOSS}  # columns of Ray's, metrics of the user's


class Bridge:
    """Knows which trial is which, and what Tune may not know: retries, time limits, the request to stop."""

    def __init__(
        self,
        sweep: PassiveSweep,
        work: Work,
        clock: Clock,
        capacity: Capacity,
        mirrors: NodeMirrors | None = None,
    ) -> None:
        self.sweep, self.work, self.clock, self.capacity = sweep, work, clock, capacity
        self.mirrors = NodeMirrors(None) if mirrors is None else mirrors
        self.error: BaseException | None = None
        self._waiting = list(sweep.history.running)  # of a sweep that is resumed
        self._number: dict[str, int] = {}
        self._nodes: dict[Any, tuple[str, int]] = {}
        self._heard: dict[TuneTrial, float] = {}  # when a running trial last did something
        self._watched = math.inf  # when that was last looked at
        self._unready: dict[
            int, tuple[str, int]
        ] = {}  # where trials are about to go on; told by their workers
        self._killed: set[str] = set()
        self._moving: set[str] = set()  # sent away from a node that is being taken away
        self._landmark = _landmark(work)
        self._away = False  # the storage, when it was last looked at
        self._stopping: set[str] = set()  # told to stop; Tune then marks their last result as done
        self._paused: set[str] = (
            set()
        )  # trials of Tune's that ended when ours was paused: it goes on as another
        self._after: dict[int, Failure] = {}  # crashes that Tune is about to retry
        self._unstarted: Counter[int] = Counter()  # crashes of a trial since it was last started
        self._halted_at: float | None = None

    # A snapshot of Tune's must not hold a sweep, nor a copy of it come alive.
    def __deepcopy__(self, memo: Any) -> Bridge:
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
        """The config of the next Tune trial; None = not now; or Searcher.FINISHED."""
        now = self.clock.now()
        if self.work.stop or self.sweep.halted(now) is not None:
            return str(Searcher.FINISHED)
        if not self.capacity.admits() or self._storage_is_away():
            return None
        if self._waiting:
            trial = self._waiting.pop(0)
        else:
            trials = self.sweep.ask(1, now)
            if not trials:
                return None if self.sweep.may_take_up(now) else str(Searcher.FINISHED)
            trial = trials[0]
        if trial.parent is not None and not has_inherited(self.sweep, self.work, trial, now):
            return None
        self._number[tune_id] = trial.number
        self.capacity.enter(tune_id, self.work.resources.of(trial.config))
        if self.work.plug.native:
            return nest(dict(trial.config))
        return self._assign(trial, moves=bool(trial.pauses) or trial.parent is not None)

    def left(self, tune_id: str) -> None:
        """Tune is done with a trial, however it ended."""
        self.capacity.leave(tune_id)

    def number(self, tune_trial: TuneTrial) -> int:
        """Number of the trial of ours that a trial of Tune's is."""
        return self._number[tune_trial.trial_id]

    def folder(self, tune_trial: TuneTrial) -> str:
        """Name of the trial's folder in Tune's own directory: the same as everywhere else, the first time."""
        trial = self._trial(tune_trial)
        return f"{trial.id}-{len(trial.pauses) + 1}" if trial.pauses else trial.id

    def added(self, tune_trial: TuneTrial) -> bool:
        """Tune has put a trial into its queue: a new one, or one that crashed. Whether it is to be run."""
        trial = self._trial(tune_trial)
        if tune_trial.trial_id in self._paused:
            return False
        if not trial.open or self.work.stop or self.sweep.halted(self.clock.now()) is not None:
            return False
        assert self.work.paths is not None
        try:
            self.work.paths.trial(trial.number).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.warning("%s: what it prints will not be kept (%s)", trial.id, error)
            return True
        tune_trial.log_to_file = (
            str(self.work.paths.stdout(trial.number)),
            str(self.work.paths.stderr(trial.number)),
        )
        return True

    def started(self, tune_trial: TuneTrial) -> None:
        """An actor has taken the trial on, for the first time or again."""
        trial = self._trial(tune_trial)
        actor = tune_trial.temporary_state.ray_actor
        node, pid = self._where(actor)
        if self.capacity.leaves(_node_id(node)):  # an actor of before that Tune had kept, or one on its way
            self._move(tune_trial)
            return
        self.mirrors.reach(_node_id(node))
        self._heard[tune_trial] = time.monotonic()
        if self.work.home is not None and trial.steps and not self.work.plug.native:
            self._unready[trial.number] = (
                node,
                pid,
            )  # its worker looks into the store, and tells from where it goes on
        else:
            self._begin(trial, node, pid, self._from_step(trial))

    def reported(self, tune_trial: TuneTrial, result: Mapping[str, Any]) -> bool:
        """A result came in; True: stop the trial."""
        self._heard[tune_trial] = time.monotonic()
        trial = self._trial(tune_trial)
        if not trial.open or tune_trial.trial_id in self._paused:
            return True
        stop = (
            self._host_report(tune_trial, trial, result)
            if KEY in result
            else self._native_report(trial, result)
        )
        if stop or self.work.stop:
            self.told_to_stop(tune_trial)
            return True
        if self.work.plug.can_checkpoint and self.capacity.leaves(_node_id(trial.attempts[-1].node)):
            hand_over(tune_trial.temporary_state.ray_actor)
            self._move(tune_trial)
        return False

    def told_to_stop(self, tune_trial: TuneTrial) -> None:
        """Tune was told to stop this trial, by us or by a scheduler of its own."""
        self._stopping.add(tune_trial.trial_id)

    def ended(self, tune_trial: TuneTrial, result: Mapping[str, Any] | None) -> None:
        """Tune has stopped the trial: it is complete, or its last result said so."""
        self._heard.pop(tune_trial, None)
        trial = self._trial(tune_trial)
        if not trial.open or tune_trial.trial_id in self._paused:
            return
        native = self.work.plug.native
        if native and result and result.get("training_iteration", 0) > trial.steps:
            self._native_report(trial, result)
        decision = self.sweep.standing(trial.number)
        if decision.outcome is not None:
            close_as_decided(self.sweep, trial.number, decision, self.clock.now())
        elif self.work.stop:
            return  # it stays open, for the resume
        elif native and result and result.get("done") and tune_trial.trial_id not in self._stopping:
            close_finished(self.sweep, trial.number, self.clock.now())
        else:
            reason = self.sweep.halted(self.clock.now()) or "stopped by Ray's scheduler"
            self.sweep.close(trial.number, Outcome.STOPPED, self.clock.now(), reason)

    def crashed(self, tune_trial: TuneTrial) -> None:
        """The trial's process is gone, or its actor never came up. Tune queues it again, whatever we say: see `added`."""
        silent = self._heard.pop(tune_trial, None) is None
        trial = self._trial(tune_trial)
        if not trial.open or tune_trial.trial_id in self._paused:
            return
        if tune_trial.trial_id in self._moving:
            self._moving.discard(tune_trial.trial_id)
            failure = Failure("preempted", "its node is being taken away")
        else:
            failure = self._failure_of(tune_trial, trial, silent)
        self._unready.pop(trial.number, None)
        if self.work.stop and failure.kind in _OF_THE_PROCESS:
            return  # a signal to the whole process group takes the workers along: the trial stays open, for the resume
        if not self._may_go_on(trial, failure):
            self.sweep.close(trial.number, Outcome.FAILED, self.clock.now(), failure.message, failure)
            return
        if failure.kind != "preempted":
            self._after[trial.number] = failure
            self._unstarted[trial.number] += 1
        elif not silent:  # it ran there
            self._after[trial.number] = failure
        if not self.work.plug.native:
            tune_trial.set_config(self._assign(trial, moves=True))

    def watch(self) -> None:
        """Kill what has been silent for too long."""
        limit = self.sweep.problem.failure.step_timeout
        if limit is None:
            return
        now = time.monotonic()
        if (busy := now - self._watched) > BUSY:  # their results may be waiting for us
            self._heard = {trial: min(now, heard + busy) for trial, heard in self._heard.items()}
        self._watched = now
        for tune_trial, heard in self._heard.items():
            actor = tune_trial.temporary_state.ray_actor
            if actor is not None and now - heard > limit:
                self._killed.add(tune_trial.trial_id)
                self._heard[tune_trial] = now
                ray.kill(actor)

    def stop_now(self) -> bool:
        """Whether Tune is to stop everything, without waiting for the steps under way."""
        if self.error is not None or self.work.stop.urgent:
            return True
        if not self.work.stop and self.sweep.halted(self.clock.now()) is None:
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

    def _trial(self, tune_trial: TuneTrial) -> Trial:
        return self.sweep.history.trials[self.number(tune_trial)]

    def _assign(self, trial: Trial, moves: bool = False) -> dict[str, Any]:
        to_beat = bar(self.sweep.history) if self.work.plug.can_draw else None
        resources = self.work.resources.of(trial.config)
        assigned = Assignment.of(trial, self.sweep.problem, to_beat, resources)
        return replace(assigned, moves=moves).to_config()

    def _begin(self, trial: Trial, node: str, pid: int, step: int) -> None:
        """Journal the beginning of an attempt."""
        self._unready.pop(trial.number, None)
        after = self._after.pop(trial.number, None)
        self._unstarted.pop(trial.number, None)
        self.sweep.start(trial.number, self.clock.now(), node=node, pid=pid, from_step=step, after=after)

    def _where(self, actor: Any) -> tuple[str, int]:
        if actor not in self._nodes:
            self._nodes[actor] = whereabouts(actor)
        return self._nodes[actor]

    def _node_stands(self, trial: Trial) -> bool:
        """Whether the node that a trial was last started on is still there."""
        node = self._unready[trial.number][0] if trial.number in self._unready else trial.attempts[-1].node
        return not node_is_lost(ray, _node_id(node))

    def _move(self, tune_trial: TuneTrial) -> None:
        """End the trial's process between two steps: Tune starts it elsewhere, and it goes on from its checkpoint."""
        self._moving.add(tune_trial.trial_id)
        ray.kill(tune_trial.temporary_state.ray_actor)

    def _pause(self, tune_trial: TuneTrial, trial: Trial) -> None:
        """Have a trial saved whose worker is about to be freed."""
        self._paused.add(tune_trial.trial_id)
        if self.work.plug.can_checkpoint and trial.steps % self.work.checkpoint_every != 0:
            hand_over(tune_trial.temporary_state.ray_actor)

    def _storage_is_away(self) -> bool:
        """Whether a new trial would find nowhere to write; those that run go on without checkpoints until it is back."""
        away = self._landmark is not None and not self._landmark.exists()
        if away and not self._away:
            log.warning("%s cannot be reached: no new trial begins until it is back", self._landmark)
        self._away = away
        return away

    def _from_step(self, trial: Trial) -> int:
        """Steps that a trial need not run again, as its worker will find by the same rule."""
        if not self.work.plug.can_checkpoint or not trial.steps:
            return 0
        assert self.work.paths is not None
        point = resume_point(self.work.paths, trial.number, trial.steps)
        return point[1] if point else 0

    def _may_go_on(self, trial: Trial, failure: Failure) -> bool:
        """Whether a crash is followed by another attempt. A lost node is not held against the trial."""
        if failure.kind == "preempted":
            return True
        if failure.kind == "node lost":
            return sum(a.after is not None and a.after.kind == "node lost" for a in trial.attempts) < MOVES
        return self.sweep.retries_left(trial.number) > self._unstarted[trial.number]

    def _host_report(self, tune_trial: TuneTrial, trial: Trial, result: Mapping[str, Any]) -> bool:
        report = Report.from_result(dict(result))
        if trial.number in self._unready:
            self._begin(trial, *self._unready[trial.number], report.resumes_from)
        if report.ready:
            return False
        now = self.clock.now()
        if report.finished:
            close_finished(self.sweep, trial.number, now)
            return True
        if report.failure is None:
            decision = self.sweep.report(trial.number, report.step, report.metrics, now, report.problem)
            if decision.outcome is not None:
                close_as_decided(self.sweep, trial.number, decision, now)
            elif decision.pause:
                self._pause(tune_trial, trial)
            return decision.lets_go
        failure = Failure(**report.failure)
        if not close_or_retry(self.sweep, trial.number, failure, now):
            return True
        node, pid = self._where(tune_trial.temporary_state.ray_actor)
        self.sweep.start(trial.number, now, node=node, pid=pid, from_step=report.resumes_from, after=failure)
        return False

    def _native_report(self, trial: Trial, result: Mapping[str, Any]) -> bool:
        step = int(result.get("training_iteration", trial.steps + 1))
        if result.get("__duplicate__") or (result.get("done") and step <= trial.steps):
            return False
        objective = self.sweep.problem.objective.metric
        own = {
            name: value
            for name, value in result.items()
            if name == objective or (name not in _RAYS_OWN and not name.startswith("config/"))
        }
        metrics, problem = clean_metrics(own, objective)
        decision = self.sweep.report(trial.number, step, metrics, self.clock.now(), problem)
        return decision.outcome is not None

    def _failure_of(self, tune_trial: TuneTrial, trial: Trial, silent: bool) -> Failure:
        text = error_text(tune_trial)
        assert self.work.paths is not None
        path = self.work.paths.failure(trial.number, max(1, len(trial.attempts)))
        try:
            write_atomic(path, text)
        except OSError as error:
            log.warning("%s: its traceback could not be kept: %s", trial.id, error)
        where = self.work.paths.relative(path)
        if tune_trial.trial_id in self._killed:
            self._killed.discard(tune_trial.trial_id)
            limit = self.sweep.problem.failure.step_timeout
            return Failure("timeout", f"step {trial.steps + 1} took longer than {limit:g} s", where)
        last = trial.attempts[-1] if trial.attempts else None
        account = taken_account(_node_id(last.node), last.pid) if last is not None else None
        return failure_of_process(
            text, trial, account, silent=silent, node_stands=lambda: self._node_stands(trial), log=where
        )


def _node_id(node: str) -> str:
    """The beginning of Ray's id of a node, of the node as the journal names it; "" of one that is not known."""
    return node.rpartition("/")[2] if "/" in node else ""


def _landmark(work: Work) -> Path | None:
    """The file by which it is seen that the storage is there: the journal, unless the records of this sweep go elsewhere."""
    return work.paths.journal if work.paths is not None and work.paths.journal.exists() else None


def _no_bridge() -> None:
    return None
