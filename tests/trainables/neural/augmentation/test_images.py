"""Image augmentation: each option does its own thing, and nothing else."""

from __future__ import annotations

import pytest
import torch

from trainables.neural.augmentation.images import ImageAugmenter

NOTHING = {"flip": 0.0, "rotate": 0.0, "crop": 0.0, "colour": 0.0, "noise": 0.0}


def augmenter(deviation=(1.0,), **options):
    return ImageAugmenter(**{**NOTHING, **options}, deviation=torch.tensor(deviation))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(rows=64, channels=1, height=8, width=8):
    return torch.randn(rows, channels, height, width, generator=seeded(9))


def gradient(size=16, rows=200):
    """Images whose pixel value is the distance from the left edge."""
    return torch.arange(size, dtype=torch.float32).expand(rows, 1, size, size).contiguous()


def test_nothing_switched_on_changes_nothing():
    images = drawn()
    assert torch.equal(augmenter()(images, seeded()), images)


@pytest.mark.parametrize("option", ["flip", "rotate", "crop", "colour", "noise"])
def test_each_option_changes_images_repeats_and_leaves_the_batch_alone(option):
    images = drawn(channels=3, width=10)
    before = images.clone()
    change = augmenter((1.0, 0.5, 2.0), **{option: 20.0 if option == "rotate" else 0.5})
    first, again, other = (change(images, seeded(seed)) for seed in (1, 1, 2))
    assert first.shape == images.shape
    assert first.dtype == images.dtype
    assert not torch.equal(first, images)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(images, before)


def test_going_on_from_the_generators_state_repeats_exactly():
    change, images = augmenter(flip=1.0, rotate=10.0, crop=0.1, colour=0.2, noise=0.1), drawn()
    generator = seeded()
    change(images, generator)
    state = generator.get_state()
    expected = change(images, generator)
    fresh = torch.Generator()
    fresh.set_state(state)
    assert torch.equal(change(images, fresh), expected)


def test_flip_mirrors_half_of_the_images_at_full_strength():
    images = drawn(rows=2000)
    changed = augmenter(flip=1.0)(images, seeded())
    same = (changed == images).flatten(1).all(1)
    mirrored = (changed == images.flip(-1)).flatten(1).all(1)
    assert (same | mirrored).all()
    assert abs(mirrored.float().mean() - 0.5) < 4 * 0.5 / 2000**0.5


def test_rotation_by_a_known_angle_moves_a_point_there():
    spot = torch.zeros(500, 1, 21, 21)
    spot[:, :, 10, 18] = 1.0  # right of the middle
    turned = augmenter(rotate=90.0)(spot, seeded())[:, 0]
    place = turned.flatten(1).argmax(1)
    down, right = place // 21 - 10.0, place % 21 - 10.0
    distance = (down**2 + right**2).sqrt()
    assert ((distance - 8).abs() < 1.0).all()  # it stays on its circle
    angle = torch.rad2deg(torch.atan2(down, right))
    assert angle.abs().max() < 97
    assert angle.min() < -70
    assert angle.max() > 70


def test_rotation_keeps_shapes_of_images_that_are_no_squares():
    disc = torch.zeros(100, 1, 15, 45)
    down, right = torch.meshgrid(torch.arange(15) - 7.0, torch.arange(45) - 22.0, indexing="ij")
    disc[:] = (down**2 + right**2 < 25).float()
    turned = augmenter(rotate=180.0)(disc, seeded())
    assert (turned - disc).abs().mean() < 0.02


def test_crop_shifts_and_enlarges_within_its_share():
    images = gradient()
    cut = augmenter(crop=0.25)(images, seeded())
    middle = cut[:, 0, 8, 7:9].mean(1) - 7.5  # how far the middle has moved, in pixels
    assert middle.abs().max() <= 4 + 1e-4
    assert middle.min() < -3
    assert middle.max() > 3
    scale = cut[:, 0, 8, 8] - cut[:, 0, 8, 7]
    assert scale.min() >= 0.75 - 1e-4
    assert scale.max() <= 1 + 1e-4
    assert (cut[:, :, 3] - cut[:, :, 12]).abs().max() < 1e-4  # nothing was turned


def test_what_comes_in_from_outside_repeats_the_edge():
    images = torch.full((50, 1, 8, 8), -3.0)
    changed = augmenter(rotate=45.0, crop=0.5)(images, seeded())
    torch.testing.assert_close(changed, images)


def test_colour_is_one_straight_line_for_all_pixels_of_an_image():
    images = drawn(rows=500, channels=3)
    changed = augmenter((2.0, 2.0, 2.0), colour=0.3)(images, seeded()).flatten(1)
    before = images.flatten(1)
    mean = before.mean(1)
    slope = (changed - changed.mean(1, keepdim=True)).std(1) / (before - mean[:, None]).std(1)
    assert slope.min() >= 0.7 - 1e-4
    assert slope.max() <= 1.3 + 1e-4
    shift = changed.mean(1) - mean
    assert shift.abs().max() <= 0.6 + 1e-4  # of a deviation of 2
    expected = mean[:, None] + (before - mean[:, None]) * slope[:, None] + shift[:, None]
    torch.testing.assert_close(changed, expected, atol=1e-4, rtol=1e-4)


def test_noise_is_measured_in_deviations_of_each_channel():
    images = drawn(rows=200, channels=2)
    added = augmenter((1.0, 10.0), noise=0.1)(images, seeded()) - images
    assert added[:, 0].std() == pytest.approx(0.1, rel=0.05)
    assert added[:, 1].std() == pytest.approx(1.0, rel=0.05)
    assert added[:, 0].mean().abs() < 0.01
