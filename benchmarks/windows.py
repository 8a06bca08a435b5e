"""What does a searcher lose that keeps to a window of its history?

    python benchmarks/windows.py             two methods on two functions, minutes; writes results/windows.json and the table of
                                             docs/decisions/windowed-history.md
    python benchmarks/windows.py --quick     one function, few trials; writes nothing: what the tests run

By default `tpe` and `hyperopt` keep 2,000 trials, so nothing is lost before that. The window is put to the test where it
is small against the history: 500 trials with a window of 50, the smallest that may be asked for, which `tpe` lets grow
to 100 before it cuts it back, against the same sweep with all of them, paired by function and seed. A figure is the
regret: the best value found less the optimum.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from _machine import describe, keep
from _page import table, write_table
from search_quality import interval

from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces import nest
from spaces.reading import parse_parameters
from trainables import synthetic


@dataclass(frozen=True)
class Pair:
    """A method with a window of `window` trials and with one that holds all of `trials`."""

    method: str
    window: int
    trials: int
    seeds: int


FULL = (Pair("tpe", 50, 500, 8), Pair("hyperopt", 50, 500, 8))
QUICK = (Pair("tpe", 50, 120, 1),)
FUNCTIONS = ("hartmann6", "conditional")


def regret(method: str, function: str, seed: int, trials: int, window: int) -> tuple[float, float, int]:
    """Of one sweep: the regret, processor seconds of a proposal over the last tenth, and its notices."""
    known = getattr(synthetic, function)
    problem = Problem(
        parse_parameters(known.parameters), Objective("loss"), 1, Budget(trials=trials), seed=seed
    )
    searcher = make_searcher(method, problem, {"window": window})
    sweep = PassiveSweep.begin(problem, searcher, make_scheduler("none", problem), MemoryJournal())
    best, spent = float("inf"), 0.0
    for number in range(trials):
        began = time.process_time()
        (trial,) = sweep.ask(1, 0.0)
        spent += (time.process_time() - began) * (number >= trials * 9 // 10)
        value = float(known.value(nest(dict(trial.config))))
        best = min(best, value)
        decision = sweep.report(trial.number, 1, {"loss": value}, 0.0)
        assert decision.outcome is not None
        sweep.close(trial.number, decision.outcome, 0.0)
    return best - known.optimum, spent / (trials - trials * 9 // 10), len(sweep.history.notices)


def compared(pair: Pair, functions: Sequence[str]) -> list[dict[str, Any]]:
    """One row a function."""
    rows = []
    for function in functions:
        kept, whole = (
            [regret(pair.method, function, seed, pair.trials, size) for seed in range(pair.seeds)]
            for size in (pair.window, pair.trials)
        )
        assert all(notices == 1 for *_, notices in kept)
        assert not any(notices for *_, notices in whole)
        difference = [one[0] - other[0] for one, other in zip(kept, whole, strict=True)]
        rows.append(
            {
                "method": pair.method,
                "function": function,
                "trials": pair.trials,
                "window": pair.window,
                "seeds": pair.seeds,
                "regret_window": statistics.mean(each[0] for each in kept),
                "regret_whole": statistics.mean(each[0] for each in whole),
                "difference": statistics.mean(difference),
                "difference_interval": interval(difference),
                "ms_window": round(1000 * statistics.mean(each[1] for each in kept), 1),
                "ms_whole": round(1000 * statistics.mean(each[1] for each in whole), 1),
            }
        )
        print(rows[-1], flush=True)
    return rows


def page(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as the table of docs/decisions/windowed-history.md."""
    head = (
        "method",
        "function",
        "regret with the window",
        "with all",
        "difference (95 %)",
        "ms a proposal",
        "with all",
    )
    lines = []
    for row in rows:
        low, high = row["difference_interval"]
        lines.append(
            (
                f"`{row['method']}`",
                row["function"],
                f"{row['regret_window']:.3g}",
                f"{row['regret_whole']:.3g}",
                f"{row['difference']:+.2g} ({low:+.2g} to {high:+.2g})",
                f"{row['ms_window']:.0f}",
                f"{row['ms_whole']:.0f}",
            )
        )
    return table(head, lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one function, few trials; nothing kept")
    quick = parser.parse_args().quick
    pairs, functions = (QUICK, FUNCTIONS[:1]) if quick else (FULL, FUNCTIONS)
    rows = [row for pair in pairs for row in compared(pair, functions)]
    if not quick:
        print("kept:", keep("windows", {"machine": describe(), "rows": rows}))
        write_table("decisions/windowed-history.md", "windows", page(rows))


if __name__ == "__main__":
    main()
