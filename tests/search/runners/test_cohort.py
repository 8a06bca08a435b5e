"""The runner's side of lanes: with an engine that counts, so that what goes wrong is known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.runners import RunnerContract, begin, resume, states
from contracts.stacks import Counting, CountingEngine, counting
from search.journal import MemoryJournal
from search.paths import RunPaths
from search.pictures import SHOWN, drawings
from search.problem import Budget
from search.runners.base import Clock, Lanes, StopSignal, Work
from search.runners.cohort import CohortRunner
from search.runners.cohort.cohort import Cohort, Terms
from search.runners.cohort.drawing import to_draw
from search.runners.cohort.messages import Orders, Report
from search.runners.cohort.roster import Roster
from search.runners.cohort.waiting import Waiting
from search.runners.inline import InlineRunner
from search.runners.simulated import SimulatedRunner
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from trainables.checkpoint import newest_valid
from trainables.plug import resolve


class TestOfTrialsWithoutAShape(RunnerContract):
    """What cannot be fused is trained as by any runner."""

    def make(self) -> CohortRunner:
        return CohortRunner(CountingEngine())

    def run(self, sweep: PassiveSweep, plug: Any = "chaos", **more: Any) -> str:
        return super().run(sweep, plug, **{"lanes": Lanes(1, 1), **more})


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path / "run")


def run(
    sweep: PassiveSweep,
    paths: RunPaths | None = None,
    *,
    width: int = 4,
    queue: int | None = None,
    engine: CountingEngine | None = None,
    **more: Any,
) -> CountingEngine:
    engine = engine or CountingEngine()
    work = Work(
        plug=resolve(Counting), paths=paths, lanes=Lanes(width, width if queue is None else queue), **more
    )
    CohortRunner(engine).run(sweep, work)
    assert engine.open == 0
    return engine


def curves(sweep: PassiveSweep) -> list[tuple[Any, list[float | None], str, str]]:
    """What a sweep found out and decided, trial by trial."""
    return [
        (trial.config, [each.score for each in trial.results], trial.state, trial.reason)
        for trial in sweep.history.trials
    ]


@pytest.mark.parametrize("scheduler", ["none", "asha", "hyperband", "median"])
@pytest.mark.parametrize("width", [1, 4, 7])
def test_lanes_are_workers_in_step(scheduler: str, width: int) -> None:
    """The same order of results as on the virtual clock with so many workers, hence the same proposals and decisions."""
    problem = counting(trials=30, max_steps=9)
    sweep, simulated = begin(problem, scheduler, "tpe"), begin(problem, scheduler, "tpe")
    run(sweep, width=width)
    SimulatedRunner().run(simulated, Work(plug=resolve(Counting), workers=width))
    assert curves(sweep) == curves(simulated)


def test_one_lane_is_the_inline_runner() -> None:
    problem = counting(trials=12, max_steps=9)
    sweep, inline = begin(problem, "asha"), begin(problem, "asha")
    run(sweep, width=1)
    InlineRunner().run(inline, Work(plug=resolve(Counting)))
    assert curves(sweep) == curves(inline)


def test_a_lane_that_falls_free_takes_the_next_trial_at_once() -> None:
    sweep = begin(counting(trials=40, max_steps=9), "asha")
    engine = run(sweep, width=8)
    assert engine.widest == 8
    assert engine.built == [(1, 8)]
    steps = sum(trial.steps for trial in sweep.history.trials)
    assert engine.steps < 1.5 * steps / 8  # lanes are full nearly all the time


@pytest.mark.parametrize(("workers", "threads"), [(1, 1), (2, 2), (9, 3), (None, 3)])
def test_workers_are_threads_and_no_more_than_there_are_processors(
    monkeypatch: pytest.MonkeyPatch, workers: int | None, threads: int
) -> None:
    monkeypatch.setattr("search.runners.cohort.runner.processors", lambda: 3)
    assert run(begin(counting(trials=2, max_steps=3), "none"), workers=workers).threads == threads


def test_no_trial_is_asked_for_before_it_has_a_lane() -> None:
    problem, waited = counting(trials=30), []

    class Watching:
        def on_event(self, record: Mapping[str, Any], history: Any) -> None:
            if record["type"] == "result":
                waited.append(sum(trial.state == "waiting" for trial in history.trials))

        def close(self) -> None:
            pass

    searcher, scheduler = make_searcher("random", problem), make_scheduler("none", problem)
    sweep = PassiveSweep.begin(problem, searcher, scheduler, MemoryJournal(), observers=[Watching()])
    run(sweep, width=4, queue=16)
    assert max(waited) == 0


def test_trials_of_one_shape_share_a_stack_as_the_queue_allows() -> None:
    problem = counting(trials=60, shape=[1, 2, 3, 4])
    apart, together = CountingEngine(), CountingEngine()
    run(begin(problem), width=8, queue=8, engine=apart)
    run(begin(problem), width=8, queue=40, engine=together)
    assert {shape for shape, _ in together.built} == {1, 2, 3, 4}
    assert together.steps < 0.7 * apart.steps  # fewer, fuller computations
    assert apart.steps >= 60 * 5 / 8


def test_every_trial_is_trained_whatever_its_shape() -> None:
    sweep = begin(counting(trials=40, shape=[0, 1, 2]))
    run(sweep, width=6, queue=20)
    assert [(trial.state, trial.steps) for trial in sweep.history.trials] == [("completed", 5)] * 40
    assert {trial.config["shape"] for trial in sweep.history.trials} == {0, 1, 2}
    for trial in sweep.history.trials:
        assert [each.score for each in trial.results] == [trial.config["x"] + 1 / k for k in range(1, 6)]


@pytest.mark.parametrize(
    ("fault", "state", "said"),
    [
        ("raise", "failed", "RuntimeError: told to raise"),
        ("nan", "failed", "step 2: loss is nan"),
        ("end", "completed", "ended by itself after step 1"),
        ("setup", "failed", "ValueError: cannot be set up"),
    ],
)
def test_what_befalls_one_lane_is_its_own_affair(fault: str, state: str, said: str, paths: RunPaths) -> None:
    sweep = begin(counting(trials=20, fault=["no", fault]))
    run(sweep, paths)
    found = {trial.config["fault"]: trial for trial in sweep.history.trials}
    assert set(found) == {"no", fault}
    for trial in sweep.history.trials:
        if trial.config["fault"] == "no":
            assert (trial.state, trial.steps) == ("completed", 5)
        else:
            assert (trial.state, trial.reason) == (state, said)
    failure = found[fault].failure
    if failure is not None and failure.kind == "raised":
        assert failure.log is not None
        assert (paths.root / failure.log).read_text().strip().endswith(said)


def test_a_lane_that_raises_is_retried_from_its_checkpoint(paths: RunPaths) -> None:
    sweep = begin(counting(trials=4, retries=2, fault="raise", at=3))
    run(sweep, paths)
    for trial in sweep.history.trials:
        assert trial.state == "failed"
        assert [attempt.from_step for attempt in trial.attempts] == [0, 2, 2]
        assert [attempt.after and attempt.after.kind for attempt in trial.attempts] == [
            None,
            "raised",
            "raised",
        ]
        assert [each.step for each in trial.results] == [1, 2]


def test_a_stack_that_fails_is_no_fault_of_its_trials(
    paths: RunPaths, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = begin(counting(trials=6))
    engine = run(sweep, paths, engine=CountingEngine(breaks=3))
    assert states(sweep) == ["completed"] * 6
    broken = [trial for trial in sweep.history.trials if len(trial.attempts) == 2]
    assert len(broken) == 4
    for trial in broken:
        assert trial.attempts[1].after is None
        assert trial.attempts[1].from_step == 2
        assert [each.step for each in trial.results] == [1, 2, 3, 4, 5]
    assert "a stack of 4 lanes failed; its trials go on by themselves" in caplog.text
    assert "MemoryError: no room for so many lanes" in caplog.text
    assert engine.open == 0


def test_a_checkpoint_is_of_a_trial_that_goes_on_or_is_complete(paths: RunPaths) -> None:
    sweep = begin(counting(trials=20, max_steps=9), "asha")
    run(sweep, paths, checkpoint_every=4)
    for trial in sweep.history.trials:
        found = newest_valid(paths.checkpoints(trial.number))
        if trial.state == "completed":
            assert found is not None
            assert found[1] == 9
        else:
            assert found is None or found[1] == 4 < trial.steps
    assert {"completed", "stopped"} == set(states(sweep))


class _StopAfter(MemoryJournal):
    def __init__(self, stop: StopSignal, results: int) -> None:
        super().__init__()
        self._stop, self._left = stop, results

    def append(self, record: Mapping[str, Any]) -> None:
        super().append(record)
        self._left -= record["type"] == "result"
        if self._left == 0:
            self._stop.request("interrupted by a test")


@pytest.mark.parametrize("lanes", [True, False])
def test_asked_to_stop_it_finishes_the_step_and_a_resume_goes_on(paths: RunPaths, lanes: bool) -> None:
    """In lanes again, or without: what lies on the disk are ordinary trials."""
    problem, stop = counting(trials=10, max_steps=6), StopSignal()
    journal = _StopAfter(stop, 10)  # in the third step of four lanes
    sweep = begin(problem, journal=journal)
    run(sweep, paths, stop=stop, checkpoint_every=100)
    assert sweep.history.ended == "interrupted by a test"
    open_trials = [trial for trial in sweep.history.trials if trial.open]
    assert [trial.steps for trial in open_trials] == [3, 3, 3, 3]
    again = resume(journal.records)
    if lanes:
        run(again, paths)
    else:
        InlineRunner().run(again, Work(plug=resolve(Counting), paths=paths))
    whole = begin(problem)
    run(whole)
    assert curves(again) == curves(whole)
    assert [trial.attempts[-1].from_step for trial in again.history.trials[:4]] == [3] * 4


@pytest.mark.parametrize("records", [5, 11, 18, 30, 47])
def test_killed_anywhere_it_goes_on_where_it_stood(paths: RunPaths, records: int) -> None:
    problem = counting(trials=8, max_steps=4)
    whole = MemoryJournal()
    run(begin(problem, "asha", journal=whole), paths)
    again = resume(whole.records[:records], "asha")
    run(again, paths)
    assert states(again) == states(resume(whole.records, "asha"))
    for trial, other in zip(again.history.trials, resume(whole.records, "asha").history.trials, strict=True):
        assert trial.config == other.config
        assert [each.score for each in trial.results] == [each.score for each in other.results]


def test_a_budget_of_steps_ends_all_lanes() -> None:
    sweep = begin(counting(budget=Budget(steps=17), shape=[1, 2]))
    run(sweep, width=4, queue=12)
    assert 17 <= sweep.history.steps_total < 17 + 4  # the step of the other lanes was under way
    assert not sweep.history.running
    assert sweep.history.ended == "step budget of 17 spent"


@pytest.mark.parametrize("scheduler", ["asha", "population"])
def test_paused_trials_leave_their_lanes_and_come_back(scheduler: str, paths: RunPaths) -> None:
    """As on the virtual clock with as many workers; a copy goes on from what its parent saved when it left its lane."""
    options = {"promote": True} if scheduler == "asha" else {"size": 4, "interval": 2}
    problem = counting(trials=16, max_steps=9)
    found = []
    for runner, more in (
        (CohortRunner(CountingEngine()), {"lanes": Lanes(4, 4), "paths": paths, "checkpoint_every": 100}),
        (SimulatedRunner(), {"workers": 4}),
    ):
        sweep = PassiveSweep.begin(
            problem,
            make_searcher("random", problem),
            make_scheduler(scheduler, problem, options),
            MemoryJournal(),
        )
        runner.run(sweep, Work(plug=resolve(Counting), **more))
        found.append(sweep)
    cohort, simulated = found
    assert any(trial.pauses for trial in cohort.history.trials)
    assert not cohort.history.running
    assert {trial.state for trial in cohort.history.trials} >= {"completed", "stopped"}
    for trial in cohort.history.trials:
        assert [each.score for each in trial.results] == [
            trial.config["x"] + 1 / step for step in range(trial.from_step + 1, trial.steps + 1)
        ]
    if scheduler == "asha":  # a copy that waits for its parent to be saved comes a step later than there
        assert curves(cohort) == curves(simulated)


class InLanesOnly(Counting):
    def step(self) -> Mapping[str, float]:
        raise AssertionError("trained outside the lanes")

    def draw(self, directory: Path) -> None:
        (directory / "picture.png").write_bytes(b"")


def as_sent(sweep: PassiveSweep, paths: RunPaths, width: int, cohorts: int) -> None:
    """Cohorts that take turns and obey what they were told only before their next step, as Ray has them; once a roster
    is not busy any more its cohort is gone, with what it had not done yet.
    """
    work = Work(plug=resolve(InLanesOnly), paths=paths)
    terms = Terms("loss", sweep.problem.max_steps, width, every=100)
    waiting = Waiting(sweep, work.plug, CountingEngine(), 0, lambda: False)
    told: list[tuple[Roster, Cohort, list[Orders]]] = []
    for _ in range(cohorts):
        cohort = Cohort(work.plug, terms, paths, engine=CountingEngine())
        roster = Roster(sweep, work, Clock(0.0), waiting, width=width, node="here", pid=1)
        told.append((roster, cohort, [roster.open()]))
    while told:
        roster, cohort, orders = told.pop(0)
        for each in orders:
            cohort.obey(Orders.from_json(each.to_json()))
        follows = roster.take([Report.from_json(report.to_json()) for report in cohort.step()])
        if roster.busy:
            told.append((roster, cohort, [follows]))
        elif any(other.busy for other, _, _ in told):  # a free worker; trials may come back
            told.append((roster, cohort, [roster.open()]))
        elif not told:
            cohort.obey(Orders.from_json(Orders(draw=to_draw(sweep, work)).to_json()))


@pytest.mark.parametrize("cohorts", [1, 2])
@pytest.mark.parametrize("scheduler", ["asha", "population"])
def test_no_step_of_a_paused_trial_is_trained_twice(scheduler: str, cohorts: int, paths: RunPaths) -> None:
    """It is saved before it goes on, in whatever cohort, and before a copy of it begins."""
    options = {"promote": True} if scheduler == "asha" else {"size": 6, "interval": 2}
    problem = counting(trials=16, max_steps=9)
    journal = MemoryJournal()
    sweep = PassiveSweep.begin(
        problem, make_searcher("random", problem), make_scheduler(scheduler, problem, options), journal
    )
    as_sent(sweep, paths, 4, cohorts)
    went_on = [trial for trial in sweep.history.trials if trial.pauses and len(trial.attempts) > 1]
    assert went_on
    assert not [record for record in journal.records if record.get("again")]
    assert sweep.history.failed_total == 0
    assert any(trial.parent is not None for trial in sweep.history.trials) == (scheduler == "population")
    assert not sweep.history.running


@pytest.mark.parametrize("cohorts", [1, 2])
def test_the_best_trials_are_drawn_once_the_sweep_is_over(paths: RunPaths, cohorts: int) -> None:
    sweep = begin(counting(trials=8))
    as_sent(sweep, paths, 2, cohorts)
    assert states(sweep) == ["completed"] * 8
    best = sorted(sweep.history.trials, key=lambda trial: (trial.best.score, trial.number))[:SHOWN]
    expected = {trial.number: [5] for trial in best}
    found = {number: [step for step, _ in drawings(paths.pictures(number))] for number in range(8)}
    assert {number: steps for number, steps in found.items() if steps} == expected
    work = Work(plug=resolve(InLanesOnly), paths=paths)
    assert to_draw(sweep, work) == (), "what is drawn is not drawn again"


def test_a_trial_that_is_held_until_another_cohort_has_saved_it_is_not_lost_with_its_worker(
    paths: RunPaths,
) -> None:
    sweep, work = begin(counting(trials=1)), Work(plug=resolve(Counting), paths=paths)
    sweep.ask(1, 0.0)
    waiting = Waiting(sweep, work.plug, CountingEngine(), 0, lambda: False)

    def roster() -> Roster:
        return Roster(sweep, work, Clock(0.0), waiting, width=2, node="here", pid=1)

    waiting.saving.add(0)
    lost = roster()
    assert lost.open().enter == ()
    assert lost.busy
    assert lost.abandon() == []
    assert not lost.busy
    waiting.saving.clear()
    assert [given.number for given in roster().open().enter] == [0]
