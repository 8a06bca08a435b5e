"""What a trial and a result cost beside the training itself: tuneyard against raw Ray Tune and Optuna's own loop.

    python benchmarks/overhead.py [--quick]

The trainable does nothing, so all time is overhead. Each contender runs in a process of its own, one after the other,
on the same machine; rates count from the first ask to the last close, start-up (imports, Ray) stands beside them.

- tune-function: a function trainable as Ray's documentation shows it, all settings at their defaults
- tune-class-reused: a class trainable with reuse_actors=True, the fastest that Tune offers
- tune-class-saved: the same, saving a checkpoint at every step through Tune's storage (two kept)
- optuna: `study.optimize` with random sampling, in process
- tuneyard: class, class that saves at every step, and generator on Ray; generator inline; each with its journal and
  TensorBoard as always
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

from _machine import describe, keep

CONTENDERS = (
    "tune-function",
    "tune-class-reused",
    "tune-class-saved",
    "optuna",
    "tuneyard-class",
    "tuneyard-class-saved",
    "tuneyard-generator",
    "tuneyard-inline",
)
SLOW = ("tune-function",)  # seconds per trial: fewer trials give the same figure
WORKERS = 2


def noop(config: dict[str, Any]) -> Any:
    """The generator."""
    for step in range(config["steps"]):
        yield {"loss": config["x"] + step}


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


def run_tune(trials: int, steps: int, *, reused_class: bool, saved: bool = False) -> dict[str, float]:
    """Raw Ray Tune; the clock runs from its first step to its last completed trial."""
    warnings.simplefilter("ignore")
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    import ray
    from ray import tune

    class Clock(tune.Callback):  # type: ignore[misc]
        first = last = first_result = 0.0

        def on_trial_result(
            self, iteration: int, trials: list[Any], trial: Any, result: Any, **info: Any
        ) -> None:
            self.first_result = self.first_result or time.monotonic()

        def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
            self.first = self.first or time.monotonic()

        def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
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

    began = time.monotonic()
    ray.init(address="local", num_cpus=WORKERS, log_to_driver=False, logging_level="ERROR")
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        tune.Tuner(
            Raw if reused_class else raw,
            param_space={"x": tune.uniform(0, 1), "steps": steps},
            tune_config=tune.TuneConfig(
                num_samples=trials, metric="loss", mode="min", reuse_actors=True if reused_class else None
            ),
            run_config=tune.RunConfig(
                storage_path=folder,
                verbose=0,
                callbacks=[clock],
                stop={"training_iteration": steps} if reused_class else None,
                checkpoint_config=tune.CheckpointConfig(checkpoint_frequency=1, num_to_keep=2)
                if saved
                else None,
            ),
        ).fit()
        ray.shutdown()
    return {
        "seconds": clock.last - clock.first,
        "between_results": clock.last - clock.first_result,
        "startup": clock.first - began,
    }


def run_optuna(trials: int, steps: int) -> dict[str, float]:
    """Optuna's own loop with a pruner that is asked at each step, as its documentation shows it."""
    began = time.monotonic()
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
    return {"seconds": seconds, "between_results": seconds, "startup": first - began}


def run_tuneyard(trials: int, steps: int, trainable: str, runner: str) -> dict[str, float]:
    """The whole of it, from settings to a closed journal; the report is left out (it is not overhead per trial)."""
    began = time.monotonic()
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
        seconds = run.summary()["seconds"]
        assert run.summary()["trials"]["completed"] == trials
        results = [result.now for trial in run.history.trials for result in trial.results]
    return {
        "seconds": seconds,
        "between_results": max(results) - min(results),
        "startup": time.monotonic() - began - seconds,
    }


def run_one(name: str, trials: int, steps: int) -> dict[str, float]:
    match name:
        case "tune-function":
            return run_tune(trials, steps, reused_class=False)
        case "tune-class-reused" | "tune-class-saved":
            return run_tune(trials, steps, reused_class=True, saved=name == "tune-class-saved")
        case "optuna":
            return run_optuna(trials, steps)
        case "tuneyard-inline":
            return run_tuneyard(trials, steps, "noop", "inline")
        case _:
            ours = {"tuneyard-class": "Noop", "tuneyard-class-saved": "Saved", "tuneyard-generator": "noop"}
            return run_tuneyard(trials, steps, ours[name], "ray")


def measure(name: str, trials: int, steps: int) -> dict[str, float]:
    """One contender in a fresh process."""
    command = [sys.executable, __file__, "--one", name, "--trials", str(trials), "--steps", str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few trials, nothing kept")
    parser.add_argument("--one", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--trials", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(run_one(arguments.one, arguments.trials, arguments.steps)))
        return
    many, few, long, rounds = (20, 6, 50, 1) if arguments.quick else (200, 24, 500, 5)
    short: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    deep: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for turn in range(rounds):  # in turn, so that what else the machine does falls on all of them
        for name in CONTENDERS:
            if turn == 0 or name not in SLOW:
                short[name].append(measure(name, few if name in SLOW else many, 1))
            if turn < 3:
                deep[name].append(measure(name, 2, long))
    rows = []
    for name in CONTENDERS:
        trials = few if name in SLOW else many
        each = sorted(1000 * figures["seconds"] / trials for figures in short[name])
        rows.append(
            {
                "contender": name,
                "trials": trials,
                "rounds": len(each),
                "ms_per_trial": statistics.median(each),
                "ms_per_trial_range": [each[0], each[-1]],
                "ms_per_result": statistics.median(
                    1000 * figures["between_results"] / (2 * long) for figures in deep[name]
                ),
                "startup_s": statistics.median(figures["startup"] for figures in short[name]),
            }
        )
        print(_line(rows[-1]), flush=True)
    by_name = {row["contender"]: row for row in rows}
    ratios = {}
    for ours in ("tuneyard-class", "tuneyard-generator"):
        for theirs in ("tune-function", "tune-class-reused"):
            ratio = by_name[theirs]["ms_per_trial"] / by_name[ours]["ms_per_trial"]
            ratios[f"{theirs} / {ours}"] = ratio
            print(f"a trial costs {ratio:.2f} times as much with {theirs} as with {ours}")
    ratio = by_name["tune-class-saved"]["ms_per_result"] / by_name["tuneyard-class-saved"]["ms_per_result"]
    ratios["result, tune-class-saved / tuneyard-class-saved"] = ratio
    print(f"a result with its checkpoint costs {ratio:.2f} times as much through Tune's storage")
    if not arguments.quick:
        print("kept:", keep("overhead", {"machine": describe(), "rows": rows, "ratios": ratios}))


def _line(row: dict[str, Any]) -> str:
    low, high = row["ms_per_trial_range"]
    return (
        f"{row['contender']:20} {row['ms_per_trial']:8.1f} ms/trial ({low:.1f} to {high:.1f}, {row['rounds']} rounds of"
        f" {row['trials']} trials)"
        f" {row['ms_per_result']:8.2f} ms/result   start-up {row['startup_s']:.1f} s"
    )


if __name__ == "__main__":
    main()
