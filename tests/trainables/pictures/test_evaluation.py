"""What is drawn of an evaluation, and what is written beside it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from trainables.data.dataset import Dataset
from trainables.pictures import draw_evaluation
from trainables.pictures.canvas import BLUE, VERMILLION
from trainables.scoring import classification_scores


def dataset(task, y, *, view="features", modality="table", x=None, labels=(), vocabulary=()):
    rows = len(y)
    x = np.zeros((rows, 2)) if x is None else x
    return Dataset(
        task=task,
        modality=modality,
        view=view,
        train_x=x,
        train_y=y,
        valid_x=x,
        valid_y=y,
        n_classes=len(labels),
        names=(),
        labels=labels,
        train_rows=np.arange(rows),
        valid_rows=np.arange(1000, 1000 + rows),
        vocabulary=vocabulary,
        source="made",
    )


def names(directory):
    return {path.name for path in directory.iterdir()}


def evaluation(directory):
    return json.loads((directory / "evaluation.json").read_text())


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def inked(path, colour, tolerance=12):
    """How many pixels have about this colour."""
    return int((np.abs(pixels(path) - colour).max(axis=2) <= tolerance).sum())


PROBABILITIES = np.array(
    [[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.0, 0.2, 0.8], [0.1, 0.8, 0.1]]
)
Y = np.array([0, 1, 1, 2, 2])


def test_classification(tmp_path):
    draw_evaluation(tmp_path, dataset("classification", Y, labels=("a", "b", "c")), PROBABILITIES)
    assert names(tmp_path) == {"confusion.png", "pr.png", "roc.png", "evaluation.json"}
    found = evaluation(tmp_path)
    assert found["scores"] == pytest.approx(classification_scores(PROBABILITIES, Y))
    assert found["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert (found["task"], found["rows"], found["labels"]) == ("classification", 5, ["a", "b", "c"])
    # rows of the source; the most certain mistake first
    assert found["mistakes"] == [
        {"row": 1004, "true": "c", "predicted": "b", "probability": 0.8},
        {"row": 1002, "true": "b", "predicted": "a", "probability": 0.6},
    ]


def test_the_confusion_matrix_is_blue_where_the_answers_are_right(tmp_path):
    data = dataset("classification", np.arange(4), labels=tuple("abcd"))
    for name, outputs in (("right", np.eye(4)), ("wrong", np.eye(4)[[1, 2, 3, 0]])):
        (tmp_path / name).mkdir()
        draw_evaluation(tmp_path / name, data, outputs)
    assert inked(tmp_path / "right" / "confusion.png", BLUE) > 4 * 50 * 50
    assert inked(tmp_path / "right" / "confusion.png", VERMILLION) == 0
    assert inked(tmp_path / "wrong" / "confusion.png", VERMILLION) > 4 * 50 * 50
    assert inked(tmp_path / "wrong" / "confusion.png", BLUE) == 0


def test_a_perfect_models_curves_run_along_the_edges(tmp_path):
    data = dataset("classification", np.array([0, 1] * 20), labels=("no", "yes"))
    draw_evaluation(tmp_path, data, np.eye(2)[data.valid_y])
    for name in ("roc.png", "pr.png"):
        chart = pixels(tmp_path / name)[46:390, 58:402]  # the 340 x 340 pixels of the axes
        coloured = chart.max(axis=2) - chart.min(axis=2) > 60
        assert coloured[:6].sum() > 250  # along the top
        assert coloured[20:-20, 20:-20].sum() == 0  # and nowhere in the middle


def test_images_that_were_misclassified_are_shown(tmp_path):
    images = np.random.default_rng(0).normal(size=(5, 3, 8, 8)).astype(np.float32)
    data = dataset("classification", Y, view="images", modality="images", x=images, labels=("a", "b", "c"))
    draw_evaluation(tmp_path, data, PROBABILITIES)
    assert "misclassified.png" in names(tmp_path)
    tile = pixels(tmp_path / "misclassified.png")[42 : 42 + 96, 14 : 14 + 96]
    shown = tile.reshape(8, 12, 8, 12, 3)
    assert (shown == shown[:, :1, :, :1]).all()  # each pixel is a square of 12 x 12
    original = images[4].transpose(1, 2, 0)  # the most certain mistake comes first
    for channel in range(3):
        order = np.argsort(original[..., channel].ravel())
        assert (np.diff(shown[:, 0, :, 0, channel].ravel()[order]) >= 0).all()


def test_images_that_were_read_as_numbers_are_shown_too(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 4, 4), dtype=np.uint8)
    data = dataset("classification", Y, modality="images", labels=("a", "b", "c"))
    draw_evaluation(tmp_path, replace(data, valid_images=images), PROBABILITIES)
    assert "misclassified.png" in names(tmp_path)


def test_without_mistakes_no_tiles(tmp_path):
    images = np.zeros((3, 1, 4, 4), dtype=np.float32)
    data = dataset(
        "classification", np.arange(3), view="images", modality="images", x=images, labels=tuple("abc")
    )
    draw_evaluation(tmp_path, data, np.eye(3))
    assert "misclassified.png" not in names(tmp_path)
    assert evaluation(tmp_path)["mistakes"] == []


def test_mistakes_in_texts_are_listed_with_their_words(tmp_path):
    tokens = np.array([[2, 3, 0], [3, 1, 2]])
    words = ("", "?", "good", "film")
    data = dataset(
        "classification",
        np.array([0, 1]),
        view="tokens",
        modality="text",
        x=tokens,
        labels=("-", "+"),
        vocabulary=words,
    )
    draw_evaluation(tmp_path, data, np.array([[0.3, 0.7], [0.9, 0.1]]))
    assert [(m["row"], m["text"]) for m in evaluation(tmp_path)["mistakes"]] == [
        (1001, "film ? good"),
        (1000, "good film"),
    ]


def test_texts_as_they_are(tmp_path):
    x = np.array(["good film", "bad film"])
    data = dataset("classification", np.array([0, 1]), view="texts", modality="text", x=x, labels=("-", "+"))
    draw_evaluation(tmp_path, data, np.array([[0.3, 0.7], [0.2, 0.8]]))
    assert [m["text"] for m in evaluation(tmp_path)["mistakes"]] == ["good film"]


@pytest.mark.parametrize("classes", [2, 9, 40])
def test_any_number_of_classes_and_long_names(tmp_path, classes):
    rng = np.random.default_rng(classes)
    y = rng.integers(0, classes, 300)
    labels = tuple(f"a rather long name of the category {c}" for c in range(classes))
    draw_evaluation(
        tmp_path, dataset("classification", y, labels=labels), rng.dirichlet(np.ones(classes), 300)
    )
    for name in ("confusion.png", "pr.png", "roc.png"):
        with Image.open(tmp_path / name) as image:
            assert 280 < image.width < 900
            assert 250 < image.height < 900
        assert (tmp_path / name).stat().st_size < 200_000
    assert len(evaluation(tmp_path)["mistakes"]) <= 100


def test_one_class_alone_has_no_roc_curve(tmp_path):
    data = dataset("classification", np.zeros(3, dtype=int), labels=("a", "b"))
    draw_evaluation(tmp_path, data, np.array([[0.9, 0.1], [0.3, 0.7], [1.0, 0.0]]))
    assert names(tmp_path) == {"confusion.png", "pr.png", "evaluation.json"}
    assert evaluation(tmp_path)["scores"]["roc_auc"] is None


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_outputs_that_are_not_finite_are_told_and_not_drawn(tmp_path, task):
    data = dataset(
        task,
        np.array([0, 1]) if task == "classification" else np.array([0.5, 1.5]),
        labels=("a", "b") if task == "classification" else (),
    )
    outputs = np.full((2, 2) if task == "classification" else 2, np.nan)
    draw_evaluation(tmp_path, data, outputs)
    assert names(tmp_path) == {"evaluation.json"}
    assert set(evaluation(tmp_path)["scores"].values()) == {None}


def test_regression(tmp_path):
    y = np.array([1.0, 2.0, 3.0, 10.0])
    draw_evaluation(tmp_path, dataset("regression", y), y + np.array([0.0, 5.0, -1.0, 0.5]))
    assert names(tmp_path) == {"predictions.png", "evaluation.json"}
    assert evaluation(tmp_path)["mistakes"][0] == {"row": 1001, "true": 2.0, "predicted": 7.0}
    assert evaluation(tmp_path)["scores"]["mae"] == pytest.approx(6.5 / 4)


@pytest.mark.parametrize(
    ("true", "predicted"),
    [
        (np.full(3, 5.0), np.full(3, 5.0)),
        (np.zeros(3), np.zeros(3)),
        (np.array([1.0]), np.array([4.0])),
        (np.arange(5.0), np.array([0, 1, 2, 3, 1e30])),
        (np.arange(5.0) * 1e-12, np.arange(5.0) * 1e-12),
        (1e9 + np.arange(5000.0), 1e9 + np.arange(5000.0)[::-1]),
    ],
)
def test_numbers_of_any_range_have_a_picture(tmp_path, true, predicted):
    draw_evaluation(tmp_path, dataset("regression", true), predicted)
    assert inked(tmp_path / "predictions.png", (255, 255, 255)) > 100_000
    chart = pixels(tmp_path / "predictions.png")[46:470, 80:504]
    assert (chart[..., 2] - chart[..., 0] > 40).sum() >= 10  # there are dots


def test_forecasts_of_several_values(tmp_path):
    y = np.sin(np.arange(800).reshape(400, 2) / 9)
    draw_evaluation(tmp_path, dataset("forecasting", y), y + 0.1)
    assert names(tmp_path) == {"predictions.png", "series.png", "evaluation.json"}
    assert len(evaluation(tmp_path)["mistakes"][0]["true"]) == 2
    assert inked(tmp_path / "series.png", VERMILLION) > 500


def test_a_single_column_of_outputs_fits_targets_without_one(tmp_path):
    y = np.array([1.0, 2.0])
    draw_evaluation(tmp_path, dataset("regression", y), y[:, None])
    assert evaluation(tmp_path)["scores"]["mse"] == 0.0


def test_twice_the_same_is_the_same_file(tmp_path):
    data = dataset("classification", Y, labels=("a", "b", "c"))
    contents = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        draw_evaluation(tmp_path / name, replace(data), PROBABILITIES)
        contents.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    assert contents[0] == contents[1]
