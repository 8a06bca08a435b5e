"""What every runner promises. Inherit `RunnerContract` and say how to make yours:

class TestMine(RunnerContract):
    def make(self): return MyRunner()
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from search.errors import JournalError
from search.history import History
from search.journal import MemoryJournal
from search.paths import RunPaths
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.runners.base import Runner, StopSignal, Work
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces import Constant, Float, Parameter, Space
from trainables.plug import Plug, resolve

__all__ = ["RunnerContract", "begin", "chaos", "resume"]


def chaos(max_steps: int = 5, trials: int = 6, **options: Any) -> Problem:
    """A problem over x in [0, 1] for the trainable `chaos`, told how to misbehave; loss = x + 1/step."""
    policy = {
        name: options.pop(name) for name in ("retries", "stop_after", "step_timeout") if name in options
    }
    budget = options.pop("budget", Budget(trials=trials))
    target = options.pop("target", None)
    fixed = [Parameter(name, Constant(value)) for name, value in options.items()]
    space = Space((Parameter("x", Float(0.0, 1.0)), *fixed))
    objective = Objective("loss", target=target)
    return Problem(
        space, objective, max_steps, budget, FailurePolicy(**{"stop_after": None, **policy}), seed=3
    )


def begin(
    problem: Problem,
    scheduler: str = "none",
    searcher: str = "random",
    journal: Any = None,
    options: Mapping[str, Any] | None = None,
) -> PassiveSweep:
    """A new sweep, in memory unless a journal is given."""
    return PassiveSweep.begin(
        problem,
        make_searcher(searcher, problem),
        make_scheduler(scheduler, problem, options),
        journal or MemoryJournal(),
    )


def resume(
    records: list[Mapping[str, Any]], scheduler: str = "none", searcher: str = "random"
) -> PassiveSweep:
    """The sweep that `records` tell of, with a journal of its own for what follows."""
    problem = History.from_records(records[:1]).problem
    return PassiveSweep.resume(
        records, make_searcher(searcher, problem), make_scheduler(scheduler, problem), MemoryJournal()
    )


def states(sweep: PassiveSweep) -> list[str]:
    return [trial.state for trial in sweep.history.trials]


class Filling(MemoryJournal):
    """A journal on a disk that is full after so many records."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    def append(self, record: Mapping[str, Any]) -> None:
        if len(self.records) >= self.room:
            raise JournalError("no space left on device")
        super().append(record)


class Closing:
    """A trainable that counts how many of its kind are open."""

    open = 0

    def setup(self, config: dict[str, Any]) -> None:
        type(self).open += 1

    def step(self) -> dict[str, float]:
        return {"loss": 1.0}

    def close(self) -> None:
        type(self).open -= 1


