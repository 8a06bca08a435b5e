"""A copy has its parent's checkpoint, whatever a crash took."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts.journals import Recorded
from contracts.runners import begin, chaos
from search.history import History
from search.paths import RunPaths
from search.runners.base import StopSignal, Work
from search.runners.inline import InlineRunner
from search.runners.lineage import hand_down
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from trainables.checkpoint import newest_valid
from trainables.plug import resolve

OPTIONS: dict[str, Any] = {"size": 4, "interval": 2, "quantile": 0.5}


class Adding:
    """Its loss tells how often it was stepped in all, by whom ever."""

    def setup(self, config: dict[str, Any]) -> None:
        self.x, self.done = config["x"], 0.0

    def step(self) -> dict[str, float]:
        self.done += self.x
        return {"loss": self.done}

    def save(self, directory: Path) -> None:
        (directory / "done").write_text(repr(self.done))

    def load(self, directory: Path) -> None:
        self.done = float((directory / "done").read_text())


def losses(history: History) -> list[list[float]]:
    return [[r.metrics["loss"] for r in trial.results] for trial in history.trials]


def work(root: Path, stop: StopSignal | None = None) -> Work:
    return Work(plug=resolve(Adding), paths=RunPaths(root), stop=StopSignal() if stop is None else stop)


@pytest.mark.parametrize("lost", ["the newest of the parents", "all of them", "the copy's own"])
def test_a_lost_checkpoint_is_made_again(lost: str, tmp_path: Path) -> None:
    stop = StopSignal()

    class StopAtThirdCopy(Recorded):
        def append(self, record: Any) -> None:
            super().append(record)
            if sum(each.get("parent") is not None for each in self.records) == 3:
                stop.request("interrupted by a test")

    problem, journal = chaos(max_steps=8, trials=12), StopAtThirdCopy()
    InlineRunner().run(
        begin(problem, "population", journal=journal, options=OPTIONS), work(tmp_path / "a", stop)
    )
    history, paths = History.from_records(journal.records), RunPaths(tmp_path / "a")
    copies = [trial for trial in history.trials if trial.parent is not None]
    assert len(copies) == 3
    for trial in copies:
        if lost == "the copy's own":
            shutil.rmtree(paths.checkpoints(trial.number), ignore_errors=True)
            continue
        folder = paths.checkpoints(trial.parent or 0)
        found = newest_valid(folder)
        if lost == "all of them":
            shutil.rmtree(folder, ignore_errors=True)
        elif found is not None:
            shutil.rmtree(found[0])
    again = PassiveSweep.resume(
        journal.records,
        make_searcher("random", problem),
        make_scheduler("population", problem, OPTIONS),
        Recorded(),
    )
    InlineRunner().run(again, work(tmp_path / "a"))
    whole = begin(problem, "population", options=OPTIONS)
    InlineRunner().run(whole, work(tmp_path / "b"))
    assert again.history.finished
    assert losses(again.history) == losses(whole.history)


class Stubborn(Adding):
    """It cannot be loaded."""

    def load(self, directory: Path) -> None:
        raise OSError("unreadable")


def test_a_copy_whose_parent_cannot_be_had_fails_after_its_retries(tmp_path: Path) -> None:
    """The newest checkpoint of the parent is lost, and the one before it cannot be loaded to make it again."""
    stop = StopSignal()
    problem, root = chaos(max_steps=8, trials=12, retries=2), tmp_path / "run"

    class StopAtFirstCopy(Recorded):
        def append(self, record: Any) -> None:
            super().append(record)
            if record.get("parent") is not None:
                stop.request("interrupted by a test")

    journal = StopAtFirstCopy()
    InlineRunner().run(begin(problem, "population", journal=journal, options=OPTIONS), work(root, stop))
    history, paths = History.from_records(journal.records), RunPaths(root)
    copy = history.trials[-1]
    shutil.rmtree(paths.checkpoints(copy.number), ignore_errors=True)
    newest = newest_valid(paths.checkpoints(copy.parent or 0))
    assert newest is not None
    shutil.rmtree(newest[0])
    again = PassiveSweep.resume(
        journal.records,
        make_searcher("random", problem),
        make_scheduler("population", problem, OPTIONS),
        Recorded(),
    )
    InlineRunner().run(again, Work(plug=resolve(Stubborn), paths=paths))
    ended = again.history.trials[copy.number]
    assert ended.state == "failed"
    assert ended.reason == "OSError: unreadable"
    assert sum(attempt.after is not None for attempt in ended.attempts) == 2


def test_a_copy_that_has_a_checkpoint_of_its_own_keeps_it(tmp_path: Path) -> None:
    sweep = begin(chaos(max_steps=8, trials=12), "population", options=OPTIONS)
    InlineRunner().run(sweep, work(tmp_path))
    copy = next(t for t in sweep.history.trials if t.parent is not None and t.state == "completed")
    paths = RunPaths(tmp_path)
    before = newest_valid(paths.checkpoints(copy.number))
    hand_down(sweep.history, work(tmp_path), copy)
    assert newest_valid(paths.checkpoints(copy.number)) == before
    assert before is not None
    assert before[1] == 8
