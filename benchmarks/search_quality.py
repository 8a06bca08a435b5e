"""Does each method find better configs than random search, at an equal budget?

    python benchmarks/search_quality.py              every method, function and seed; writes results/search_quality.json
    python benchmarks/search_quality.py --quick      two functions, seconds; the tests run it for some methods

Each run is one real sweep (searcher, passive sweep, journal in memory) of `--trials` trials on a function whose optimum is
known, one worker. Its figure is the regret: the best value found less the optimum. Runs are paired with random search
by function and seed. A method passes where its mean regret is below random's; the exit code is 1 when a method that
learns passes on fewer than four functions (with --quick: on none).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import numpy as np
from _machine import describe

from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import SEARCHERS, capabilities, make_searcher
from search.sweep import PassiveSweep
from spaces import nest
from spaces.reading import parse_parameters
from trainables import synthetic

FUNCTIONS = ("branin", "hartmann6", "sphere", "rosenbrock", "ackley", "rastrigin", "mixed", "conditional")
METHODS = tuple(name for name in SEARCHERS if name != "grid")
RESULTS = Path(__file__).parent / "results" / "search_quality.json"


@dataclass(frozen=True)
class Run:
    """One sweep: the regret after it, and the seconds that proposing took in all."""

    method: str
    function: str
    seed: int
    regret: float
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """A method on a function against random search, over paired seeds.

    `interval`: 95 % bootstrap interval of the mean regret. `difference`: mean of (method - random), with its interval;
    below 0 the method is better. `wins`: share of seeds where it is better.
    """

    method: str
    function: str
    seeds: int
    regret: float
    interval: tuple[float, float]
    difference: float
    difference_interval: tuple[float, float]
    wins: float
    ask_ms: float


def sweep(method: str, function: str, seed: int, trials: int) -> Run:
    """Run one sweep on a known function."""
    known = getattr(synthetic, function)
    problem = Problem(
        parse_parameters(known.parameters), Objective("loss"), 1, Budget(trials=trials), seed=seed
    )
    searcher = make_searcher(method, problem)
    run = PassiveSweep.begin(problem, searcher, make_scheduler("none", problem), MemoryJournal())
    spent, best = 0.0, float("inf")
    for _ in range(trials):
        began = time.perf_counter()
        (trial,) = run.ask(1, 0.0)
        spent += time.perf_counter() - began
        value = float(known.value(nest(dict(trial.config))))
        best = min(best, value)
        decision = run.report(trial.number, 1, {"loss": value}, 0.0)
        assert decision.outcome is not None
        run.close(trial.number, decision.outcome, 0.0)
    return Run(method, function, seed, best - known.optimum, spent)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % bootstrap interval of the mean."""
    sample = np.asarray(values)
    draws = np.random.default_rng(0).choice(sample, (10_000, len(sample))).mean(axis=1)
    low, high = np.quantile(draws, (0.025, 0.975))
    return float(low), float(high)


def compare(runs: Sequence[Run], trials: int) -> list[Comparison]:
    """Each method on each function, against random search."""
    found: dict[tuple[str, str], dict[int, Run]] = {}
    for run in runs:
        found.setdefault((run.method, run.function), {})[run.seed] = run
    comparisons = []
    for (method, function), by_seed in found.items():
        random = found["random", function]
        regrets = [by_seed[seed].regret for seed in sorted(by_seed)]
        differences = [by_seed[seed].regret - random[seed].regret for seed in sorted(by_seed)]
        comparisons.append(
            Comparison(
                method,
                function,
                len(regrets),
                statistics.mean(regrets),
                interval(regrets),
                statistics.mean(differences),
                interval(differences),
                statistics.mean(d < 0 for d in differences),
                1000 * statistics.mean(run.seconds for run in by_seed.values()) / trials,
            )
        )
    return comparisons


def table(comparisons: Sequence[Comparison]) -> str:
    """The comparisons as text, one line each, by function."""
    lines = [
        f"{'function':12} {'method':9} {'mean regret':>11}  {'95 % interval':>21}  {'vs random':>9}  {'wins':>5}  {'ms/ask':>7}"
    ]
    for each in sorted(comparisons, key=lambda c: (FUNCTIONS.index(c.function), c.regret)):
        low, high = each.interval
        sure = each.difference_interval[1] < 0 or each.difference_interval[0] > 0
        verdict = "-" if each.method == "random" else f"{each.difference:+.3g}{'*' if sure else ' '}"
        wins = "-" if each.method == "random" else f"{each.wins:.0%}"
        lines.append(
            f"{each.function:12} {each.method:9} {each.regret:11.4g}  [{low:9.3g}, {high:9.3g}]  {verdict:>9}  {wins:>5}  {each.ask_ms:7.1f}"
        )
    return "\n".join([*lines, "* the 95 % interval of the paired difference leaves out 0"])


def passed(comparisons: Sequence[Comparison]) -> dict[str, list[str]]:
    """method -> the functions where its mean regret is below that of random search."""
    learning = {c.method for c in comparisons if capabilities(c.method).learns}
    return {
        m: [c.function for c in comparisons if c.method == m and c.difference < 0] for m in sorted(learning)
    }


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="2 functions, 5 seeds, 30 trials; writes nothing"
    )
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--functions", nargs="+", choices=FUNCTIONS, default=FUNCTIONS)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1, help="sweeps at a time, each in its own process")
    parser.add_argument("--out", type=Path, default=RESULTS)
    chosen = parser.parse_args(argv)
    if chosen.quick:
        chosen.functions, chosen.seeds, chosen.trials, chosen.out = ("branin", "mixed"), 5, 30, None
    return chosen


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, write; see the module's docstring for the exit code."""
    chosen = _arguments(argv)
    methods = dict.fromkeys(["random", *chosen.methods])
    tasks = list(product(methods, chosen.functions, range(chosen.seeds)))
    began = time.perf_counter()
    with ProcessPoolExecutor(chosen.jobs) as pool:
        runs = list(pool.map(sweep, *zip(*tasks, strict=True), [chosen.trials] * len(tasks)))
    comparisons = compare(runs, chosen.trials)
    print(table(comparisons))
    enough, good = (1 if chosen.quick else 4), True
    for method, functions in passed(comparisons).items():
        good &= len(functions) >= enough
        print(
            f"{method}: better than random on {len(functions)} of {len(chosen.functions)}: {', '.join(functions)}"
        )
    if chosen.out is not None:
        report = {
            "what": f"regret after {chosen.trials} trials, {chosen.seeds} seeds, one worker",
            "machine": describe(),
            "minutes": round((time.perf_counter() - began) / 60, 1),
            "comparisons": [asdict(each) for each in comparisons],
            "runs": [asdict(each) for each in runs],
        }
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        chosen.out.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
