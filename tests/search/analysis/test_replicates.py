from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from search.analysis import compare, comparison_verdict
from search.analysis.replicates import replicates
from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.run import Run
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces import parse_parameters


def run_with(method: str, seed: int, value: float) -> Run:
    """A run of one trial of one step with the given value."""
    problem = Problem(
        parse_parameters({"x": {"min": 0.0, "max": 1.0}}), Objective("loss"), 1, Budget(trials=1), seed=seed
    )
    about = {"settings": {"method": method, "seed": seed, "name": f"{method}-{seed}"}}
    sweep = PassiveSweep.begin(
        problem,
        make_searcher("random", problem),
        make_scheduler("none", problem),
        MemoryJournal(),
        about=about,
    )
    trial = sweep.ask(1, 0.0)[0].number
    sweep.start(trial, 0.0, node="here", pid=1)
    decision = sweep.report(trial, 1, {"loss": value}, 1.0)
    assert decision.outcome is not None
    sweep.close(trial, decision.outcome, 1.0, decision.reason, decision.failure)
    return Run(sweep.history, None, f"{method}-{seed}")


def group(method: str, values: Any, first: int = 0) -> list[Run]:
    return [run_with(method, first + i, float(value)) for i, value in enumerate(values)]


def test_runs_that_differ_in_their_seed_alone_are_one_group() -> None:
    found = replicates([*group("a", [1.0, 2.0]), *group("b", [3.0])])
    assert [each["label"] for each in found["groups"]] == ["method a", "method b"]
    assert [each["runs"] for each in found["groups"]] == [[0, 1], [2]]
    assert found["groups"][0]["mean"] == 1.5
    assert found["groups"][0]["seeds"] == [0, 1]


def test_the_paired_test_is_scipys_and_exact() -> None:
    rng = np.random.default_rng(0)
    left, right = rng.normal(0.0, 1.0, 8), rng.normal(0.8, 1.0, 8)
    pair = replicates([*group("a", left), *group("b", right)])["pairs"][0]
    difference = left - right
    signs = np.array([[1 if k >> i & 1 else -1 for i in range(8)] for k in range(256)])
    exact = np.mean(np.abs((signs * difference).mean(axis=1)) >= abs(difference.mean()) - 1e-12)
    assert pair["p"] == pytest.approx(exact)
    assert pair["interval"] == pytest.approx(stats.ttest_1samp(difference, 0).confidence_interval())
    assert pair["difference"] == pytest.approx(difference.mean())


def test_only_shared_seeds_are_paired_and_few_of_them_say_nothing() -> None:
    pair = replicates([*group("a", range(6)), *group("b", range(6), first=3)])["pairs"][0]
    assert pair["seeds"] == 3
    assert pair["p"] is None
    assert pair["reason"] == "3 shared seeds; a paired test needs 5"


def test_holm_corrects_for_the_number_of_pairs() -> None:
    rng = np.random.default_rng(1)
    runs = [run for i, name in enumerate("abc") for run in group(name, rng.normal(i, 0.7, 8))]
    pairs = replicates(runs)["pairs"]
    ordered = sorted(pairs, key=lambda pair: pair["p"])
    smallest, middle, largest = (pair["p"] for pair in ordered)
    expected = [3 * smallest, max(3 * smallest, 2 * middle), max(3 * smallest, 2 * middle, largest)]
    assert [pair["adjusted"] for pair in ordered] == pytest.approx([min(1.0, p) for p in expected])


def test_of_equal_groups_few_are_told_apart() -> None:
    """The stated error rate, over 200 comparisons of two groups that are the same: 5 %, within three sigmas."""
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(200):
        pair = replicates([*group("a", rng.normal(size=7)), *group("b", rng.normal(size=7))])["pairs"][0]
        found += pair["adjusted"] <= 0.05
    assert found <= 200 * 0.05 + 3 * (200 * 0.05 * 0.95) ** 0.5


def test_the_verdict_names_the_better_group_or_says_that_it_cannot() -> None:
    better = np.linspace(0.0, 0.1, 7)
    said = comparison_verdict(compare([*group("a", better), *group("b", better + 1)]))
    assert said["headline"] == "a-0 found the best loss: 0"
    assert any(sentence.startswith("“method a” is better than “method b”") for sentence in said["sentences"])
    alike = np.array([1.0, -1.0, 1.0, -1.0, 1.0, -1.0])
    said = comparison_verdict(compare([*group("a", alike), *group("b", -alike)]))
    assert any("cannot be told apart" in sentence for sentence in said["sentences"])
    said = comparison_verdict(compare([*group("a", [1.0]), *group("b", [2.0])]))
    assert any("fewer than five shared seeds" in sentence for sentence in said["sentences"])


def test_different_objectives_are_not_compared() -> None:
    other = run_with("a", 0, 1.0)
    problem = other.history.problem
    renamed = Problem(problem.space, Objective("accuracy", "maximize"), 1, Budget(trials=1))
    sweep = PassiveSweep.begin(
        renamed, make_searcher("random", renamed), make_scheduler("none", renamed), MemoryJournal(), about={}
    )
    found = compare([other, Run(sweep.history, None, "other")])
    assert found["curves"] == []
    assert comparison_verdict(found)["headline"] == "These runs have different objectives"
