"""Metric and view follow from the data; what a model cannot read is refused when it is declared, before any trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainables import DataError, Declaration
from trainables.scoring import CLASSIFICATION_SCORES, REGRESSION_SCORES
from trainables.supervised import declaration_for, view_for

DECLARED = Declaration("val/accuracy", "maximize", max_steps=3)


def test_a_kind_of_data_that_cannot_be_read() -> None:
    with pytest.raises(DataError, match="cnn reads images, and table data comes as features; take another"):
        declaration_for(DECLARED, {"source": "wine"}, owner="cnn", views=("images",))
    with pytest.raises(DataError, match="rnn reads tokens or sequences, and table data comes as features"):
        view_for("wine", ("tokens", "sequences"), "rnn")


def test_a_generation_has_nothing_to_predict() -> None:
    with pytest.raises(DataError, match=r"data.task: mlp learns to predict, .* take vae or gan"):
        declaration_for(DECLARED, {"source": "digits", "task": "generation"}, owner="mlp")


def test_the_metric_follows_from_the_task(tmp_path: Path) -> None:
    for data in (None, {"source": "digits"}):
        told = declaration_for(DECLARED, data)
        assert (told.metric, told.goal) == (DECLARED.metric, DECLARED.goal)
    for source in ("diabetes", "co2"):
        other = declaration_for(DECLARED, {"source": source})
        assert (other.metric, other.goal, other.max_steps) == ("val/rmse", "minimize", 3)


def test_every_score_has_a_direction() -> None:
    goals = declaration_for(DECLARED, None).goals
    for name in (*CLASSIFICATION_SCORES, *REGRESSION_SCORES):
        assert f"val/{name}" in goals
    assert goals["val/roc_auc"] == "maximize"
    assert goals["val/log_loss"] == "minimize"


def test_the_preferred_view_that_the_data_has() -> None:
    assert view_for("digits", ("images", "features"), "own") == "images"
    assert view_for("digits", ("features", "images"), "own") == "features"
    assert view_for("digits", ("tokens", "sequences"), "own") == "sequences"
    assert view_for("wine", ("images", "features"), "own") == "features"
    assert view_for("movie_sentences", ("tokens",), "own") == "tokens"
