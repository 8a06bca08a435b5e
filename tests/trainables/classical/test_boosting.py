"""Gradient boosting: wrong options, damaged checkpoints, and that it learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainables import CheckpointError, Host, TrainableError, resolve
from trainables.classical.boosting import FOREST
from trainables.classical.rounds import CHECKPOINT
from trainables.data import load


def start(config: dict[str, Any], **more: Any) -> Host:
    host = Host(resolve("boosting"))
    host.start(config, seed=0, **more)
    return host


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        ({"learning_rat": 0.1}, "no option 'learning_rat'; did you mean learning_rate?"),
        ({"rounds_per_step": 0}, "rounds_per_step is at least 1, not 0"),
        ({"max_leaf_nodes": "many"}, "max_leaf_nodes is of type int"),
    ],
)
def test_wrong_options(config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        start({"data": "wine", **config})


@pytest.mark.parametrize("content", ["", "{}", '{"rounds": "x"}', None])
@pytest.mark.parametrize("name", [CHECKPOINT, FOREST])
def test_a_damaged_checkpoint(tmp_path: Path, name: str, content: str | None) -> None:
    host = start({"data": "wine"})
    host.advance()
    host.save(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(CheckpointError, match=name):
        start({"data": "wine"}, checkpoint=tmp_path)


def test_it_learns_classes() -> None:
    host = start({"data": "breast_cancer"})
    rows = [host.advance() or {} for _ in range(10)]
    assert rows[-1]["val/accuracy"] >= 0.94
    assert rows[-1]["train/loss"] < rows[0]["train/loss"]


def test_it_learns_numbers() -> None:
    host = start({"data": {"source": "diabetes"}, "max_leaf_nodes": 4})
    rows = [host.advance() or {} for _ in range(6)]
    data = load("diabetes")
    assert rows[-1]["val/rmse"] < 0.85 * float(data.valid_y.std())
    assert rows[-1]["val/rmse"] == pytest.approx(rows[-1]["val/loss"] ** 0.5)
