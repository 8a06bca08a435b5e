"""Explanations of records that are not tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("starlette", reason="needs the extra serve: pip install 'tuneyard[serve]'")

from deploy.model import Prediction
from deploy.reference import Distribution, Reference
from deploy.schema import Column, Schema
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


def table_of(columns: int, *more: Column) -> Schema:
    numbers = [Column(f"x{i}", "number", False, 0.0, 1.0) for i in range(columns)]
    return Schema("table", (*numbers, *more), (), "regression", ())


def test_a_date_is_compared_as_it_was_read() -> None:
    model = model_of(table_of(1, Column("day", "date")), lambda name: 0.0)
    days: list[Any] = []

    def predict(raw: Any) -> Prediction:
        days.extend(raw["day"].dt.date.astype(str))
        return Prediction(None, None, raw["day"].dt.day.to_numpy(float))

    model.predict = predict
    model.reference = Reference((Distribution.of("day", np.arange(20_000.0, 20_100.0)),), ())
    told = explain(model, [{"x0": 1.0, "day": "25/04/2026"}])["explanations"][0]
    first = told["differences"][0]
    assert (first["field"], first["value"]) == ("day", "25/04/2026")
    assert days == ["2026-04-25", "2026-04-25", first["typical"]]
    assert first["difference"] == 25 - int(first["typical"][-2:])


def test_of_a_wide_table_a_few_variants_are_made_at_a_time_and_nothing_else_is_carried_along() -> None:
    model, sizes = model_of(table_of(300), None), []

    def predict(raw: Any) -> Prediction:
        sizes.append(raw.shape)
        return Prediction(None, None, raw["x7"].to_numpy())

    model.predict = predict
    record = {**{f"x{i}": 1.0 for i in range(300)}, "junk": "a" * 1000}
    told = explain(model, [record])["explanations"][0]
    assert told["differences"][0]["field"] == "x7"
    assert len(told["differences"]) == 300
    assert sizes == [(1, 300), (128, 300), (128, 300), (44, 300)]


def test_several_records_of_a_very_wide_table_are_too_much_at_a_time() -> None:
    with pytest.raises(Refusal, match="takes 4 at a time") as refused:
        explain(model_of(table_of(1000), None), [{}] * 5)
    assert refused.value.status == 413
