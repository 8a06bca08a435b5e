from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from contracts.playing import Counting, play, problem_of
from search.errors import JournalError, OrderError
from search.history import History, Record
from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective
from search.schedulers import make_scheduler
from search.schedulers.none import NoStopping
from search.seeds import trial_seed
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome

CRASH = Failure("raised", "ValueError: no")


def begin(max_steps: int = 3, searcher: Any = None, **problem: Any) -> PassiveSweep:
    scheduler = problem.pop("scheduler", NoStopping)
    made = problem_of(max_steps, **problem)
    return PassiveSweep.begin(made, searcher or Counting(), scheduler(made), MemoryJournal())


def records(sweep: PassiveSweep) -> list[Record]:
    return sweep._journal.records  # type: ignore[attr-defined, no-any-return]


def resume(past: list[Record], scheduler: str = "none") -> PassiveSweep:
    problem = History.from_records(past[:1]).problem
    return PassiveSweep.resume(past, Counting(), make_scheduler(scheduler, problem), MemoryJournal())


# -- no metric ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metrics", "said"),
    [
        ({"loss": math.nan}, "step 1: loss is nan"),
        ({"loss": -math.inf}, "step 1: loss is -inf"),
        ({"lss": 1.0}, "step 1: loss is missing (did you mean lss?)"),
        ({}, "step 1: loss is missing"),
    ],
)
def test_what_is_no_metric_fails_the_trial_at_once(metrics: dict[str, float], said: str) -> None:
    sweep = begin()
    sweep.ask(1, 0.0)
    decision = sweep.report(0, 1, metrics, 1.0)
    assert decision.outcome is Outcome.FAILED
    assert decision.failure == Failure("bad metric", said)


def test_the_workers_own_words_about_a_bad_metric_are_kept() -> None:
    sweep = begin()
    sweep.ask(1, 0.0)
    decision = sweep.report(0, 1, {}, 1.0, problem="loss is no number but a str: '0.5'")
    assert decision.reason == "step 1: loss is no number but a str: '0.5'"


def test_a_scheduler_never_sees_what_is_not_finite_nor_full_fidelity() -> None:
    seen: list[tuple[int, float | None]] = []

    class Watching(NoStopping):
        def decide(self, history: Any, trial: Any, result: Any) -> Any:
            seen.append((result.step, result.score))
            return super().decide(history, trial, result)

    problem = problem_of(3)
    play(problem, Watching(problem), [[1.0, math.nan], [1.0, 2.0, 3.0], [math.inf]])
    assert seen == [(1, 1.0), (1, 1.0), (2, 2.0)]


# -- asking ------------------------------------------------------------------------------------------------------------


def test_given_points_come_first_and_count() -> None:
    sweep = begin(points=({"x": 70}, {"x": 80}), budget=Budget(trials=4))
    assert [(t.config["x"], t.origin) for t in sweep.ask(9, 0.0)] == [
        (70, "given"),
        (80, "given"),
        (2, "searcher"),
        (3, "searcher"),
    ]
    assert sweep.spent(0.0) == "all 4 trials asked for"


def test_a_trial_has_a_seed_of_its_own_and_always_the_same() -> None:
    seeds = [trial.seed for trial in begin(seed=5).ask(50, 0.0)]
    assert seeds == [trial_seed(5, number) for number in range(50)]
    assert len(set(seeds)) == 50
    assert seeds != [trial.seed for trial in begin(seed=6).ask(50, 0.0)]


def test_an_exhausted_space_ends_the_asking_after_a_resume_too() -> None:
    sweep = begin(searcher=Counting(last=1))
    assert len(sweep.ask(5, 0.0)) == 2
    assert sweep.spent(0.0) == "every config of the space was tried"
    problem = sweep.problem
    again = PassiveSweep.resume(records(sweep), Counting(last=1), NoStopping(problem), MemoryJournal())
    assert again.ask(5, 0.0) == []
    assert again.spent(0.0) == "every config of the space was tried"


def test_everything_is_on_record_before_it_is_answered() -> None:
    class Refusing(MemoryJournal):
        def append(self, record: Mapping[str, Any]) -> None:
            if record["type"] in ("ask", "result"):
                raise JournalError("no space left on device")
            super().append(record)

    problem = problem_of(3)
    sweep = PassiveSweep.begin(problem, Counting(), NoStopping(problem), Refusing())
    with pytest.raises(JournalError):
        sweep.ask(1, 0.0)
    assert sweep.history.trials == []


