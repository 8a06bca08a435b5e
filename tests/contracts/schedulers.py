"""What every scheduler promises. Inherit `SchedulerContract` and say how to make yours:

class TestMine(SchedulerContract):
    def make(self, problem): return Mine(problem)
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from contracts.playing import Counting, fates, play, problem_of
from search.journal import MemoryJournal
from search.problem import Problem
from search.schedulers.base import CONTINUE, Scheduler
from search.sweep import PassiveSweep

__all__ = ["SchedulerContract"]

MAX_STEPS = 27


def curves(count: int, seed: int = 0, steps: int = MAX_STEPS) -> list[list[float]]:
    """Learning curves of different heights, with noise, that cross."""
    rng = np.random.default_rng(seed)
    step = np.arange(1, steps + 1)
    return [
        list(rng.uniform() + rng.uniform(0.2, 2.0) / step + rng.normal(scale=0.05, size=steps))
        for _ in range(count)
    ]


class SchedulerContract:
    def make(self, problem: Problem) -> Scheduler:
        raise NotImplementedError

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    @pytest.mark.parametrize("step", [1, 3, MAX_STEPS])
    def test_a_trial_that_diverges_fails_at_once_and_disturbs_nobody(self, bad: float, step: int) -> None:
        problem = problem_of(MAX_STEPS)
        sound = curves(20)
        broken = [list(curve) for curve in sound]
        for number in (0, 7, 12):
            broken[number][step - 1] = bad
        sweep, _ = play(problem, self.make(problem), broken, workers=4)
        for number in (0, 7, 12):
            trial = sweep.history.trials[number]
            assert trial.steps <= step
            assert trial.state == "failed" or trial.steps < step
        assert all(trial.failure is None for trial in sweep.history.trials if trial.number not in (0, 7, 12))
        assert sum(state == "completed" for state, _ in fates(sweep)) >= 1

    def test_a_missing_metric_fails_the_trial_alone(self) -> None:
        problem = problem_of(MAX_STEPS)
        sweep = PassiveSweep.begin(problem, Counting(), self.make(problem), MemoryJournal())
        for trial in sweep.ask(2, 0.0):
            sweep.start(trial.number, 0.0, node="test", pid=0)
        assert sweep.report(0, 1, {"los": 0.5}, 1.0).outcome == "failed"
        assert sweep.report(1, 1, {"loss": 0.5}, 1.0).outcome is None

    @pytest.mark.parametrize("workers", [1, 5])
    def test_a_fresh_scheduler_decides_the_same_over_the_same_journal(self, workers: int) -> None:
        problem = problem_of(MAX_STEPS)
        sweep, records = play(problem, self.make(problem), curves(40), workers)
        for end in range(1, len(records) + 1, 7):
            PassiveSweep.resume(records[:end], Counting(), self.make(problem), MemoryJournal())
        again = PassiveSweep.resume(records, Counting(), self.make(problem), MemoryJournal())
        assert fates(again) == fates(sweep)
        assert again.history.decisions == sweep.history.decisions

    def test_a_cursor_is_a_shortcut_and_no_memory(self) -> None:
        """Whoever joins late, at any decision, decides what was decided."""
        problem = problem_of(MAX_STEPS)
        late = {number: self.make(problem) for number in range(0, 60, 11)}
        inside = self.make(problem)
        differing = []

        class Watching:
            rungs = inside.rungs
            calls = 0

            def decide(self, history, trial, result):
                verdict = inside.decide(history, trial, result)
                self.calls += 1
                for begins, scheduler in late.items():
                    if trial.number >= begins and scheduler.decide(history, trial, result) != verdict:
                        differing.append((begins, trial.number, result.step))
                return verdict

        watching = Watching()
        play(problem, watching, curves(60), workers=3)
        assert watching.calls > 60
        assert differing == []

    def test_maximising_decides_what_minimising_the_negative_does(self) -> None:
        down, up = problem_of(MAX_STEPS), problem_of(MAX_STEPS, "maximize")
        lines = curves(30)
        one, _ = play(down, self.make(down), lines, workers=3)
        other, _ = play(up, self.make(up), [[-value for value in line] for line in lines], workers=3)
        assert fates(one) == fates(other)

    def test_reasons_tell_values_as_the_user_reported_them(self) -> None:
        problem = problem_of(MAX_STEPS, "maximize")
        sweep, _ = play(problem, self.make(problem), [[1000.0 - n] * MAX_STEPS for n in range(30)])
        for trial in sweep.history.trials:
            if trial.state == "stopped":
                assert f"{1000 - trial.number}" in trial.reason
                assert "-9" not in trial.reason

    def test_alone_a_trial_is_never_stopped(self) -> None:
        problem = problem_of(MAX_STEPS)
        sweep, _ = play(problem, self.make(problem), curves(1))
        assert fates(sweep) == [("completed", MAX_STEPS)]

    def test_trials_that_cannot_be_told_apart_all_go_on(self) -> None:
        problem = problem_of(MAX_STEPS)
        sweep, _ = play(problem, self.make(problem), [[0.5] * MAX_STEPS] * 30, workers=4)
        assert set(fates(sweep)) == {("completed", MAX_STEPS)}

    @pytest.mark.parametrize("seed", range(5))
    def test_the_best_at_every_step_is_never_stopped(self, seed: int) -> None:
        problem = problem_of(MAX_STEPS)
        lines = curves(40, seed)
        lines[17] = [-10.0 - step for step in range(MAX_STEPS)]
        sweep, _ = play(problem, self.make(problem), lines, workers=4)
        assert sweep.history.trials[17].state == "completed"

    def test_rungs_ascend_below_full_fidelity(self) -> None:
        for max_steps in (1, 2, 3, 10, 27, 100, 243):
            rungs = self.make(problem_of(max_steps)).rungs
            assert list(rungs) == sorted(set(rungs))
            assert all(1 <= rung < max_steps for rung in rungs)

    def test_verdicts_say_where_and_why(self) -> None:
        problem = problem_of(MAX_STEPS)
        inner = self.make(problem)
        verdicts = []

        class Watching:
            rungs = inner.rungs

            def decide(self, history, trial, result):
                verdict = inner.decide(history, trial, result)
                verdicts.append((result.step, verdict))
                return verdict

        play(problem, Watching(), curves(40), workers=2)
        for step, verdict in verdicts:
            if verdict != CONTINUE:
                assert verdict.rung == step
                assert verdict.reason
                assert not inner.rungs or step in inner.rungs
        assert all(verdict.rung is not None for _, verdict in verdicts if verdict.stop)

    def test_one_step_leaves_nothing_to_decide(self) -> None:
        problem = problem_of(1)
        sweep, _ = play(problem, self.make(problem), curves(20, steps=1), workers=3)
        assert set(fates(sweep)) == {("completed", 1)}

    def test_a_thousand_trials_of_thirty_steps(self) -> None:
        problem = problem_of(30)
        sweep, _ = play(problem, self.make(problem), curves(1000, steps=30), workers=1000)
        assert all(not trial.open for trial in sweep.history.trials)
