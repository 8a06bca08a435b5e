"""What runs inside a Ray actor: one of our trainables behind Ray Tune's `Trainable`, trial after trial."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import ray
from ray import cloudpickle, tune

from search.errors import StorageError
from search.paths import RunPaths, write_atomic
from search.pictures import Drawings
from search.problem import Goal, Objective, Problem
from search.resources import Resources
from search.runners.endings import close_host, failure_of, traceback_of
from search.runners.ray_tune.logs import LoggedTrial
from search.runners.ray_tune.memory import MemoryLimit, release
from search.runners.ray_tune.sending import sendable
from search.runners.ray_tune.shared_data import SharedStore
from search.storage import Home, Outpost, bring_files, open_store, resume_point
from search.trial import Trial
from spaces import nest
from trainables.checkpoint import newest_valid, prune, write_checkpoint
from trainables.data import use_store
from trainables.errors import CheckpointError
from trainables.host import Host
from trainables.metrics import clean_metrics
from trainables.plug import Plug, resolve
from trainables.repeats import Repetition, repeated

__all__ = [
    "Assignment",
    "Report",
    "Shipment",
    "hand_over",
    "hosted",
    "resume_point",
    "whereabouts",
]

log = logging.getLogger(__name__)

KEY = "tuneyard"  # the one key of a Tune config and of a Tune result that is ours


@dataclass(frozen=True)
class Shipment:
    """What every worker needs to know of a sweep; goes to each actor once.

    `plug`: the pickled Plug (by value) where its module may not be importable on the worker, else None. `data`: name of
    the actor that keeps the run's data sets, see `shared_data`; None where each process keeps its own. `repetition`: how
    it is repeated as steps (`trainables.repeats`); None where it is not. `outpost`: of a run that belongs to a
    store; each node has a run directory of its own then, and `root` is the driver's.
    """

    ref: str
    base: str
    plug: bytes | None
    root: str
    objective: str
    checkpoint_every: int
    data: str | None = None
    repetition: Repetition | None = None
    outpost: Outpost | None = None

    @classmethod
    def pack(
        cls,
        plug: Plug,
        *,
        base: Path,
        root: Path,
        objective: str,
        every: int,
        remote: bool,
        data: str | None = None,
        outpost: Outpost | None = None,
    ) -> Shipment:
        """`remote`: workers may be on machines that do not have the file in which the trainable is defined.

        Raises RunnerError: the trainable has to be sent as it is, and holds what no other process can have (a lock).
        """
        repetition = None
        if plug.inner is not None:
            plug, repetition = plug.inner, plug.target.repetition
        value = sendable(plug, remote=remote)
        return cls(plug.ref, str(base), value, str(root), objective, every, data, repetition, outpost)

    @property
    def paths(self) -> RunPaths:
        """The run directory on the machine that asks."""
        return RunPaths(Path(self.root)) if self.outpost is None else self.outpost.home.paths

    def unpack(self) -> Plug:
        plug = self._unpacked()
        return plug if self.repetition is None else repeated(plug, self.repetition)

    def _unpacked(self) -> Plug:
        if self.plug is not None:
            if self.base not in sys.path:
                sys.path.insert(0, self.base)
            plug: Plug = cloudpickle.loads(self.plug)
            return plug
        return resolve(self.ref, Path(self.base))


@dataclass(frozen=True)
class Assignment:
    """One trial, as it goes to a worker in the config of a Tune trial.

    `reported`: steps that the journal holds; the trial goes on from the newest checkpoint not beyond them. The others are
    for its drawings (`search.pictures`): `goal` of the objective, `max_steps`, its `best` score, the `bar` to beat; and
    what it may use: the `device`, and bytes of `memory` (None = as much as there is). `moves`: another process had it
    until now, and what that wrote may still be on its way into the run's store. `inherited`: steps that its parent did for
    it, which it cannot do itself.
    """

    number: int
    attempt: int
    seed: int
    reported: int
    config: dict[str, Any]
    goal: Goal = "minimize"
    max_steps: int = 1
    best: float | None = None
    bar: float | None = None
    device: str = "cpu"
    memory: int | None = None
    moves: bool = False
    inherited: int = 0

    @classmethod
    def of(cls, trial: Trial, problem: Problem, bar: float | None, resources: Resources) -> Assignment:
        """The next attempt at `trial`."""
        best = trial.best.score if trial.best is not None else None
        return cls(
            trial.number,
            len(trial.attempts) + 1,
            trial.seed,
            trial.steps,
            nest(dict(trial.config)),
            problem.objective.goal,
            problem.max_steps,
            best,
            bar,
            "cuda" if resources.gpu > 0 else "cpu",
            resources.memory,
            inherited=trial.from_step,
        )

    def under_way(self, every: int) -> int:
        """How many steps behind `reported` the newest checkpoint may be, where it may still be on its way into the store; 0:
        none is. `every`: steps between two checkpoints; a copy has its parent's at the least.
        """
        return min(every, self.reported - self.inherited + 1) if self.moves else 0

    def to_config(self) -> dict[str, Any]:
        return {KEY: json.dumps(asdict(self))}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Assignment:
        return cls(**json.loads(config[KEY]))


@dataclass(frozen=True)
class Report:
    """What a worker says after one step.

    `problem`: why the metrics cannot be used. `failure`: what the trainable raised (a `search.trial.Failure`); it then
    goes on from step `resumes_from` if the driver lets it. `finished`: it ended by itself; there are no metrics.
    `ready`: there are none yet; a trial that had reported steps goes on from step `resumes_from`, as found in its store.
    """

    step: int
    metrics: dict[str, float]
    problem: str | None = None
    failure: dict[str, str] | None = None
    resumes_from: int = 0
    finished: bool = False
    ready: bool = False

    def to_result(self) -> dict[str, Any]:
        """A Tune result: ours under one key, and the metrics for Ray's own tools under names that are free.

        Ray's schedulers go by `training_iteration`; its own count would go on over a failure and the steps run again.
        """
        free = {name: value for name, value in self.metrics.items() if name not in _RESERVED}
        return {**free, tune.result.TRAINING_ITERATION: self.step, KEY: json.dumps(asdict(self))}

    @classmethod
    def from_result(cls, result: dict[str, Any]) -> Report:
        return cls(**json.loads(result[KEY]))


_RESERVED = {
    *tune.result.AUTO_RESULT_KEYS,
    *tune.result.DEFAULT_RESULT_KEYS,
    *tune.result.DEBUG_METRICS,
    *(
        "done",
        "config",
        "should_checkpoint",
        "hostname",
        "timestamp",
        "date",
        "trial_id",
        KEY,
        "__duplicate__",
    ),
    *("timesteps_this_iter", "episodes_this_iter", "timesteps_total", "episodes_total", "experiment_tag"),
}


class HostedTrial(LoggedTrial):
    """Runs the trials that its actor is given, one after the other.

    It never raises for what a trainable does: it reports. Everything slow or fallible (imports, data, a checkpoint)
    happens in `step`, where the driver's time limit and failure handling see it.
    """

    shipment: Shipment

    def setup(self, config: dict[str, Any]) -> None:
        self._host: Host | None = None
        self._paused: Path | None = None
        self._memory = MemoryLimit()
        if self.shipment.data is not None:
            if self.shipment.base not in sys.path:  # a module of the user's may give the data
                sys.path.append(self.shipment.base)
            use_store(SharedStore(self.shipment.data))
        self._begin(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._begin(new_config)
        return True

    def step(self) -> dict[str, Any]:
        try:
            report = self._advance()
        except (Exception, SystemExit) as error:
            report = self._failed(error)
        self.flush_logs()
        return report.to_result()

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """For a scheduler of Ray's that pauses a trial; every other checkpoint is written in `_advance`."""
        host = self._host
        assert host is not None
        save = (
            host.save if host.plug.can_checkpoint else _nothing
        )  # the step is enough to run its steps again
        write_checkpoint(Path(checkpoint_dir), save, host.step)

    def load_checkpoint(self, checkpoint_dir: str) -> None:
        found = newest_valid(Path(checkpoint_dir))
        if found is None:
            raise CheckpointError(f"{checkpoint_dir}: no sound checkpoint of a paused trial in it")
        self._paused = found[0]
        self._reported = found[1]

    def cleanup(self) -> None:
        self._finish()

    def hand_over(self) -> None:
        """Between two steps: save what was done since the last checkpoint, for the process that goes on with the trial."""
        host = self._host
        if host is not None and host.step % self.shipment.checkpoint_every != 0:
            self._save(host, host.step)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _open_logfiles(self, stdout_file: str | None, stderr_file: str | None) -> None:
        """Of Tune's: before `setup` and `reset_config`. With a store they are this node's, and go on where another's ended."""
        if self.shipment.outpost is not None:
            task, paths = Assignment.from_config(self.config), self.shipment.outpost.directory()
            paths.trial(task.number).mkdir(parents=True, exist_ok=True)
            stdout_file, stderr_file = str(paths.stdout(task.number)), str(paths.stderr(task.number))
            if task.attempt > 1:
                self._bring_logs(self.shipment.outpost.home, paths, task.number)
        super()._open_logfiles(stdout_file, stderr_file)

    def _bring_logs(self, home: Home, paths: RunPaths, number: int) -> None:
        try:
            bring_files(open_store(home.url), home, paths, [f"{paths.relative(paths.trial(number))}/*.log"])
        except StorageError as error:
            log.warning("what the trial printed elsewhere is not known here: %s", error)

    def _begin(self, config: dict[str, Any]) -> None:
        self._finish()
        self._begun = time.monotonic()
        self._task = Assignment.from_config(config)
        self._memory.set(self._task.memory)
        self._paths = self.shipment.paths
        self._attempt = self._task.attempt
        self._reported = self._task.reported
        self._started = False
        self._to_tell = self.shipment.outpost is not None and self._task.reported > 0
        self._paused = None
        self._drawings: Drawings | None = None

    def _finish(self) -> None:
        """Close the trial before; what its `close` raises must not reach the next one."""
        if self._host is not None:
            close_host(self._host, self._task.number)
            self._drawings = None
            release(time.monotonic() - self._begun)

    def _advance(self) -> Report:
        if not self._started:
            tell, self._to_tell = self._to_tell, False
            self._start()
            if tell and self._host is not None:
                return Report(self._host.step, {}, resumes_from=self._host.step, ready=True)
        assert self._host is not None
        raw = self._host.advance()
        if raw is None:
            if self._drawings is not None:
                self._drawings.at_end(self._host)
            return Report(self._host.step, {}, finished=True)
        metrics, problem = clean_metrics(raw, self.shipment.objective)
        step = self._host.step
        if problem is None and self._host.plug.can_checkpoint and step % self.shipment.checkpoint_every == 0:
            self._save(self._host, step)
        if self._drawings is not None and problem is None:
            score = Objective(self.shipment.objective, self._task.goal).score(
                metrics[self.shipment.objective]
            )
            self._drawings.after_step(self._host, score)
        self._reported = max(self._reported, step)
        return Report(step, metrics, problem)

    def _save(self, host: Host, step: int) -> None:
        """A checkpoint of the step just done. A disk that does not take it is no fault of the trial's."""
        folder = self._paths.checkpoints(self._task.number)
        try:
            write_checkpoint(folder, host.save, step)
            prune(folder)
        except OSError as error:
            log.warning("no checkpoint after step %d (%s); the trial goes on", step, error)

    def _start(self) -> None:
        """Begin, or go on from the newest sound checkpoint that holds no step which was not reported."""
        if self._host is None:
            self._host = Host(self.shipment.unpack())
        # What cannot be saved runs, and reports, its steps again, so that each has the time limit for itself.
        checkpoint, step = None, 0
        if self._host.plug.can_checkpoint:
            found = (self._paused, self._reported) if self._paused else self._resume_point()
            checkpoint, step = found or (None, 0)
        self._paused = None
        task = self._task
        if step < task.inherited:  # it would be another model, under the copy's name
            raise CheckpointError(
                f"the checkpoint of step {task.inherited} that it has from its parent is not here, nor a later one of its own"
            )
        self._host.start(
            task.config,
            seed=task.seed,
            device=task.device,
            checkpoint=checkpoint,
            from_step=step,
            scratch=self._paths.scratch(task.number),
        )
        if self._drawings is None and self._host.plug.can_draw:
            folder = self._paths.pictures(task.number)
            self._drawings = Drawings(folder, task.max_steps, best=task.best, bar=task.bar)
        self._started = True

    def _resume_point(self) -> tuple[Path, int] | None:
        number, outpost = self._task.number, self.shipment.outpost
        if outpost is None:
            return resume_point(self._paths, number, self._reported)
        every = self._task.under_way(self.shipment.checkpoint_every)
        return resume_point(self._paths, number, self._reported, home=outpost.home, every=every)

    def _failed(self, error: BaseException) -> Report:
        """Keep the traceback, say what happened, and stand ready to go on from the last checkpoint."""
        failure, trace = failure_of(error), traceback_of(error)
        path = self._paths.failure(self._task.number, self._attempt)
        try:
            write_atomic(path, trace)
            failure = replace(failure, log=self._paths.relative(path))
        except OSError as unwritten:
            log.warning("the traceback could not be written (%s):\n%s", unwritten, trace)
        self._attempt += 1
        self._started = False
        step = self._host.step if self._host is not None else 0
        self._finish()
        point = self._resume_point()
        return Report(step, {}, failure=failure.to_json(), resumes_from=point[1] if point else 0)


def _nothing(_: Path) -> None:
    """Save nothing."""


def hosted(shipment: Shipment) -> type[HostedTrial]:
    """The class that Tune makes actors of, with the sweep's shipment inside."""
    return type("HostedTrial", (HostedTrial,), {"shipment": shipment, "__module__": "__main__"})


def whereabouts(actor: Any) -> tuple[str, int]:
    """(node, pid) of an actor: the node as host name and the first 8 characters of Ray's node id; ("unknown", 0) of a dead one."""
    try:
        node, pid = ray.get(actor.__ray_call__.remote(_whereabouts), timeout=30)
    except ray.exceptions.RayError:  # it died this instant, or is too busy to say: Tune tells its trial's end
        return "unknown", 0
    return node, pid


def hand_over(actor: Any) -> None:
    """Have an actor save its trial, whose step is over. One that dies of it has lost what it would have lost anyway."""
    with contextlib.suppress(ray.exceptions.RayError):
        ray.get(actor.__ray_call__.remote(HostedTrial.hand_over), timeout=30)


def _whereabouts(_: Any) -> tuple[str, int]:
    return f"{socket.gethostname()}/{ray.get_runtime_context().get_node_id()[:8]}", os.getpid()
