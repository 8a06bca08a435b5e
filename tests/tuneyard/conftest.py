"""Runs on disk without a runner: the real sweep, journal and searcher, driven by hand; and the command line, called."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from search.journal import FileJournal, RunLock
from search.paths import RunPaths, write_atomic
from search.problem import Budget, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome
from spaces import parse_parameters
from tuneyard.__main__ import main

SPACE = {
    "lr": {"min": 1e-4, "max": 1.0, "log": True},
    "model": {"width": {"values": [16, 32, 64]}},
    "note": "=cmd()",
}


WriteRun = Callable[..., RunPaths]


@pytest.fixture
def write_run() -> WriteRun:
    """Writes a run directory; see `_write_run`."""
    return _write_run


def _write_run(
    storage: Path, name: str, *, trials: int = 4, end: bool = True, failing: tuple[int, ...] = ()
) -> RunPaths:
    """A run of `trials` trials of three steps; `failing` ones raise at step 2; `end` False: killed before the end."""
    paths = RunPaths(storage / name)
    paths.root.mkdir(parents=True)
    problem = Problem(
        parse_parameters(SPACE), Objective("val/accuracy", "maximize"), 3, Budget(trials=trials), seed=7
    )
    lock, journal = RunLock(paths.lock), FileJournal(paths.journal)
    sweep = PassiveSweep.begin(
        problem, make_searcher("random", problem), make_scheduler("none", problem), journal
    )
    now = 0.0
    for trial in sweep.ask(trials, now):
        sweep.start(trial.number, now, node="127.0.0.1", pid=1)
        for step in (1, 2, 3):
            now += 1.0
            if trial.number in failing and step == 2:
                log = paths.failure(trial.number, 1)
                write_atomic(log, "Traceback (most recent call last):\n")
                failure = Failure("raised", "ValueError: \x1b[31mred\x1b[0m", paths.relative(log))
                sweep.close(trial.number, Outcome.FAILED, now, failure=failure)
                break
            sweep.report(trial.number, step, {"val/accuracy": 0.5 + 0.1 * step + 0.01 * trial.number}, now)
        else:
            if end or trial.number < trials - 1:
                sweep.close(trial.number, Outcome.COMPLETED, now, "all 3 steps")
        write_atomic(paths.stdout(trial.number), f"hello from {trial.id}\n\x1b]0;title\x07done\n")
    if end:
        sweep.end("all trials done", now)
    journal.close()
    lock.release()
    return paths


@dataclass(frozen=True)
class Called:
    """What a call of the command line did. `out`, `err`: what it wrote to stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of stdout."""
        return json.loads(self.out.splitlines()[-1])


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Callable[..., Called]:
    """The command line, in this process."""

    def called(*arguments: object) -> Called:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Called(code, *capfd.readouterr())

    return called
