"""Puts a Ray Tuner together for a passive sweep, and lets it run."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import Any

from search.errors import RunnerError, SettingsError
from search.runners.base import Clock, StopSignal, Work
from search.runners.data_card import card_wanted
from search.runners.ray_tune.autoscaling import nodes_asked_for
from search.runners.ray_tune.capacity import Capacity, Placement
from search.runners.ray_tune.cluster import cluster, ray_environment
from search.runners.ray_tune.head import head_watched
from search.runners.ray_tune.sending import by_value, sendable
from search.storage import Outpost, arrow_place
from search.sweep import PassiveSweep

__all__ = ["RAY_SCHEDULERS", "RayTuneRunner"]

# Ray's own schedulers that a sweep file may name (`early_terminate: {type: ray/median_stopping_rule}`). Their limits:
# they keep their state in memory, so after a crash they begin anew; what they knew does not stand in the journal, only
# that a trial was stopped; and they draw from global generators. Refused: population based training (pbt, pb2) changes
# configs under way, which the journal could not follow; synchronous hyperband and hb_bohb wait for a whole bracket of
# concurrent trials, which workers that are kept busy never become.
RAY_SCHEDULERS = ("async_hyperband", "median_stopping_rule")
_MOST = 100_000  # trials that Tune may hold at a time


class RayTuneRunner:
    """Runs trials on Ray.

    `address` None: a local cluster for the length of the run; else an existing one ("auto", HOST:PORT).
    `scheduler`: (name, options) of one of Ray's own schedulers, asked where the sweep's own says go on.
    """

    def __init__(
        self, address: str | None = None, scheduler: tuple[str, Mapping[str, Any]] | None = None
    ) -> None:
        if scheduler is not None and scheduler[0] not in RAY_SCHEDULERS:
            raise SettingsError(
                f"early_terminate.type: ray/{scheduler[0]} is not available; of Ray's own schedulers: "
                f"{', '.join('ray/' + name for name in RAY_SCHEDULERS)}"
            )
        self.address, self.scheduler = address, scheduler

    def run(self, sweep: PassiveSweep, work: Work) -> str:
        """See `search.runners.base.Runner`. Raises RunnerError: no cluster, no room for a trial, Ray gave up."""
        if work.paths is None:
            raise RunnerError("the Ray runner needs a run directory")
        done = sweep.spent(sweep.elapsed)
        if done is not None and sweep.over(sweep.elapsed):  # nothing to start Ray for
            sweep.end(done, sweep.elapsed)
            return done
        ray_environment()
        sendable(
            work.plug.inner or work.plug, remote=self.address is not None
        )  # refused before anything is started
        with (
            _ctrl_c_stops(work.stop),
            cluster(self.address, work.workers, work.resources) as ray,
            head_watched(ray, work.paths.name),
            nodes_asked_for(ray, work.resources, work.workers),
            _shared_data(sweep, work) as data,
        ):
            clock = Clock(sweep.elapsed)
            reason = self._tune(ray, sweep, work, clock, data)
        sweep.end(reason, clock.now())
        return reason

    def _tune(self, ray: Any, sweep: PassiveSweep, work: Work, clock: Clock, data: str | None) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from ray import tune

            from search.runners.ray_tune import adapters
            from search.runners.ray_tune.bridge import Bridge
            from search.runners.ray_tune.cohort_bridge import CohortBridge
            from search.runners.ray_tune.node_mirrors import NodeMirrors

        assert work.paths is not None
        for name in ("ray.tune", "ray.train"):  # what matters of it is said in a line of our own
            logging.getLogger(name).setLevel(logging.CRITICAL)
        outpost = None if work.home is None else Outpost.of(work.home, work.paths)
        mirrors = NodeMirrors(outpost)
        capacity = Capacity(ray, work.resources, work.workers)
        bridge = (Bridge if work.lanes is None else CohortBridge)(sweep, work, clock, capacity, mirrors)
        with _writable(work.paths.tune):
            tuner = tune.Tuner(
                tune.with_resources(
                    self._trainable(sweep, work, data, outpost),
                    Placement(work.resources, cohorts=work.lanes is not None),
                ),
                tune_config=tune.TuneConfig(
                    search_alg=adapters.BridgeSearcher(bridge),
                    scheduler=adapters.BridgeScheduler(bridge, self._native_scheduler(sweep)),
                    num_samples=-1,
                    max_concurrent_trials=work.workers or _MOST,  # the bridge knows how many there may be
                    reuse_actors=work.plug.kind != "ray_class",
                    trial_dirname_creator=adapters.FolderNames(bridge),
                ),
                run_config=tune.RunConfig(
                    name=self._generation(work),
                    **self._storage(work),
                    stop=adapters.BridgeStopper(bridge),
                    callbacks=[adapters.BridgeCallback(bridge), adapters.QuietProgress()],
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                    failure_config=tune.FailureConfig(max_failures=-1),  # the bridge says how often
                    verbose=0,
                    progress_reporter=adapters.NoReporter(),
                ),
            )
        try:
            with warnings.catch_warnings(), by_value(work.plug.inner or work.plug), _results_unread():
                warnings.simplefilter("ignore")  # Ray's own; a trainable's go to its log
                tuner.fit()
        except Exception as error:
            if bridge.error is None:
                raise RunnerError(f"Ray Tune gave up: {type(error).__name__}: {error}") from error
        finally:
            mirrors.finish()
        if bridge.error is not None:
            raise bridge.error
        return bridge.settle()

    def _storage(self, work: Work) -> dict[str, Any]:
        """Where Tune keeps what is its own. Only a trainable or a scheduler of Ray's makes workers read and write there."""
        assert work.paths is not None
        if work.home is None or (not work.plug.native and self.scheduler is None):
            return {"storage_path": str(work.paths.tune.resolve())}
        path, system = arrow_place(f"{work.home.prefix}/{work.paths.tune.name}")
        return {"storage_path": path, "storage_filesystem": system}

    def _trainable(self, sweep: PassiveSweep, work: Work, data: str | None, outpost: Outpost | None) -> Any:
        if work.plug.native:
            return work.plug.target
        from search.runners.ray_tune.hosted import Shipment, hosted

        assert work.paths is not None
        shipment = Shipment.pack(
            work.plug,
            base=work.base.resolve(),
            root=work.paths.root.resolve(),
            objective=sweep.problem.objective.metric,
            every=work.checkpoint_every,
            remote=self.address is not None,
            data=data,
            outpost=outpost,
        )
        if work.lanes is None:
            return hosted(shipment)
        from search.runners.cohort.runner import terms_of
        from search.runners.ray_tune.cohort_host import CohortShipment, hosted_cohort

        device, threads = "cuda" if work.resources.gpu > 0 else "cpu", max(1, int(work.resources.cpu))
        terms = terms_of(sweep, work, work.lanes, device, threads)
        return hosted_cohort(CohortShipment(shipment, terms, work.resources.memory))

    def _native_scheduler(self, sweep: PassiveSweep) -> Any:
        if self.scheduler is None:
            return None
        from ray.tune.schedulers import create_scheduler

        name, options = self.scheduler
        objective = sweep.problem.objective
        given = {"max_t": sweep.problem.max_steps, "time_attr": "training_iteration", **options}
        return create_scheduler(name, metric=objective.metric, mode=objective.goal[:3], **given)

    def _generation(self, work: Work) -> str:
        """A fresh directory of Tune's for every driver: what an earlier one left behind is never read."""
        assert work.paths is not None
        work.paths.tune.mkdir(parents=True, exist_ok=True)
        taken = [int(p.name[1:]) for p in work.paths.tune.glob("g[0-9]*") if p.name[1:].isdigit()]
        return f"g{max(taken, default=0) + 1:03d}"