def test_what_a_power_cut_must_not_lose_is_on_the_disk_before_it_is_answered() -> None:
    class Disk(MemoryJournal):
        """Knows how many of its records a power cut would leave."""

        safe = 0

        def sync(self) -> None:
            self.safe = len(self.records)

    problem, disk = problem_of(3), Disk()
    sweep = PassiveSweep.begin(problem, Counting(), NoStopping(problem), disk)
    assert [record["type"] for record in disk.records[: disk.safe]] == ["sweep"]
    sweep.ask(2, 0.0)
    assert [record["type"] for record in disk.records[: disk.safe]] == ["sweep", "ask", "ask"]
    for step in (1, 2, 3):
        sweep.report(0, step, {"loss": 1.0}, 0.0)
    sweep.close(0, Outcome.COMPLETED, 0.0)
    assert disk.safe == 3, "a step may be lost, and is run again"
    sweep.ask(1, 0.0)
    assert disk.safe == len(disk.records), "with all that the next config was learned from"
    sweep.report(1, 1, {"loss": 1.0}, 0.0)
    sweep.end("interrupted", 0.0)
    assert disk.safe == len(disk.records)


# -- budgets -----------------------------------------------------------------------------------------------------------


def test_time_spent_stops_running_trials_too() -> None:
    sweep = begin(budget=Budget(seconds=10.0))
    sweep.ask(1, 0.0)
    assert sweep.report(0, 1, {"loss": 1.0}, 9.9).outcome is None
    decision = sweep.report(0, 2, {"loss": 1.0}, 10.0)
    assert (decision.outcome, decision.reason) == (Outcome.STOPPED, "time budget of 10 s spent")
    assert sweep.ask(1, 10.0) == []


def test_a_budget_of_steps_is_spent_to_the_step() -> None:
    sweep = begin(9, budget=Budget(steps=3))
    sweep.ask(2, 0.0)
    assert sweep.report(0, 1, {"loss": 1.0}, 1.0).outcome is None
    assert sweep.report(1, 1, {"loss": 1.0}, 1.0).outcome is None
    assert sweep.report(0, 2, {"loss": 1.0}, 1.0).reason == "step budget of 3 spent"


def test_a_target_is_a_value_of_the_metric() -> None:
    problem = problem_of(9, budget=Budget(trials=5))
    object.__setattr__(problem, "objective", Objective("acc", "maximize", 0.9))
    sweep = PassiveSweep.begin(problem, Counting(), NoStopping(problem), MemoryJournal())
    sweep.ask(2, 0.0)
    assert sweep.report(0, 1, {"acc": 0.89}, 1.0).outcome is None
    assert sweep.report(1, 1, {"acc": 0.9}, 2.0).reason == "target acc = 0.9 reached"
    assert sweep.report(0, 2, {"acc": 0.5}, 3.0).outcome is Outcome.STOPPED


def test_completing_comes_before_a_spent_budget() -> None:
    sweep = begin(2, budget=Budget(steps=2))
    sweep.ask(1, 0.0)
    sweep.report(0, 1, {"loss": 1.0}, 1.0)
    assert sweep.report(0, 2, {"loss": 1.0}, 2.0).outcome is Outcome.COMPLETED


def test_failures_end_the_sweep_and_another_chance_reopens_it() -> None:
    sweep = begin(failure=FailurePolicy(stop_after=2))
    sweep.ask(3, 0.0)
    for number in (0, 1):
        sweep.close(number, Outcome.FAILED, 1.0, "crash", CRASH)
    assert sweep.halted(1.0) == "2 trials failed"
    sweep.reopen(0, 2.0)
    assert sweep.halted(2.0) is None


def test_an_extended_budget_goes_on() -> None:
    sweep = begin(budget=Budget(trials=1))
    sweep.ask(5, 0.0)
    sweep.end("done", 1.0)
    sweep.extend(Budget(trials=3), 2.0)
    assert len(sweep.ask(5, 2.0)) == 2
    again = resume(records(sweep))
    assert again.problem.budget == Budget(trials=3)


# -- retries -----------------------------------------------------------------------------------------------------------


def test_retries_are_counted_by_crashes_not_by_drivers() -> None:
    sweep = begin(failure=FailurePolicy(retries=1))
    sweep.ask(1, 0.0)
    sweep.start(0, 0.0, node="a", pid=1)
    sweep.start(0, 1.0, node="a", pid=2)  # the driver was killed and resumed
    sweep.start(0, 2.0, node="b", pid=3, after=Failure("node lost", "a is gone"))
    assert sweep.retries_left(0) > 0
    sweep.start(0, 3.0, node="b", pid=4, after=CRASH)
    assert sweep.retries_left(0) == 0


def test_a_step_run_again_counts_once_and_is_not_decided_again() -> None:
    problem = problem_of(9)
    sweep = PassiveSweep.begin(
        problem, Counting(), make_scheduler("asha", problem, {"min_iter": 1}), MemoryJournal()
    )
    sweep.ask(1, 0.0)
    sweep.report(0, 1, {"loss": 1.0}, 1.0)
    before = len(sweep.history.decisions)
    assert sweep.report(0, 1, {"loss": 7.0}, 2.0).outcome is None
    assert len(sweep.history.decisions) == before
    assert sweep.history.scores_at(1) == [(0, 1.0)]
    assert sweep.history.steps_total == 1


