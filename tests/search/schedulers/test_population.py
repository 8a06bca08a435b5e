"""Population based training: who is copied, what a copy changes, and what comes of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.journals import Recorded, plain
from search.errors import SettingsError
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import Promoter, make_scheduler
from search.schedulers.explore import Explorer
from search.schedulers.options import OptionCheck
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces import Categorical, Condition, Constant, Float, Integer, Ordinal, Parameter, Space
from trainables.plug import resolve


class Surrogate:
    """The example of the paper's figure 2: hyperparameters decide which part of a quadratic is descended, so that no
    fixed ones lead to its top; the loss is 1.2 less than the sum of the squares of what was learnt."""

    def setup(self, config: dict[str, Any], *, seed: int) -> None:
        self.rates, self.learnt = (config["h0"], config["h1"]), [0.9, 0.9]

    def step(self) -> dict[str, float]:
        self.learnt = [each - 0.05 * 2 * h * each for each, h in zip(self.learnt, self.rates, strict=True)]
        return {"loss": sum(each**2 for each in self.learnt) - 1.2}

    def save(self, directory: Path) -> None:
        (directory / "learnt").write_text(json.dumps(self.learnt))

    def load(self, directory: Path) -> None:
        self.learnt = json.loads((directory / "learnt").read_text())


class Breaking(Surrogate):
    """Diverges where the first rate is low."""

    def step(self) -> dict[str, float]:
        told = super().step()
        return {"loss": math.nan} if self.rates[0] < 0.3 else told


SPACE = Space((Parameter("h0", Float(0.0, 1.0)), Parameter("h1", Float(0.0, 1.0))))


def problem(max_steps: int = 20, **more: Any) -> Problem:
    more = {"budget": Budget(), "seed": 1, "failure": FailurePolicy(stop_after=None), **more}
    return Problem(SPACE, Objective("loss"), max_steps, **more)


def run(
    some: Problem,
    trainable: type[Surrogate] = Surrogate,
    workers: int = 1,
    scheduler: str = "population",
    searcher: str = "random",
    **options: Any,
) -> tuple[PassiveSweep, Recorded]:
    journal = Recorded()
    sweep = PassiveSweep.begin(
        some, make_searcher(searcher, some), make_scheduler(scheduler, some, options), journal
    )
    SimulatedRunner().run(sweep, Work(plug=resolve(trainable), workers=workers))
    return sweep, journal


def test_the_worst_give_their_place_to_copies_of_the_best() -> None:
    sweep, journal = run(problem(), size=8, interval=5, quantile=0.25)
    history = sweep.history
    assert history.finished
    assert history.ended == "all 8 members of the population have ended"
    copies = [trial for trial in history.trials if trial.parent is not None]
    assert len(copies) == 2 * 3  # two of eight, at steps 5, 10 and 15
    assert sum(trial.state == "completed" for trial in history.trials) == 8
    for record in journal.records:
        if record.get("parent") is not None:
            step, scores = record["from_step"], dict(history.scores_at(record["from_step"]))
            ranked = sorted(scores, key=lambda n: scores[n])
            assert len(ranked) == 8
            assert record["parent"] in ranked[:2]
            assert record["replaces"] in ranked[-2:]
            assert history.trials[record["replaces"]].steps == step
            assert history.replaced[record["replaces"]] == record["trial"]


def test_a_copy_counts_on_from_its_parents_steps_and_keeps_what_it_had_learnt() -> None:
    sweep, _ = run(problem(), size=8, interval=5)
    for trial in sweep.history.trials:
        assert [r.step for r in trial.results] == list(range(trial.from_step + 1, trial.steps + 1))
        if trial.parent is None:
            continue
        parent = sweep.history.trials[trial.parent]
        before = next(r for r in parent.results if r.step == trial.from_step).score
        assert before is not None
        assert trial.results[0].score is not None
        assert trial.results[0].score <= before + 1e-12  # no rate is negative: the sum only falls
        assert trial.attempts[0].from_step == trial.from_step
    assert sweep.history.steps_total == 8 * 20


@pytest.mark.parametrize("trainable", [Surrogate, Breaking])
def test_what_is_found_does_not_depend_on_the_number_of_workers(trainable: type[Surrogate]) -> None:
    stories = []
    for workers in (1, 3, 8, 20):
        sweep, _ = run(problem(), trainable, workers, size=8, interval=4)
        trials = sorted(
            (t.from_step, json.dumps(dict(t.config)), t.state, t.steps, repr(t.best and t.best.score))
            for t in sweep.history.trials
            if t.state != "failed"
        )
        stories.append(trials)
    assert stories[0] == stories[1] == stories[2] == stories[3]


def test_it_ends_better_than_the_same_members_without_copies() -> None:
    """Paired over seeds: the first members and the steps are the same."""
    wins = []
    for seed in range(12):
        population, _ = run(problem(40, seed=seed), size=6, interval=2)
        alone, _ = run(problem(40, seed=seed, budget=Budget(trials=6)), scheduler="none")
        assert population.history.steps_total == alone.history.steps_total == 240
        wins.append(_best(population) - _best(alone))
    assert sum(difference < 0 for difference in wins) >= 11
    assert float(np.mean(wins)) < 0


def _best(sweep: PassiveSweep) -> float:
    best = sweep.history.best
    assert best is not None
    assert best.best is not None
    assert best.best.score is not None
    return best.best.score


def test_a_member_that_fails_is_replaced_at_the_next_comparison() -> None:
    sweep, _ = run(problem(), Breaking, size=8, interval=5)
    failed = [t for t in sweep.history.trials if t.state == "failed"]
    assert failed
    early = [t.number for t in failed if t.parent is None]
    assert early
    assert all(sweep.history.trials[sweep.history.replaced[number]].from_step == 5 for number in early)
    assert sum(t.state == "completed" for t in sweep.history.trials) >= 6


def test_where_all_fail_it_ends() -> None:
    class Hopeless(Surrogate):
        def step(self) -> dict[str, float]:
            return {"loss": math.inf}

    sweep, _ = run(problem(), Hopeless, size=4)
    assert {t.state for t in sweep.history.trials} == {"failed"}
    assert sweep.history.finished


def test_with_the_budget_of_trials_spent_the_worst_go_on_themselves() -> None:
    sweep, _ = run(problem(budget=Budget(trials=7)), size=6, interval=5, quantile=0.34)
    assert len(sweep.history.trials) == 7
    assert sum(t.state == "completed" for t in sweep.history.trials) == 6


def test_where_the_space_has_fewer_configs_than_there_may_be_members_they_are_the_population() -> None:
    four = Space(tuple(Parameter(name, Float(0.25, 1.0, step=0.75)) for name in ("h0", "h1")))
    some = replace(problem(), space=four)
    sweep, journal = run(some, size=20, interval=5, quantile=0.25, searcher="grid")
    copies = [trial for trial in sweep.history.trials if trial.parent is not None]
    assert len(sweep.history.trials) - len(copies) == 4
    assert len(copies) == 3
    again = PassiveSweep.resume(
        journal.records,
        make_searcher("grid", some),
        make_scheduler("population", some, {"size": 20, "interval": 5, "quantile": 0.25}),
        Recorded(),
    )
    assert again.history.finished


def test_a_share_is_not_one_short_for_how_numbers_are_written_in_binary() -> None:
    sweep, _ = run(problem(4), size=100, interval=2, quantile=0.29)
    assert sum(trial.parent is not None for trial in sweep.history.trials) == 29


def test_a_budget_of_steps_ends_it() -> None:
    sweep, _ = run(problem(budget=Budget(steps=50)), size=6, interval=5)
    assert sweep.history.steps_total == 50
    assert all(not t.open for t in sweep.history.trials)


def test_a_population_of_one_is_one_trial() -> None:
    sweep, _ = run(problem(), size=1)
    assert [(t.state, t.steps) for t in sweep.history.trials] == [("completed", 20)]


def test_defaults() -> None:
    made = make_scheduler("population", problem(100))
    assert isinstance(made, Promoter)
    assert made.rungs == tuple(range(10, 100, 10))
    sweep, _ = run(problem(10))
    assert sum(t.parent is None for t in sweep.history.trials) == 20


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": 0}, "early_terminate.size: must be a whole number of at least 1, got 0"),
        ({"interval": 0}, "early_terminate.interval: must be a whole number of at least 1, got 0"),
        ({"quantile": 0.6}, r"early_terminate.quantile: must be a number from 0 to 0.5, got 0.6"),
        ({"factor": 1}, "early_terminate.factor: must be a finite number above 1, got 1"),
        ({"factor": math.inf}, "early_terminate.factor: must be a finite number above 1, got inf"),
        ({"resample": "x"}, "early_terminate.resample: must be a number from 0 to 1, got 'x'"),
        ({"mutate": 5}, "early_terminate.mutate: must be a list of names of parameters, got 5"),
        ({"mutate": ["h2"]}, r"'h2' is no parameter that is searched \(known: h0, h1\)"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        make_scheduler("population", problem(), options)


def explorer(space: Space, mutate: Any = None, factor: float = 1.2, resample: float = 0.25) -> Explorer:
    check = OptionCheck()
    made = Explorer.read(space, mutate, factor, resample, check)
    check.done()
    return made


MIXED = Space(
    (
        Parameter("lr", Float(1e-4, 1.0, log=True)),
        Parameter("drop", Float(0.0, 0.5, step=0.1)),
        Parameter("batch", Integer(16, 128, step=16)),
        Parameter("rounds", Integer(1, 9)),
        Parameter("strength", Ordinal((1, 3, 9))),
        Parameter("kind", Categorical(("a", "b"))),
        Parameter("model.width", Integer(8, 64)),
        Parameter("data.noise", Float(0.0, 1.0)),
        Parameter("extra", Float(0.0, 1.0), when=(Condition("kind", "==", "a"),)),
        Parameter("fixed", Constant(3)),
    ),
    ["lr * batch <= 60"],
)


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.floats(1.01, 5), resample=st.floats(0, 1))
def test_a_copys_config_is_one_of_the_space(seed: int, factor: float, resample: float) -> None:
    rng = np.random.default_rng(seed)
    config = MIXED.sample(rng)
    found, changes = explorer(MIXED, None, factor, resample).explore(config, rng)
    assert MIXED.validate(found) == found
    assert found.keys() == config.keys()
    for name in (
        "model.width",
        "data.noise",
        "kind",
        "fixed",
    ):  # its shape, and what decides on other parameters
        assert found[name] == config[name]
    assert all((f"{name} " in changes) == (found[name] != config[name]) for name in ("lr", "rounds", "drop"))


def test_without_resampling_a_number_moves_by_the_factor_or_a_step() -> None:
    explore = explorer(MIXED, ["lr", "rounds", "strength", "batch"], 2.0, 0.0).explore
    config = {**MIXED.sample(np.random.default_rng(0)), "lr": 0.1, "rounds": 1, "strength": 3, "batch": 32}
    seen: dict[str, set[Any]] = {name: set() for name in ("lr", "rounds", "strength", "batch")}
    for seed in range(40):
        found, _ = explore(config, np.random.default_rng(seed))
        for name, values in seen.items():
            values.add(found[name])
    assert seen == {"lr": {0.2, 0.05}, "rounds": {1, 2}, "strength": {1, 9}, "batch": {16, 64}}


def test_what_decides_on_other_parameters_cannot_change() -> None:
    with pytest.raises(SettingsError, match="kind decides which other parameters there are"):
        explorer(MIXED, ["kind"])


@pytest.mark.parametrize("make", [lambda s: run(s, size=6), lambda s: run(s, Breaking, size=6)])
def test_the_same_seed_leaves_the_same_journal(
    make: Callable[[Problem], tuple[PassiveSweep, Recorded]],
) -> None:
    one, other = (make(problem())[1].records for _ in range(2))
    assert [plain(record) for record in one] == [plain(record) for record in other]


def test_the_bandit_gets_a_small_population_nearer_to_the_top_than_chance() -> None:
    def best(explore: str) -> float:
        ends = [
            run(problem(40, seed=seed), size=4, interval=4, explore=explore)[0].history.best
            for seed in range(6)
        ]
        return sum(each.best.score for each in ends if each is not None and each.best is not None) / len(ends)

    assert best("bandit") < best("perturb")


def test_the_bandit_leaves_what_is_no_number_to_chance_and_keeps_to_constraints() -> None:
    space = Space(
        (*SPACE.parameters, Parameter("kind", Categorical(("a", "b")))), constraints=("h0 + h1 <= 1.2",)
    )
    some = replace(problem(24), space=space)
    sweep, _ = run(some, size=6, interval=4, explore="bandit")
    copies = [trial for trial in sweep.history.trials if trial.parent is not None]
    assert copies
    assert all(space.feasible(trial.config) for trial in copies)


def test_explore_is_one_of_two() -> None:
    with pytest.raises(
        SettingsError, match=r"early_terminate\.explore: must be perturb or bandit, got 'pb2'"
    ):
        run(problem(), explore="pb2")
