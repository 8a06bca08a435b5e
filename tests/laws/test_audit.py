"""An audit looks on: it is replayed like all else, and nothing but the audited trials is other than without it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.journals import Recorded, eventful, plain
from contracts.playing import Counting, play, problem_of
from contracts.runners import begin, chaos
from contracts.schedulers import curves
from search.audit import is_audited
from search.errors import JournalError
from search.history import History, Record
from search.journal import MemoryJournal
from search.paths import RunPaths
from search.problem import Problem
from search.runners.base import Runner, Work
from search.runners.inline import InlineRunner
from search.runners.simulated import SimulatedRunner
from search.schedulers import SCHEDULERS, Promoter, make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from trainables.plug import resolve

STOPPING = [
    name
    for name in SCHEDULERS
    if name != "none" and not isinstance(make_scheduler(name, problem_of(27)), Promoter)
]
seeds = st.integers(0, 10**6)


def resumed(
    records: Sequence[Record], scheduler: str, searcher: str = "random"
) -> tuple[PassiveSweep, list[Record]]:
    problem, journal = History.from_records(records[:1]).problem, Recorded()
    sweep = PassiveSweep.resume(
        records, make_searcher(searcher, problem), make_scheduler(scheduler, problem), journal
    )
    return sweep, journal.records


def unaudited(records: Sequence[Record]) -> list[Record]:
    """The journal of the same sweep where the audited trials ended when the scheduler stopped them."""
    kept: list[Record] = []
    gone: set[int] = set()
    for record in records:
        if record["type"] == "sweep":
            header = dict(record["problem"])
            header.pop("audit", None)
            kept.append({**record, "problem": header})
        elif record.get("trial") not in gone:
            kept.append({key: value for key, value in record.items() if key != "audit"})
            if record.get("audit"):
                gone.add(record["trial"])
                kept[-1] = {**kept[-1], "outcome": "stopped"}
                close = {key: record[key] for key in ("now", "trial", "reason")}
                kept.append({"type": "close", **close, "outcome": "stopped", "failure": None})
    return kept


@pytest.mark.parametrize("scheduler", STOPPING)
@settings(max_examples=12, deadline=None)
@given(seed=seeds)
def test_at_every_record_the_resumed_sweep_decides_what_the_live_one_did(scheduler: str, seed: int) -> None:
    records = eventful(seed, scheduler, events=80, audit=0.5)
    for end in range(1, len(records) + 1):
        sweep, added = resumed(records[:end], scheduler)
        for record in added:
            if record["type"] == "decision":  # a crash kept it from being written
                recorded = next(
                    r for r in records[end:] if r["type"] == "decision" and r["trial"] == record["trial"]
                )
                assert plain(record) == plain(recorded)
        if end < len(records) and records[end]["type"] == "ask":
            (trial,) = sweep.ask(1, records[end]["now"])
            assert (trial.number, trial.config) == (records[end]["trial"], records[end]["config"])


@pytest.mark.parametrize("scheduler", STOPPING)
@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_the_scheduler_decides_as_if_the_audited_had_been_stopped(scheduler: str, seed: int) -> None:
    records = eventful(seed, scheduler, events=200, audit=0.5)
    audited, without = History.from_records(records), resumed(unaudited(records), scheduler)[0].history
    assert without.audited == {}
    assert without.events == audited.events
    assert without.worst_score == audited.worst_score
    assert without.observed_after == audited.observed_after
    assert without.observations == audited.observations
    assert all(without.scores_at(step) == audited.scores_at(step) for step in range(1, 10))


@pytest.mark.parametrize("scheduler", STOPPING)
@pytest.mark.parametrize("workers", [1, 4])
def test_who_runs_on_is_drawn_among_those_that_the_scheduler_stops(scheduler: str, workers: int) -> None:
    problem = problem_of(27, audit=0.3, seed=5)
    sweep, records = play(problem, make_scheduler(scheduler, problem), curves(60), workers)
    stops = {r["trial"]: r for r in records if r["type"] == "decision" and r["scheduler"]}
    assert len(stops) > 15
    for number, record in stops.items():
        trial, drawn = sweep.history.trials[number], is_audited(problem, number)
        assert record.get("audit", False) == drawn
        assert ("for the audit" in record["reason"]) == drawn
        assert (trial.state, trial.steps) == (("completed", 27) if drawn else ("stopped", record["step"]))
    assert sweep.history.audited == {n: r["step"] for n, r in stops.items() if r.get("audit")}
    assert 3 < len(sweep.history.audited) < 30
    again = PassiveSweep.resume(records, Counting(), make_scheduler(scheduler, problem), MemoryJournal())
    assert again.history.audited == sweep.history.audited


@pytest.mark.parametrize(
    "searcher",
    [
        "random",
        "sobol",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("tpe", "gp", "cmaes", "hyperopt")),
    ],
)
@pytest.mark.parametrize("scheduler", STOPPING)
def test_the_search_is_the_one_that_it_would_have_been(scheduler: str, searcher: str) -> None:
    found = []
    for audit in (0.0, 0.4):
        sweep = begin(replace(chaos(max_steps=9, trials=24), audit=audit), scheduler, searcher)
        SimulatedRunner().run(sweep, Work(plug=resolve("chaos")))
        found.append(sweep.history)
    plainly, audited = found
    assert audited.audited
    assert [t.config for t in audited.trials] == [t.config for t in plainly.trials]
    for one, other in zip(audited.trials, plainly.trials, strict=True):
        if one.number in audited.audited:
            assert (other.state, other.steps) == ("stopped", audited.audited[one.number])
            assert (one.state, one.steps) == ("completed", 9)
        else:
            assert (one.state, one.steps, one.reason) == (other.state, other.steps, other.reason)


def journal_of(runner: Runner, problem: Problem, scheduler: str, work: Work) -> list[Record]:
    journal = Recorded()
    runner.run(begin(problem, scheduler, journal=journal), work)
    return [plain(record) for record in journal.records]


@pytest.mark.parametrize("scheduler", STOPPING)
@pytest.mark.parametrize("mode", ["none", "raise", "nan"])
def test_inline_and_simulated_leave_the_same_journal(scheduler: str, mode: str, tmp_path: Path) -> None:
    problem = replace(chaos(max_steps=9, trials=25, mode=mode, at=6, below=0.3), audit=0.3)
    plug = resolve("chaos")
    inline = journal_of(InlineRunner(), problem, scheduler, Work(plug=plug, paths=RunPaths(tmp_path)))
    assert inline == journal_of(SimulatedRunner(), problem, scheduler, Work(plug=plug))
    assert any(record.get("audit") for record in inline)


def story(sweep: PassiveSweep) -> list[Any]:
    trials = [
        (t.config, t.state, t.reason, [(r.step, r.score) for r in t.results]) for t in sweep.history.trials
    ]
    return [trials, dict(sorted(sweep.history.audited.items()))]


@pytest.mark.parametrize("scheduler", STOPPING)
@pytest.mark.parametrize("mode", ["none", "raise", "nan"])
def test_killed_at_any_record_and_resumed_it_comes_to_the_same(scheduler: str, mode: str) -> None:
    journal = Recorded()
    problem = replace(chaos(max_steps=9, trials=12, mode=mode, at=6, below=0.3), audit=0.4)
    whole, work = begin(problem, scheduler, journal=journal), Work(plug=resolve("chaos"))
    SimulatedRunner().run(whole, work)
    assert whole.history.audited
    for end in range(1, len(journal.records), 2):
        sweep, _ = resumed(journal.records[:end], scheduler)
        SimulatedRunner().run(sweep, work)
        assert story(sweep) == story(whole)


def test_an_audit_that_the_seed_does_not_draw_is_refused() -> None:
    problem = problem_of(27, audit=0.3, seed=5)
    _, records = play(problem, make_scheduler("asha", problem), curves(60))
    edited = [{**records[0], "problem": {**records[0]["problem"], "seed": 6}}, *records[1:]]
    with pytest.raises(
        JournalError, match=r"runs on to be audited, but it is not among the 0\.3 that seed 6 draws"
    ):
        PassiveSweep.resume(edited, Counting(), make_scheduler("asha", problem), MemoryJournal())
