"""What a result with its checkpoint costs a trial, by where its run lives.

    python benchmarks/storage.py [--quick]

The inline runner, so that driver, trial and what is sent share one process: the hardest case. A trainable that does
nothing is saved after every step; a step's time counts from the end of the one before. Each contender runs in a process of
its own, in turn, in several rounds; the S3 server (moto) runs beside them on the same cores.

- folder: a local folder
- s3: a bucket of that server
- s3-slow: each call to the store takes a second longer, as over a bad line
- s3-away: the server is stopped (SIGSTOP) before the first step and comes back when the last step is done

`paused_steps`: steps that took longer than half a second, which is what waiting for a slow store would look like.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

from _machine import describe, keep

_ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(_ROOT), str(_ROOT / "tests")]  # contracts.s3

CONTENDERS = ("folder", "s3", "s3-slow", "s3-away")


class Saved:
    """Saved after every step; 64 KiB, a small model."""

    steps: ClassVar[list[float]] = []

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        self.i = 0

    def step(self) -> dict[str, float]:
        Saved.steps.append(time.perf_counter())
        self.i += 1
        return {"loss": 1.0 / self.i}

    def save(self, directory: Path) -> None:
        (directory / "weights").write_bytes(b"w" * 65536)
        (directory / "i").write_text(str(self.i))

    def load(self, directory: Path) -> None:
        self.i = int((directory / "i").read_text())


def measure(contender: str, steps: int) -> dict[str, Any]:
    """One run, in this process."""
    from contracts.s3 import s3_server
    from search import api
    from search.storage import Store

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ["XDG_CACHE_HOME"] = folder
        place = folder
        if contender != "folder":
            server = stack.enter_context(s3_server())
            os.environ.update(server.env)
            place = server.url("runs")
        if contender == "s3-slow":
            call = Store._call
            Store._call = lambda *given: (time.sleep(1.0), call(*given))[1]
        drive = api.drive

        def driven(*given: Any) -> None:
            with server.away() if contender == "s3-away" else contextlib.nullcontext():
                drive(*given)

        api.drive, api.write_report = driven, lambda run: None
        keys = {"metric": "loss", "parameters": {"x": {"min": 0.0, "max": 1.0}}, "name": "bench"}
        sweep = api.Sweep(Saved, runner="inline", storage=place, max_steps=steps, run_cap=1, **keys)
        began = time.perf_counter()
        assert sweep.run().state == "finished"
        whole = time.perf_counter() - began
    gaps = [after - before for before, after in zip(Saved.steps, Saved.steps[1:], strict=False)]
    return {
        "median_ms": 1000 * statistics.median(gaps),
        "mean_ms": 1000 * statistics.mean(gaps),
        "slowest_ms": 1000 * max(gaps),
        "paused_steps": sum(gap > 0.5 for gap in gaps),
        "afterwards_s": began + whole - Saved.steps[-1],
    }


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--quick", action="store_true", help="few steps and one round, to see that it works")
    options.add_argument("--one", nargs=2, metavar=("CONTENDER", "STEPS"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        print(json.dumps(measure(given.one[0], int(given.one[1]))))
        return
    rounds, steps = (1, 100) if given.quick else (3, 2000)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CONTENDERS}
    for _ in range(rounds):
        for name in CONTENDERS:
            command = [sys.executable, __file__, "--one", name, str(steps)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(name, found[name][-1], flush=True)
    told = {
        name: {key: round(statistics.median(each[key] for each in runs), 3) for key in runs[0]}
        for name, runs in found.items()
    }
    ratios = {
        name: round(
            statistics.median(
                one["mean_ms"] / base["mean_ms"]
                for one, base in zip(found[name], found["folder"], strict=True)
            ),
            3,
        )
        for name in CONTENDERS
    }
    figures = {
        "machine": describe(),
        "rounds": rounds,
        "steps": steps,
        "medians": told,
        "mean_to_folder": ratios,
        "runs": found,
    }
    print(json.dumps({"medians": told, "mean_to_folder": ratios}, indent=1))
    if not given.quick:
        print(keep("storage", figures))


if __name__ == "__main__":
    main()
