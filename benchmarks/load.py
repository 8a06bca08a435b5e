"""Does it carry the load that it promises? Ten thousand trials, a million results, a thousand workers.

    python benchmarks/load.py                     everything, about a quarter of an hour; writes results/load.json and the table of
                                                  docs/load.md
    python benchmarks/load.py --cases trials,results     these anew; the others stay as they were kept
    python benchmarks/load.py --quick             small sizes, under a minute; writes nothing: what the tests run

- trials: no-op trials of one sweep with random search on Ray, two workers; raw Ray Tune with reused actors beside it, at
  sizes that it can do in the time. Counted: every id once, every config trained once, by a file that the trials write.
- resume: a sweep killed by SIGKILL after 90 % of its trials, and its resume on Ray; ready is when the first trial starts.
- concurrent: asynchronous halving with 1,000 workers on a virtual clock; and as many real actors as memory cannot hold,
  which is to be refused before anything starts.
- results: three metrics a result, each journalled and shown in TensorBoard one by one; then the run is opened and
  asked for its best. Raw Ray Tune's results, with its default loggers, beside it.
- suggestion: a proposal of each method after 5,000 trials of eight parameters; Optuna's and Hyperopt's own TPE beside it.

Every measurement is a process of its own, one after the other. Processor seconds are those of the driver; on a machine
that does other things at the same time they are what the promise is to be judged by, and the clock is not. Time in the
journal is time waiting for the disk: it grows with whatever else writes to it.

The exit code is 1 where a promise is missed; promises about time are read by the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import _load_sweep
import _load_trials
from _load_noop import Noop
from _load_page import page
from _machine import describe, keep
from _page import write_table

__all__ = ["CASES", "FULL", "PROMISES", "QUICK", "missed"]

FULL: dict[str, Any] = {
    "trials": [500, 1_500, 10_000],
    "peer_trials": [500, 1_500],
    "killed": 10_000,
    "simulated": (10_000, 1_000),
    "rows": 1_000_000,
    "peer_steps": 1_000,
    "observations": 5_000,
}
QUICK: dict[str, Any] = {
    "trials": [40],
    "peer_trials": [40],
    "killed": 60,
    "simulated": (400, 100),
    "rows": 5_000,
    "peer_steps": 50,
    "observations": 300,
}

PROMISES: Mapping[str, Mapping[str, float]] = {
    "trials": {"seconds": 600, "driver_peak_mib": 1536, "journal_share": 0.05},
    "resume": {"ready_seconds": 30},
    "concurrent": {"seconds": 60, "peak_mib": 1024},
    "results": {"rows_per_second": 3_500, "best_seconds": 1},
    "suggestion": {"processor_ms": 150},
}
"""What holds at the sizes of `FULL`: at most this, but for `rows_per_second`, which is at least. A method that proposes
slower than in 150 ms has to keep to a window of the history, and to say so."""

MEASURES: dict[str, Callable[..., dict[str, Any]]] = {
    "ours": _load_trials.run_ours,
    "tune": _load_trials.run_tune,
    "resume": _load_trials.resume_ours,
    "simulated": _load_sweep.simulated,
    "results": _load_sweep.results,
    "suggestion": _load_sweep.suggestion,
    "raw suggestion": _load_sweep.raw_suggestion,
}


def measured(what: str, *, killed: bool = False, **how: Any) -> dict[str, Any]:
    """One measurement in a process of its own. `killed`: it kills itself, so there are no figures."""
    command = [sys.executable, __file__, "--one", json.dumps({"what": what, **how})]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    if killed and done.returncode == -signal.SIGKILL:
        return {}
    if done.returncode != 0:
        raise SystemExit(f"{what} {how} failed ({done.returncode}):\n{done.stderr[-3000:]}")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def trials(sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Ours and raw Tune's, in turn."""
    rows = []
    for size in sizes["trials"]:
        contenders = ("tune", "ours") if size in sizes["peer_trials"] else ("ours",)
        for contender in contenders:
            with tempfile.TemporaryDirectory() as storage:
                rows.append({"contender": contender, **measured(contender, trials=size, storage=storage)})
    return rows


