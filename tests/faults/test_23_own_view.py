"""Row 23, a view of our own raises: warned of once, and the sweep goes on; a journal that cannot be written stops it cleanly."""

from __future__ import annotations

import io
import logging
import random
import resource
from functools import partial
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from rich.console import Console

from contracts.kills import Killed, told
from contracts.measured import Measured
from search.api import Sweep
from search.history import History, Record
from search.run import Run
from search.sweep import Observer
from search.views.console import ConsoleView

SEED = 23
TRIES = 6
CHAOS: dict[str, Any] = {
    "trainable": "chaos",
    "method": "random",
    "metric": "loss",
    "max_steps": 3,
    "run_cap": 5,
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
    "seed": SEED,
}


class Breaks:
    """A view that works until its `at`-th event, or until it is closed, and raises from then on."""

    def __init__(self, at: int) -> None:
        self.at, self.seen = at, 0

    def on_event(self, record: Record, history: History) -> None:
        self.seen += 1
        if self.seen >= self.at:
            raise RuntimeError(f"broke at event {self.seen}")

    def close(self) -> None:
        raise RuntimeError("broke while closing")


class FullScreen(io.StringIO):
    """A terminal that goes away: the window was closed."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self._left = after

    def write(self, text: str) -> int:
        self._left -= 1
        if self._left < 0:
            raise OSError(5, "Input/output error")
        return super().write(text)


def swept(name: str, observer: Observer | None = None, **changes: Any) -> Run:
    options = {**CHAOS, **changes, "name": name}
    return Sweep(options.pop("trainable"), **options).run(
        runner="inline", observers=[] if observer is None else [observer]
    )


def test_a_view_that_raises_is_warned_of_once(caplog: pytest.LogCaptureFixture, measured: Measured) -> None:
    expected, chance = told(swept("whole").history), random.Random(SEED)
    for number in range(TRIES):
        caplog.clear()
        view = Breaks(at=chance.randrange(1, 30))
        run = swept(f"broken{number}", view)
        warnings = [each for each in caplog.records if "Breaks" in each.getMessage()]
        assert len(warnings) == 1
        assert "is left out; the sweep goes on" in warnings[0].getMessage()
        assert view.seen <= view.at, "it was asked again after it broke"
        assert run.state == "finished"
        assert told(run.history) == expected
    measured(
        23, "a view raises at any event, or as it closes", tries=TRIES, lost_steps=0, lost_trials=0, seed=SEED
    )


def test_a_terminal_that_goes_away(caplog: pytest.LogCaptureFixture, measured: Measured) -> None:
    expected, chance = told(swept("whole").history), random.Random(SEED)
    for number in range(TRIES):
        caplog.clear()
        screen = FullScreen(chance.randrange(0, 12))
        console = Console(file=screen, force_terminal=number % 2 == 0, width=100)
        run = swept(f"gone{number}", ConsoleView(console=console))
        assert sum("ConsoleView" in each.getMessage() for each in caplog.records) <= 1
        assert run.state == "finished"
        assert told(run.history) == expected
    measured(23, "the terminal goes away", tries=TRIES, lost_steps=0, lost_trials=0, seed=SEED)


TRAIN = """
    import pathlib
    import shutil


    def train(config):
        for step in (1, 2, 3):
            if config["x"] == 2 and step == 2:
                folder = pathlib.Path("runs/boarded/tensorboard")
                shutil.rmtree(folder)
                folder.write_text("a file")
            yield {"loss": config["x"] / step}
"""


def test_tensorboards_folder_becomes_a_file(
    caplog: pytest.LogCaptureFixture, measured: Measured, tmp_path: Path
) -> None:
    Path("train.py").write_text(dedent(TRAIN))
    run = swept(
        "boarded",
        trainable="train.py:train",
        method="grid",
        parameters={"x": {"values": [1, 2, 3, 4]}},
        run_cap=None,
    )
    assert run.state == "finished"
    assert [trial.steps for trial in run.history.trials] == [3, 3, 3, 3]
    said = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert 1 <= len(said) <= 2, said
    assert "TensorBoard" in said[0]
    measured(23, "TensorBoard's folder is gone", tries=1, lost_steps=0, lost_trials=0, seed=SEED)


def test_a_journal_that_cannot_be_written_stops_the_sweep(tmp_path: Path, measured: Measured) -> None:
    """One message, exit code 1 or 5, nothing that was not recorded is acted upon; afterwards it is gone on with exactly."""
    whole, chance, lost, lost_trials, tries = Killed(tmp_path / "whole"), random.Random(SEED), 0, 0, 4
    expected = whole.finish()
    header = len(whole.paths.journal.read_bytes().partition(b"\n")[0])
    for number in range(tries):
        sweep = Killed(tmp_path / str(number))
        size = header + chance.randrange(100, 1_500)  # no other file of the sweep gets that large so soon
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        driver = sweep.drive(prepare=limit)
        assert driver.wait() in (1, 5), driver.said
        assert driver.said.count("cannot write") == 1
        assert "Traceback" not in driver.said
        assert told(sweep.finish()) == told(expected)
        lost += sweep.lost_steps(lost_per_kill=9)  # a checkpoint may not have found room either
        lost_trials += sweep.lost_trials
    measured(
        23, "the journal cannot be written", tries=tries, lost_steps=lost, lost_trials=lost_trials, seed=SEED
    )
    assert lost_trials == 0
