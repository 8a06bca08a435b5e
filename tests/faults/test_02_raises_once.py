"""Row 2, a trial raises once and then passes: it goes on from its checkpoint, as the same trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.kills import Killed, told
from contracts.measured import Measured
from contracts.truth import Truth

SEED = 11
AT = 6


@pytest.mark.parametrize("every", [1, 4])
def test_it_goes_on_as_the_same_trial(tmp_path: Path, measured: Measured, every: int) -> None:
    changes = {"run_cap": 5, "failure": {"retries": 1}, "checkpoint": {"every": every}}
    expected = Killed(tmp_path / "whole", changes).finish()
    once = str(tmp_path / "once.jsonl")
    sweep = Killed(tmp_path / "struck", changes, {"mode": "raise", "at": AT, "once": once})
    history = sweep.finish()
    lost = sweep.lost_steps(lost_per_kill=every)
    measured(
        2,
        f"raised once, a checkpoint every {every} steps",
        tries=len(history.trials),
        lost_steps=lost,
        lost_trials=0,
        seed=SEED,
    )
    assert told(history) == told(expected)
    checkpoint = (AT - 1) // every * every
    assert [[a.from_step for a in trial.attempts] for trial in history.trials] == [[0, checkpoint]] * 5
    begun = {event.attempt for event in Truth.read(sweep.truth).events}
    assert begun == {1, 2}
    assert lost == 5 * (AT - 1 - checkpoint), "steps since the checkpoint, and no others, ran again"