def test_a_stop_stands_until_the_trial_is_closed() -> None:
    sweep = begin(budget=Budget(steps=1))
    sweep.ask(1, 0.0)
    sweep.report(0, 1, {"loss": 1.0}, 1.0)
    assert sweep.report(0, 1, {"loss": 1.0}, 2.0).outcome is Outcome.STOPPED
    assert sweep.standing(0).reason == "step budget of 1 spent"


# -- the order of calls ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda s: s.report(5, 1, {"loss": 1.0}, 1.0), r"report\(t00005\): no such trial was asked for"),
        (lambda s: s.report(-1, 1, {"loss": 1.0}, 1.0), "no such trial was asked for"),
        (lambda s: s.report(1, 1, {"loss": 1.0}, 1.0), r"report\(t00001\): it is closed \(completed\)"),
        (lambda s: s.close(1, Outcome.STOPPED, 1.0), r"close\(t00001\): it is closed"),
        (lambda s: s.start(1, 1.0, node="a", pid=1), r"start\(t00001\): it is closed"),
        (lambda s: s.report(0, 3, {"loss": 1.0}, 1.0), "t00000: step 3 reported after step 1"),
        (
            lambda s: s.start(0, 1.0, node="a", pid=1, from_step=2),
            "starts from step 2, but only 1 steps were",
        ),
        (lambda s: s.close(0, Outcome.FAILED, 1.0), "a failure goes with outcome failed"),
        (lambda s: s.close(0, Outcome.STOPPED, 1.0, failure=CRASH), "a failure goes with outcome failed"),
        (lambda s: s.reopen(1, 1.0), "only a failed trial can be run again; it is completed"),
    ],
)
def test_calls_out_of_order_are_refused_and_leave_no_record(call: Any, said: str) -> None:
    sweep = begin()
    sweep.ask(2, 0.0)
    sweep.report(0, 1, {"loss": 1.0}, 0.5)
    sweep.close(1, Outcome.COMPLETED, 0.5)
    before = len(records(sweep))
    with pytest.raises(OrderError, match=said):
        call(sweep)
    assert len(records(sweep)) == before


# -- resuming ----------------------------------------------------------------------------------------------------------


def test_a_decision_that_a_crash_kept_from_the_journal_is_written_on_resume() -> None:
    problem = problem_of(9)
    _, past = play(problem, make_scheduler("asha", problem), [[0.1] * 9, [0.5] * 9])
    cut = next(i for i, r in enumerate(past) if r["type"] == "decision" and r["outcome"] == "stopped")
    again = resume(past[:cut], "asha")
    assert again.history.trials[1].state == "stopped"
    assert again.history.trials[1].reason == past[cut]["reason"]


def test_a_tampered_decision_is_refused() -> None:
    problem = problem_of(9)
    _, past = play(problem, make_scheduler("asha", problem), [[0.1] * 9, [0.5] * 9])
    for index, record in enumerate(past):
        if record["type"] == "decision" and record["scheduler"]:
            past[index] = {**record, "scheduler": False, "outcome": None}
    with pytest.raises(JournalError, match="t00001, step 1: the journal says go on"):
        resume(past, "asha")


def test_resuming_twice_is_resuming_once() -> None:
    problem = problem_of(9)
    _, past = play(problem, make_scheduler("asha", problem), [[0.1] * 9, [0.5] * 9])
    cut = next(i for i, r in enumerate(past) if r["type"] == "decision" and r["outcome"] == "stopped")
    first = resume(past[:cut], "asha")
    second = resume([*past[:cut], *records(first)], "asha")
    assert [(t.state, t.steps) for t in second.history.trials] == [
        (t.state, t.steps) for t in first.history.trials
    ]
    assert len(second.history.decisions) == len(first.history.decisions)


# -- observers ---------------------------------------------------------------------------------------------------------


def test_a_view_that_raises_is_warned_of_once_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        calls = 0

        def on_event(self, record: Record, history: History) -> None:
            self.calls += 1
            raise RuntimeError("no paint")

        def close(self) -> None:
            raise RuntimeError("no paint")

    class Sound(Broken):
        def on_event(self, record: Record, history: History) -> None:
            self.calls += 1

    broken, sound = Broken(), Sound()
    problem = problem_of(3)
    sweep = PassiveSweep.begin(
        problem, Counting(), NoStopping(problem), MemoryJournal(), observers=[broken, sound]
    )
    sweep.ask(3, 0.0)
    sweep.close_observers()
    assert broken.calls == 1
    assert sound.calls == 4
    assert len(caplog.records) == 2  # Broken at its first event, Sound while closing
    assert "Broken stopped working and is left out; the sweep goes on" in caplog.text