def silent(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield from ()


def three_steps(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    for step in (1, 2, 3):
        yield {"loss": config["x"] / step}


class _NoValue:
    """A tensor whose value cannot be had: its computation went wrong on the device."""

    shape = ()

    def item(self) -> float:
        raise RuntimeError("device-side assert")


class _Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def valueless(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"loss": _NoValue()}


def mute(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": 1.0}
    raise _Mute


def unprintable(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": 1.0}
    raise ValueError("odd \ud800 text")


def leaves(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": 1.0}
    raise SystemExit("enough")


def pressed(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": 1.0}
    raise KeyboardInterrupt


class BadSetup(Closing):
    def setup(self, config: dict[str, Any]) -> None:
        raise ValueError("no\n  such file")


class BadClose(Closing):
    def setup(self, config: dict[str, Any]) -> None:
        pass

    def close(self) -> None:
        raise RuntimeError("cannot let go")


class RunnerContract:
    def make(self) -> Runner:
        raise NotImplementedError

    @pytest.fixture
    def paths(self, tmp_path: Path) -> RunPaths | None:
        """Override with None for a runner that writes nothing."""
        return RunPaths(tmp_path / "run")

    @pytest.fixture(autouse=True)
    def _paths(self, paths: RunPaths | None) -> None:
        self.paths = paths

    def run(self, sweep: PassiveSweep, plug: Plug | str = "chaos", **more: Any) -> str:
        found = resolve(plug)
        return self.make().run(sweep, Work(plug=found, paths=self.paths, **more))

    # -- what is no metric, and what raises ------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("mode", "said"),
        [
            ("nan", "step 2: loss is nan"),
            ("inf", "step 2: loss is inf"),
            ("string", "step 2: loss is no number but a str"),
            ("missing", "step 2: loss is missing: did you mean los?"),
        ],
    )
    def test_what_is_no_metric_fails_that_trial_only_and_is_not_retried(self, mode: str, said: str) -> None:
        sweep = begin(chaos(mode=mode, below=0.3, retries=2, trials=8))
        self.run(sweep)
        for trial in sweep.history.trials:
            if trial.config["x"] < 0.3:
                assert trial.failure is not None
                assert trial.failure.kind == "bad metric"
                assert trial.failure.message.startswith(said)
                assert (trial.steps, len(trial.attempts)) == (2, 1)
            else:
                assert (trial.state, trial.steps) == ("completed", 5)
        assert {"failed", "completed"} == set(states(sweep))

    def test_a_trial_that_raises_fails_alone(self) -> None:
        sweep = begin(chaos(mode="raise", below=0.3, trials=8))
        self.run(sweep)
        assert {"failed", "completed"} == set(states(sweep))
        for trial in sweep.history.trials:
            if trial.failure is not None:
                assert (trial.failure.kind, trial.steps) == ("raised", 1)
                assert trial.failure.message == "RuntimeError: chaos was told to raise"

    def test_a_trial_that_raises_once_is_retried_under_its_number(self, tmp_path: Path) -> None:
        sweep = begin(chaos(mode="raise", at=3, once=str(tmp_path / "once"), retries=1))
        self.run(sweep)
        assert set(states(sweep)) == {"completed"}
        for trial in sweep.history.trials:
            assert [result.step for result in trial.results] == [1, 2, 3, 4, 5]
            assert [attempt.after and attempt.after.kind for attempt in trial.attempts] == [None, "raised"]

    def test_retries_end(self) -> None:
        sweep = begin(chaos(mode="raise", at=1, retries=2, trials=2))
        self.run(sweep)
        assert [(trial.state, len(trial.attempts)) for trial in sweep.history.trials] == [("failed", 3)] * 2

    def test_setting_up_may_raise(self) -> None:
        sweep = begin(chaos(trials=2))
        self.run(sweep, BadSetup)
        assert [trial.failure and trial.failure.message for trial in sweep.history.trials] == [
            "ValueError: no such file"
        ] * 2

    @pytest.mark.parametrize(
        ("trainable", "said"),
        [
            (valueless, "RuntimeError: device-side assert"),
            (mute, "_Mute: its message cannot be shown"),
            (unprintable, r"ValueError: odd \ud800 text"),
        ],
    )
    def test_odd_values_and_odd_errors_fail_their_trial_only(self, trainable: Any, said: str) -> None:
        sweep = begin(chaos(trials=2))
        self.run(sweep, resolve(trainable))
        assert states(sweep) == ["failed"] * 2
        assert {trial.reason for trial in sweep.history.trials} == {said}

    def test_a_trial_may_not_end_the_process(self) -> None:
        sweep = begin(chaos(trials=2))
        self.run(sweep, leaves)
        assert [(t.failure.kind, t.failure.message) for t in sweep.history.trials if t.failure] == [
            ("exited", "SystemExit: enough")
        ] * 2

    def test_letting_go_may_raise(self) -> None:
        sweep = begin(chaos(trials=2))
        self.run(sweep, BadClose)
        assert states(sweep) == ["completed"] * 2

    def test_too_many_failures_end_the_sweep(self) -> None:
        sweep = begin(chaos(mode="raise", stop_after=3, trials=50))
        assert self.run(sweep) == "3 trials failed"
        assert states(sweep) == ["failed"] * 3

    # -- how trials end --------------------------------------------------------------------------------------------

    def test_every_trial_is_trained_to_full_fidelity(self) -> None:
        sweep = begin(chaos())
        assert self.run(sweep) == "all 6 trials asked for"
        assert [(trial.state, trial.steps) for trial in sweep.history.trials] == [("completed", 5)] * 6
        assert sweep.history.ended is not None
        assert sweep.history.finished
        for trial in sweep.history.trials:
            assert [result.metrics["loss"] for result in trial.results] == [
                trial.config["x"] + 1 / step for step in range(1, 6)
            ]

    def test_a_trainable_may_end_by_itself(self) -> None:
        sweep = begin(chaos(trials=3))
        self.run(sweep, three_steps)
        assert [(trial.state, trial.steps, trial.reason) for trial in sweep.history.trials] == [
            ("completed", 3, "ended by itself after step 3")
        ] * 3

    def test_a_trainable_that_never_reports_has_failed(self) -> None:
        sweep = begin(chaos(trials=2))
        self.run(sweep, silent)
        assert states(sweep) == ["failed"] * 2
        assert sweep.history.trials[0].reason == "ended before its first step: loss was never reported"

    def test_a_scheduler_stops_trials(self) -> None:
        sweep = begin(chaos(max_steps=9, trials=12), "asha")
        self.run(sweep)
        assert {"stopped", "completed"} == set(states(sweep))
        assert all(t.reason.startswith("rung 1: ") for t in sweep.history.trials if t.steps == 1)

    def test_each_trainable_is_closed(self) -> None:
        Closing.open = 0
        self.run(begin(chaos(trials=3)), Closing)
        assert Closing.open == 0

    def test_a_target_ends_all(self) -> None:
        sweep = begin(chaos(target=0.7, trials=100))
        assert self.run(sweep) == "target loss = 0.7 reached"
        assert not sweep.history.running
        assert (
            sum(r.score <= 0.7 for t in sweep.history.trials for r in t.results if r.score is not None) == 1
        )

    def test_a_budget_of_steps_ends_all(self) -> None:
        sweep = begin(chaos(budget=Budget(steps=17)))
        assert self.run(sweep) == "step budget of 17 spent"
        assert sweep.history.steps_total == 17
        assert states(sweep) == ["completed"] * 3 + ["stopped"]

    # -- stopping and resuming -------------------------------------------------------------------------------------

    def test_asked_to_stop_it_leaves_trials_open_and_a_resume_goes_on(self) -> None:
        stop = StopSignal()

        class StopAfter(MemoryJournal):
            def append(self, record: Mapping[str, Any]) -> None:
                super().append(record)
                if record["type"] == "result" and record["trial"] == 2 and record["step"] == 3:
                    stop.request("interrupted by a test")

        journal = StopAfter()
        sweep = begin(chaos(), journal=journal)
        assert self.run(sweep, stop=stop) == "interrupted by a test"
        assert states(sweep)[2] == "running"
        assert sweep.history.ended is not None
        assert not sweep.history.finished
        again = resume(journal.records)
        assert self.run(again) == "all 6 trials asked for"
        whole = begin(chaos())
        self.run(whole)
        assert [t.config for t in again.history.trials] == [t.config for t in whole.history.trials]
        assert [[r.score for r in t.results] for t in again.history.trials] == [
            [r.score for r in t.results] for t in whole.history.trials
        ]

    def test_ctrl_c_inside_a_trial_is_a_request_to_stop(self) -> None:
        stop = StopSignal()
        sweep = begin(chaos())
        assert self.run(sweep, pressed, stop=stop) == "interrupted"
        assert stop
        assert states(sweep) == ["running"]

    def test_asked_to_stop_before_it_began_it_asks_for_nothing(self) -> None:
        stop = StopSignal()
        stop.request("never mind")
        sweep = begin(chaos())
        assert self.run(sweep, stop=stop) == "never mind"
        assert states(sweep) == []

    def test_what_a_killed_driver_left_open_is_closed_when_the_budget_is_spent(self) -> None:
        problem = chaos(budget=Budget(steps=3))
        journal = MemoryJournal()
        killed = begin(problem, journal=journal)
        for trial in killed.ask(2, 0.0):
            killed.start(trial.number, 0.0, node="test", pid=0)
        for step in (1, 2, 3):
            killed.report(0, step, {"loss": 1.0 / step}, float(step))
        again = resume(journal.records)
        assert self.run(again) == "step budget of 3 spent"
        assert states(again) == ["stopped", "stopped"]

    @pytest.mark.parametrize("room", [1, 2, 3, 6, 11, 25])
    def test_a_journal_that_cannot_be_written_stops_it(self, room: int) -> None:
        journal = Filling(room)
        Closing.open = 0
        sweep = begin(chaos(), journal=journal)
        with pytest.raises(JournalError, match="no space left"):
            self.run(sweep, Closing)
        assert Closing.open == 0
        assert len(journal.records) == room
        again = resume(journal.records)
        assert self.run(again, Closing) == "all 6 trials asked for"
        assert states(again) == ["completed"] * 6
