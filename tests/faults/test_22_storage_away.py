"""Row 22, the storage is away for a while: no trial fails of it, and the user is warned."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from contracts.command_line import PATIENCE
from contracts.measured import Measured
from contracts.ray_cases import Case
from contracts.truth import Truth
from search.runners.ray_tune import RayTuneRunner

SEED = 3
AWAY = 8.0  # seconds at least
WARNING = "cannot be reached: no new trial begins until it is back"
TRIALS = 4

pytestmark = [pytest.mark.ray, pytest.mark.slow]


def test_no_trial_fails(
    tmp_path: Path,
    local_ray: Any,
    measured: Measured,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("TUNE_GLOBAL_CHECKPOINT_S", "1")  # so that Tune, too, writes while it is away
    truth = tmp_path / "truth.jsonl"
    options = {"x": {"min": 0.0, "max": 1.0}, "delay": 0.3, "truth": str(truth)}
    case = Case(tmp_path, "chaos", options, max_steps=16, trials=TRIALS, seed=SEED)
    root, elsewhere = case.paths.root, tmp_path / "elsewhere"
    reported: list[int] = []

    def warned() -> bool:
        return any(WARNING in record.getMessage() for record in caplog.records)

    def take_away() -> None:
        """A share that is not mounted: nothing can be found or made below it; what is open stays open.

        It is away until a trial has ended meanwhile, and the next one has to wait.
        """
        while not (case.paths.journal.exists() and case.paths.journal.read_bytes().count(b'"result"') >= 6):
            time.sleep(0.02)
        root.rename(elsewhere)
        root.write_text("not mounted")
        journal = elsewhere / case.paths.journal.name
        reported.append(journal.read_bytes().count(b'"result"'))
        began = time.monotonic()
        while time.monotonic() < began + AWAY or (not warned() and time.monotonic() < began + PATIENCE):
            time.sleep(0.1)
        reported.append(journal.read_bytes().count(b'"result"'))
        root.unlink()
        elsewhere.rename(root)

    thread = threading.Thread(target=take_away, daemon=True)
    thread.start()
    with caplog.at_level(logging.WARNING):
        history = case.run(RayTuneRunner(), workers=2)
    thread.join()
    lost = Truth.read(truth).check(history)
    measured(22, f"storage away for {AWAY:g} s", tries=1, lost_steps=lost, lost_trials=0, seed=SEED)
    assert [trial.state for trial in history.trials] == ["completed"] * TRIALS
    assert [len(trial.attempts) for trial in history.trials] == [1] * TRIALS
    assert lost == 0
    assert reported[1] > reported[0], "what ran went on"
    assert warned(), [record.getMessage() for record in caplog.records]
    said = "".join(case.paths.stderr(trial.number).read_text() for trial in history.trials)
    assert "the trial goes on" in said, "a checkpoint was missed, and that was said"
