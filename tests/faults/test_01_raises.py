"""Row 1, a trial raises: it fails alone, its traceback is kept, one line of it is shown."""

from __future__ import annotations

from pathlib import Path

from contracts.kills import Killed
from contracts.measured import Measured

SEED = 11


def test_only_it_fails_and_says_why(tmp_path: Path, measured: Measured) -> None:
    changes = {"run_cap": 10, "failure": {"retries": 0, "stop_after": None}}
    sweep = Killed(tmp_path / "run", changes, {"mode": "raise", "at": 3, "below": 0.4})
    driver = sweep.drive()
    assert driver.wait() == 3, "finished, with failed trials"
    history = sweep.history
    failed = [trial for trial in history.trials if trial.failure is not None]
    assert failed
    measured(
        1, "raised in step 3", tries=len(failed), lost_steps=sweep.lost_steps(), lost_trials=0, seed=SEED
    )
    assert {trial.number for trial in failed} == {t.number for t in history.trials if t.config["x"] < 0.4}
    assert {trial.state for trial in history.trials if trial not in failed} == {"completed"}
    for trial in failed:
        assert trial.failure is not None
        assert trial.failure.message == "RuntimeError: chaos was told to raise"
        assert trial.failure.log is not None
        kept = (sweep.paths.root / trial.failure.log).read_text()
        assert kept.startswith("Traceback")
        assert "chaos.py" in kept
        shown = [line for line in driver.said.splitlines() if trial.id in line]
        assert len(shown) == 1
        assert "RuntimeError: chaos was told to raise" in shown[0]
    assert "Traceback" not in driver.said