def resume(sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Killed in this process's sense: trials run in the driver, which is faster, and the resume on Ray."""
    size = sizes["killed"]
    at = size * 9 // 10
    with tempfile.TemporaryDirectory() as storage:
        measured("ours", killed=True, trials=size, storage=storage, runner="inline", kill_at=at)
        return [{"trials": size, **measured("resume", storage=storage, began=time.monotonic())}]


def concurrent(sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """On a virtual clock, and refused with real actors."""
    size, workers = sizes["simulated"]
    return [measured("simulated", trials=size, workers=workers), refused()]


def refused() -> dict[str, Any]:
    """What `tuneyard run` answers to more workers than four times the memory of this machine holds, at 100 MiB each."""
    workers = 4 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (100 * 2**20)
    with tempfile.TemporaryDirectory() as storage:
        file = Path(storage, "sweep.yaml")
        place = Path(__file__).with_name("_load_noop.py")
        file.write_text(
            f"version: 1\ntrainable: {place}:{Noop.__name__}\nmetric: {{name: loss, goal: minimize}}\nmax_steps: 1\n"
            f"parameters: {{x: {{min: 0.0, max: 1.0}}, truth: {storage}/truth}}\nmethod: random\nrun_cap: {workers}\n",
            encoding="utf-8",
        )
        command = [
            sys.executable,
            "-m",
            "tuneyard",
            "run",
            str(file),
            "-j",
            str(workers),
            "--storage",
            storage,
        ]
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        left = sorted(path.name for path in Path(storage).iterdir() if path != file)
    return {
        "actors": workers,
        "exit_code": done.returncode,
        "seconds": round(time.monotonic() - began, 2),
        "left_behind": left,
        "said": done.stderr.strip(),
    }


def results(sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Ours, and raw Tune's two trials of many steps."""
    with tempfile.TemporaryDirectory() as storage:
        ours = measured("results", rows=sizes["rows"], storage=storage)
    with tempfile.TemporaryDirectory() as storage:
        theirs = measured("tune", trials=2, storage=storage, steps=sizes["peer_steps"])
    return [{"contender": "ours", **ours}, {"contender": "tune", **theirs}]


def suggestion(sizes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every method, then the two libraries with their whole history."""
    seen = sizes["observations"]
    rows = [measured("suggestion", method=method, trials=seen) for method in _load_sweep.METHODS]
    return rows + [
        measured("raw suggestion", library=library, trials=seen, asks=5) for library in ("optuna", "hyperopt")
    ]


CASES: dict[str, Callable[[Mapping[str, Any]], list[dict[str, Any]]]] = {
    "trials": trials,
    "resume": resume,
    "concurrent": concurrent,
    "results": results,
    "suggestion": suggestion,
}


def missed(found: Mapping[str, list[dict[str, Any]]], sizes: Mapping[str, Any]) -> list[str]:
    """What counts is wrong at any size, and what is slower or larger than promised at the full one."""
    return [*_miscounted(found), *(_too_much(found) if sizes is FULL else ())]


def _miscounted(found: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    said = []
    for case in ("trials", "resume"):
        for row in found.get(case, []):
            if "ids" in row and (row["ids"] != row["closed"] or any(row[name] for name in _NEVER)):
                said.append(f"{case}: not every id exactly once: {row}")
            if "ids" in row and row["ids"] != row["trials"]:
                said.append(f"{case}: {row['ids']} ids of {row['trials']} trials")
    for row in found.get("concurrent", []):
        if "exit_code" in row and (row["exit_code"] != 2 or row["left_behind"] or "GiB" not in row["said"]):
            said.append(f"concurrent: {row['actors']} actors were not refused with the arithmetic: {row}")
        if "closed" in row and row["closed"] != row["trials"]:
            said.append(f"concurrent: {row['closed']} of {row['trials']} trials ended")
    return said


_NEVER = ("never_trained", "trained_twice", "unknown")


def _too_much(found: Mapping[str, list[dict[str, Any]]]) -> list[str]:
    said = []
    for case, rows in found.items():
        for row in rows:
            if row.get("contender") == "tune" or "library" in row or row.get("notices"):
                continue
            for name, limit in PROMISES[case].items():
                value = row.get(name, limit)
                if value < limit if name == "rows_per_second" else value > limit:
                    said.append(f"{case}: {name} {value:g}, promised {limit:g}: {row}")
    return said


def _kept(case: str) -> list[dict[str, Any]] | None:
    path = Path(__file__).parent / "results" / "load.json"
    rows: list[dict[str, Any]] | None = None
    if path.exists():
        rows = json.loads(path.read_text(encoding="utf-8"))["cases"].get(case)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing kept")
    parser.add_argument(
        "--cases", default=",".join(CASES), help="some of: %(default)s; what is kept of the others stays"
    )
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        how = json.loads(arguments.one)
        print(json.dumps(MEASURES[how.pop("what")](**how)))
        return 0
    sizes, chosen = QUICK if arguments.quick else FULL, arguments.cases.split(",")
    found: dict[str, list[dict[str, Any]]] = {}
    for case in chosen:
        found[case] = CASES[case](sizes)
        for row in found[case]:
            print(case, json.dumps(row), flush=True)
    if sizes is FULL:
        found = {case: rows for case in CASES if (rows := found.get(case) or _kept(case))}
    wrong = missed(found, sizes)
    if sizes is FULL and list(found) == list(CASES):
        promises = {case: dict(limits) for case, limits in PROMISES.items()}
        figures = {"machine": describe(), "promises": promises, "missed": wrong, "cases": found}
        print("kept:", keep("load", figures))
        write_table("load.md", "load", page(found))
    for text in wrong:
        print(text, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
