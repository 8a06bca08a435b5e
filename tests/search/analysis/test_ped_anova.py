"""Optuna's own evaluator as the reference, on numbers, choices and a parameter that is not always active."""

from __future__ import annotations

import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from search.analysis.ped_anova import CELLS, column, ped_anova

NAMES = ("a", "b", "sometimes", "kind")
DISTRIBUTIONS: dict[str, BaseDistribution] = {
    "a": FloatDistribution(-2, 3),
    "b": FloatDistribution(0, 1),
    "sometimes": FloatDistribution(0, 1),
    "kind": CategoricalDistribution((0, 1, 2)),
}


def sampled(trials: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Places, shape (trials, 4), NaN where not active; scores, shape (trials,)."""
    rng = np.random.default_rng(seed)
    places = rng.random((trials, 4))
    places[:, 0] = 5 * places[:, 0] - 2
    places[rng.random(trials) < 0.4, 2] = np.nan
    places[:, 3] = rng.integers(0, 3, trials)
    scores = (places[:, 0] - 1) ** 2 + 0.2 * places[:, 1] + 0.3 * (places[:, 3] == 1)
    return places, scores + np.nan_to_num(places[:, 2]) + 0.05 * rng.normal(size=trials)


@pytest.mark.parametrize(("trials", "share"), [(20, 0.25), (77, 0.1), (300, 0.1)])
def test_it_gives_the_numbers_of_optunas_evaluator(trials: int, share: float) -> None:
    places, scores = sampled(trials, seed=trials)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    for row, score in zip(places, scores, strict=True):
        params = {
            name: int(place) if name == "kind" else float(place)
            for name, place in zip(NAMES, row, strict=True)
            if np.isfinite(place)
        }
        distributions = {name: DISTRIBUTIONS[name] for name in params}
        study.add_trial(
            optuna.trial.create_trial(params=params, distributions=distributions, value=float(score))
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=share)
        wanted = evaluator.evaluate(study, params=list(NAMES))
    columns = [column(places[:, i], *ends, 0) for i, ends in enumerate([(-2, 3), (0, 1), (0, 1)])]
    columns.append(column(places[:, 3], 0, 2, 3))
    found = ped_anova(columns, scores, share)
    scale = sum(wanted.values()) / found.sum()
    assert np.allclose(found * scale, [wanted[name] for name in NAMES], rtol=1e-9)


def test_a_number_lies_in_its_cell_and_a_missing_one_in_none() -> None:
    cells = column(np.array([0.0, 1.0, np.nan, 0.3]), 0, 1, 0).cells
    assert cells.tolist() == [0, CELLS - 1, -1, 15]
    assert column(np.array([2.0, np.nan]), 0, 2, 3).cells.tolist() == [2, -1]


def test_a_parameter_that_none_of_the_best_has_is_no_reason_for_being_best() -> None:
    scores = np.arange(40.0)
    places = np.where(scores < 20, np.nan, scores / 40)
    assert ped_anova([column(places, 0, 1, 0)], scores, 0.1).tolist() == [0.0]
