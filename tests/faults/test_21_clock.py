"""Row 21, the clock jumps by an hour, during a sweep and between two drivers: budget and order are unaffected."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from contracts.clocks import jump
from contracts.kills import Killed, told
from contracts.measured import Measured
from search.journal import read_journal

SEED = 11
HOUR = 3600.0
CHANGES = {"method": "tpe", "early_terminate": {"type": "asha", "min_iter": 1}, "time_budget": "30m"}


def jumped(sweep: Killed) -> float:
    """The largest step of the wall clock between two records, either way; seconds."""
    walls = [
        datetime.fromisoformat(r["t"]).timestamp() for r in read_journal(sweep.paths.journal) if "t" in r
    ]
    return max((later - earlier for earlier, later in pairwise(walls)), key=abs)


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
def test_during_a_sweep_and_between_two_drivers(tmp_path: Path, measured: Measured, seconds: float) -> None:
    expected = Killed(tmp_path / "whole", CHANGES).finish()
    sweep = Killed(tmp_path / "jumping", CHANGES)
    driver = sweep.drive(prepare=partial(jump, seconds, 12))
    assert driver.wait() == 0, driver.said
    assert abs(jumped(sweep) - seconds) < HOUR / 2, "the journal shows that it jumped"
    between = Killed(tmp_path / "between", CHANGES, {"delay": 0.004})
    assert between.kill_after(25)
    resumed = between.drive(prepare=partial(jump, seconds, 0))
    assert resumed.wait() == 0, resumed.said
    between.looked_at()
    assert abs(jumped(between) - seconds) < HOUR / 2
    measured(
        21,
        f"the clock jumps an hour {'forward' if seconds > 0 else 'back'}, in a sweep, and before a resume",
        tries=2,
        lost_steps=sweep.lost_steps() + between.lost_steps(),
        lost_trials=between.lost_trials,
        seed=SEED,
    )
    for each in (sweep, between):
        assert told(each.history) == told(expected)
        order = [record["now"] for record in read_journal(each.paths.journal)]
        assert order == sorted(order), "seconds on the sweep's clock never go back"
        assert each.history.now < HOUR / 2


@pytest.mark.parametrize("seconds", [HOUR, -HOUR], ids=["forward", "back"])
def test_a_budget_of_time_is_spent_when_it_is(tmp_path: Path, measured: Measured, seconds: float) -> None:
    sweep = Killed(tmp_path / "run", {"run_cap": 10_000, "time_budget": "1s"}, {"delay": 0.01})
    driver = sweep.drive(prepare=partial(jump, seconds, 3))
    assert driver.wait() == 0, driver.said
    history = sweep.history
    fault = f"an hour {'forward' if seconds > 0 else 'back'}, a budget of one second"
    measured(21, fault, tries=1, lost_steps=sweep.lost_steps(), lost_trials=0, seed=SEED)
    assert history.ended == "time budget of 1 s spent"
    assert history.now >= 1.0
    assert history.steps_total > 3, "it was not spent by the jump"
