"""Methods and schedulers on recorded learning curves of real trainings: regret at equal epochs and at equal wall-clock.

    python benchmarks/recorded_curves.py                     everything; writes results/recorded_curves.json and .svg, and the
                                                             table of docs/recorded-curves.md
    python benchmarks/recorded_curves.py --quick             two tasks, three seeds, a minute; writes nothing
    python benchmarks/recorded_curves.py --tasks mlp-digits --methods auto "BOHB, synchronous" --seeds 20

Each run is a real sweep (searcher, scheduler, passive sweep, journal in memory) with 1, 4 and 32 workers on the virtual
clock, until so many full trainings' worth of epochs are spent *and* the time that these take without a pause. A config gets
the curve of the recorded config nearest to it (`_recordings.py`), so the optimum is known, and a step costs the seconds
that it took. Peers (`_peers.py`) are the tools' own objects, by their own rules. Runs are paired by task and seed.

Regret: 0 is the best recorded config, 1 the one in the middle, where it is capped. Intervals: 95 %, bootstrap over seeds
within tasks. Ranks: over pairs of task and seed, at the largest budget of epochs; their critical difference (Nemenyi)
takes those pairs as independent, which seeds of one task are not quite. Results go to `--rows` as they come, and what stands
there for the same budget and the same recordings is not run again. The exit code is 1 where `auto` is behind random search without stopping.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from _critical_difference import critical_difference, mean_ranks, svg
from _machine import describe, keep
from _page import table, write_table
from _peers import PEERS
from _recordings import CURVES, Recording, load, recordings

from search.history import History, Record
from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Problem
from search.runners.base import StopSignal, Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import Scheduler, make_scheduler
from search.searchers import Searcher, make_searcher
from search.sweep import PassiveSweep
from spaces import flatten
from trainables.plug import resolve

RESULTS = Path(__file__).parent / "results"
TRAININGS = (1, 2, 5, 10, 25)
"""Budgets in full trainings: of epochs, and of the time that as many take on all workers without a pause."""

WORKERS = (1, 4, 32)
FEWEST = 50
"""Recorded configs of a task below which its map is too coarse for anybody."""

Made = tuple[Searcher, Scheduler]
Row = dict[str, Any]


def _ours(method: str, scheduler: str, **options: Any) -> Callable[[Problem], Made]:
    def made(problem: Problem) -> Made:
        return make_searcher(method, problem), make_scheduler(scheduler, problem, options)

    return made


METHODS: dict[str, Callable[[Problem], Made]] = {
    "random": _ours("random", "none"),
    "random, asha": _ours("random", "asha"),
    "random, asha promoting": _ours("random", "asha", promote=True),
    "random, hyperband": _ours("random", "hyperband"),
    "tpe": _ours("tpe", "none"),
    "tpe, asha": _ours("tpe", "asha"),
    "tpe, hyperband": _ours("tpe", "hyperband"),
    "gp": _ours("gp", "none"),
    "gp, asha": _ours("gp", "asha"),
    "auto": _ours("auto", "auto"),
    **PEERS,
}
"""Name -> (searcher, scheduler) for a problem; `auto` with the early stopping that it brings."""


class Enough:
    """An observer that ends a sweep once both its epochs and its time are spent; four times the epochs end it anyhow."""

    def __init__(self, steps: int, seconds: float, stop: StopSignal) -> None:
        self._steps, self._seconds, self._stop = steps, seconds, stop

    def on_event(self, record: Record, history: History) -> None:
        if record["type"] != "result" or history.steps_total < self._steps:
            return
        if (history.now >= self._seconds or history.steps_total >= 4 * self._steps) and not self._stop:
            self._stop.request("spent")

    def close(self) -> None:
        pass


@cache
def task(name: str, folder: Path) -> Recording:
    return load(name, folder)


def sweep(name: str, method: str, workers: int, seed: int, trainings: int, folder: Path) -> Row:
    """One run -> regret after each budget of epochs, and of time; None where nothing was reported by then."""
    recording = task(name, folder)
    problem = Problem(
        recording.space,
        recording.objective,
        recording.max_steps,
        Budget(),
        FailurePolicy(stop_after=None),
        seed,
    )
    searcher, scheduler = METHODS[method](problem)
    stop = StopSignal()
    whole = float(np.mean([sum(row.seconds) for row in recording.rows if row.failure is None]))
    enough = Enough(trainings * recording.max_steps, trainings * whole / workers, stop)
    run = PassiveSweep.begin(problem, searcher, scheduler, MemoryJournal(), observers=[enough])

    def recorded(config: dict[str, Any]) -> Iterator[dict[str, float]]:
        yield from recording.train(flatten(config))

    SimulatedRunner().run(run, Work(resolve(recorded), workers=workers, stop=stop))
    results = sorted(
        ((each.now, each.score) for trial in run.history.trials for each in trial.results),
        key=lambda pair: pair[0],
    )
    best = np.minimum.accumulate([math.inf if score is None else score for _, score in results])
    times = [now for now, _ in results]
    low, middle = recording.bounds
    budgets = [k for k in TRAININGS if k <= trainings]

    def regret(count: int) -> float:
        value = best[count - 1] if count else math.inf
        return min(1.0, float((value - low) / (middle - low)))

    return {
        "task": name,
        "method": method,
        "workers": workers,
        "seed": seed,
        "trainings": trainings,
        "configs": len(recording.rows),
        "trials": len(run.history.trials),
        "epochs": {str(k): round(regret(min(len(best), k * recording.max_steps)), 4) for k in budgets},
        "clock": {str(k): round(regret(bisect_right(times, k * whole / workers)), 4) for k in budgets},
    }


def _job(job: tuple[str, str, int, int, int, Path]) -> Row:
    return sweep(*job)


def interval(rows: Sequence[Row], axis: str, budget: str) -> tuple[float, float, float]:
    """(mean, low, high) of the regret over tasks, each task alike; 95 % bootstrap over the seeds of each."""
    by_task: dict[str, list[float]] = {}
    for row in rows:
        by_task.setdefault(row["task"], []).append(row[axis][budget])
    rng = np.random.default_rng(0)
    draws = np.mean(
        [rng.choice(values, (4000, len(values))).mean(axis=1) for values in by_task.values()], axis=0
    )
    low, high = np.quantile(draws, (0.025, 0.975))
    return float(np.mean([np.mean(values) for values in by_task.values()])), float(low), float(high)


def summed(rows: Sequence[Row], methods: Sequence[str]) -> list[dict[str, Any]]:
    """A line for each number of workers and method: regret with interval after each budget, anytime mean, mean rank."""
    lines = []
    for workers in sorted({row["workers"] for row in rows}):
        here = [row for row in rows if row["workers"] == workers]
        ranks = mean_ranks(_blocks(here, methods))
        for method in methods:
            own = [row for row in here if row["method"] == method]
            budgets = list(own[0]["epochs"])
            regrets = {
                axis: {k: [round(v, 4) for v in interval(own, axis, k)] for k in budgets}
                for axis in ("epochs", "clock")
            }
            anytime = float(np.mean([regrets["epochs"][k][0] for k in budgets]))
            lines.append(
                {
                    "workers": workers,
                    "method": method,
                    **regrets,
                    "anytime": round(anytime, 4),
                    "rank": round(ranks[method], 3),
                }
            )
    return lines


def _blocks(rows: Sequence[Row], methods: Sequence[str]) -> list[dict[str, float]]:
    """The regret of every method at the largest budget of epochs, for each task, number of workers and seed."""
    found: dict[tuple[str, int, int], dict[str, float]] = {}
    for row in rows:
        block = found.setdefault((row["task"], row["workers"], row["seed"]), {})
        block[row["method"]] = list(row["epochs"].values())[-1]
    return [{name: block[name] for name in methods} for block in found.values()]


def show(lines: Sequence[dict[str, Any]]) -> None:
    budgets = list(lines[0]["epochs"])
    last = budgets[-1]
    for workers in sorted({line["workers"] for line in lines}):
        print(
            f"\n{workers} workers: regret after so many full trainings of epochs, and after the time of {last}"
        )
        head = "".join(f"{f'{k} R':>8}" for k in budgets)
        print(f"{'':30}{head}  {'95 %':>14}  {'anytime':>7}  {'clock':>6}  {'95 %':>14}  {'rank':>5}")
        here = [line for line in lines if line["workers"] == workers]
        for line in sorted(here, key=lambda each: each["epochs"][last][0]):
            values = "".join(f"{line['epochs'][k][0]:8.3f}" for k in budgets)
            spans = [
                f"[{line[axis][last][1]:.3f}, {line[axis][last][2]:.3f}]" for axis in ("epochs", "clock")
            ]
            print(
                f"{line['method']:30}{values}  {spans[0]:>14}  {line['anytime']:7.3f}  {line['clock'][last][0]:6.3f}  "
                f"{spans[1]:>14}  {line['rank']:5.2f}"
            )


def page(lines: Sequence[dict[str, Any]], tasks: Sequence[Recording], seeds: int) -> str:
    """What docs/recorded-curves.md shows: the tasks, and a table of all lines."""
    last = list(lines[0]["epochs"])[-1]
    head = [
        "workers",
        "method",
        f"after {last} trainings of epochs",
        "anytime",
        f"after the time of {last}",
        "mean rank",
    ]
    rows = []
    for line in sorted(lines, key=lambda each: (each["workers"], each["epochs"][last][0])):
        spans = ["{:.3f} [{:.3f}, {:.3f}]".format(*line[axis][last]) for axis in ("epochs", "clock")]
        ends = [f"{line['anytime']:.3f}", spans[1], f"{line['rank']:.2f}"]
        rows.append([str(line["workers"]), line["method"], spans[0], *ends])
    sizes = ", ".join(f"{each.name} ({len(each.rows)} configs)" for each in tasks)
    return f"{seeds} seeds; {sizes}. Mean regret with its 95 % interval; anytime: the mean over all budgets.\n\n{table(head, rows)}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="2 tasks, 3 seeds, few methods; writes nothing")
    parser.add_argument("--tasks", nargs="+", metavar="TASK", help="default: all that were recorded")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS), metavar="METHOD")
    parser.add_argument("--workers", nargs="+", type=int, default=list(WORKERS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trainings", type=int, default=TRAININGS[-1], choices=TRAININGS)
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time, each in its own process")
    parser.add_argument("--curves", type=Path, default=CURVES, help="folder of the recordings")
    parser.add_argument(
        "--rows", type=Path, help="keep each run's figures there, a line each, and go on from them"
    )
    chosen = parser.parse_args(argv)
    if chosen.quick:
        chosen.tasks = chosen.tasks or ["boosting-wine", "mlp-digits"]
        chosen.seeds, chosen.workers, chosen.trainings = 3, [1, 4], 5
        chosen.methods = ["random", "random, asha", "auto", "Ray: ASHA, random", "Hyperband, synchronous"]
    if not chosen.tasks:
        sizes = {name: len(task(name, chosen.curves).rows) for name in recordings(chosen.curves)}
        chosen.tasks = [name for name, size in sizes.items() if size >= FEWEST]
        for name in sizes.keys() - set(chosen.tasks):
            print(
                f"{name}: left out, {sizes[name]} configs are recorded and {FEWEST} are needed (curves/record.py {name})"
            )
    return chosen


def _rows(chosen: argparse.Namespace) -> list[Row]:
    """Those kept, and what was missing of them, run now."""
    kept: list[Row] = []
    if chosen.rows is not None and chosen.rows.is_file():
        kept = [json.loads(line) for line in chosen.rows.read_text().splitlines()]
    sizes = {name: len(task(name, chosen.curves).rows) for name in chosen.tasks}
    there = {
        (row["task"], row["method"], row["workers"], row["seed"]): row
        for row in kept
        if row.get("trainings") == chosen.trainings and row.get("configs") == sizes.get(row["task"])
    }
    wanted = list(product(chosen.tasks, chosen.methods, chosen.workers, range(chosen.seeds)))
    jobs = [(*each, chosen.trainings, chosen.curves) for each in wanted if each not in there]
    pool = ProcessPoolExecutor(chosen.jobs) if chosen.jobs > 1 else None
    with open(chosen.rows or "/dev/null", "a", encoding="utf-8") as file:
        for row in map(_job, jobs) if pool is None else pool.map(_job, jobs):
            there[row["task"], row["method"], row["workers"], row["seed"]] = row
            file.write(json.dumps(row) + "\n")
            file.flush()
    if pool is not None:
        pool.shutdown()
    return [there[each] for each in wanted]


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, write; see the module's docstring for the exit code."""
    chosen = _arguments(argv)
    rows = _rows(chosen)
    lines = summed(rows, chosen.methods)
    show(lines)
    blocks = _blocks(rows, chosen.methods)
    ranks, difference = mean_ranks(blocks), critical_difference(len(chosen.methods), len(blocks))
    print(f"\nmean rank over {len(blocks)} pairs of task and seed (critical difference {difference:.2f}):")
    for name, rank in ranks.items():
        print(f"  {rank:5.2f}  {name}")
    if not chosen.quick:
        title = (
            f"Mean rank of the regret after {chosen.trainings} full trainings of epochs, {len(blocks)} runs"
        )
        keep(
            "recorded_curves",
            {
                "what": "regret on recorded learning curves: [mean, low, high] by full trainings of epochs and of time",
                "machine": describe(),
                "seeds": chosen.seeds,
                "tasks": {
                    name: {"configs": len(found.rows), "max_steps": found.max_steps, "metric": found.metric}
                    for name in chosen.tasks
                    if (found := task(name, chosen.curves))
                },
                "lines": lines,
                "ranks": ranks,
                "critical_difference": difference,
            },
        )
        write_table(
            "recorded-curves.md",
            "recorded_curves",
            page(lines, [task(name, chosen.curves) for name in chosen.tasks], chosen.seeds),
        )
        (RESULTS / "recorded_curves.svg").write_text(svg(ranks, difference, title), encoding="utf-8")
    good = "auto" not in ranks or "random" not in ranks or ranks["auto"] <= ranks["random"]
    if not good:
        print("auto is behind random search without stopping")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
