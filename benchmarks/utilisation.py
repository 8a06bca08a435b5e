"""Are the cores kept busy? A sweep of 100 trials of 5 seconds on Ray, two workers, read from the journal's timeline.

    python benchmarks/utilisation.py            about four and a half minutes; writes results/utilisation.json and its table in
                                                docs/performance.md
    python benchmarks/utilisation.py --quick    20 trials of half a second, nothing kept

A step sleeps, so the seconds that the trials ask for are known: what the sweep takes beyond them is idle time. `utilisation`
is that share of workers x seconds from the first ask to the last end; `timeline` counts as the report's timeline does, from
the first start. Idle seconds of a worker are told apart: before its first trial (`starting`: its process and the imports),
between two of its trials (`between`), after its last one (`ending`: nothing is left to do), and in a trial beside its steps
(`within`).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from _machine import describe, keep

__all__ = ["idle", "run"]

WORKERS, STEPS = 2, 5
PROMISE = 0.95


def sleeping(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """A training that needs no processor."""
    for step in range(STEPS):
        time.sleep(config["seconds"] / STEPS)
        yield {"loss": config["x"] + 1 / (1 + step)}


def run(trials: int, seconds: float, method: str = "random") -> dict[str, Any]:
    """The sweep, and what its journal says of the workers' time. `seconds`: of a trial."""
    from search import api
    from search.analysis import timeline

    api.write_report = lambda run: None  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        history = (
            api.Sweep(
                f"{Path(__file__)}:sleeping",
                parameters={"x": {"min": 0.0, "max": 1.0}, "seconds": seconds},
                metric="loss",
                goal="minimize",
                method=method,
                early_terminate="none",
                max_steps=STEPS,
                run_cap=trials,
                workers=WORKERS,
                storage=folder,
            )
            .run(runner="ray")
            .history
        )
    assert all(trial.state == "completed" for trial in history.trials)
    told = timeline(history)
    spans = [(t.attempts[0].pid, t.attempts[0].now, t.closed or 0.0) for t in history.trials]
    begin = min(trial.asked for trial in history.trials)
    end = max(closed for *_, closed in spans)
    return {
        "trials": trials,
        "trial_seconds": seconds,
        "method": method,
        "workers": WORKERS,
        "seconds": round(end - begin, 2),
        "utilisation": round(trials * seconds / (WORKERS * (end - begin)), 4),
        "timeline": round(told["utilisation"], 4),
        **idle(spans, begin, end, seconds),
    }


def idle(spans: list[tuple[int, float, float]], begin: float, end: float, seconds: float) -> dict[str, Any]:
    """Idle seconds of all workers by their cause. `spans`: (worker, start, end) of each trial; `seconds`: that it needs."""
    by_worker: dict[int, list[tuple[float, float]]] = {}
    for worker, start, closed in sorted(spans, key=lambda span: span[1]):
        by_worker.setdefault(worker, []).append((start, closed))
    gaps = [after[0] - before[1] for trials in by_worker.values() for before, after in pairwise(trials)]
    return {
        "starting": round(sum(trials[0][0] - begin for trials in by_worker.values()), 3),
        "between": round(sum(gaps), 3),
        "between_ms": round(1000 * statistics.median(gaps), 2) if gaps else None,
        "within": round(sum(closed - start - seconds for _, start, closed in spans), 3),
        "ending": round(sum(end - trials[-1][1] for trials in by_worker.values()), 3),
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="short trials, nothing kept")
    quick = parser.parse_args().quick
    row = run(20, 0.5) if quick else run(100, 5.0)
    print(row)
    if not quick:
        print("kept:", keep("utilisation", {"machine": describe(), "promise": PROMISE, "rows": [row]}))
    return 0 if quick or row["utilisation"] >= PROMISE else 1


if __name__ == "__main__":
    raise SystemExit(main())
