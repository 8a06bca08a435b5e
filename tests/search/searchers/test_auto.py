"""`auto`: what it chooses and says, and what it makes of workers, points and known functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from contracts.searchers import SPACES, Patient, asked, assert_pure, play, problem_on
from search.history import History
from search.journal import MemoryJournal
from search.outcomes import OutcomeConstraint
from search.problem import Budget, Objective, Problem
from search.searchers import make_searcher
from search.searchers.auto import choice_for
from search.searchers.surrogate import model
from search.sweep import PassiveSweep
from search.trial import Outcome
from spaces import Float, Parameter, Space, nest
from spaces.reading import parse_parameters
from trainables import synthetic


def test_it_says_what_it_chose_and_why() -> None:
    floats = SPACES["floats"]
    wide = Space([Parameter(f"x{i}", Float(0, 1)) for i in range(51)])
    assert choice_for(problem_on(floats)).method == "model"
    assert choice_for(problem_on(floats, several=True)).method == "tpe"
    assert choice_for(problem_on(wide)).method == "tpe"
    assert choice_for(problem_on(SPACES["constants"])).method == "random"
    limited = Problem(
        floats, Objective("loss"), 1, Budget(), outcome_constraints=(OutcomeConstraint.parse("size <= 2"),)
    )
    assert "outcome constraints" in choice_for(limited).why


@pytest.mark.parametrize(
    ("several", "said"), [(False, "Gaussian process"), (True, "tpe, because there are 2")]
)
def test_the_journal_has_it_once(several: bool, said: str) -> None:
    problem = problem_on(SPACES["floats"], several=several)
    records = play(problem, make_searcher("auto", problem), 12)
    texts = [record["text"] for record in records if record["type"] == "notice"]
    assert len(texts) == len(set(texts)) >= 1
    assert said in texts[0]


def test_asks_at_the_same_time_are_distinct_and_apart() -> None:
    """Running trials are imagined: eight asks in a row, with nothing reported between them, do not pile up."""
    problem = problem_on(SPACES["floats"])
    records = play(problem, make_searcher("auto", problem), 10, trouble=False)
    sweep = PassiveSweep.resume(records, make_searcher("auto", problem), Patient(), MemoryJournal())
    rows = np.array([SPACES["floats"].to_unit(trial.config) for trial in sweep.ask(8, 0.0)])
    gaps = np.linalg.norm(rows[:, None] - rows[None], axis=-1) + np.eye(8)
    assert gaps.min() > 1e-3
    assert gaps.min(axis=1).mean() > 0.02


def test_small_spaces_are_gone_through_without_a_repeat() -> None:
    problem = problem_on(Space([Parameter("n", Float(0.0, 1.0, step=0.05))]))
    configs = asked(play(problem, make_searcher("auto", problem), 21, trouble=False))
    assert len({config["n"] for config in configs}) == 21


def test_constraints_hold_with_the_model_at_work() -> None:
    space = SPACES["constrained"]
    problem = problem_on(space)
    for config in asked(play(problem, make_searcher("auto", problem), 40)):
        assert space.feasible(config)


def test_the_best_point_is_looked_for_within_the_constraints(monkeypatch: pytest.MonkeyPatch) -> None:
    """What promises most lies where nothing is allowed, and hardly a point of the cube is."""
    monkeypatch.setattr(model, "drawn_back", lambda *given: pytest.fail("no point within was found"))
    space = Space([Parameter(name, Float(0.0, 1.0)) for name in "abc"], ["a + b + c <= 0.2"])
    problem = problem_on(space)
    sweep = PassiveSweep.begin(problem, make_searcher("auto", problem), Patient(), MemoryJournal())
    sums = []
    for _ in range(16):
        (trial,) = sweep.ask(1, 0.0)
        sums.append(sum(trial.config.values()))
        for step in range(1, problem.max_steps + 1):
            sweep.report(trial.number, step, {"loss": -sums[-1]}, 0.0)
        sweep.close(trial.number, Outcome.COMPLETED, 0.0)
    assert 0.19 < max(sums[8:]) <= 0.2


def test_it_proposes_before_any_trial_has_closed() -> None:
    """As where all workers are in the middle of long trials and another one joins."""
    problem = problem_on(SPACES["floats"])
    sweep = PassiveSweep.begin(problem, make_searcher("auto", problem), Patient(), MemoryJournal())
    for trial in sweep.ask(30, 0.0):
        sweep.report(trial.number, 1, {"loss": float(trial.config["x"])}, 0.0)
    assert not sweep.history.observations
    (trial,) = sweep.ask(1, 0.0)
    assert trial.config["x"] < 0.0


def test_a_fresh_one_anywhere_proposes_the_same_beyond_its_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "_WINDOW", 30)
    monkeypatch.setattr(model, "_FITTED", 20)
    problem = problem_on(SPACES["mixed"], seed=5)
    records = play(problem, make_searcher("auto", problem), 40, seed=5)
    assert_pure(lambda each: make_searcher("auto", each), records, {12, 25, 39})


def test_what_a_proposal_costs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the history, the process is made of a window of rows, and fitted to fewer."""
    sizes: list[tuple[str, int]] = []
    fitted, process = model.fitted, model.Process
    monkeypatch.setattr(model, "fitted", lambda x, *rest: sizes.append(("fit", len(x))) or fitted(x, *rest))
    monkeypatch.setattr(
        model, "Process", lambda hyper, x, *rest: sizes.append(("all", len(x))) or process(hyper, x, *rest)
    )
    problem = problem_on(SPACES["floats"], trials=2000)
    records = play(problem, make_searcher("random", problem), 800, trouble=False)
    searcher: Any = make_searcher("auto", problem)
    assert "Gaussian process" in searcher.notice
    searcher.ask(History.from_records(records), 800)
    assert dict(sizes) == {"fit": model._FITTED, "all": model._WINDOW}
    assert "a window of the history, the best and the newest 250 results at rungs" in searcher.notice


def _regret(method: str, function: str, seed: int, trials: int) -> float:
    known: Any = getattr(synthetic, function)
    problem = Problem(
        parse_parameters(known.parameters), Objective("loss"), 1, Budget(trials=trials), seed=seed
    )
    sweep = PassiveSweep.begin(problem, make_searcher(method, problem), Patient(), MemoryJournal())
    best = np.inf
    for _ in range(trials):
        (trial,) = sweep.ask(1, 0.0)
        value = float(known.value(nest(dict(trial.config))))
        sweep.report(trial.number, 1, {"loss": value}, 0.0)
        sweep.close(trial.number, Outcome.COMPLETED, 0.0)
        best = min(best, value)
    return best - float(known.optimum)


@pytest.mark.parametrize("function", ["branin", "mixed", "conditional"])
def test_it_beats_random_search(function: str) -> None:
    """Paired by seed, at 30 trials."""
    pairs = [[_regret(method, function, seed, 30) for method in ("auto", "random")] for seed in range(4)]
    ours, theirs = np.mean(pairs, axis=0)
    assert ours < 0.6 * theirs
