"""Samples as a grid of images."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from trainables.pictures import draw_grid


def opened(directory, name="samples"):
    return np.asarray(Image.open(directory / f"{name}.png").convert("RGB"))


def test_black_and_white_are_the_least_and_the_greatest_value(tmp_path):
    images = np.zeros((4, 1, 2, 2), dtype=np.float32)
    images[0, 0, 0, 0], images[3, 0, 1, 1] = -7.0, 9.0
    draw_grid(tmp_path, "samples", images)
    shown = opened(tmp_path)
    assert shown.shape == (2 * 72 + 12, 2 * 72 + 12, 3)
    assert (shown[4, 4] == 0).all()
    assert (shown[4 + 72 + 4 + 71, 4 + 72 + 4 + 71] == 255).all()
    assert (shown[4, 4 + 50] == round(255 * 7 / 16)).all()


def test_given_limits_and_colours(tmp_path):
    images = np.zeros((1, 3, 8, 8))
    images[0, 0], images[0, 2] = 1.0, 0.5
    draw_grid(tmp_path, "samples", images, low=0.0, high=1.0)
    assert opened(tmp_path)[40, 40].tolist() == [255, 0, 128]


def test_at_most_a_hundred_in_rows_of_ten(tmp_path):
    draw_grid(tmp_path, "many", np.random.default_rng(0).random((300, 1, 28, 28)))
    shown = opened(tmp_path, "many")
    assert shown.shape == (10 * 88 + 4, 10 * 88 + 4, 3)


@pytest.mark.parametrize("images", [np.full((2, 1, 4, 4), np.nan), np.full((2, 2, 4, 4), 3.0)])
def test_images_of_nothing_are_a_picture_all_the_same(tmp_path, images):
    draw_grid(tmp_path, "samples", images)
    assert len(opened(tmp_path)) == 80


def test_large_images_are_reduced(tmp_path):
    draw_grid(tmp_path, "samples", np.zeros((2, 3, 200, 400)))
    assert opened(tmp_path).shape == (36 + 8, 2 * 72 + 12, 3)


@pytest.mark.parametrize("name", ["", "../x", "a b", "A", "x" * 65])
def test_names_that_no_file_should_have(tmp_path, name):
    with pytest.raises(ValueError, match="a picture's name"):
        draw_grid(tmp_path, name, np.zeros((1, 1, 2, 2)))


def test_other_shapes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"not \(2, 2\)"):
        draw_grid(tmp_path, "samples", np.zeros((2, 2)))
