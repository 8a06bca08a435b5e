"""What every searcher must do. Inherit `SearcherContract` and give it `make`.

The spaces below are one of each kind that a searcher meets; `play` runs a searcher in a passive sweep where trials
complete, are stopped, crash and diverge, several at a time, as one seed decides.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from search.history import History, Observation
from search.journal import MemoryJournal
from search.outcomes import OutcomeConstraint
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.schedulers.base import CONTINUE, Verdict
from search.searchers.base import Searcher
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome, Result, Trial
from spaces import Categorical, Condition, Constant, Float, Integer, Ordinal, Parameter, Space, SpaceError

Make = Callable[[Problem], Searcher]


def _conditional() -> Space:
    sgd, adam = (Condition("optimizer", "==", name) for name in ("sgd", "adam"))
    return Space(
        [
            Parameter("optimizer", Categorical(("sgd", "adam", "none"))),
            Parameter("rate", Float(1e-4, 1.0, log=True), when=(sgd,)),
            Parameter("rate", Float(1e-5, 1e-2, log=True), when=(adam,)),
            Parameter("nesterov", Categorical((True, False)), when=(sgd,)),
            Parameter("momentum", Float(0.0, 0.9), when=(Condition("nesterov", "==", True),)),
            Parameter("depth", Integer(1, 4)),
        ]
    )


SPACES: dict[str, Space] = {
    "floats": Space([Parameter("x", Float(-2.0, 3.0)), Parameter("y", Float(1e-3, 10.0, log=True))]),
    "mixed": Space(
        [
            Parameter("x", Float(-1.0, 1.0)),
            Parameter("n", Integer(1, 64, log=True)),
            Parameter("k", Integer(4, 32, step=4)),
            Parameter("q", Float(0.1, 0.5, step=0.1)),
            Parameter("c", Categorical(("a", "b", None))),
            Parameter("o", Ordinal((16, 32, 128))),
            Parameter("epochs", Constant(20)),
        ]
    ),
    "conditional": _conditional(),
    "constrained": Space(
        [Parameter("a", Integer(1, 8)), Parameter("b", Integer(1, 8)), Parameter("x", Float(0.0, 1.0))],
        ["a * b <= 16", "a >= b"],
    ),
    "one float": Space([Parameter("x", Float(0.0, 1.0))]),
    "one category": Space([Parameter("c", Categorical(("a", "b")))]),
    "confusable choices": Space([Parameter("c", Categorical((True, 1, 1.0, "1", None, (1, 2))))]),
    "single values": Space(
        [Parameter("n", Integer(3, 3)), Parameter("c", Categorical(("a",))), Parameter("x", Float(0.0, 1.0))]
    ),
    "constants": Space([Parameter("epochs", Constant(20)), Parameter("name", Constant("mlp"))]),
    "large integers": Space(
        [Parameter("n", Integer(0, 2**40 - 1)), Parameter("m", Integer(10**15, 10**15 + 3))]
    ),
}
"""name -> one space of each kind."""

MAX_STEPS = 4


def problem_on(
    space: Space,
    *,
    seed: int = 0,
    trials: int = 1000,
    points: tuple[Mapping[str, Any], ...] = (),
    several: bool = False,
    limits: tuple[str, ...] = (),
) -> Problem:
    """A minimisation of `loss` over `space`, and, where there are `several`, a maximisation of `gain`.

    Failures never end it. `limits`: outcome constraints.
    """
    return Problem(
        space,
        Objective("loss", counts="last" if several else "best"),
        MAX_STEPS,
        Budget(trials=trials),
        FailurePolicy(stop_after=None),
        seed=seed,
        points=points,
        secondary=(Objective("gain", "maximize", counts="last"),) if several else (),
        outcome_constraints=tuple(map(OutcomeConstraint.parse, limits)),
    )


class Patient:
    """A scheduler that never stops a trial."""

    rungs: tuple[int, ...] = ()

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        return CONTINUE


def loss_of(config: Mapping[str, Any], step: int = MAX_STEPS) -> float:
    """A bumpy loss of any config, falling with the step: numbers near 0 and early choices are good."""
    size = 0.0
    for value in config.values():
        number = float(value) if isinstance(value, int | float) else float(len(repr(value)))
        size += math.log1p(abs(number)) + 0.1 * math.sin(5 * math.log1p(abs(number)))
    return size + 1.0 / step


def metrics_of(config: Mapping[str, Any], step: int = MAX_STEPS) -> dict[str, float]:
    """The loss, a gain that is at odds with it, and a size that a constraint may limit."""
    loss = loss_of(config, step)
    gain = 3 * loss_of(dict(list(config.items())[1:]), step) - loss
    return {"loss": loss, "gain": gain, "size": abs(gain) + 1.0 / step}


def play(
    problem: Problem,
    searcher: Searcher,
    asks: int,
    *,
    seed: int = 0,
    workers: int = 4,
    trouble: bool = True,
    priors: tuple[Observation, ...] = (),
) -> list[dict[str, Any]]:
    """The records of a sweep of up to `asks` trials, as a file journal would give them back.

    With `trouble`, a fifth each of the trials is stopped early, crashes before its first result, reports NaN, or crashes
    and is given a second chance later.
    """
    chance = random.Random(seed)
    asked_for = [each.metric for each in (*problem.objectives, *problem.outcome_constraints)]
    journal = MemoryJournal()
    sweep = PassiveSweep.begin(problem, searcher, Patient(), journal, priors=priors)
    fates: dict[int, str] = {}
    again: list[int] = []
    now = 0.0
    while True:
        now += chance.random()
        running = sweep.history.running
        if (
            len(sweep.history.trials) < asks
            and len(running) < workers
            and (not running or chance.random() < 0.5)
        ):
            for trial in sweep.ask(1, now):
                sweep.start(trial.number, now, node="here", pid=1)
                kinds = ("complete", "stop", "crash", "nan", "retry") if trouble else ("complete",)
                fates[trial.number] = chance.choice(kinds)
            if len(sweep.history.running) == len(running):
                asks = len(sweep.history.trials)  # the space is exhausted
            continue
        if not running:
            return json.loads(json.dumps(journal.records))
        trial = chance.choice(running)
        fate, step = fates[trial.number], trial.steps + 1
        if fate in ("crash", "retry"):
            sweep.close(trial.number, Outcome.FAILED, now, failure=Failure("raised", "it broke"))
            if fate == "retry":
                again.append(trial.number)
            if again and chance.random() < 0.5:
                number = again.pop()
                fates[number] = "complete"
                sweep.reopen(number, now)
            continue
        metrics = metrics_of(trial.config, step)
        if fate == "nan" and step == 2:
            metrics[chance.choice(asked_for)] = math.nan
        decision = sweep.report(trial.number, step, metrics, now)
        if decision.outcome is not None:
            sweep.close(trial.number, decision.outcome, now, decision.reason, decision.failure)
        elif fate == "stop" and chance.random() < 0.5:
            sweep.close(trial.number, Outcome.STOPPED, now, "stopped")


def asked(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The configs asked for, by number."""
    return [record["config"] for record in records if record["type"] == "ask"]


