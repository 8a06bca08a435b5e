"""What a trial and a result cost beside the training itself: tuneyard against raw Ray Tune and Optuna's own loop.

    python benchmarks/overhead.py                  sweeps of 10, 100 and 1,000 trials, about ten minutes; writes
                                                   results/overhead.json and its tables in docs/performance.md
    python benchmarks/overhead.py --sizes 10,100   only these, put beside what was kept before
    python benchmarks/overhead.py --quick          few trials, nothing kept

The trainable does nothing, so all time is overhead. Each contender runs in a process of its own, one after the other and in
turn, on the same machine. All of raw Tune reuse their actors, the fastest that it offers, and save nothing, but for:

- tune-function-default: a function trainable as Ray's documentation shows it, all settings at their defaults
- tune-class-saved: a checkpoint at every step through Tune's storage (two kept), beside tuneyard's own

tuneyard keeps its journal and TensorBoard as always. A trial costs the seconds from the first ask to the last end, starting
the workers included, divided by the trials. `whole`: the process, from nothing to its end: imports, Ray's start and end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from _machine import describe, keep, kept
from _overhead_contenders import CONTENDERS

__all__ = ["compared", "measure", "trial_rows"]

SIZES = {10: 5, 100: 3, 1_000: 2}
"""Trials of a sweep -> rounds."""

SHORT = ("tune-class", "tuneyard-class", "tuneyard-generator", "tune-function", "tuneyard-function")
SLOW = ("tune-function-default", 24)  # seconds a trial: few of them give the same figure
DEEP = ("tune-class", "tuneyard-class", "tuneyard-generator", "tune-class-saved", "tuneyard-class-saved")
PAIRS = (
    ("tune-class", "tuneyard-class"),
    ("tune-class", "tuneyard-generator"),
    ("tune-function", "tuneyard-function"),
)
"""Raw Tune's, and ours beside it."""

Row = dict[str, Any]


def measure(name: str, trials: int, steps: int) -> dict[str, float]:
    """Seconds of one contender in a fresh process, and of that as a `whole`."""
    command = [sys.executable, __file__, "--one", json.dumps([name, trials, steps])]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    whole = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return {**figures, "whole": whole}


def trial_rows(names: Sequence[str], trials: int, rounds: int) -> list[Row]:
    """What one trial costs each contender in a sweep of `trials`; in turn, so that what else the machine does falls on all."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(measure(name, trials, 1))
    rows = []
    for name, times in found.items():
        each = sorted(1000 * figures["sweep"] / trials for figures in times)
        rows.append(
            {
                "contender": name,
                "trials": trials,
                "rounds": rounds,
                "ms_per_trial": round(statistics.median(each), 2),
                "ms_per_trial_range": [round(each[0], 2), round(each[-1], 2)],
                "first_result_s": round(statistics.median(f["first_result"] for f in times), 2),
                "whole_s": round(statistics.median(f["whole"] for f in times), 2),
            }
        )
        print(rows[-1], flush=True)
    return rows


def result_rows(names: Sequence[str], steps: int, rounds: int) -> list[Row]:
    """What one result costs each contender, by two trials of many steps."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            found[name].append(1000 * measure(name, 2, steps)["between_results"] / (2 * steps))
    rows = [
        {"contender": name, "rounds": rounds, "ms_per_result": round(statistics.median(times), 3)}
        for name, times in found.items()
    ]
    for row in rows:
        print(row, flush=True)
    return rows


def compared(rows: Sequence[Row]) -> list[Row]:
    """For each size, how many times as much raw Tune takes as ours: a trial, and the whole process."""
    at = {(row["trials"], row["contender"]): row for row in rows}
    return [
        {
            "trials": size,
            "raw": raw,
            "ours": ours,
            "trial": round(at[size, raw]["ms_per_trial"] / at[size, ours]["ms_per_trial"], 2),
            "whole": round(at[size, raw]["whole_s"] / at[size, ours]["whole_s"], 2),
        }
        for size in sorted({row["trials"] for row in rows})
        for raw, ours in PAIRS
        if (size, raw) in at and (size, ours) in at
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="few trials, nothing kept")
    parser.add_argument("--sizes", help="some of 10,100,1000 and `results`, beside what was kept before")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        name, trials, steps = json.loads(arguments.one)
        print(json.dumps(CONTENDERS[name](trials, steps)))
        return
    if arguments.quick:
        print(compared(trial_rows(SHORT[:2], 6, 1)))
        return
    wanted = arguments.sizes.split(",") if arguments.sizes else [*map(str, SIZES), "results"]
    figures = kept("overhead") if arguments.sizes else {}
    rows = [row for row in figures.get("rows", []) if str(row["trials"]) not in wanted]
    for size in (size for size in SIZES if str(size) in wanted):
        rows += trial_rows(SHORT, size, SIZES[size])
    rows.sort(key=lambda row: row["trials"])
    results = figures.get("results", [])
    if "results" in wanted:
        rows = [row for row in rows if row["contender"] not in (SLOW[0], "optuna", "tuneyard-inline")]
        rows += trial_rows([SLOW[0]], SLOW[1], 1) + trial_rows(["optuna", "tuneyard-inline"], 200, 3)
        results = result_rows([*DEEP, "optuna", "tuneyard-inline"], 500, 3)
    kept_at = {"machine": describe(), "rows": rows, "results": results, "ratios": compared(rows)}
    print("kept:", keep("overhead", kept_at))


if __name__ == "__main__":
    main()
