"""Sweeps whose driver is killed, again and again, and what that cost them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from contracts.drivers import Driver, lines
from contracts.measured import Measured
from contracts.points import hold
from contracts.truth import Truth
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths

__all__ = ["Killed", "told"]

SETTINGS: dict[str, Any] = {
    "name": "killed",
    "trainable": "chaos",
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "max_steps": 9,
    "run_cap": 12,
    "workers": 1,
    "seed": 11,
}

LATE = 2  # records that a driver may be ahead when its end comes


@dataclass
class Killed:
    """One sweep in a folder of its own, driven by one driver after the other.

    `changes`: keys of the sweep file over `SETTINGS`; `options` those of chaos. `first`: more arguments of the first
    driver, as --runner.
    """

    folder: Path
    changes: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    first: tuple[str, ...] = ("--runner", "inline")
    kills: int = 0
    lost_trials: int = 0  # that had finished, and changed or ran again
    asked: list[int] = field(default_factory=list)  # trials that there were at each kill
    _finished: dict[int, object] = field(default_factory=dict)
    _seen: Truth = field(default_factory=lambda: Truth(()))

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.paths = RunPaths(self.folder / "runs" / "killed")
        self.said = self.folder / "said.txt"
        self.truth = self.folder / "truth.jsonl"
        options = {"x": {"min": 0.0, "max": 1.0}, "truth": str(self.truth), **self.options}
        settings = {**SETTINGS, "parameters": options, "storage": str(self.folder / "runs"), **self.changes}
        self.file = self.folder / "killed.yaml"
        self.file.write_text(json.dumps(settings))

    @property
    def history(self) -> History:
        """What the journal tells now."""
        return History.from_records(read_journal(self.paths.journal))

    def drive(self, prepare: Callable[[], object] | None = None) -> Driver:
        """The next driver: of `run`, or of `resume` once there is anything to resume."""
        if lines(self.paths.journal):
            arguments: tuple[object, ...] = ("resume", self.paths.root)
        else:
            arguments = ("run", self.file, "--name", "killed", *self.first)
        return Driver(*arguments, said=self.said, cwd=self.folder, prepare=prepare)

    def finish(self, code: int = 0) -> History:
        """One more driver, to the end of the sweep, where it leaves with that exit code."""
        driver = self.drive()
        assert driver.wait() == code, driver.said
        self.looked_at()
        return self.history

    def kill_after(self, records: int) -> bool:
        """A driver that is killed once it has written so many records more; False: it came to its end before."""
        target = lines(self.paths.journal) + records
        driver = self.drive(prepare=partial(hold, records + LATE))
        if not driver.wait_for_lines(self.paths.journal, target):
            assert driver.wait() == 0, driver.said
            self.looked_at()
            return False
        driver.kill()
        self.killed()
        return True

    def kill_often(self, chance: random.Random, kills: int, within: int) -> History:
        """`kills` drivers are killed, each within so many records; the next one drives to the end."""
        while self.kills < kills:
            assert self.kill_after(1 + chance.randrange(1, within)), f"ended after {self.kills} kills"
        return self.finish()

    def killed(self) -> None:
        """Take stock after a kill."""
        self.kills += 1
        self.looked_at()
        self.asked.append(len(self.history.trials))

    def looked_at(self) -> None:
        """Count the trials that had finished when this was last looked at, and have changed or run since."""
        history, truth = self.history, Truth.read(self.truth)
        since = truth.since(self._seen)
        for number, as_told in self._finished.items():
            ran = any(event.kind == "step" for event in since.of([history.trials[number]]).events)
            self.lost_trials += ran or told(history)[number] != as_told
        self._finished = {t.number: told(history)[t.number] for t in history.trials if not t.open}
        self._seen = truth

    def measure(self, measured: Measured, row: int, fault: str, seed: int) -> None:
        """Tell what the kills so far cost."""
        lost = {"lost_steps": self.lost_steps(), "lost_trials": self.lost_trials}
        measured(row, fault, tries=self.kills, seed=seed, **lost)

    def lost_steps(self, lost_per_kill: int = 1) -> int:
        """Steps run again or in vain; asserts that each kill cost each trial `lost_per_kill` at most."""
        return Truth.read(self.truth).check(self.history, lost_per_kill)


def told(history: History) -> list[Any]:
    """What a sweep came to, trial by trial, whatever interrupted it."""
    return [
        (t.number, t.config["x"], t.seed, t.state, t.reason, [(r.step, r.score) for r in t.results])
        for t in history.trials
    ]
