"""How much regret is left for a budget, on a folder of tasks with learning curves: our methods beside other tools'.

    python benchmarks/search_quality_tasks.py --tasks FOLDER                       four workers, 25 full trainings of epochs
    python benchmarks/search_quality_tasks.py --tasks FOLDER --workers 1 --whole   one worker, 100 whole trainings

The folder holds the tasks and the peers, so that tasks that may not be published can be used too. It has three modules:
`devtasks` (`get_task(name)` with `space`, `max_epoch`, `curve`, `cost` and `const`; `SUITE_FULL`, `SUITE_MF`), `samplers`
(`SAMPLERS`: ask and tell) and `simulate` (`run`, an event queue of asynchronous workers; `Trial`; `ALGOS`: next and report).
Ours run through the passive sweep, in the same queue as the peers. A method is `NAME` with no early stopping where
`--whole` is given, else `NAME+SCHEDULER` (default: `auto+auto`, all others `+asha`). Regret: 0 the best known, 1 a random config's median. Every
result is appended to `--out` at once, and what stands there is not run again. Tools whose pins do not go with ours live in an
environment of their own: `--peers-in FOLDER` builds it and runs the whole comparison in it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import import_module
from itertools import product
from pathlib import Path
from typing import Any

from _environment import run_again_in

from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces import Categorical, Condition, Float, Integer, Parameter, Space

Row = dict[str, Any]

_TRAININGS = (1, 2, 5, 10, 25, 50, 100)


class Ours:
    """A passive sweep behind the peers' `next` and `report`; the trial's `x` is its number."""

    def __init__(self, task: Any, seed: int, method: str, max_steps: int, trial: Any) -> None:
        name, _, scheduler = method.partition("+")
        problem = Problem(
            space_of(task.space),
            Objective("loss"),
            max_steps,
            Budget(trials=10**6),
            FailurePolicy(stop_after=None),
            seed=seed,
        )
        usual = "none" if max_steps == 1 else "auto" if name == "auto" else "asha"
        early = make_scheduler(scheduler or usual, problem)
        self._sweep = PassiveSweep.begin(problem, make_searcher(name, problem), early, MemoryJournal())
        self._trial, self._now, self._given = trial, 0.0, dict[int, Any]()
        self.seconds = 0.0  # that asking took

    def next(self) -> Any:
        began = time.perf_counter()
        (trial,) = self._sweep.ask(1, self._now)
        self.seconds += time.perf_counter() - began
        self._sweep.start(trial.number, self._now, node="queue", pid=0, from_step=trial.steps)
        return self._given.setdefault(trial.number, self._trial(dict(trial.config), trial.number))

    def report(self, trial: Any, step: int, loss: float) -> str:
        self._now += 1.0
        decision = self._sweep.report(trial.x, step, {"loss": float(loss)}, self._now)
        if decision.pause:
            return "pause"
        if decision.outcome is None:
            return "go"
        self._sweep.close(trial.x, decision.outcome, self._now, decision.reason, decision.failure)
        return "stop"


def space_of(parameters: Sequence[Row]) -> Space:
    """The space of a task, whose parameters are dicts: name, type (float, int, cat), low, high, log, choices, cond."""
    found = []
    for each in parameters:
        if each["type"] == "cat":
            domain: Any = Categorical(tuple(each["choices"]))
        else:
            kind = Integer if each["type"] == "int" else Float
            domain = kind(each["low"], each["high"], log=bool(each["log"]))
        when = (Condition(each["cond"][0], "in", tuple(each["cond"][1])),) if each["cond"] else ()
        found.append(Parameter(each["name"], domain, when))
    return Space(found)


def whole(task: Any, seed: int, method: str, peers: Any, trial: Any, trials: int) -> Row:
    """One worker, whole trainings: the regret after 25, 50 and 100 of them, as far as `trials` goes."""
    losses: list[float] = []
    if method in peers:
        sampler = peers[method](task, seed)
        for _ in range(trials):
            config = sampler.ask()
            losses.append(task(config))
            sampler.tell(config, losses[-1])
        seconds = None
    else:
        ours = Ours(task, seed, method, 1, trial)
        for _ in range(trials):
            asked = ours.next()
            losses.append(task(asked.config))
            ours.report(asked, 1, losses[-1])
        seconds = ours.seconds / trials
    at = {str(n): task.regret(min(losses[:n])) for n in (25, 50, 100) if n <= trials}
    return {"regret": at, "ask": seconds}


def stepwise(task: Any, seed: int, method: str, simulate: Any, budget: int, workers: int) -> Row:
    """Asynchronous workers, stopped early: the regret after so many full trainings of epochs, and of wall-clock."""
    peer = simulate.ALGOS.get(method)
    run = peer(task, seed) if peer else Ours(task, seed, method, task.max_epoch, simulate.Trial)
    marks = [n for n in _TRAININGS if n <= budget]
    steps = task.max_epoch
    found = simulate.run(task, run, budget * steps, [n * steps for n in marks], workers)
    best = min(task.const["best"], task.const["best_any_epoch"])
    scale = task.const["median"] - best

    def regret(key: str) -> dict[str, float]:
        told = zip(marks, found, strict=True)
        return {str(n): (each[key] - best) / scale for n, each in told if each[key] is not None}

    return {"regret": regret("obs"), "wall": regret("obs_wall"), "trials": found[-1]["trials"]}


def main(argv: Sequence[str] | None = None) -> int:
    """Run what is missing, print the means."""
    chosen = _arguments(argv)
    if chosen.peers_in is not None:
        status = run_again_in(chosen.peers_in, [__file__, *(sys.argv[1:] if argv is None else argv)])
        if status is not None:
            return status
    sys.path.insert(0, str(chosen.tasks))
    tasks, samplers, simulate = (import_module(name) for name in ("devtasks", "samplers", "simulate"))
    suite = chosen.only or (tasks.SUITE_FULL if chosen.whole else tasks.SUITE_MF)
    done = {(row["method"], row["task"], row["seed"]): row for row in _read(chosen.out, _setting(chosen))}
    began = time.monotonic()
    for seed, name, method in product(range(chosen.seeds), suite, chosen.methods):
        if (method, name, seed) in done or time.monotonic() - began > chosen.seconds:
            continue
        task = tasks.get_task(name)
        if chosen.whole:
            row = whole(task, seed, method, samplers.SAMPLERS, simulate.Trial, chosen.trials)
        else:
            row = stepwise(task, seed, method, simulate, chosen.budget, chosen.workers)
        row |= {"method": method, "task": name, "seed": seed, "setting": _setting(chosen)}
        done[method, name, seed] = row
        if chosen.out is not None:
            with chosen.out.open("a") as out:
                out.write(json.dumps(row) + "\n")
    for line in _table(done.values(), chosen.methods):
        print(line)
    return 0


def _setting(chosen: argparse.Namespace) -> str:
    return f"whole {chosen.trials}" if chosen.whole else f"{chosen.workers} workers, {chosen.budget}"


def _read(path: Path | None, setting: str) -> Iterator[Row]:
    if path is not None and path.exists():
        rows = (json.loads(line) for line in path.read_text().splitlines())
        yield from (row for row in rows if row["setting"] == setting)


def _table(rows: Any, methods: Sequence[str]) -> Iterator[str]:
    for method in methods:
        ours = [row for row in rows if row["method"] == method]
        if not ours:
            continue
        for kind in ("regret", "wall"):
            marks = sorted({int(mark) for row in ours for mark in row.get(kind, {})})
            means = {
                n: statistics.mean(row[kind][str(n)] for row in ours if str(n) in row[kind]) for n in marks
            }
            if means:
                told = "  ".join(f"{n}: {mean:.3f}" for n, mean in means.items())
                yield f"{method:26} {kind:6} {len(ours):3} runs  {told}  mean {statistics.mean(means.values()):.3f}"


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tasks", type=Path, required=True, help="folder of tasks and peers")
    parser.add_argument("--only", nargs="+", help="names of tasks; default: the folder's suite")
    parser.add_argument("--methods", nargs="+", default=["auto", "tpe", "random"])
    parser.add_argument("--whole", action="store_true", help="whole trainings, one after the other")
    parser.add_argument("--trials", type=int, default=100, help="whole trainings")
    parser.add_argument("--budget", type=int, default=25, help="full trainings of epochs")
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no run after so many")
    parser.add_argument("--out", type=Path, help="JSON lines, one a run")
    parser.add_argument(
        "--peers-in", type=Path, help="environment with SMAC3, Ax, Syne Tune and HEBO; built where missing"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
