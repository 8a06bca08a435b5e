"""How many epochs does early stopping need to find what random search finds?

    python benchmarks/early_stopping.py             every problem, 30 seeds; writes results/early_stopping.json
    python benchmarks/early_stopping.py --quick     5 seeds, fewer trials; writes nothing: what CI runs

Random search trains `--trials` configs to full fidelity, on four simulated workers. Each scheduler then takes the same
configs in the same order, until one reaches the best value that random search found. Its figure is the share of random
search's epochs that were spent by then; 1 where it did not get there within them. The searcher, the passive sweep, the
journal (in memory) and the scheduler are the real ones; the curves are replayed: closed forms, functions whose optimum is
known, and two recorded trainings (`benchmarks/curves/*.json`; more of them, and other tools: `recorded_curves.py`). The exit code is 1 unless ASHA with its defaults stays at
or below 1/3 on average on every problem that is not marked as a limit.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from _machine import describe, keep

from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import SCHEDULERS, make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces.reading import parse_parameters
from trainables.plug import resolve

CURVES = Path(__file__).parent / "curves"
MAX_STEPS = 27
WORKERS = 4
GOAL = 1 / 3


@cache
def recorded(name: str) -> list[list[float]]:
    """The curves of a recording; NaN where a value was not finite."""
    rows = json.loads((CURVES / f"{name}.json").read_text())["curves"]
    return [[math.nan if value is None else value for value in row] for row in rows]


def replay(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """A trainable that follows a recorded curve."""
    for value in recorded(config["recording"])[config["row"]]:
        yield {"loss": value}


@dataclass(frozen=True)
class Task:
    """A trainable with its parameters. `limit`: shown, but not required of ASHA, because `why`."""

    trainable: Any
    parameters: Mapping[str, Any]
    limit: bool = False


def recording(name: str) -> Task:
    """Random draws from the recorded configs, with replacement."""
    return Task(replay, {"row": {"min": 0, "max": len(recorded(name)) - 1}, "recording": {"value": name}})


def curves(crossing: float, limit: bool = False) -> Task:
    quality = {"quality": {"min": 0.0, "max": 1.0}}
    return Task("curves", {**quality, "crossing": crossing, "noise": 0.01}, limit)


def known(name: str) -> Task:
    return Task(name, {**resolve(name).declaration().parameters, "steps": MAX_STEPS})


def tasks() -> dict[str, Task]:
    """Problem by name. With crossing 1 the order at the first step is the reverse of the last: no rule can know."""
    return {
        "curves": curves(0.0),
        "curves, crossing 0.3": curves(0.3),
        "curves, crossing 1.0": curves(1.0, limit=True),
        "hartmann6": known("hartmann6"),
        "mlp on digits": recording("mlp-digits"),
        "boosting on breast_cancer": recording("boosting-breast_cancer"),
    }


def run(task: Task, scheduler: str, seed: int, budget: Budget, target: float | None) -> PassiveSweep:
    """One sweep of random search on the simulated clock."""
    objective = Objective("loss", target=target)
    policy = FailurePolicy(stop_after=None)
    space = parse_parameters(task.parameters)
    problem = Problem(space, objective, MAX_STEPS, budget, policy, seed)
    sweep = PassiveSweep.begin(
        problem, make_searcher("random", problem), make_scheduler(scheduler, problem), MemoryJournal()
    )
    SimulatedRunner().run(sweep, Work(resolve(task.trainable), workers=WORKERS))
    return sweep


def shares(task: Task, seed: int, trials: int) -> dict[str, tuple[float, bool]]:
    """Scheduler -> epochs until random search's best, as a share of all that it spent, and whether it was reached."""
    whole = run(task, "none", seed, Budget(trials=trials), None).history
    assert whole.best is not None
    assert whole.best.best is not None
    assert whole.best.best.score is not None
    spent, target = whole.steps_total, whole.best.best.score
    found = {}
    for scheduler in SCHEDULERS:
        history = run(task, scheduler, seed, Budget(steps=spent), target).history
        assert history.best is not None
        assert history.best.best is not None
        reached = history.best.best.score is not None and history.best.best.score <= target
        found[scheduler] = (min(1.0, history.steps_total / spent), reached)
    return found


@dataclass(frozen=True)
class Figure:
    """Shares of one scheduler on one problem. `interval`: of the mean, 95 %, by bootstrap."""

    problem: str
    scheduler: str
    mean: float
    interval: tuple[float, float]
    median: float
    worst: float
    missed: int


def figure(problem: str, scheduler: str, found: list[tuple[float, bool]]) -> Figure:
    values = [share for share, _ in found]
    draws = np.random.default_rng(0).choice(values, (10_000, len(values))).mean(axis=1)
    low, high = (round(float(bound), 3) for bound in np.quantile(draws, (0.025, 0.975)))
    return Figure(
        problem,
        scheduler,
        round(statistics.fmean(values), 3),
        (low, high),
        round(statistics.median(values), 3),
        round(max(values), 3),
        sum(not reached for _, reached in found),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="5 seeds, 32 trials; writes nothing")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--trials", type=int, default=64, help="configs that random search trains in full")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.seeds, chosen.trials = 5, 32
    figures, good = [], True
    print(
        f"share of the epochs of random search ({chosen.trials} trials x {MAX_STEPS}), {chosen.seeds} seeds\n"
    )
    print(f"{'':26} {'mean':>6}  {'95 %':>14} {'median':>7} {'worst':>6}  not reached")
    for name, task in tasks().items():
        found = [shares(task, seed, chosen.trials) for seed in range(chosen.seeds)]
        print(f"{name}{' (a limit)' if task.limit else ''}")
        for scheduler in SCHEDULERS:
            each = figure(name, scheduler, [share[scheduler] for share in found])
            figures.append(each)
            low, high = each.interval
            print(
                f"  {scheduler:24} {each.mean:6.3f}  [{low:.3f}, {high:.3f}] {each.median:7.3f} {each.worst:6.3f}  "
                f"{each.missed} of {chosen.seeds}"
            )
            good &= scheduler != "asha" or task.limit or each.mean <= GOAL
    print(f"\nASHA reaches random search's best with <= 1/3 of its epochs: {'yes' if good else 'NO'}")
    if not chosen.quick:
        keep(
            "early_stopping",
            {
                "what": "epochs until random search's best is reached, as a share of its epochs",
                "trials": chosen.trials,
                "max_steps": MAX_STEPS,
                "workers": WORKERS,
                "seeds": chosen.seeds,
                "machine": describe(),
                "figures": [asdict(each) for each in figures],
            },
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
