"""Resuming is replaying: at every record of any journal, a fresh searcher and scheduler stand where the sweep stood."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.journals import Recorded, eventful, plain
from contracts.runners import begin, chaos
from search.errors import JournalError
from search.history import History, Record
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import SCHEDULERS, make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from trainables.plug import resolve

seeds = st.integers(0, 10**6)

ALONE = [name for name in SCHEDULERS if name != "population"]
"""Schedulers that begin no trial themselves; of the one that does the laws are in test_pausing."""


def resume(
    records: list[Record], scheduler: str, searcher: str = "random"
) -> tuple[PassiveSweep, list[Record]]:
    """A sweep resumed from `records`, and the records it adds."""
    problem = History.from_records(records[:1]).problem
    journal = Recorded()
    sweep = PassiveSweep.resume(
        records, make_searcher(searcher, problem), make_scheduler(scheduler, problem), journal
    )
    return sweep, journal.records


@pytest.mark.parametrize("scheduler", ALONE)
@settings(max_examples=15, deadline=None)
@given(seed=seeds)
def test_at_every_record_the_resumed_sweep_decides_and_asks_what_the_live_one_did(
    scheduler: str, seed: int
) -> None:
    records = eventful(seed, scheduler, events=80)
    for end in range(1, len(records) + 1):
        sweep, added = resume(records[:end], scheduler)
        for record in added:
            if record["type"] == "decision":  # a crash kept it from being written
                recorded = next(
                    r for r in records[end:] if r["type"] == "decision" and r["trial"] == record["trial"]
                )
                assert plain(record) == plain(recorded)
        assert all(sweep.standing(trial.number).outcome is None for trial in sweep.history.running)
        if end < len(records) and records[end]["type"] == "ask":
            (trial,) = sweep.ask(1, records[end]["now"])
            assert (trial.number, trial.config, trial.seed) == tuple(
                records[end][key] for key in ("trial", "config", "seed")
            )


def story(sweep: PassiveSweep) -> list[Any]:
    """What a sweep came to, whatever interrupted it."""
    decisions = sorted((d["trial"], d["step"], d["reason"], d["rung"]) for d in sweep.history.decisions)
    trials = [
        (t.config, t.seed, t.state, t.reason, [(r.step, r.score) for r in t.results])
        for t in sweep.history.trials
    ]
    return [decisions, trials, [o.score for o in sweep.history.observations]]


@pytest.mark.parametrize("scheduler", ALONE)
@pytest.mark.parametrize("mode", ["none", "raise", "nan"])
def test_killed_at_any_record_and_resumed_it_comes_to_the_same(scheduler: str, mode: str) -> None:
    journal = Recorded()
    whole = begin(chaos(max_steps=9, trials=10, mode=mode, at=4, below=0.3), scheduler, journal=journal)
    work = Work(plug=resolve("chaos"))
    SimulatedRunner().run(whole, work)
    for end in range(1, len(journal.records)):
        sweep, _ = resume(journal.records[:end], scheduler)
        SimulatedRunner().run(sweep, work)
        assert story(sweep) == story(whole)


@pytest.mark.slow
@pytest.mark.parametrize("searcher", ["sobol", "tpe", "gp", "cmaes", "hyperopt"])
def test_a_searcher_proposes_the_same_after_a_kill(searcher: str) -> None:
    journal = Recorded()
    whole = begin(chaos(max_steps=3, trials=14, mode="nan", below=0.2), "asha", searcher, journal)
    work = Work(plug=resolve("chaos"))
    SimulatedRunner().run(whole, work)
    for end in range(3, len(journal.records), 11):
        sweep, _ = resume(journal.records[:end], "asha", searcher)
        SimulatedRunner().run(sweep, work)
        assert story(sweep) == story(whole)


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_another_scheduler_than_the_one_that_wrote_the_journal_is_refused(seed: int) -> None:
    records = eventful(seed, "asha", events=80)
    if any(record["type"] == "decision" and record["rung"] is not None for record in records):
        with pytest.raises(
            JournalError, match=r"t\d{5}, step \d: the journal says .* the scheduler now decides"
        ):
            resume(records, "none")


@settings(max_examples=20, deadline=None)
@given(seed=seeds)
def test_a_scheduler_that_would_have_stopped_a_trial_earlier_is_refused(seed: int) -> None:
    records = eventful(seed, "none", events=120)
    rungs = [r for r in records if r["type"] == "result" and not r.get("again") and r["step"] == 1]
    if any(r["type"] == "result" and r["step"] == 2 for r in records) and rungs:
        with pytest.raises(JournalError, match="went on to this step"):
            resume(records, "asha")
