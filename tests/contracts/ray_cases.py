"""Trainables for tests of the Ray runner, as a user would write them: text of a file outside the project."""

from __future__ import annotations

from pathlib import Path

from search.history import History
from search.journal import FileJournal, RunLock, read_journal
from search.paths import RunPaths
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.runners.base import Resources, StopSignal, Work
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces.reading import parse_parameters
from trainables.plug import resolve

USER_FILE = '''
import os, sys, time
from pathlib import Path


def curve(config):
    """A generator: five steps towards a bowl."""
    print("training with", config["x"])
    print("to stderr", file=sys.stderr)
    for step in range(1, config.get("steps", 5) + 1):
        time.sleep(config.get("sleep", 0.0))
        yield {"loss": (config["x"] - 0.3) ** 2 + 1.0 / step, "step_squared": step**2}


class Counter:
    """A class that can be saved; it adds up its seed, so that a wrong resume shows."""

    def setup(self, config, *, seed, device):
        self.x, self.seed, self.total, self.sleep = config["x"], seed, 0, config.get("sleep", 0.0)

    def step(self):
        time.sleep(self.sleep)
        self.total += 1 + self.seed % 7
        return {"loss": self.x + 1.0 / self.total}

    def save(self, directory):
        (directory / "total").write_text(str(self.total))

    def load(self, directory):
        self.total = int((directory / "total").read_text())


class Artist(Counter):
    """It draws its work, too."""

    def draw(self, directory):
        (directory / "total.png").write_text(str(self.total))


def ends_early(config):
    for step in range(3):
        yield {"loss": float(step)}


def never_reports(config):
    return
    yield
'''

NATIVE_FILE = """
from ray import tune


class NativeClass(tune.Trainable):
    def setup(self, config):
        self.x, self.i = config["x"], 0

    def step(self):
        self.i += 1
        return {"loss": (self.x - 0.3) ** 2 + 1.0 / self.i, "done": self.x > 0.9 and self.i == 2}


def native_function(config):
    for i in range(1, 6):
        tune.report({"loss": (config["x"] - 0.3) ** 2 + 1.0 / i})


def native_raises(config):
    tune.report({"loss": 1.0})
    raise ValueError("a native one raised")
"""


class Case:
    """One sweep of a user's file in a directory of its own, driven by any runner."""

    def __init__(
        self,
        folder: Path,
        trainable: str,
        parameters: dict[str, object],
        *,
        method: str = "random",
        scheduler: str = "none",
        options: dict[str, object] | None = None,
        max_steps: int = 5,
        trials: int = 6,
        failure: FailurePolicy | None = None,
        seed: int = 3,
        audit: float = 0.0,
    ) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "user.py").write_text(USER_FILE)
        (folder / "native.py").write_text(NATIVE_FILE)
        self.trainable, self.method, self.scheduler, self.options = (
            trainable,
            method,
            scheduler,
            options or {},
        )
        self.problem = Problem(
            parse_parameters(parameters),
            Objective("loss"),
            max_steps,
            Budget(trials=trials),
            failure or FailurePolicy(stop_after=None),
            seed,
            audit=audit,
        )
        self.paths = RunPaths(folder / "run")
        self.stop = StopSignal()

    def run(
        self,
        runner: object,
        workers: int | None = None,
        resources: Resources | None = None,
        checkpoint_every: int = 1,
    ) -> History:
        """Begin the sweep, or go on with it if it was begun; returns what its journal then tells."""
        searcher = make_searcher(self.method, self.problem, {})
        scheduler = make_scheduler(self.scheduler, self.problem, self.options)
        lock = RunLock(self.paths.lock)
        begun = self.paths.journal.exists()
        journal = FileJournal(self.paths.journal)
        try:
            if begun:
                sweep = PassiveSweep.resume(read_journal(self.paths.journal), searcher, scheduler, journal)
            else:
                sweep = PassiveSweep.begin(self.problem, searcher, scheduler, journal)
            work = Work(
                resolve(self.trainable, self.folder),
                self.paths,
                resources or Resources(),
                workers,
                self.stop,
                checkpoint_every=checkpoint_every,
                base=self.folder,
            )
            runner.run(sweep, work)  # type: ignore[attr-defined]
        finally:
            journal.close()
            lock.release()
        return History.from_records(read_journal(self.paths.journal))
