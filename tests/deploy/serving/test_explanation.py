"""Explanations of records that are not tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="needs the extra serve: pip install 'tuneyard[serve]'")

from deploy.model import Prediction
from deploy.reference import Reference
from deploy.schema import Schema
from deploy.serving.explanation import explain
from deploy.serving.records import records_of
from deploy.serving.refusals import Refusal


def model_of(schema: Schema, score: Any) -> Any:
    """A model whose value, or probability of "yes", is `score` of the raw rows."""

    def predict(raw: Any) -> Prediction:
        values = np.array([score(row) for row in raw], float)
        if schema.task == "regression":
            return Prediction(None, None, values)
        shares = np.column_stack([1 - values, values])
        return Prediction(np.array(schema.labels, object)[shares.argmax(axis=1)], shares, None)

    return SimpleNamespace(schema=schema, predict=predict, reference=Reference((), ()))


def test_the_word_that_matters_comes_first() -> None:
    schema = Schema("text", (), (), "classification", ("no", "yes"))
    model = model_of(schema, lambda text: 0.9 if "good" in text else 0.2)
    told = explain(model, ["a good film"])["explanations"][0]
    assert told["of"] == "probability of yes"
    assert told["differences"][0]["value"] == "good"
    assert told["differences"][0]["difference"] == pytest.approx(0.7)
    assert [each["difference"] for each in told["differences"][1:]] == [0.0, 0.0]


def test_the_patch_that_matters_comes_first() -> None:
    schema = Schema("images", (), (8, 8, 1), "regression", ())
    model = model_of(schema, lambda image: float(image[0, 0, 0]))
    picture = np.zeros((8, 8), int)
    picture[0, 0] = 200
    first, *others = explain(model, [picture.tolist()])["explanations"][0]["differences"]
    assert first["field"] == "rows 1-2, columns 1-2"
    assert first["difference"] == pytest.approx(200 - round(200 / 64))
    assert {each["difference"] for each in others} == {0.0}


def test_the_segment_that_matters_comes_first() -> None:
    schema = Schema("series", (), (32, 2), "regression", ())
    model = model_of(schema, lambda series: float(series[31, 1]))
    series = np.zeros((32, 2))
    series[31, 1] = 3.2
    first = explain(model, [series.tolist()])["explanations"][0]["differences"][0]
    assert first["field"] == "steps 31-32"
    assert first["difference"] == pytest.approx(3.1)


def test_a_forecast_is_not_explained() -> None:
    schema = Schema("series", (), (), "forecasting", (), window=3)
    with pytest.raises(Refusal, match="not explained"):
        explain(model_of(schema, float), [1, 2, 3])


IMAGES = Schema("images", (), (4, 4, 1), "classification", ("a", "b"))
SERIES = Schema("series", (), (6, 2), "classification", ("a", "b"))


@pytest.mark.parametrize(
    ("schema", "one"),
    [
        (IMAGES, np.zeros((4, 4)).tolist()),
        (IMAGES, np.zeros((4, 4, 1)).tolist()),
        (IMAGES, {"image": np.zeros((4, 4)).tolist()}),
        (IMAGES, "iVBORw0KGgo="),
        (SERIES, np.zeros((6, 2)).tolist()),
    ],
)
def test_an_array_of_a_records_shape_is_one_record(schema: Schema, one: Any) -> None:
    assert records_of(one, schema, 9) == [one]
    assert records_of([one, one], schema, 9) == [one, one]
