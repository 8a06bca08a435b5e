"""Which augmentation a data set gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from trainables.data.dataset import Dataset
from trainables.neural.augmentation import ImageAugmenter, NoiseAugmenter, TextAugmenter, make_augmenter

ROWS = np.arange(30)
ALL = {"flip": True, "rotate": 15.0, "crop": 0.15, "colour": 0.2, "noise": 0.05}
TEXT = {"substitute": 0.1, "delete": 0.1, "insert": 0.1, "swap": 0.1}


def dataset(modality, view, x, **augmentation):
    return Dataset(
        task="classification",
        modality=modality,
        view=view,
        train_x=x,
        train_y=ROWS % 2,
        valid_x=x,
        valid_y=ROWS % 2,
        n_classes=2,
        names=(),
        labels=("a", "b"),
        train_rows=ROWS,
        valid_rows=ROWS,
        vocabulary=("", "?", "one", "two") if view == "tokens" else (),
        augmentation=augmentation,
    )


RNG = np.random.default_rng(0)
IMAGES = RNG.normal(0, [[[1.0]], [[5.0]]], (30, 2, 6, 6)).astype(np.float32)
SERIES = RNG.normal(0, 3.0, (30, 12, 1)).astype(np.float32)
TOKENS = RNG.integers(0, 4, (30, 9))
TABLE = RNG.normal(0, [1.0, 100.0], (30, 2))


@pytest.mark.parametrize(
    ("modality", "view", "x", "kind"),
    [
        ("images", "images", IMAGES, ImageAugmenter),
        ("images", "features", IMAGES.reshape(30, -1).astype(float), NoiseAugmenter),
        ("text", "tokens", TOKENS, TextAugmenter),
        ("text", "features", TABLE, None),
        ("series", "sequences", SERIES, NoiseAugmenter),
        ("series", "features", SERIES[:, :, 0].astype(float), NoiseAugmenter),
        ("table", "features", TABLE, None),
    ],
)
def test_by_what_a_row_is(modality, view, x, kind):
    found = make_augmenter(dataset(modality, view, x, strength=1.0, **ALL, **TEXT))
    assert type(found) is (kind or type(None))
    assert make_augmenter(dataset(modality, view, x, strength=0.0, **ALL, **TEXT)) is None
    assert make_augmenter(dataset(modality, view, x)) is None


def test_with_everything_switched_off_there_is_none():
    off = {"strength": 1.0} | dict.fromkeys([*ALL, *TEXT], 0.0)
    for each in (dataset("images", "images", IMAGES, **off), dataset("text", "tokens", TOKENS, **off)):
        assert make_augmenter(each) is None


def test_strength_scales_the_noise_which_follows_each_channel():
    batch = torch.from_numpy(IMAGES).repeat(20, 1, 1, 1)
    only_noise = {"flip": False, "rotate": 0.0, "crop": 0.0, "colour": 0.0, "noise": 0.2}
    change = make_augmenter(dataset("images", "images", IMAGES, strength=0.5, **only_noise))
    added = change(batch, torch.Generator().manual_seed(1)) - batch
    assert added[:, 0].std() == pytest.approx(0.1, rel=0.1)
    assert added[:, 1].std() == pytest.approx(0.5, rel=0.1)


def test_noise_on_features_follows_each_feature_and_keeps_the_type():
    x = RNG.normal(0, [1.0, 100.0], (30, 2))
    found = make_augmenter(replace(dataset("series", "features", x, strength=1.0, noise=0.1)))
    batch = torch.zeros(4000, 2, dtype=torch.float64)
    changed = found(batch, torch.Generator().manual_seed(1))
    assert changed.dtype == torch.float64
    np.testing.assert_allclose(changed.std(0).numpy(), 0.1 * x.std(0), rtol=0.1)


def test_constant_pixels_are_left_without_noise():
    x = np.zeros((30, 1, 4, 4), dtype=np.float32)
    change = make_augmenter(dataset("images", "images", x, strength=1.0, **ALL))
    torch.testing.assert_close(change(torch.zeros(30, 1, 4, 4), torch.Generator()), torch.zeros(30, 1, 4, 4))
