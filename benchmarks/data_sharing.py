"""What sharing one prepared data set between the trials of a machine saves: memory and time of 16 trials on Ray.

    python benchmarks/data_sharing.py [--quick]

The same sweep runs twice in turns with and without sharing, each in a process of its own: a table of numbers in an
.npz archive, four workers, 16 trials that read every training row in every step. Two thirds of a process's memory are
libraries, so what counts is the difference. Memory is sampled over the whole process tree (driver, Ray, workers, the
actor that keeps the data): `pss` counts a page that several share once, `uss` only what a process has for itself.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import psutil
from _machine import describe, keep

STEPS, COLUMNS = 3, 80
FULL, QUICK = (200_000, 2, 16, 4), (20_000, 1, 4, 2)
"""Rows of the table, rounds, trials, workers."""

MIB = 2**20


class Alone:
    """Reads its data through the one door, into a store of its process. Least squares on a random part, step by step."""

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        from trainables.data import load

        self.data, self.rate = load(config["data"], "features"), config["lr"]
        self.weights = np.zeros(self.data.train_x.shape[1])

    def step(self) -> dict[str, float]:
        x, y = self.data.train_x, self.data.train_y
        self.weights -= self.rate * ((x @ self.weights - y) @ x) / len(x)
        errors = self.data.valid_x @ self.weights - self.data.valid_y
        return {"loss": float(np.mean(errors**2))}


class Shared(Alone):
    """The same, and it says that it reads data sections, so that the run shares them."""

    declared: ClassVar[dict[str, Any]] = {"metric": "loss", "data": "diabetes"}


def main() -> None:
    """All rounds, one after the other; the figures go to `results/data_sharing.json`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--quick", action="store_true", help="one round on a small table, few trials; nothing is kept"
    )
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        name, source, *sizes = given.one
        _sweep(name, source, *map(int, sizes))
        return
    rows, rounds, trials, workers = QUICK if given.quick else FULL
    measured: dict[str, list[dict[str, float]]] = {"Alone": [], "Shared": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "table.npz"
        rng = np.random.default_rng(0)
        x = rng.normal(size=(rows, COLUMNS))
        np.savez(file, x=x, y=x @ rng.normal(size=COLUMNS) + rng.normal(size=rows))
        for _ in range(rounds):
            for name, found in measured.items():
                found.append(_measured(name, file, folder, trials, workers))
                print(name, found[-1], flush=True)
    figures = {
        "machine": describe(),
        "trials": trials,
        "workers": workers,
        "rows": rows,
        "columns": COLUMNS,
        "source_mib": round(rows * (COLUMNS + 1) * 8 / MIB),
        "rounds": measured,
        "median": {
            name: {key: statistics.median(each[key] for each in found) for key in found[0]}
            for name, found in measured.items()
        },
    }
    print(json.dumps(figures["median"], indent=1))
    if not given.quick:
        print(keep("data_sharing", figures))


def _measured(name: str, file: Path, folder: str, trials: int, workers: int) -> dict[str, float]:
    command = [sys.executable, str(Path(__file__).resolve()), "--one"]
    command += [name, str(file), str(trials), str(workers)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    peaks, over = {"pss": 0, "uss": 0}, threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            now = _memory(process.pid)
            peaks.update({kind: max(peaks[kind], now[kind]) for kind in peaks})

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate()
    over.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{name}: exit code {process.returncode}")
    told = json.loads(out.splitlines()[-1])
    return {"seconds": told["seconds"], **{f"peak_{kind}_mib": round(peaks[kind] / MIB) for kind in peaks}}


def _memory(root: int) -> dict[str, int]:
    """Of a process and all below it, in bytes."""
    total = {"pss": 0, "uss": 0}
    try:
        family = [psutil.Process(root), *psutil.Process(root).children(recursive=True)]
    except psutil.NoSuchProcess:
        return total
    for process in family:
        try:
            facts = process.memory_full_info()
        except psutil.Error:
            continue
        total["pss"] += facts.pss
        total["uss"] += facts.uss
    return total


def _sweep(name: str, file: str, trials: int, workers: int) -> None:
    from search.api import Sweep

    run = Sweep(
        f"{Path(__file__).resolve()}:{name}",
        name=name.lower(),
        storage=tempfile.mkdtemp(dir="."),
        metric="loss",
        parameters={"lr": {"min": 0.01, "max": 0.5, "log": True}},
        data={"source": file, "task": "regression"},
        method="random",
        max_steps=STEPS,
        run_cap=trials,
        workers=workers,
        resources={"cpu": 0.5},
    ).run()
    summary = run.summary()
    assert summary["trials"]["completed"] == trials, summary
    print(json.dumps({"seconds": summary["seconds"]}))


if __name__ == "__main__":
    main()
