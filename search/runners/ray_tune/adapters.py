"""Ray Tune's side of a sweep: a searcher, a scheduler, a callback and a stopper that only pass things on to the bridge.

Tune owns the event loop and asks; see `search.runners.ray_tune.bridge` for what is answered.
"""

from __future__ import annotations

import json
from typing import Any

from ray import tune
from ray.tune.experiment import Trial as TuneTrial
from ray.tune.logger import TBXLoggerCallback
from ray.tune.progress_reporter import ProgressReporter, TrialProgressCallback
from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from ray.tune.search import Searcher

from search.runners.ray_tune.bridge import Bridge as BridgeOfTrials
from search.runners.ray_tune.cohort_bridge import CohortBridge

Bridge = BridgeOfTrials | CohortBridge

__all__ = [
    "BridgeCallback",
    "BridgeScheduler",
    "BridgeSearcher",
    "BridgeStopper",
    "FolderNames",
    "NoReporter",
    "QuietProgress",
]


class BridgeSearcher(Searcher):  # type: ignore[misc]
    """Tune's searcher: every proposal is the passive sweep's."""

    def __init__(self, bridge: Bridge) -> None:
        super().__init__(metric=None, mode=None)
        self.bridge = bridge

    def set_max_concurrency(self, max_concurrent: int) -> bool:
        """Tune's own limit is out of work: the cluster may grow and shrink, and the bridge counts along."""
        return True

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        proposal: dict[str, Any] | str | None = self.bridge.guard(
            lambda: self.bridge.propose(trial_id), otherwise=Searcher.FINISHED
        )
        return proposal

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        self.bridge.left(trial_id)

    def save(self, checkpoint_path: str) -> None:
        with open(checkpoint_path, "w") as file:
            json.dump({"state": "in journal.jsonl of the run directory"}, file)

    def restore(self, checkpoint_path: str) -> None:
        raise NotImplementedError("a sweep is resumed from its journal: tuneyard resume")


class BridgeScheduler(FIFOScheduler):  # type: ignore[misc]
    """Tune's scheduler: the passive sweep decides; then a scheduler of Ray's own, if the sweep file names one."""

    def __init__(self, bridge: Bridge, native: TrialScheduler | None = None) -> None:
        super().__init__()
        self.bridge, self.native = bridge, native

    def on_trial_add(self, tune_controller: Any, trial: TuneTrial) -> None:
        wanted = self.bridge.guard(lambda: self.bridge.added(trial), otherwise=False)
        if self.native is not None:
            self.native.on_trial_add(tune_controller, trial)
        if not wanted:
            tune_controller.stop_trial(trial)

    def on_trial_result(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> str:
        stop = self.bridge.guard(lambda: self.bridge.reported(trial, result), otherwise=True)
        if stop or self.native is None:
            return str(TrialScheduler.STOP if stop else TrialScheduler.CONTINUE)
        verdict = str(self.native.on_trial_result(tune_controller, trial, result))
        if verdict == TrialScheduler.STOP:
            self.bridge.told_to_stop(trial)
        return verdict

    def on_trial_complete(self, tune_controller: Any, trial: TuneTrial, result: dict[str, Any]) -> None:
        self.bridge.guard(lambda: self.bridge.ended(trial, result))
        # Ray's median rule keeps the last result of each trial, and trips over one without the metric: a failure, an end.
        if self.native is not None and self.bridge.sweep.problem.objective.metric in result:
            self.native.on_trial_complete(tune_controller, trial, result)

    def on_trial_error(self, tune_controller: Any, trial: TuneTrial) -> None:
        self.bridge.guard(lambda: self.bridge.crashed(trial))
        if self.native is not None:
            self.native.on_trial_error(tune_controller, trial)

    def on_trial_remove(self, tune_controller: Any, trial: TuneTrial) -> None:
        self.bridge.guard(lambda: self.bridge.ended(trial, None))
        if self.native is not None:
            self.native.on_trial_remove(tune_controller, trial)

    def choose_trial_to_run(self, tune_controller: Any) -> TuneTrial | None:
        """The first of the waiting ones. Ray's own rule, which its schedulers that can be named share, looks for it among
        all trials there ever were, twice an event: 10,000 trials took a minute of that alone."""
        live = tune_controller.get_live_trials()  # a set: without an order
        for status in (TuneTrial.PENDING, TuneTrial.PAUSED):
            waiting = [trial for trial in live if trial.status == status]
            if waiting:
                return min(waiting, key=self.bridge.number)
        return None


class BridgeCallback(TBXLoggerCallback):  # type: ignore[misc]
    """Tune's callback. Being a TBXLoggerCallback keeps Ray from adding its own; TensorBoard has its view (search.views)."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def on_trial_start(self, iteration: int, trials: list[TuneTrial], trial: TuneTrial, **info: Any) -> None:
        self.bridge.guard(lambda: self.bridge.started(trial))

    def on_step_end(self, iteration: int, trials: list[TuneTrial], **info: Any) -> None:
        self.bridge.guard(self.bridge.watch)

    def log_trial_start(self, trial: TuneTrial) -> None:
        pass

    def log_trial_result(self, iteration: int, trial: TuneTrial, result: dict[str, Any]) -> None:
        pass

    def log_trial_end(self, trial: TuneTrial, failed: bool = False) -> None:
        pass


class FolderNames:
    """Names the folder of each Tune trial. In Tune's own record of the trial it stands as an empty text: Ray's tools read
    that record, and could not where it held what only a driver has."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def __call__(self, trial: TuneTrial) -> str:
        return self.bridge.folder(trial)

    def __deepcopy__(self, memo: Any) -> FolderNames:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (str, ())


class QuietProgress(TrialProgressCallback):  # type: ignore[misc]
    """In the place of Tune's own, which prints a line for some trials even when it is told to be silent."""

    def _print(self, msg: str) -> None:
        pass


class NoReporter(ProgressReporter):  # type: ignore[misc]
    """In the place of the one that Tune makes in a notebook, which clears the cell's output, ours with it."""

    def should_report(self, trials: list[TuneTrial], done: bool = False) -> bool:
        return False

    def report(self, trials: list[TuneTrial], done: bool, *sys_info: str) -> None:
        pass


class BridgeStopper(tune.Stopper):  # type: ignore[misc]
    """Tune's stopper: ends everything once the bridge says so."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        return self.bridge is not None and self.bridge.stop_now()
