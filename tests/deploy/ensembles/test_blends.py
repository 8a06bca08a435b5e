"""How predictions become one: closed forms, JSON there and back, and models over models that find what was planted."""

from __future__ import annotations

import json

import numpy as np
import pytest

from deploy.ensembles.blends import Mean, Stack, Vote, blend_of
from deploy.ensembles.greedy import select
from deploy.ensembles.stacking import stack
from deploy.errors import DeployError


def _noisy(rng: np.random.Generator, y: np.ndarray, spreads: list[float]) -> np.ndarray:
    """Probabilities of members that see the right class through noise of their own."""
    scores = np.eye(3)[y] + np.stack([rng.normal(0, spread, (len(y), 3)) for spread in spreads])
    grown = np.exp(2 * scores)
    return grown / grown.sum(axis=2, keepdims=True)


def _accuracy(outputs: np.ndarray, y: np.ndarray) -> float:
    return float((outputs.argmax(axis=1) == y).mean())


def test_means_votes_and_medians_by_hand() -> None:
    two = np.array([[[0.6, 0.4], [0.2, 0.8]], [[0.9, 0.1], [0.7, 0.3]]])
    np.testing.assert_allclose(Mean((0.25, 0.75)).apply(two), [[0.825, 0.175], [0.575, 0.425]])
    three = np.array([[[0.6, 0.4]], [[0.6, 0.4]], [[0.1, 0.9]]])
    np.testing.assert_allclose(Vote(3, True).apply(three), [[2 / 3, 1 / 3]], atol=1e-6)
    tied = np.array([[[0.6, 0.4]], [[0.1, 0.9]]])
    assert Vote(2, True).apply(tied).argmax() == 1  # one vote each: the surer one decides
    values = np.array([[1.0, 5.0], [2.0, 6.0], [100.0, 7.0]])
    np.testing.assert_allclose(Vote(3, False).apply(values), [2.0, 6.0])


@pytest.mark.parametrize("shape", [(4, 7, 3), (4, 7), (4, 7, 2)])
def test_every_blend_goes_to_json_and_back(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    outputs = rng.random(shape)
    classes = 3 if shape == (4, 7, 3) else 0
    if classes:
        outputs /= outputs.sum(axis=2, keepdims=True)
    y = rng.integers(0, 3, 7) if classes else rng.normal(size=shape[1:])
    for blend in (Mean((0.1, 0.2, 0.3, 0.4)), Vote(4, bool(classes)), stack(outputs, y, classes, rng)):
        again = blend_of(json.loads(json.dumps(blend.to_json())))
        np.testing.assert_allclose(again.apply(outputs), blend.apply(outputs), rtol=1e-12)
        assert again.apply(outputs).shape == shape[1:]
        assert sum(again.weights) == pytest.approx(1)
        if classes:
            np.testing.assert_allclose(again.apply(outputs).sum(axis=1), 1.0)


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"kind": "odd"},
        {"kind": "mean", "weights": []},
        {"kind": "mean", "weights": [0.7, 0.7]},
        {"kind": "mean", "weights": [1.5, -0.5]},
        {"kind": "mean", "weights": ["x"]},
        {"kind": "stack", "matrix": [[1.0]], "offset": 0.0},
        {"kind": "stack", "matrix": [float("nan")], "offset": 0.0},
        {"kind": "stack", "matrix": [[1.0], [1.0, 2.0]], "offset": [0.0, 0.0]},
    ],
)
def test_what_is_no_blend_is_refused(found: dict[str, object]) -> None:
    with pytest.raises(DeployError, match="is no blend"):
        blend_of(found)


def test_a_model_over_models_is_the_plain_mean_where_nothing_is_to_be_learnt() -> None:
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 12)
    outputs = _noisy(rng, y, [1.0] * 10)
    blend = stack(outputs[:, :12], y, 3, rng)
    logs = np.log(outputs).mean(axis=0)
    geometric = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    assert (blend.apply(outputs).argmax(axis=1) == geometric.argmax(axis=1)).mean() > 0.9


def test_a_model_over_models_mends_what_a_mean_cannot() -> None:
    """One member that calls classes by each other's names, and one that is half as good."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, 3, 600)
    outputs = _noisy(rng, y, [0.4, 1.2])
    outputs[0] = np.roll(outputs[0], 1, axis=1)
    fitted = stack(outputs[:, :300], y[:300], 3, rng)
    assert _accuracy(fitted.apply(outputs[:, 300:]), y[300:]) > 0.9
    assert _accuracy(outputs[:, 300:].mean(axis=0), y[300:]) < 0.6


def test_a_model_over_values_finds_the_weights_that_made_them() -> None:
    rng = np.random.default_rng(3)
    members = rng.normal(size=(3, 500))
    y = 0.7 * members[0] + 0.3 * members[1] + 5.0 + rng.normal(0, 0.01, 500)
    fitted = stack(members, y, 0, rng)
    np.testing.assert_allclose(fitted.matrix, [0.7, 0.3, 0.0], atol=0.01)
    assert float(fitted.offset) == pytest.approx(5.0, abs=0.01)


def test_the_slope_of_the_loss_is_its_derivative() -> None:
    """Fitted to convergence: no step from the coefficients found makes the penalised loss smaller."""
    rng = np.random.default_rng(4)
    y = rng.integers(0, 3, 80)
    outputs = _noisy(rng, y, [0.8, 1.0])
    found = stack(outputs, y, 3, rng)

    def likelihood(matrix: np.ndarray) -> float:
        return float(-np.log(Stack(matrix, found.offset).apply(outputs)[np.arange(80), y]).mean())

    held = min(likelihood(found.matrix + rng.normal(0, 1e-4, found.matrix.shape)) for _ in range(20))
    assert likelihood(found.matrix) < held + 1e-3


def test_greedy_selection_is_at_least_as_good_as_the_best_member_where_it_selects() -> None:
    rng = np.random.default_rng(5)
    for members in (2, 3, 8, 15):
        y = rng.integers(0, 3, 200)
        outputs = _noisy(rng, y, list(rng.uniform(0.5, 3.0, members)))
        blend = select(outputs, lambda found, y=y: _accuracy(found, y), rng)
        alone = max(_accuracy(each, y) for each in outputs)
        assert _accuracy(blend.apply(outputs), y) >= alone - 1e-12
        assert sum(blend.weights) == pytest.approx(1)
        assert min(blend.weights) >= 0


def test_greedy_selection_leaves_out_what_only_harms() -> None:
    rng = np.random.default_rng(6)
    y = rng.integers(0, 3, 400)
    outputs = np.concatenate([_noisy(rng, y, [0.7] * 4), np.eye(3)[rng.integers(0, 3, (6, 400))]])
    weights = select(outputs, lambda found: _accuracy(found, y), rng).weights
    assert sum(weights[:4]) > 0.85


def test_a_quality_that_is_no_number_is_the_worst() -> None:
    rng = np.random.default_rng(7)
    y = rng.integers(0, 3, 50)
    outputs = _noisy(rng, y, [0.5, 1.0, 1.5])
    outputs[1] = np.nan
    weights = select(
        outputs, lambda found: _accuracy(found, y) if np.isfinite(found).all() else np.nan, rng
    ).weights
    assert weights[1] == 0