def assert_pure(make: Make, records: list[dict[str, Any]], numbers: set[int] | None = None) -> None:
    """A fresh searcher at the prefix before each ask (or those in `numbers`) proposes what the journal says was asked."""
    for index, record in enumerate(records):
        if record["type"] == "ask" and record["origin"] == "searcher":
            if numbers is not None and record["trial"] not in numbers:
                continue
            history = History.from_records(records[:index])
            proposal = make(history.problem).ask(history, record["trial"])
            assert json.loads(json.dumps(proposal)) == record["config"], f"trial {record['trial']}"


class SearcherContract:
    """The suite. `asks`: trials of a test; more than the warm-up, so that the model is at work.

    `random`: whether the seed decides what is proposed. `several`, `limits`: of the problems that it is given.
    """

    asks = 16
    random = True
    several = False
    limits: tuple[str, ...] = ()

    def problem_on(self, space: Space, **more: Any) -> Problem:
        return problem_on(space, several=self.several, limits=self.limits, **more)

    @pytest.fixture
    def make(self) -> Make:
        raise NotImplementedError("give the suite a function Problem -> Searcher")

    @pytest.fixture(params=SPACES)
    def space(self, request: pytest.FixtureRequest, make: Make) -> Space:
        """A space of each kind that the searcher takes; one that it does not take it must refuse by a parameter's name."""
        space = SPACES[request.param]
        if (refusal := _refusal(make, self.problem_on(space))) is not None:
            assert refusal.where in space.names
            pytest.skip(f"refused: {refusal}")
        return space

    def test_lives_through_failed_and_diverged_trials(self, make: Make, space: Space) -> None:
        records = play(self.problem_on(space), make(self.problem_on(space)), self.asks)
        assert asked(records)
        for config in asked(records):
            assert json.loads(json.dumps(space.validate(config))) == config

    def test_every_trial_fails(self, make: Make) -> None:
        problem = self.problem_on(SPACES["mixed"])
        sweep = PassiveSweep.begin(problem, make(problem), Patient(), MemoryJournal())
        for number in range(self.asks):
            assert sweep.ask(1, 0.0)
            sweep.close(number, Outcome.FAILED, 0.0, failure=Failure("raised", "it broke"))

    def test_proposals_depend_on_the_seed(self, make: Make) -> None:
        space = SPACES["floats"]
        first, second = (
            asked(play(self.problem_on(space, seed=s), make(self.problem_on(space, seed=s)), 3))
            for s in (1, 2)
        )
        assert (first != second) == self.random

    def test_same_seed_same_sweep(self, make: Make, space: Space) -> None:
        runs = [
            play(self.problem_on(space, seed=7), make(self.problem_on(space, seed=7)), self.asks)
            for _ in range(2)
        ]
        assert runs[0] == runs[1]

    def test_fresh_at_any_prefix(self, make: Make, space: Space) -> None:
        records = play(
            self.problem_on(space, seed=3), make(self.problem_on(space, seed=3)), self.asks, seed=3
        )
        assert_pure(make, records, set(range(0, self.asks, 3)) | {self.asks - 1})

    def test_asking_again_changes_nothing(self, make: Make) -> None:
        problem = self.problem_on(SPACES["mixed"])
        records = play(problem, make(problem), self.asks)
        history = History.from_records(records)
        searcher = make(problem)
        first, other = searcher.ask(history, self.asks), searcher.ask(history, self.asks + 1)
        assert searcher.ask(history, self.asks) == first
        assert searcher.ask(history, self.asks + 1) == other

    def test_proposals_that_came_to_nothing_leave_no_trace(self, make: Make) -> None:
        """Asked at odd moments, for numbers that are asked for later or never, it proposes what a fresh one does."""
        problem = self.problem_on(SPACES["mixed"], seed=5)
        records = play(problem, make(problem), self.asks, seed=5)
        history, searcher, chance = History(problem), make(problem), random.Random(0)
        for index, record in enumerate(records):
            history.apply(record)
            if chance.random() < 0.1:
                number = len(history.trials) + chance.choice((0, 0, 1))
                proposal = searcher.ask(history, number)
                assert proposal == make(problem).ask(History.from_records(records[: index + 1]), number)

    def test_given_points_and_priors_are_known(self, make: Make) -> None:
        space = SPACES["conditional"]
        rng = np.random.default_rng(0)
        points = (space.sample(rng), space.sample(rng))
        problem = self.problem_on(space, points=points)
        rest = ((2.0,) if self.several else (), tuple(0.5 for _ in self.limits))
        fits = [
            Observation(None, space.sample(rng), 1.0 + i, Outcome.COMPLETED, ((1, 1.0 + i),), *rest)
            for i in range(12)
        ]
        foreign = Observation(None, {"other": 1}, 0.0, Outcome.COMPLETED, ((1, 0.0),), *rest)
        records = play(problem, make(problem), self.asks, priors=(foreign, *fits))
        assert asked(records)[:2] == [dict(point) for point in points]
        assert_pure(make, records, {2, self.asks - 1})

    def test_leaves_global_randomness_alone(self, make: Make) -> None:
        problem = self.problem_on(SPACES["mixed"])
        random.seed(1), np.random.seed(1)  # noqa: NPY002 - the global state is what is tested
        expected = random.random(), np.random.random()  # noqa: NPY002
        random.seed(1), np.random.seed(1)  # noqa: NPY002
        play(problem, make(problem), self.asks)
        assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def _refusal(make: Make, problem: Problem) -> SpaceError | None:
    try:
        make(problem)
    except SpaceError as error:
        return error
    return None
