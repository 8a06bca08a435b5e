"""Non-finite, missing and odd metrics first; the happy path last."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.metrics import MAX_KEY_LENGTH, MAX_METRICS, clean_metrics


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (math.nan, "loss is nan"),
        (math.inf, "loss is inf"),
        (-math.inf, "loss is -inf"),
        (np.float32("nan"), "loss is nan"),
        (Decimal("sNaN"), "loss is nan"),
        (10**400, "loss is inf"),
        (-(10**400), "loss is -inf"),
    ],
)
def test_a_value_that_is_not_finite_is_kept_and_named(value: Any, sentence: str) -> None:
    metrics, problem = clean_metrics({"loss": value, "lr": 0.1}, "loss")
    assert problem == sentence
    assert not math.isfinite(metrics["loss"])
    assert metrics["lr"] == 0.1


def test_another_metric_may_be_nan() -> None:
    metrics, problem = clean_metrics({"loss": 1.0, "gap": math.nan}, "loss")
    assert problem is None
    assert math.isnan(metrics["gap"])


def test_a_missing_objective_names_the_nearest() -> None:
    assert clean_metrics({"val_loss": 1.0, "lr": 2}, "val/loss")[1] == (
        "val/loss is missing: did you mean val_loss?"
    )
    assert (
        clean_metrics({}, "loss")[1]
        == "loss is missing: the step gave no metrics (a mapping such as {'loss': 0.5})"
    )


@pytest.mark.parametrize("value", ["0.5", None, [1.0], {"a": 1}, 1j, np.zeros(3), object])
def test_an_objective_that_is_no_number_is_dropped_and_its_type_named(value: Any) -> None:
    metrics, problem = clean_metrics({"loss": value, "lr": 0.1}, "loss")
    assert metrics == {"lr": 0.1}
    assert problem is not None
    assert problem.startswith(f"loss is no number but a {type(value).__name__}")
    assert len(problem) < 150


@pytest.mark.parametrize("raw", [None, 0.5, "loss", [("loss", 1.0)]])
def test_a_result_that_is_no_mapping(raw: Any) -> None:
    metrics, problem = clean_metrics(raw, "loss")
    assert metrics == {}
    assert problem is not None
    assert type(raw).__name__ in problem


def test_the_objective_survives_the_caps() -> None:
    raw = {f"m{i}": float(i) for i in range(5000)} | {"x" * (MAX_KEY_LENGTH + 1): 1.0, 7: 1.0, "loss": 3.0}
    metrics, problem = clean_metrics(raw, "loss")
    assert problem is None
    assert metrics["loss"] == 3.0
    assert len(metrics) == MAX_METRICS
    assert all(isinstance(k, str) and len(k) <= MAX_KEY_LENGTH for k in metrics)


@pytest.mark.parametrize(
    "half", [0.5, Decimal("0.5"), Fraction(1, 2), np.float32(0.5), np.array(0.5), np.array([0.5])]
)
def test_numbers_of_all_kinds(half: Any) -> None:
    assert clean_metrics({"loss": half}, "loss") == ({"loss": 0.5}, None)


def test_whole_numbers_and_truths() -> None:
    metrics, problem = clean_metrics({"loss": np.int64(3), "done": True, "seen": np.bool_(False)}, "loss")
    assert problem is None
    assert metrics == {"loss": 3.0, "done": 1.0, "seen": 0.0}
    assert {type(v) for v in metrics.values()} == {float}


def test_a_tensor_of_one_element() -> None:
    import torch

    assert clean_metrics({"loss": torch.tensor(0.5, requires_grad=True)}, "loss") == ({"loss": 0.5}, None)


@given(st.dictionaries(st.text(), st.one_of(st.floats(), st.text(), st.none(), st.booleans(), st.integers())))
def test_whatever_is_reported_comes_out_as_floats(raw: dict[str, Any]) -> None:
    metrics, problem = clean_metrics(raw, "loss")
    assert all(type(v) is float for v in metrics.values())
    assert (problem is None) == math.isfinite(metrics.get("loss", math.nan))
