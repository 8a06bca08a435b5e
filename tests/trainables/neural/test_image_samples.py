"""Comparing sets of images: closed forms, zero under equality, sizes, and what a judge is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import linalg

from trainables.data.dataset import Dataset
from trainables.neural.image_samples import Judge, class_score, frechet_distance, kernel_distance


def normal(rows: int, seed: int, *, shift: float = 0.0, dimensions: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1.0, (rows, dimensions))


def test_the_kernel_distance_is_its_definition() -> None:
    one, other = normal(5, 0), normal(7, 1)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 4 + 1) ** 3)

    within_one = [kernel(one[i], one[j]) for i in range(5) for j in range(5) if i != j]
    within_other = [kernel(other[i], other[j]) for i in range(7) for j in range(7) if i != j]
    across = [kernel(a, b) for a in one for b in other]
    expected = np.mean(within_one) + np.mean(within_other) - 2 * np.mean(across)
    assert kernel_distance(one, other) == pytest.approx(expected, rel=1e-12)


def test_the_kernel_distance_of_one_distribution_is_zero_on_average() -> None:
    found = np.array([kernel_distance(normal(40, 2 * s), normal(60, 2 * s + 1)) for s in range(300)])
    assert abs(found.mean()) < 4 * found.std() / math.sqrt(len(found))
    assert (found < 0).any(), "an unbiased estimate of 0 is negative at times"


def test_the_kernel_distance_of_two_distributions_is_positive_and_grows_with_them() -> None:
    near, far = (kernel_distance(normal(500, 0), normal(500, 1, shift=s)) for s in (0.3, 1.0))
    assert 0.02 < near < far


def test_the_frechet_distance_is_its_definition() -> None:
    one, other = normal(50, 0), 2 * normal(80, 1, shift=0.5)
    first, second = np.cov(one.T), np.cov(other.T)
    shift = one.mean(axis=0) - other.mean(axis=0)
    expected = shift @ shift + np.trace(first + second - 2 * linalg.sqrtm(first @ second).real)
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-9)


def test_the_frechet_distance_has_the_bias_that_its_caveat_says() -> None:
    few, many = (
        np.mean([frechet_distance(normal(n, 2 * s), normal(n, 2 * s + 1)) for s in range(20)])
        for n in (20, 500)
    )
    assert few > 5 * many > 0


def test_the_class_score_goes_from_one_to_the_number_of_classes() -> None:
    sure = np.eye(4)[np.arange(40) % 4]
    assert class_score(sure) == pytest.approx(4.0)
    assert class_score(np.full((40, 4), 0.25)) == pytest.approx(1.0)
    assert class_score(np.eye(4)[np.zeros(40, dtype=int)]) == pytest.approx(1.0), "one class again and again"


def test_what_is_not_finite_has_no_distance() -> None:
    broken = normal(10, 0)
    broken[3, 1] = np.nan
    assert math.isnan(kernel_distance(broken, normal(10, 1)))
    assert math.isnan(frechet_distance(normal(10, 1), broken))
    assert math.isnan(kernel_distance(np.full((10, 4), 1e200), normal(10, 1)))


def shapes(rows: int, seed: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy 8 x 8 images: class 0 is bright on the left, class 1 at the top."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 2, rows)
    x = 0.3 * generator.random((rows, 1, 8, 8))
    x[y == 0, :, :, :4] += 0.6
    x[y == 1, :, :4, :] += 0.6
    return x.astype(np.float32), y if classes else np.zeros(rows, dtype=np.int64)


def dataset(classes: int) -> Dataset:
    train_x, train_y = shapes(200, 0, classes)
    valid_x, valid_y = shapes(100, 1, classes)
    return Dataset(
        task="generation",
        modality="images",
        view="images",
        train_x=train_x,
        train_y=train_y,
        valid_x=valid_x,
        valid_y=valid_y,
        n_classes=classes,
        names=("grey",),
        labels=("left", "top")[:classes],
        train_rows=np.arange(200),
        valid_rows=np.arange(200, 300),
    )


@pytest.mark.parametrize("classes", [2, 0])
def test_a_judge_tells_real_images_from_noise_and_from_one_image(classes: int) -> None:
    judge = Judge(dataset(classes))
    real = torch.tensor(shapes(300, 2, classes)[0])
    noise = torch.rand(300, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    one = real.mean(dim=0, keepdim=True).expand(300, -1, -1, -1)
    scores = [judge.scores(images) for images in (real, noise, one)]
    for name in ("val/kernel_distance", "val/frechet_distance"):
        assert 10 * abs(scores[0][name]) < scores[1][name], name
        assert 10 * abs(scores[0][name]) < scores[2][name], name
    assert ("val/class_score" in scores[0]) is bool(classes)
    if classes:
        assert judge.accuracy == 1.0
        assert scores[0]["val/class_score"] > 1.9
        assert scores[2]["val/class_score"] == pytest.approx(1.0)


def test_a_judge_is_the_same_again_and_leaves_the_global_generator() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = Judge(dataset(2))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    images = torch.tensor(shapes(50, 2, 2)[0])
    assert Judge(dataset(2)).scores(images) == one.scores(images)


@pytest.mark.parametrize("classes", [2, 0])
def test_a_judge_gives_no_number_to_images_that_are_none(classes: int) -> None:
    judge = Judge(dataset(classes))
    scores = judge.scores(torch.full((10, 1, 8, 8), torch.nan))
    assert scores.keys() == judge.scores(torch.rand(10, 1, 8, 8)).keys()
    of_the_judge = scores.pop("val/classifier_accuracy", None)
    assert (of_the_judge is not None) == (classes > 0), "what the judge is worth does not hang on the images"
    assert all(math.isnan(value) for value in scores.values())
