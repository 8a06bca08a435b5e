"""What does a report of a big sweep cost? Seconds, memory, and the size of its page.

    python benchmarks/report_scale.py            100, 1,000 and 10,000 trials; writes results/report_scale.json
    python benchmarks/report_scale.py --quick    40 and 400 trials; writes nothing: what CI runs

The sweeps are of a simulated network: ten parameters (one conditional), three metrics, ASHA with rungs at a third of full
length and at its end, a few failures of two causes; about a hundred results a trial, so a million at 10,000 trials. Each
is written as a journal, and `tuneyard report` reads it in a process of its own, as a user's would. Measured: seconds
from the start of the process to its end, its peak of resident memory, the bytes of each file that it wrote, and how many
of the trials the page draws; and, in a second process, the seconds of reading the journal alone. Processor seconds are
kept beside those of the clock: the report is made by one thread, so on a machine that has nothing else to do they are
the same, and on a busy one they are what the report is to blame for.

The exit code is 1 where a page is above its limit of bytes, or a sweep above the limit of memory or of processor seconds
stated for it.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from _machine import describe, keep

from search.journal import MemoryJournal, encode
from search.paths import RunPaths
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome
from spaces import parse_parameters

SIZES, QUICK = (100, 1_000, 10_000), (40, 400)
STEPS, FIRST_RUNG, WORKERS = 189, 63, 16
PAGE_MIB = 15.0
LIMITS: Mapping[int, tuple[float, float]] = {100: (5.0, 4.0), 10_000: (60.0, 4.0)}
"""Trials -> (processor seconds, GiB of resident memory) at most."""

PARAMETERS: dict[str, Any] = {
    "lr": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"},
    "weight_decay": {"min": 1e-6, "max": 1e-1, "distribution": "log_uniform_values"},
    "batch_size": {"values": [32, 64, 128, 256]},
    "optimizer": {"values": ["sgd", "adam", "adamw"]},
    "momentum": {"min": 0.5, "max": 0.99, "when": {"optimizer": "sgd"}},
    "model": {
        "width": {"min": 16, "max": 1024, "distribution": "int_uniform"},
        "depth": {"min": 1, "max": 8, "distribution": "int_uniform"},
        "dropout": {"min": 0.0, "max": 0.6},
        "activation": {"values": ["relu", "gelu", "tanh"]},
    },
    "warmup": {"min": 0.0, "max": 0.3},
    "epochs": STEPS,
}


def metrics_of(config: Mapping[str, Any], number: int, step: int) -> dict[str, float]:
    """Losses that fall towards a floor set by the config, above it by what the seed and the step add."""
    lr, width = math.log10(config["lr"]), math.log2(config["model.width"])
    floor = 0.2 + 0.08 * (lr + 3) ** 2 + 0.01 * (width - 8) ** 2 + 0.1 * abs(config["model.dropout"] - 0.2)
    floor += 0.03 * (config["optimizer"] == "sgd") + 0.02 * math.sin(12.9898 * number)
    pace = 0.02 * 10 ** min(0.5, lr + 3)
    train = floor * 0.8 + 2 * math.exp(-pace * step) + 0.004 * math.sin(number + 1.7 * step)
    valid = floor + 2 * math.exp(-pace * step) + 0.006 * math.sin(3 * number + 2.3 * step)
    return {"val/loss": valid, "train/loss": train, "val/accuracy": math.exp(-valid)}


def write_sweep(storage: Path, trials: int) -> tuple[RunPaths, int]:
    """A run directory with the journal of `trials` trials on a virtual clock; its paths, and how many results it has."""
    problem = Problem(
        parse_parameters(PARAMETERS),
        Objective("val/loss", "minimize"),
        STEPS,
        Budget(trials=trials),
        FailurePolicy(stop_after=None),
    )
    journal = MemoryJournal()
    about = {
        "settings": {"trainable": "mlp", "data": {"source": "digits"}, "method": "random"},
        "runner": "inline",
    }
    scheduler = make_scheduler("asha", problem, {"min_iter": FIRST_RUNG})
    sweep = PassiveSweep.begin(problem, make_searcher("random", problem), scheduler, journal, about=about)
    rng = np.random.default_rng(0)
    now = 0.0
    busy: dict[int, int] = {}
    while True:
        for worker in range(WORKERS):
            if worker not in busy and (asked := sweep.ask(1, now)):
                busy[worker] = asked[0].number
                sweep.start(asked[0].number, now, node=f"node-{worker % 4}", pid=100 + worker)
        if not busy:
            break
        now += 1.0
        for worker, number in list(busy.items()):
            trial = sweep.history.trials[number]
            step = trial.steps + 1
            if step == 20 and rng.random() < 0.02:
                text = "CUDA out of memory" if number % 2 else f"ValueError: batch {number} is empty"
                sweep.close(number, Outcome.FAILED, now, text, Failure("raised", text))
                del busy[worker]
                continue
            decision = sweep.report(number, step, metrics_of(trial.config, number, step), now)
            if decision.outcome is not None:
                sweep.close(number, decision.outcome, now, decision.reason, decision.failure)
                del busy[worker]
    sweep.end("every trial has ended", now)
    paths = RunPaths(storage / f"sweep-{trials}")
    paths.root.mkdir(parents=True)
    paths.settings.write_text("version: 1\n", encoding="utf-8")
    with paths.journal.open("wb") as file:
        file.writelines(encode(record) for record in journal.records)
    return paths, sweep.history.results_total


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds by the clock and of the processor, and the peak of resident memory in GiB, of a process."""
    timed = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", timed, *command], check=True, capture_output=True, text=True)
    processor, peak = done.stdout.split()
    return time.perf_counter() - began, float(processor), int(peak) / 2**20


