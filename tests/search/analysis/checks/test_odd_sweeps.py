"""Checks of curves say something that can be written down of any sweep: empty, failed, running, stopped, odd metrics."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from contracts.reported import drive
from contracts.traced import traced, verdicts
from search.analysis.checks.clipping import clipping
from search.analysis.checks.early_spikes import early_spikes
from search.analysis.checks.late_noise import late_noise
from search.analysis.checks.overfitting import overfitting
from search.analysis.checks.periodic import periodic
from search.analysis.checks.rising_training import rising_training
from search.analysis.checks.rung_ranks import rung_ranks
from search.analysis.checks.saturated import saturated
from search.analysis.checks.still_improving import still_improving
from search.analysis.checks.underfitting import underfitting
from search.history import History
from search.journal import MemoryJournal
from search.problem import Objective

LOSS = Objective("val/loss")
NOTHING = {"pass", "cannot tell"}
CHECKS = (
    *(
        overfitting,
        underfitting,
        still_improving,
        saturated,
        late_noise,
        early_spikes,
        periodic,
        rising_training,
    ),
    *(clipping, rung_ranks),
)
SWEEPS: dict[str, Callable[[], History]] = {
    "one trial": lambda: drive(MemoryJournal(), trials=1).history,
    "all failed": lambda: drive(MemoryJournal(), lambda *_: math.nan, trials=5).history,
    "running": lambda: drive(MemoryJournal(), trials=20, until=60).history,
    "just begun": lambda: drive(MemoryJournal(), trials=20, until=1).history,
    "asha": lambda: drive(MemoryJournal()).history,
    "hyperband": lambda: drive(MemoryJournal(), scheduler="hyperband").history,
    "median": lambda: drive(MemoryJournal(), scheduler="median").history,
    "constant": lambda: traced(lambda n, s: {"val/loss": 0.0, "train/loss": 0.0}),
    "huge": lambda: traced(lambda n, s: {"val/loss": 1e300 / s, "train/loss": 1e300 / s}),
    "tiny": lambda: traced(lambda n, s: {"val/loss": 1e-300 / s, "train/loss": 1e-300 / s}),
    "negative": lambda: traced(lambda n, s: {"val/loss": -1.0 * s, "train/loss": -2.0 * s}),
    "holes": lambda: traced(lambda n, s: {"val/loss": 1 / s, "train/loss": math.nan if s % 2 else 1 / s}),
    "train never finite": lambda: traced(lambda n, s: {"val/loss": n + 1 / s, "train/loss": math.inf}),
    "other metrics later": lambda: traced(
        lambda n, s: {"val/loss": 1 / s} | ({"train/loss": 1 / s} if s > 20 else {})
    ),
}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", SWEEPS)
def test_no_sweep_breaks_a_check(name: str, check: Callable[[History], list]) -> None:  # type: ignore[type-arg]
    found = check(SWEEPS[name]())
    verdicts(found)
    assert all(each.check == check.__name__ for each in found)
    if name in ("one trial", "all failed", "just begun", "constant", "train never finite"):
        assert {each.verdict for each in found} <= NOTHING
