"""What an earlier run teaches: its trials inside the new space, as far as they ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from contracts.followed import followed
from search.searchers.priors import priors_of
from search.trial import Outcome
from spaces import parse_parameters

KEYS = {"max_steps": 4, "parameters": {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}}}


def falling(config: Mapping[str, Any], rng: np.random.Generator) -> list[float]:
    return [config["x"] + 1 / step for step in range(1, 5)]


def test_trials_outside_the_space_are_left_out() -> None:
    run = followed(KEYS, falling, 30)
    half = parse_parameters({"x": {"min": 0.0, "max": 0.5}, "y": {"min": 0.0, "max": 1.0}})
    kept = list(priors_of(run.history, replace(run.history.problem, space=half)))
    assert 5 < len(kept) < 25
    assert all(each.config["x"] <= 0.5 and each.number is None for each in kept)


def test_a_parameter_that_is_ignored_keeps_nobody_out() -> None:
    run = followed(KEYS, falling, 10)
    held = replace(run.history.problem, space=parse_parameters({"x": {"min": 0.0, "max": 1.0}, "y": 0.25}))
    gone = replace(run.history.problem, space=parse_parameters({"x": {"min": 0.0, "max": 1.0}}))
    assert list(priors_of(run.history, held)) == []
    assert [each.config["y"] for each in priors_of(run.history, held, ["y"])] == [0.25] * 10
    assert [set(each.config) for each in priors_of(run.history, gone, ["y"])] == [{"x"}] * 10
    unheard = list(priors_of(run.history, run.history.problem, ["y"]))
    assert [each.config for each in unheard] == [trial.config for trial in run.history.trials], (
        "y is searched"
    )


def test_a_longer_trial_counts_with_what_it_had_reached() -> None:
    run = followed(KEYS, falling, 5)
    for seen in priors_of(run.history, replace(run.history.problem, max_steps=2)):
        assert seen.score == seen.config["x"] + 0.5
        assert [step for step, _ in seen.curve] == [1, 2]
        assert seen.outcome is Outcome.COMPLETED
    assert [each.score for each in priors_of(run.history, replace(run.history.problem, max_steps=9))] == [
        trial.best.score for trial in run.history.trials if trial.best
    ]