def measure(storage: Path, trials: int) -> dict[str, Any]:
    """Everything about one size."""
    paths, results = write_sweep(storage, trials)
    python = [sys.executable, "-c"]
    reading = "import sys; from search.run import Run; Run.open(sys.argv[1])"
    read_seconds, *_ = measured([*python, reading, str(paths.root)])
    seconds, processor, memory = measured([sys.executable, "-m", "tuneyard", "report", str(paths.root)])
    report = json.loads((paths.report / "report.json").read_text(encoding="utf-8"))
    return {
        "trials": trials,
        "results": results,
        "journal_mib": round(paths.journal.stat().st_size / 2**20, 1),
        "read_seconds": round(read_seconds, 2),
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "peak_gib": round(memory, 2),
        "mib": {path.name: round(path.stat().st_size / 2**20, 2) for path in sorted(paths.report.iterdir())},
        "drawn": {
            "curves": len(report["curves"]["curves"]),
            "parallel": len(report["parallel"]["trials"]),
            "slices": report["slices"]["shown"],
            "timeline": len(report["timeline"]["bars"]["lane"]),
        },
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sweeps; writes nothing")
    quick = parser.parse_args().quick
    rows, missed = [], []
    for trials in QUICK if quick else SIZES:
        with tempfile.TemporaryDirectory() as storage:
            row = measure(Path(storage), trials)
        rows.append(row)
        print(json.dumps(row), flush=True)
        page = row["mib"]["index.html"]
        if page > PAGE_MIB:
            missed.append(f"{trials:,} trials: a page of {page} MiB, {PAGE_MIB} are allowed")
        seconds, memory = LIMITS.get(trials, (math.inf, math.inf))
        if row["processor_seconds"] > seconds or row["peak_gib"] > memory:
            missed.append(
                f"{trials:,} trials: {row['processor_seconds']} s and {row['peak_gib']} GiB, allowed: {seconds}, {memory}"
            )
    if not quick:
        limits = {str(trials): {"processor_seconds": s, "gib": g} for trials, (s, g) in LIMITS.items()}
        keep("report_scale", {"machine": describe(), "page_mib": PAGE_MIB, "limits": limits, "sizes": rows})
    for text in missed:
        print(text, file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
