"""How do costs grow with a sweep? 100, 1,000 and 10,000 trials, up to a million results.

    python benchmarks/growth.py                    everything, several minutes; writes results/growth.json and its tables in
                                                   docs/performance.md
    python benchmarks/growth.py --cases events     beside what was kept before: events, files, proposals
    python benchmarks/growth.py --quick            small sizes, nothing kept: what the tests run

- events: one process asks, reports and closes, journal and TensorBoard written as in any run: asynchronous halving over 9 steps.
  Microseconds of processor of each verb in the first and in the last tenth of the trials.
- files: the journals of `report_scale.py`, about a hundred results a trial. What it takes to replay one for a resume, and of
  `tuneyard ls`, `tuneyard show` and `tuneyard report`: processor seconds and peak memory of a process of its own.
- proposals: milliseconds of processor of a proposal of each method after so many trials of eight parameters.

Flat means: the last tenth costs what the first one does, and a record, a result, a trial costs the same in a sweep of ten
thousand trials as in one of a hundred.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from _load_sweep import METHODS, suggestion
from _load_trials import peak_mib
from _machine import describe, keep, kept
from report_scale import FIRST_RUNG, measured, write_sweep

from search.journal import FileJournal, MemoryJournal, read_journal
from search.paths import RunPaths
from search.problem import Budget, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Outcome
from search.views.tensorboard import TensorBoardView
from spaces import parse_parameters

__all__ = ["CASES", "events", "files", "proposals"]

SIZES, QUICK = (100, 1_000, 10_000), (20, 60)
STEPS = 9

Row = dict[str, Any]


class Spent:
    """Processor seconds of each verb, call by call."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {"ask": [], "report": [], "close": []}

    def of(self, verb: str, call: Callable[[], Any]) -> Any:
        began = time.process_time()
        answer = call()
        self.seconds[verb].append(time.process_time() - began)
        return answer

    def microseconds(self) -> dict[str, list[float]]:
        """By verb, the mean of the first and of the last tenth of its calls."""
        tenths = {verb: max(1, len(spent) // 10) for verb, spent in self.seconds.items()}
        return {
            verb: [
                round(1e6 * statistics.fmean(part), 1)
                for part in (spent[: tenths[verb]], spent[-tenths[verb] :])
            ]
            for verb, spent in self.seconds.items()
        }


def events(trials: int) -> Row:
    """A sweep on its way: what each verb costs, early and late."""
    problem = Problem(
        parse_parameters({"x": {"min": 0.0, "max": 1.0}}),
        Objective("loss"),
        STEPS,
        Budget(trials=trials),
        seed=1,
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = RunPaths(Path(folder, "growth"))
        paths.root.mkdir()
        journal = FileJournal(paths.journal)
        sweep = PassiveSweep.begin(
            problem,
            make_searcher("random", problem),
            make_scheduler("asha", problem),
            journal,
            observers=[TensorBoardView(paths.tensorboard)],
        )
        began, spent = time.process_time(), Spent()
        while asked := spent.of("ask", lambda: sweep.ask(1, 0.0)):
            _train(sweep, asked[0], spent)
        seconds = time.process_time() - began
        journal.close()
    return {
        "trials": trials,
        "results": sweep.history.results_total,
        "processor_seconds": round(seconds, 3),
        "microseconds": spent.microseconds(),
        "peak_mib": round(peak_mib()),
    }


def _train(sweep: PassiveSweep, trial: Any, spent: Spent) -> None:
    sweep.start(trial.number, 0.0, node="none", pid=0)
    decision, step = None, 0
    while decision is None or decision.outcome is None:
        step += 1
        metrics = {"loss": trial.config["x"] + 1 / step, "train/loss": trial.config["x"], "lr": 0.1}
        decision = spent.of("report", partial(sweep.report, trial.number, step, metrics, 0.0))
    outcome: Outcome = decision.outcome
    spent.of("close", partial(sweep.close, trial.number, outcome, 0.0, decision.reason))


def files(trials: int) -> Row:
    """A sweep that is over: what it takes to replay, to list, to show and to report it."""
    with tempfile.TemporaryDirectory() as storage:
        paths, results = write_sweep(Path(storage), trials)
        records = sum(1 for _ in paths.journal.open("rb"))
        row = {
            "trials": trials,
            "results": results,
            "records": records,
            "journal_mib": round(paths.journal.stat().st_size / 2**20, 1),
        }
        tuneyard = [sys.executable, "-m", "tuneyard"]
        commands = {
            "replay": [sys.executable, __file__, "--replay", str(paths.journal)],
            "ls": [*tuneyard, "ls", "--storage", storage],
            "show": [*tuneyard, "show", str(paths.root)],
            "report": [*tuneyard, "report", str(paths.root)],
        }
        for name, command in commands.items():
            _, processor, gib = measured(command)
            row[name] = {"processor_seconds": round(processor, 2), "peak_mib": round(1024 * gib)}
    return row


def replay(journal: Path) -> None:
    """What a resume does before its first trial, as the driver does it: the journal is opened, read and decided again."""
    FileJournal(journal).close()
    records = read_journal(journal)
    problem = Problem.from_json(records[0]["problem"])
    scheduler = make_scheduler("asha", problem, {"min_iter": FIRST_RUNG})
    PassiveSweep.resume(records, make_searcher("random", problem), scheduler, MemoryJournal())


def proposals(trials: int) -> Row:
    """Each method's, after so many trials."""
    found = {}
    for method in METHODS:
        row = suggestion(method, trials)
        found[method] = {
            "ms": row["processor_ms"],
            "p95_ms": row["processor_ms_p95"],
            "window": bool(row["notices"]),
        }
    return {"trials": trials, "methods": found}


CASES: Mapping[str, Callable[[int], Row]] = {"events": events, "files": files, "proposals": proposals}


def _one(case: str, trials: int) -> Row:
    """A case in a process of its own, so that its memory is its own."""
    import subprocess

    command = [sys.executable, __file__, "--one", json.dumps([case, trials])]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    row: Row = json.loads(done.stdout.splitlines()[-1])
    print(case, row, flush=True)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small sizes, nothing kept")
    parser.add_argument("--cases", default="", help=f"some of {','.join(CASES)}, beside what was kept before")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--replay", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.replay:
        replay(arguments.replay)
        return
    if arguments.one:
        case, trials = json.loads(arguments.one)
        print(json.dumps(CASES[case](trials)))
        return
    sizes: Sequence[int] = QUICK if arguments.quick else SIZES
    cases = arguments.cases.split(",") if arguments.cases else list(CASES)
    rows = {case: [_one(case, size) for size in sizes] for case in cases}
    if not arguments.quick:
        before = kept("growth") if arguments.cases else {}
        print("kept:", keep("growth", {**before, "machine": describe(), **rows}))


if __name__ == "__main__":
    main()
