"""The preparation inside a model folder: raw rows of every kind, prepared to the last bit as in training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.winners import trained
from deploy.export import export
from deploy.model import Model

pytest.importorskip("skops", reason="model folders are written by skops: pip install 'tuneyard[deploy]'")

RIDGE = {"estimator": "ridge"}
LOGISTIC = {"estimator": "logistic"}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Numbers with gaps, labels, dates, and texts among them."""
    rng = np.random.default_rng(0)
    rows = 120
    amount = rng.normal(50, 10, rows)
    shop = rng.choice(["north", "south", "west"], rows)
    frame = pd.DataFrame(
        {
            "amount": np.where(rng.random(rows) < 0.1, np.nan, amount),
            "items": rng.integers(1, 9, rows),
            "shop": np.where(rng.random(rows) < 0.1, None, shop),
            "day": pd.date_range("2024-01-01", periods=rows, freq="37h").strftime("%Y-%m-%dT%H:%M"),
            "note": [" ".join(rng.choice(["good", "bad", "late", "new", "old"], 6)) for _ in range(rows)],
            "price": amount * 2 + rng.normal(0, 1, rows),
        }
    )
    path = tmp_path_factory.mktemp("tables") / "orders.csv"
    frame.to_csv(path, index=False)
    return str(path)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cleaning": {"missing": "model"}},
        {"cleaning": {"missing": "interpolate"}, "split": {"time": "day"}},
        {"cleaning": {"outliers": "isolation_forest"}},
        {"cleaning": {"outliers": "iqr", "outlier_action": "flag"}, "scaling": "robust"},
        {"features": {"categories": "target"}},
        {"features": {"categories": "frequency", "rare": 0.1, "pca": 0.9}},
        {"features": {"categories": "ordinal", "polynomial": 2, "select": "mutual_information", "keep": 0.5}},
        {"columns": {"text": ["note"]}, "modality": "table"},
    ],
    ids=lambda options: " ".join(map(str, options.values())) or "as it comes",
)
def test_a_table_of_numbers_gaps_labels_dates_and_texts(
    table: str, options: Mapping[str, Any], tmp_path: Path
) -> None:
    winner = trained(tmp_path, "classical", {"source": table, "target": "price", **options}, RIDGE)
    export(winner, tmp_path / "model")
    model = Model.load(tmp_path / "model")
    raw = pd.read_csv(table).astype(object)
    records = raw.where(raw.notna(), None).to_dict("records")
    rows, faults = model.schema.check(records)
    assert not faults
    assert len(rows) == len(raw)
    expected = winner.trainable.predict(winner.preparation.transform(winner.records.frame))
    assert np.array_equal(model.predict(rows).values, expected)
    kinds = {column.name: column.kind for column in model.schema.columns}
    assert (kinds["amount"], kinds["shop"], kinds["day"]) == ("number", "category", "date")


@pytest.mark.parametrize(
    ("data", "parameters"),
    [
        ({"source": "digits"}, LOGISTIC),
        ({"source": "movie_sentences", "limit": 100, "features": {"ngrams": 2}}, LOGISTIC),
        ({"source": "trace", "cleaning": {"smoothing": "median"}}, LOGISTIC),
        ({"source": "co2", "features": {"window": 8}, "cleaning": {"smoothing": "exponential"}}, RIDGE),
    ],
    ids=["images", "texts", "series", "a series to be forecast"],
)
def test_pictures_texts_and_series(
    data: Mapping[str, Any], parameters: Mapping[str, Any], tmp_path: Path
) -> None:
    winner = trained(tmp_path, "classical", data, parameters)
    export(winner, tmp_path / "model")
    model = Model.load(tmp_path / "model")
    raw = winner.raw("valid")
    assert np.array_equal(model.inputs(raw), winner.preparation.transform(raw))
    assert np.array_equal(model.outputs(winner.data.valid_x), winner.predict(winner.data.valid_x))


def test_nothing_of_where_the_rows_came_from_is_in_the_folder(table: str, tmp_path: Path) -> None:
    winner = trained(tmp_path, "classical", {"source": table, "target": "price"}, RIDGE)
    export(winner, tmp_path / "model")
    import zipfile

    with zipfile.ZipFile(tmp_path / "model" / "preparation.skops") as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist())
    texts = [file.read_bytes() for file in (tmp_path / "model").iterdir()]
    assert not any(table.encode() in content for content in [inside, *texts])
    assert winner.records.name == table
