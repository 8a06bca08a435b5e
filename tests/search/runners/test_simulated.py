from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contracts.runners import RunnerContract, begin, chaos
from search.journal import MemoryJournal
from search.problem import Budget
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.sweep import PassiveSweep
from trainables.plug import resolve


def slow(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Its second step takes as long as x says, in tens of virtual seconds."""
    for step in (1, 2, 3):
        yield {"loss": config["x"], "seconds": 10 * config["x"] if step == 2 else 2.0}


def odd_costs(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    for cost in (float("nan"), -1.0, 0.0, float("inf"), 0.5):
        yield {"loss": 1.0, "seconds": cost}


def simulate(sweep: PassiveSweep, plug: Any = "chaos", workers: int = 1) -> PassiveSweep:
    SimulatedRunner().run(sweep, Work(plug=resolve(plug), workers=workers))
    return sweep


class TestOneWorker(RunnerContract):
    @pytest.fixture
    def paths(self) -> None:
        return None

    def make(self) -> SimulatedRunner:
        return SimulatedRunner()


def test_a_step_costs_a_second_or_what_it_reports() -> None:
    plain = simulate(begin(chaos(max_steps=5, trials=3)))
    assert plain.history.now == 15.0
    sweep = simulate(begin(chaos(trials=1)), odd_costs)
    assert [result.now for result in sweep.history.trials[0].results] == [1.0, 2.0, 2.0, 3.0, 3.5]


def test_workers_share_the_clock() -> None:
    assert simulate(begin(chaos(trials=12)), workers=4).history.now == 15.0
    assert simulate(begin(chaos(trials=13)), workers=4).history.now == 20.0


def test_a_free_worker_takes_the_next_trial_at_once() -> None:
    sweep = simulate(begin(chaos(trials=20), searcher="random"), slow, workers=3)
    ends = sorted(trial.closed for trial in sweep.history.trials if trial.closed is not None)
    begins = sorted(trial.asked for trial in sweep.history.trials)
    assert begins[:3] == [0.0, 0.0, 0.0]
    assert begins[3:] == ends[:17]


def test_a_budget_of_time_is_in_virtual_seconds() -> None:
    sweep = begin(chaos(budget=Budget(seconds=12.0)))
    assert SimulatedRunner().run(sweep, Work(plug=resolve("chaos"))) == "time budget of 12 s spent"
    assert sweep.history.now == 12.0
    assert [trial.steps for trial in sweep.history.trials] == [5, 5, 2]


def test_a_step_beyond_the_time_out_is_a_hanging_one() -> None:
    sweep = simulate(begin(chaos(trials=10, step_timeout=5.0, retries=1)), slow)
    for trial in sweep.history.trials:
        if trial.config["x"] > 0.5:
            assert trial.failure is not None
            assert (trial.failure.kind, trial.failure.message) == ("timeout", "step 2 took longer than 5 s")
            assert len(trial.attempts) == 2
            assert trial.seconds == pytest.approx(14.0)
        else:
            assert trial.state == "completed"


def test_the_same_again_each_time() -> None:
    journals = [MemoryJournal(), MemoryJournal()]
    for journal in journals:
        simulate(begin(chaos(max_steps=27, trials=60), "asha", "tpe", journal), workers=7)
    assert journals[0].records == journals[1].records


def test_a_resumed_clock_goes_on() -> None:
    journal = MemoryJournal()
    sweep = begin(chaos(trials=2), journal=journal)
    simulate(sweep)
    sweep.extend(Budget(trials=4), sweep.elapsed)
    simulate(sweep)
    assert [trial.asked for trial in sweep.history.trials] == [0.0, 5.0, 10.0, 15.0]


@pytest.mark.parametrize("scheduler", ["none", "asha", "median", "hyperband"])
def test_a_thousand_at_once(scheduler: str) -> None:
    sweep = simulate(begin(chaos(max_steps=30, trials=1000), scheduler), workers=1000)
    assert len(sweep.history.trials) == 1000
    assert not sweep.history.running
    assert max(trial.steps for trial in sweep.history.trials) == 30
