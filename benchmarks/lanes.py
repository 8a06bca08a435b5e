"""Trials per second, end to end: lanes against ordinary trials, Optuna's own loop and raw Ray Tune.

    python benchmarks/lanes.py [--quick]

One search, the digits MLP under ASHA, from its sweep file to its result: journal, TensorBoard and pictures of the best
are part of it, checkpoints between steps are not, as with the others. Rates count from the first ask to the last close;
start-up (imports, data, Ray) stands beside them. Each contender runs in a process of its own, one after the other, in turns.

Beside the rate stands the processor time of a trial, all processes of the contender together: the figure to compare where
other work shares the cores.

- lanes-inline, lanes-ray: `lanes: auto` in this process, and under Ray with as many workers as processors
- plain-inline, plain-ray: the same sweep file without lanes
- optuna: `study.optimize` in process, random sampling, its successive-halving pruner with the same rungs
- tune-reused: raw Ray Tune, a class trainable, reuse_actors=True, its ASHA with the same rungs
- tune-function: raw Ray Tune as its documentation shows it, a function trainable and default settings

The contenders outside train the very network and epochs through `trainables`, so what differs is who drives it.
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

import psutil
from _lanes_page import page
from _machine import describe, keep
from _page import write_table

CONTENDERS = (
    "lanes-inline",
    "lanes-ray",
    "plain-inline",
    "plain-ray",
    "optuna",
    "tune-reused",
    "tune-function",
)
SLOW = {"tune-function": 16, "plain-ray": 8, "tune-reused": 8, "plain-inline": 8, "optuna": 8}
"""By what the trials are divided: the rate is the same with fewer, and it takes minutes."""

WORKERS = 2
STEPS, FIRST, ETA = 27, 3, 3
SWEEP: dict[str, Any] = {
    "trainable": "mlp",
    "data": "digits",
    "method": "random",
    "early_terminate": {"type": "asha", "min_iter": FIRST, "eta": ETA},
    "max_steps": STEPS,
    "parameters": {
        "lr": {"min": 1e-4, "max": 1e-1, "log": True},
        "weight_decay": {"min": 1e-6, "max": 1e-2, "log": True},
        "dropout": {"min": 0.05, "max": 0.5},
        "optimizer": "adam",
        "batch_size": 64,
        "model": {"width": 64, "depth": 2},
    },
    "checkpoint": {"every": 1000},
}


def used() -> float:
    """Seconds of processor time of this process and of all that it has started, and that still live."""
    total = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            spent = process.cpu_times()
        except psutil.Error:
            continue
        total += spent.user + spent.system
    return total


class FromFirstAskToLastClose:
    """A view of the sweep that reads the clock and the processor time there, and only there: it costs 5 ms."""

    def __init__(self, trials: int) -> None:
        self._trials = trials
        self.first = self.last = (0.0, 0.0)

    def on_event(self, record: Any, history: Any) -> None:
        if record["type"] == "ask" and not any(self.first):
            self.first = time.monotonic(), used()
        elif len(history.trials) == self._trials and not history.running and not any(self.last):
            self.last = time.monotonic(), used()

    def close(self) -> None:
        pass


def run_tuneyard(trials: int, seed: int, runner: str, lanes: bool) -> dict[str, float]:
    """From a sweep file to its result; only the report is left out, which the others do not have."""
    began = time.monotonic()
    from search import api

    api.write_report = lambda run: None  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sweep.yaml")
        file.write_text(
            json.dumps({**SWEEP, "run_cap": trials, "seed": seed, "workers": WORKERS, "storage": folder})
        )
        if runner == "inline":
            _warm_up()
        clock = FromFirstAskToLastClose(trials)
        run = api.Sweep.from_file(file, ["lanes=auto"] if lanes else [], runner=runner).run(observers=[clock])
    told = run.summary()
    assert told["trials"]["total"] == trials
    return {
        "seconds": clock.last[0] - clock.first[0],
        "startup": clock.first[0] - began,
        "processor": clock.last[1] - clock.first[1],
        "steps": told["steps_total"],
        "best": told["best"]["value"],
    }


class _Network:
    """One trial of the same network, as the contenders outside train it."""

    def __init__(self, config: dict[str, Any], seed: int) -> None:
        from trainables.host import Host
        from trainables.plug import resolve

        self._host = Host(resolve("mlp"))
        fixed = {"optimizer": "adam", "batch_size": 64, "model": {"width": 64, "depth": 2}, "data": "digits"}
        self._host.start({**fixed, **config}, seed=seed)

    def epoch(self) -> float:
        """Trains for one; the accuracy on the validation rows."""
        metrics = self._host.advance()
        assert metrics is not None
        return float(metrics["val/accuracy"])


def _warm_up() -> None:
    """Read the data, import torch and its optimizers: start-up of all that train in this process."""
    _Network({"lr": 0.01}, 0).epoch()


def run_optuna(trials: int, seed: int) -> dict[str, float]:
    """Optuna's own loop, as its documentation shows it."""
    began = time.monotonic()
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=FIRST, reduction_factor=ETA),
    )
    steps = 0

    def objective(trial: Any) -> float:
        nonlocal steps
        network, best = _Network(_suggested(trial), trial.number), 0.0
        for step in range(1, STEPS + 1):
            best, steps = max(best, network.epoch()), steps + 1
            trial.report(best, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return best

    _warm_up()
    first, before = time.monotonic(), used()
    study.optimize(objective, n_trials=trials)
    return {
        "seconds": time.monotonic() - first,
        "startup": first - began,
        "processor": used() - before,
        "steps": steps,
        "best": study.best_value,
    }


def _suggested(trial: Any) -> dict[str, float]:
    return {
        "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
        "weight_decay": trial.suggest_float("weight_decay", 1e-6, 1e-2, log=True),
        "dropout": trial.suggest_float("dropout", 0.05, 0.5),
    }


def run_tune(trials: int, seed: int, *, reused: bool) -> dict[str, float]:
    """Raw Ray Tune; the clock runs from its first step to its last completed trial."""
    warnings.simplefilter("ignore")
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    import ray
    from ray import tune
    from ray.tune.schedulers import ASHAScheduler

    class Clock(tune.Callback):  # type: ignore[misc]
        first = last = before = processor = 0.0

        def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
            if not self.first:
                self.first, self.before = time.monotonic(), used()

        def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            self.last, self.processor = time.monotonic(), used() - self.before

    class Raw(tune.Trainable):  # type: ignore[misc]
        def setup(self, config: dict[str, Any]) -> None:
            self.network = _Network(config, seed)

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.setup(new_config)
            return True

        def step(self) -> dict[str, float]:
            return {"accuracy": self.network.epoch()}

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            """Tune has every trial saved when its actor is reused."""
            Path(checkpoint_dir, "nothing.json").write_text("{}")

    def raw(config: dict[str, Any]) -> None:
        network = _Network(config, seed)
        for _ in range(STEPS):
            tune.report({"accuracy": network.epoch()})

    began = time.monotonic()
    here = str(Path(__file__).parent)
    path = os.pathsep.join([here, str(Path(here).parent)])
    ray.init(
        address="local",
        num_cpus=WORKERS,
        log_to_driver=False,
        logging_level="ERROR",
        runtime_env={"env_vars": {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}},
    )
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        found = tune.Tuner(
            Raw if reused else raw,
            param_space={
                "lr": tune.loguniform(1e-4, 1e-1),
                "weight_decay": tune.loguniform(1e-6, 1e-2),
                "dropout": tune.uniform(0.05, 0.5),
            },
            tune_config=tune.TuneConfig(
                num_samples=trials,
                metric="accuracy",
                mode="max",
                scheduler=ASHAScheduler(max_t=STEPS, grace_period=FIRST, reduction_factor=ETA),
                reuse_actors=True if reused else None,
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0, callbacks=[clock]),
        ).fit()
        steps = sum(result.metrics["training_iteration"] for result in found if result.metrics)
        best = found.get_best_result(scope="all").metrics["accuracy"]
        ray.shutdown()
    return {
        "seconds": clock.last - clock.first,
        "startup": clock.first - began,
        "processor": clock.processor,
        "steps": steps,
        "best": best,
    }


def run_one(name: str, trials: int, seed: int) -> dict[str, float]:
    match name.partition("-"):
        case "optuna", _, _:
            return run_optuna(trials, seed)
        case "tune", _, how:
            return run_tune(trials, seed, reused=how == "reused")
        case how, _, runner:
            return run_tuneyard(trials, seed, runner, how == "lanes")
    raise ValueError(name)


def measure(contenders: list[str], trials: int, repeats: int) -> list[dict[str, Any]]:
    """Every contender in turn, `repeats` times over: what else the machine does falls on all of them."""
    rows = []
    for seed in range(repeats):
        for name in contenders:
            count = max(4, trials // SLOW.get(name, 1))
            command = [sys.executable, __file__, "--one", name, "--trials", str(count), "--seed", str(seed)]
            done = subprocess.run(
                command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
            )
            if done.returncode:
                raise RuntimeError(f"{name}:\n{done.stderr[-3000:]}")
            row = {
                "contender": name,
                "seed": seed,
                "trials": count,
                **json.loads(done.stdout.splitlines()[-1]),
            }
            row["rate"], row["processor_per_trial"] = count / row["seconds"], row["processor"] / count
            print(
                f"{name:14} {count:5d} trials {row['rate']:8.2f}/s  {1e3 * row['processor_per_trial']:7.1f} ms of "
                f"processor time each  {row['steps']:6.0f} epochs  start-up "
                f"{row['startup']:5.1f} s  best {row['best']:.4f}",
                flush=True,
            )
            rows.append(row)
    return rows


def table(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One line a contender: medians, and its rate as a share of the lanes' in this process in the same turn."""
    own = {row["seed"]: row for row in rows if row["contender"] == "lanes-inline"}
    figures = ("trials", "rate", "processor_per_trial", "startup", "best")
    lines = []
    for name in dict.fromkeys(row["contender"] for row in rows):
        mine = [row for row in rows if row["contender"] == name]
        line = {key: statistics.median(row[key] for row in mine) for key in figures}
        line["epochs_a_second"] = statistics.median(row["steps"] / row["seconds"] for row in mine)
        line["lanes_are_faster_by"] = statistics.median(
            own[row["seed"]]["rate"] / row["rate"] for row in mine
        )
        line["lanes_take_less_by"] = statistics.median(
            row["processor_per_trial"] / own[row["seed"]]["processor_per_trial"] for row in mine
        )
        lines.append({"contender": name, **line})
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few trials in process, nothing kept")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--trials", type=int, default=256)
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--one", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(run_one(asked.one, asked.trials, asked.seed)))
        return
    if asked.quick:
        print(json.dumps(table(measure(["lanes-inline", "plain-inline", "optuna"], 8, 1)), indent=1))
        return
    rows = measure(asked.contenders.split(","), asked.trials, asked.repeats)
    lines = table(rows)
    keep("lanes", {"machine": describe(), "trials": asked.trials, "contenders": lines, "runs": rows})
    write_table("lanes.md", "lanes", page(lines))


if __name__ == "__main__":
    main()