@contextlib.contextmanager
def _shared_data(sweep: PassiveSweep, work: Work) -> Iterator[str | None]:
    """The name of the actor that keeps the data sets, for a trainable that reads them through `trainables.data`."""
    named = any(parameter.name == "data.source" for parameter in sweep.problem.space.parameters)
    if not named or work.paths is None or work.plug.native or not work.plug.declaration().reads_sections:
        yield None
        return
    from search.runners.ray_tune.shared_data import shared_data

    with shared_data(work.paths, work.base.resolve(), card_wanted(sweep, work)) as name:
        yield name


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
    """Tune writes into its own folder before anything begins. Raises RunnerError where the disk does not take that."""
    try:
        yield
    except OSError as error:
        raise RunnerError(
            f"{folder}: cannot write ({error}). Nothing recorded so far is lost. Free some space, then: "
            f"tuneyard resume {folder.parent}"
        ) from error


@contextlib.contextmanager
def _results_unread() -> Iterator[None]:
    """Keep Tune from reading all results back in as data frames once it is done: of a million that takes minutes, and
    gigabytes of the driver's memory. Nobody asks for them here, and the files stay as they are."""
    from ray.tune import ExperimentAnalysis

    read = ExperimentAnalysis._fetch_trial_dataframes
    ExperimentAnalysis._fetch_trial_dataframes = lambda analysis: {}
    try:
        yield
    finally:
        ExperimentAnalysis._fetch_trial_dataframes = read


@contextlib.contextmanager
def _ctrl_c_stops(stop: StopSignal) -> Iterator[None]:
    """In a script that has no handler of its own, Ctrl-C asks for a stop; a KeyboardInterrupt in the midst of Tune would
    leave its actors behind. The second one is raised."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop:
            raise KeyboardInterrupt
        stop.request("interrupted")

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
