"""Row 18, what Ray Tune keeps of its own state is cut, emptied, lost, or has a bit flipped: a resume is exact.

Not because it is mended: nothing of it is ever read.
"""

from __future__ import annotations

import random
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.kills import told
from contracts.measured import Measured
from contracts.ray_cases import Case
from search.journal import read_journal
from search.runners.inline import InlineRunner
from search.runners.ray_tune import RayTuneRunner

SEED = 3

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]


def cut(file: Path, chance: random.Random) -> None:
    file.write_bytes(file.read_bytes()[: chance.randrange(1, max(2, file.stat().st_size))])


def flip(file: Path, chance: random.Random) -> None:
    data = bytearray(file.read_bytes())
    if data:
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)


def empty(file: Path, chance: random.Random) -> None:
    file.write_bytes(b"")


def lose(file: Path, chance: random.Random) -> None:
    file.unlink()


DAMAGE: list[Callable[[Path, random.Random], None]] = [cut, empty, lose, flip]


def case(folder: Path) -> Case:
    options = {"x": {"min": 0.0, "max": 1.0}, "delay": 0.05}
    return Case(folder, "chaos", options, max_steps=6, trials=4, method="tpe", seed=SEED)


def interrupted(folder: Path) -> None:
    """A run that was stopped under way; Tune has written its state."""
    begun = case(folder)

    def once_under_way() -> None:
        journal = begun.paths.journal
        while not (journal.exists() and journal.read_bytes().count(b'"type":"result"') >= 8):
            time.sleep(0.02)
        begun.stop.request("interrupted by a test")

    thread = threading.Thread(target=once_under_way, daemon=True)
    thread.start()
    history = begun.run(RayTuneRunner(), workers=1)
    thread.join()
    assert not history.finished


def test_a_resume_is_exact(tmp_path: Path, local_ray: Any, measured: Measured) -> None:
    expected = told(case(tmp_path / "whole").run(InlineRunner()))
    interrupted(tmp_path / "begun")
    chance, damaged, lost = random.Random(SEED), 0, 0
    for turn in range(len(DAMAGE)):  # each file meets each damage, one a turn
        folder = tmp_path / f"damaged-{turn}"
        shutil.copytree(tmp_path / "begun", folder)
        files = sorted(path for path in (folder / "run" / "tune").rglob("*") if path.is_file())
        for index, file in enumerate(files):
            DAMAGE[(index + turn) % len(DAMAGE)](file, chance)
        kinds = {file.name.partition("-")[0] for file in files}
        assert kinds >= {"experiment_state", "searcher", "tuner.pkl"}, "Tune keeps its state elsewhere now"
        damaged += len(files)
        history = case(folder).run(RayTuneRunner(), workers=1)
        assert told(history) == expected
        assert history.finished
        lost += sum(bool(record.get("again")) for record in read_journal(folder / "run" / "journal.jsonl"))
    measured(
        18,
        "each file cut, emptied, lost, a bit flipped",
        tries=damaged,
        lost_steps=lost,
        lost_trials=0,
        seed=SEED,
    )
