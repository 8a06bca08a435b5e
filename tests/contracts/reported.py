"""Sweeps to report on: scripted trials on a virtual clock, kept in memory or in a run directory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from search.history import History
from search.journal import FileJournal, Journal, MemoryJournal, read_journal
from search.paths import RunPaths
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.run import Run
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome
from spaces import parse_parameters

__all__ = ["ABOUT", "EVIL", "PARAMETERS", "digits_like", "drive", "hostile_run", "run_in", "run_of"]

PARAMETERS: dict[str, Any] = {
    "lr": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"},
    "batch_size": {"values": [32, 64, 128]},
    "model": {"width": {"min": 16, "max": 256, "step": 16}, "dropout": {"min": 0.0, "max": 0.5}},
    "optimizer": {"values": ["sgd", "adam"]},
    "momentum": {"min": 0.5, "max": 0.99, "when": {"optimizer": "sgd"}},
    "epochs": 20,
}
ABOUT: dict[str, Any] = {
    "settings": {
        "trainable": "mlp",
        "data": {"source": "digits"},
        "method": "random",
        "early_terminate": {"type": "asha"},
    },
    "versions": {"python": "3.11.2", "tuneyard": "0.1.0"},
    "git": {"commit": "5c1f0f0a9f6c8e2b7d4a1234567890abcdef1234", "dirty": False},
    "host": "workstation",
    "runner": "inline",
}

Curve = Callable[[Mapping[str, Any], int, int], float | str]
"""(config, trial number, step) -> value of the metric; a text is the message of an exception."""


def digits_like(config: Mapping[str, Any], number: int, step: int) -> float | str:
    """A network's accuracy: it diverges at high learning rates, and runs out of memory at the lowest ones."""
    lr = config["lr"]
    if lr > 0.05 and step >= 3:
        return math.nan
    if lr < 2e-5 and step == 2:
        return f"CUDA out of memory: tried to allocate {config['model.width'] * 3}.00 MiB"
    top = 0.985 - 0.03 * (math.log10(lr) + 2.6) ** 2 - 0.02 * (config["model.width"] / 256 - 0.8) ** 2
    return (
        top
        - top * 0.9 * math.exp(-step * (0.15 + 0.5 * min(1, lr / 3e-3)))
        + 0.003 * math.sin(7 * number + step)
    )


def drive(
    journal: Journal,
    curve: Curve = digits_like,
    *,
    parameters: Mapping[str, Any] = PARAMETERS,
    objective: Objective | None = None,
    trials: int = 40,
    max_steps: int = 27,
    scheduler: str = "asha",
    workers: int = 4,
    retries: int = 0,
    about: Mapping[str, Any] = ABOUT,
    log: Callable[[int, str], str | None] = lambda number, message: None,
    until: int | None = None,
) -> PassiveSweep:
    """A random search of `trials` trials on `workers` workers, one second a step, round robin.

    `log`: writes the traceback of a failure and returns its path. `until`: the driver is killed after so many results.
    """
    objective = objective or Objective("val/accuracy", "maximize")
    problem = Problem(
        parse_parameters(parameters),
        objective,
        max_steps,
        Budget(trials=trials),
        FailurePolicy(retries=retries, stop_after=None),
    )
    sweep = PassiveSweep.begin(
        problem, make_searcher("random", problem), make_scheduler(scheduler, problem), journal, about=about
    )
    now, results, busy = 0.0, 0, {}
    while True:
        for worker in range(workers):
            if worker not in busy and (asked := sweep.ask(1, now)):
                busy[worker] = asked[0].number
                sweep.start(asked[0].number, now, node=f"node-{worker % 2}", pid=100 + worker)
        if not busy:
            sweep.end("every trial has ended", now)
            return sweep
        now += 1.0
        for worker, number in sorted(busy.items()):
            trial = sweep.history.trials[number]
            value = curve(trial.config, number, trial.steps + 1)
            if isinstance(value, str):
                failure = Failure("raised", value, log(number, value))
                if sweep.retries_left(number) > 0:
                    sweep.start(
                        number,
                        now,
                        node=f"node-{worker % 2}",
                        pid=200 + worker,
                        from_step=trial.steps,
                        after=failure,
                    )
                    continue
                sweep.close(number, Outcome.FAILED, now, value, failure)
            else:
                decision = sweep.report(
                    number, trial.steps + 1, {objective.metric: value, "train/loss": 1.0}, now
                )
                results += 1
                if results == until:
                    return sweep
                if decision.outcome is None:
                    continue
                sweep.close(number, decision.outcome, now, decision.reason, decision.failure)
            del busy[worker]


def run_of(curve: Curve = digits_like, *, name: str = "digits", **options: Any) -> Run:
    """A run that lives in memory."""
    return Run(drive(MemoryJournal(), curve, **options).history, None, name)


def run_in(storage: Path, curve: Curve = digits_like, *, name: str = "digits", **options: Any) -> Run:
    """A run in a directory, with tracebacks where trials raised, read back from its journal."""
    paths = RunPaths(storage / name)
    paths.root.mkdir(parents=True)
    paths.settings.write_text("version: 1\n")

    def log(number: int, message: str) -> str:
        path = paths.failure(number, 1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"Traceback (most recent call last):\n{message}\n")
        return paths.relative(path)

    journal = FileJournal(paths.journal)
    drive(journal, curve, log=log, **options)
    journal.close()
    return Run(History.from_records(read_journal(paths.journal)), paths)


EVIL = [
    "<script>window.hacked=1</script>",
    "</script><script>window.hacked=2</script>",
    "<img src=x onerror=window.hacked=3>",
    '"><svg onload=window.hacked=4>',
    "<!--<script>",
    "{{ 7*7 }}{% raw %}",
    "<a href='https://evil.example/'>click</a>",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\u202egnp.exe\u2066",
    "שלום עולם",
    "`rm -rf /` | [x](javascript:alert(1)) **b** <b>",
    "%{x} $\\alpha$ &lt;b&gt;",
    "long" * 2000,
    "line\nbreak\x00\x1b[31m",
]
LONG = "a" * 60 + "." + "b" * 900


def hostile_run(storage: Path) -> Run:
    """A run in which every name, value, message and fact is meant to do harm."""

    def curve(config: Any, number: int, step: int) -> float | str:
        return EVIL[number % len(EVIL)] if number % 3 == 0 else 0.1 * step + number / 100

    about = {
        **ABOUT,
        "settings": {
            "trainable": EVIL[0],
            "data": {"source": EVIL[2], "password": "hunter2"},
            "method": EVIL[3],
        },
        "versions": {EVIL[1]: EVIL[0]},
        "git": {"commit": EVIL[1], "dirty": True},
        "host": EVIL[2],
        "platform": EVIL[9],
    }
    parameters = {
        "evil": {"values": EVIL},
        LONG: {"min": 0.0, "max": 1.0},
        "שם": {"values": [1, 2]},
        "x": EVIL[0],
    }
    return run_in(
        storage,
        curve,
        parameters=parameters,
        objective=Objective("<b>loss</b></script>", "minimize"),
        trials=45,
        max_steps=3,
        about=about,
    )
