"""Pausing changes nothing about the journal: replayed at every prefix, killed anywhere, in this process or on the simulated
clock, a sweep whose trials wait for others comes to the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.journals import Recorded, eventful, plain
from contracts.runners import begin, chaos
from search.errors import JournalError
from search.history import History, Record
from search.paths import RunPaths
from search.runners.base import StopSignal, Work
from search.runners.inline import InlineRunner
from search.runners.simulated import SimulatedRunner
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from trainables.plug import resolve

PAUSING: dict[str, tuple[str, dict[str, Any]]] = {
    "asha": ("asha", {"promote": True}),
    "asha by two": ("asha", {"promote": True, "min_iter": 1, "eta": 2}),
    "auto": ("auto", {"opening": 9}),
    "population": ("population", {"size": 4, "interval": 2, "quantile": 0.5}),
    "population by a bandit": (
        "population",
        {"size": 4, "interval": 2, "quantile": 0.5, "explore": "bandit"},
    ),
}
every = pytest.mark.parametrize("rule", PAUSING)
seeds = st.integers(0, 10**6)


def resumed(
    records: Sequence[Record], rule: str, searcher: str = "random"
) -> tuple[PassiveSweep, list[Record]]:
    problem, journal = History.from_records(records[:1]).problem, Recorded()
    name, options = PAUSING[rule]
    sweep = PassiveSweep.resume(
        records, make_searcher(searcher, problem), make_scheduler(name, problem, options), journal
    )
    return sweep, journal.records


def begun(rule: str, problem: Any, searcher: str = "random", journal: Any = None) -> PassiveSweep:
    name, options = PAUSING[rule]
    return begin(problem, name, searcher, journal, options)


def story(sweep: PassiveSweep) -> list[Any]:
    """What a sweep came to, whatever interrupted it."""
    history = sweep.history
    decisions = sorted((d["trial"], d["step"], d["reason"], d["rung"]) for d in history.decisions)
    trials = [
        (t.config, t.seed, t.state, t.reason, t.parent, [(r.step, r.score) for r in t.results])
        for t in history.trials
    ]
    promotions = [(p["trial"], p["reason"], p["last"]) for p in history.promotions]
    return [decisions, trials, promotions, [(o.number, o.score) for o in history.observations]]


@every
@settings(max_examples=6, deadline=None)
@given(seed=seeds)
def test_at_every_record_the_resumed_sweep_decides_and_gives_out_what_the_live_one_did(
    rule: str, seed: int
) -> None:
    name, options = PAUSING[rule]
    records = eventful(seed, name, events=80, options=options)
    for end in range(1, len(records) + 1):
        sweep, added = resumed(records[:end], rule)
        for record in added:
            if record["type"] == "decision":  # a crash kept it from being written
                recorded = next(
                    r for r in records[end:] if r["type"] == "decision" and r["trial"] == record["trial"]
                )
                assert plain(record) == plain(recorded)
        if end < len(records) and records[end]["type"] in ("ask", "promote"):
            (trial,) = sweep.ask(1, records[end]["now"])
            assert trial.number == records[end]["trial"]
            assert records[end].get("config", trial.config) == trial.config
            assert (trial.steps > 0) == (records[end]["type"] == "promote" or "parent" in records[end])


@every
@pytest.mark.parametrize("mode", ["none", "raise", "nan"])
@pytest.mark.parametrize("workers", [1, 3])
def test_killed_at_any_record_and_resumed_it_comes_to_the_same(rule: str, mode: str, workers: int) -> None:
    """With several workers, whoever was at work begins its step again: only with one the order of all is the same."""
    journal = Recorded()
    whole = begun(rule, chaos(max_steps=9, trials=12, mode=mode, at=4, below=0.3), journal=journal)
    work = Work(plug=resolve("chaos"), workers=workers)
    SimulatedRunner().run(whole, work)
    assert whole.history.promotions
    for end in range(1, len(journal.records), 4 + workers):
        sweep, _ = resumed(journal.records[:end], rule)
        SimulatedRunner().run(sweep, work)
        assert sweep.history.finished
        assert all(not trial.open for trial in sweep.history.trials)
        if workers == 1:
            assert story(sweep) == story(whole)


@pytest.mark.parametrize("searcher", ["tpe", "auto", "cmaes", "hyperopt", "nsga2"])
def test_what_is_proposed_beside_paused_trials_is_proposed_again_by_the_resumed_sweep(searcher: str) -> None:
    """Such a trial is told when it is paused, and once more when it ends: what came after is learnt in the same order."""
    journal = Recorded()
    whole = begun(
        "asha by two", chaos(max_steps=9, trials=30, mode="nan", at=4, below=0.1), searcher, journal
    )
    work = Work(plug=resolve("chaos"))
    SimulatedRunner().run(whole, work)
    assert len(whole.history.promotions) >= 3
    for end in (len(journal.records) // 2, 3 * len(journal.records) // 4, len(journal.records) - 30):
        sweep, _ = resumed(journal.records[:end], "asha by two", searcher)
        SimulatedRunner().run(sweep, work)
        assert story(sweep) == story(whole)


@every
@pytest.mark.parametrize("name", ["chaos", "curves"])
def test_inline_and_simulated_leave_the_same_journal(rule: str, name: str, tmp_path: Path) -> None:
    from dataclasses import replace

    from spaces import Float, Parameter, Space

    problem = chaos(max_steps=9, trials=15)
    if name == "curves":
        problem = replace(problem, space=Space((Parameter("quality", Float(0.0, 1.0)),)))
    plug, journals = resolve(name), []
    for runner, paths in ((InlineRunner(), RunPaths(tmp_path)), (SimulatedRunner(), None)):
        journal = Recorded()
        runner.run(begun(rule, problem, journal=journal), Work(plug=plug, paths=paths))
        journals.append([plain(record) for record in journal.records])
    assert journals[0] == journals[1]
    assert any(record["type"] == "promote" for record in journals[0])


class Adding:
    """Its loss tells how often it was stepped in all: a step done twice, or left out, shows."""

    def setup(self, config: dict[str, Any], *, seed: int) -> None:
        self.x, self.done = config["x"], 0

    def step(self) -> dict[str, float]:
        self.done += 1
        return {"loss": self.x + 1.0 / self.done, "done": float(self.done)}

    def save(self, directory: Path) -> None:
        (directory / "done").write_text(str(self.done))

    def load(self, directory: Path) -> None:
        self.done = int((directory / "done").read_text())


@every
@pytest.mark.parametrize("every_so_many", [1, 4])
def test_a_promoted_trial_goes_on_from_its_checkpoint(rule: str, every_so_many: int, tmp_path: Path) -> None:
    sweep = begun(rule, chaos(max_steps=9, trials=15))
    work = Work(plug=resolve(Adding), paths=RunPaths(tmp_path), checkpoint_every=every_so_many)
    InlineRunner().run(sweep, work)
    history = sweep.history
    assert history.promotions
    for trial in history.trials:
        assert [r.metrics["done"] for r in trial.results] == [float(r.step) for r in trial.results]
        assert all(attempt.from_step > 0 for attempt in trial.attempts[1:])


@every
def test_stopped_between_two_trials_the_paused_ones_stay_open_and_a_resume_takes_them_up(
    rule: str, tmp_path: Path
) -> None:
    stop = StopSignal()

    class StopAtTheFirstPromotion(Recorded):
        def append(self, record: Any) -> None:
            super().append(record)
            if record["type"] == "promote" and not stop:
                stop.request("interrupted by a test")

    problem, journal = chaos(max_steps=9, trials=15), StopAtTheFirstPromotion()
    sweep = begun(rule, problem, journal=journal)
    work = Work(plug=resolve(Adding), paths=RunPaths(tmp_path / "one"), stop=stop)
    InlineRunner().run(sweep, work)
    assert sweep.history.paused
    assert not sweep.history.finished
    again, _ = resumed(journal.records, rule)
    InlineRunner().run(again, Work(plug=resolve(Adding), paths=RunPaths(tmp_path / "one")))
    whole = begun(rule, problem)
    InlineRunner().run(whole, Work(plug=resolve(Adding), paths=RunPaths(tmp_path / "two")))
    assert story(again) == story(whole)


def test_a_journal_that_promotes_another_trial_is_refused() -> None:
    journal = Recorded()
    sweep = begun("asha", chaos(max_steps=9, trials=12), journal=journal)
    SimulatedRunner().run(sweep, Work(plug=resolve("chaos")))
    with pytest.raises(JournalError, match=r"the journal says|went on to this step"):
        resumed(journal.records, "asha by two")
    place = next(i for i, r in enumerate(journal.records) if r["type"] == "promote")
    waits = next(
        d["trial"]
        for d in journal.records[:place]
        if d["type"] == "decision"
        and d["outcome"] == "paused"
        and d["trial"] != journal.records[place]["trial"]
    )
    edited = [*journal.records[:place], {**journal.records[place], "trial": waits}]
    with pytest.raises(JournalError, match=r"it was paused, and goes on .* the scheduler now decides GoOn"):
        resumed(edited, "asha")
    left_out = [*journal.records[:place], next(r for r in journal.records[place:] if r["type"] == "ask")]
    with pytest.raises(JournalError, match="the journal says that it is a new trial; the scheduler now"):
        resumed(left_out, "asha")
