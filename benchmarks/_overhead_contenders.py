"""The contenders of overhead.py: the same trial that does nothing, under raw Ray Tune, Optuna and tuneyard.

Each function is called in a process of its own and returns seconds: `sweep` from the first ask to the last end,
`first_result` from the first ask to the first result, `between_results` from the first to the last result.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

__all__ = ["CONTENDERS", "IN_PROCESS", "WORKERS"]

WORKERS = 2


def noop(config: dict[str, Any]) -> Any:
    """The generator."""
    for step in range(config["steps"]):
        yield {"loss": config["x"] + step}


def reporting(config: dict[str, Any]) -> None:
    """The function, as Ray's documentation shows it."""
    from ray import tune

    for step in range(config["steps"]):
        tune.report({"loss": config["x"] + step})


class Noop:
    """The class; nothing to save, as in the contenders."""

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        self.x, self.i = config["x"], 0

    def step(self) -> dict[str, float]:
        self.i += 1
        return {"loss": self.x + self.i}


class Saved(Noop):
    """The class that is saved at every step."""

    def save(self, directory: Path) -> None:
        (directory / "state.json").write_text(json.dumps({"i": self.i}))

    def load(self, directory: Path) -> None:
        self.i = json.loads((directory / "state.json").read_text())["i"]


def run_tune(
    trials: int, steps: int, *, kind: str, reuse: bool | None, saved: bool = False
) -> dict[str, float]:
    """Raw Ray Tune with a class or a function trainable. `reuse`: of actors; None = its default."""
    warnings.simplefilter("ignore")
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    import ray
    from ray import tune

    class Clock(tune.Callback):  # type: ignore[misc]
        first = last = first_result = last_result = 0.0

        def on_trial_result(
            self, iteration: int, trials: list[Any], trial: Any, result: Any, **info: Any
        ) -> None:
            self.last_result = time.monotonic()
            self.first_result = self.first_result or self.last_result

        def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
            self.first = self.first or time.monotonic()

        def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            self.last = time.monotonic()

    class Raw(tune.Trainable):  # type: ignore[misc]
        def setup(self, config: dict[str, Any]) -> None:
            self.x, self.i = config["x"], 0

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.setup(new_config)
            return True

        def step(self) -> dict[str, float]:
            self.i += 1
            return {"loss": self.x + self.i}

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            Path(checkpoint_dir, "state.json").write_text(json.dumps({"i": self.i}))

    def raw(config: dict[str, Any]) -> None:
        for step in range(config["steps"]):
            tune.report({"loss": config["x"] + step})

    ray.init(address="local", num_cpus=WORKERS, log_to_driver=False, logging_level="ERROR")
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        tune.Tuner(
            Raw if kind == "class" else raw,
            param_space={"x": tune.uniform(0, 1), "steps": steps},
            tune_config=tune.TuneConfig(num_samples=trials, metric="loss", mode="min", reuse_actors=reuse),
            run_config=tune.RunConfig(
                storage_path=folder,
                verbose=0,
                callbacks=[clock],
                stop={"training_iteration": steps} if kind == "class" else None,
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1, num_to_keep=2)
                if saved
                else tune.CheckpointConfig(checkpoint_at_end=False),
            ),
        ).fit()
        ray.shutdown()
    return {
        "sweep": clock.last - clock.first,
        "first_result": clock.first_result - clock.first,
        "between_results": clock.last_result - clock.first_result,
    }


def run_optuna(trials: int, steps: int) -> dict[str, float]:
    """Optuna's own loop with a pruner that is asked at each step, as its documentation shows it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0), pruner=optuna.pruners.NopPruner()
    )

    def objective(trial: Any) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(steps):
            trial.report(x + step, step)
            trial.should_prune()
        return float(x)

    first = time.monotonic()
    study.optimize(objective, n_trials=trials)
    seconds = time.monotonic() - first
    return {"sweep": seconds, "first_result": 0.0, "between_results": seconds}


def run_tuneyard(trials: int, steps: int, *, trainable: str, runner: str = "ray") -> dict[str, float]:
    """The whole of it, from settings to a closed journal; the report is left out: it is not overhead per trial."""
    from search import api

    api.write_report = lambda run: None  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        run = api.Sweep(
            f"{Path(__file__)}:{trainable}",
            parameters={"x": {"min": 0.0, "max": 1.0}, "steps": steps},
            metric="loss",
            goal="minimize",
            method="random",
            early_terminate="none",
            max_steps=steps,
            run_cap=trials,
            workers=WORKERS,
            storage=folder,
        ).run(runner=runner)
    assert run.summary()["trials"]["completed"] == trials
    asked = min(trial.asked for trial in run.history.trials)
    results = [result.now for trial in run.history.trials for result in trial.results]
    return {
        "sweep": max(trial.closed or 0.0 for trial in run.history.trials) - asked,
        "first_result": min(results) - asked,
        "between_results": max(results) - min(results),
    }


CONTENDERS: dict[str, Callable[[int, int], dict[str, float]]] = {
    "tune-class": partial(run_tune, kind="class", reuse=True),
    "tuneyard-class": partial(run_tuneyard, trainable="Noop"),
    "tuneyard-generator": partial(run_tuneyard, trainable="noop"),
    "tune-function": partial(run_tune, kind="function", reuse=True),
    "tuneyard-function": partial(run_tuneyard, trainable="reporting"),
    "tune-function-default": partial(run_tune, kind="function", reuse=None),
    "tune-class-saved": partial(run_tune, kind="class", reuse=True, saved=True),
    "tuneyard-class-saved": partial(run_tuneyard, trainable="Saved"),
    "optuna": run_optuna,
    "tuneyard-inline": partial(run_tuneyard, trainable="noop", runner="inline"),
}
"""Name -> (trials, steps) -> seconds. All of raw Tune's reuse actors, but for `tune-function-default`."""

IN_PROCESS = ("optuna", "tuneyard-inline")
"""Contenders that start no other process."""
