"""The test part: who may open it, and that nobody else does."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trainables
from trainables.data import load
from trainables.data.locked import Permit, load_test
from trainables.errors import DataError

PERMIT = Permit("digits-cnn", 1)


@pytest.mark.parametrize("permit", [None, "please", Permit("", 1), Permit("digits-cnn", 0)])
def test_without_a_permit_nothing_is_opened(permit: Any) -> None:
    with pytest.raises(DataError, match="locked: it takes a permit that names the run"):
        load_test("wine", permit=permit)


def test_without_a_test_part_there_is_nothing_to_open() -> None:
    with pytest.raises(DataError, match="there is no test part"):
        load_test({"source": "wine", "split.test": 0}, permit=PERMIT)


@pytest.mark.parametrize("view", ["features", "images"])
def test_the_test_rows_are_the_others_prepared_like_the_validation(view: Any) -> None:
    data, test = load("digits", view), load_test("digits", view, permit=PERMIT)
    assert test.permit is PERMIT
    every = np.concatenate([data.train_rows, data.valid_rows, test.rows])
    np.testing.assert_array_equal(np.sort(every), np.arange(1797))
    assert test.x.shape[1:] == data.shape
    assert test.x.dtype == data.train_x.dtype
    assert len(test.x) == len(test.y) == 359
    raw, scaled = (
        load_test({"source": "digits", "scaling": s}, view, permit=PERMIT).x for s in ("none", "zscore")
    )
    train = load({"source": "digits", "scaling": "none"}, view).train_x
    axes = 0 if view == "features" else (0, 2, 3)
    spread = train.std(axis=axes, keepdims=True)
    expected = (raw - train.mean(axis=axes, keepdims=True)) / np.where(spread == 0, 1, spread)
    np.testing.assert_allclose(scaled, expected, atol=1e-5)
    with pytest.raises(ValueError, match="read-only"):
        test.x[0] = 0


def test_no_other_module_reads_the_test_part() -> None:
    root = Path(trainables.__file__).parent
    reading = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "test"
    }
    # prepare hands on which rows they are; the card says how many, and of which classes
    assert reading == {"data/locked.py", "data/prepare.py", "data/card.py"}
    prepare = ast.parse((root / "data" / "prepare.py").read_text(encoding="utf-8"))
    handed = [node for node in ast.walk(prepare) if isinstance(node, ast.Attribute) and node.attr == "test"]
    assert len(handed) == 1
