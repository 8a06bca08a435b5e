"""Every option of the data section changes something."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from contracts.records import MAKERS, prepared
from trainables.data import read_section
from trainables.data.dataset import Dataset
from trainables.data.preparation import preparation_for
from trainables.data.prepare import rows_of
from trainables.data.section import OPTIONS

# which rows are read is for the readers of sources, and tested with them
READ = {"source", "query", "modality", "columns.ignore", "columns.number", "columns.date", "features.side"}

KEEP_HALF: dict[str, Any] = {"features__select": "variance", "features__keep": 0.5}
FAR_OUT: dict[str, Any] = {"cleaning__outliers": "zscore", "cleaning__outlier_limit": 2.0}

CASES: dict[str, tuple[str, dict[str, Any], list[Any]]] = {
    # option: (of which records, under which other options, values that differ from each other)
    "task": ("table", {"target": "c"}, ["regression", "classification"]),
    "target": ("table", {}, ["y", "amount"]),
    "columns.category": ("table", {}, [(), "note"]),
    "columns.text": ("table", {}, [(), "colour"]),
    "limit": ("table", {}, [0, 20]),
    "cleaning.missing": (
        "table",
        {"split__time": "when"},
        ["median", "mean", "mode", "constant", "model", "interpolate", "drop"],
    ),
    "cleaning.fill": ("table", {"cleaning__missing": "constant"}, [0.0, 1.0]),
    "cleaning.outliers": (
        "table",
        {"cleaning__outlier_limit": 2.0},
        list(OPTIONS["cleaning.outliers"].choices),
    ),
    "cleaning.outlier_action": ("table", FAR_OUT, ["clip", "drop", "flag"]),
    "cleaning.outlier_limit": ("table", {"cleaning__outliers": "iqr"}, [0.5, 1.5]),
    "cleaning.outlier_share": ("table", {"cleaning__outliers": "isolation_forest"}, [0.0, 0.02, 0.3]),
    "cleaning.duplicates": ("repeating", {}, ["keep", "drop"]),
    "cleaning.smoothing": ("series", {}, list(OPTIONS["cleaning.smoothing"].choices)),
    "cleaning.smoothing_window": ("series", {"cleaning__smoothing": "median"}, [3, 7]),
    "features.categories": ("table", {}, list(OPTIONS["features.categories"].choices)),
    "features.rare": ("table", {}, [0.0, 0.1]),
    "features.polynomial": ("table", {}, [1, 2, 3]),
    "features.select": ("table", {"features__keep": 0.3}, list(OPTIONS["features.select"].choices)),
    "features.keep": ("table", KEEP_HALF, [1.0, 0.5, 0.2]),
    "features.pca": ("table", {}, [1.0, 0.9, 0.5]),
    "features.vocabulary": ("text", {"features__ngrams": 2}, [10, 5000]),
    "features.ngrams": ("text", {}, [1, 2, 3]),
    "features.length": ("tokens", {}, [4, 8]),
    "features.window": ("series", {}, [4, 8]),
    "features.horizon": ("series", {}, [1, 2]),
    "scaling": ("table", {}, ["none", "minmax", "zscore", "robust"]),
    "split.valid": ("table", {}, [0.2, 0.3]),
    "split.test": ("table", {}, [0.0, 0.2]),
    "split.seed": ("table", {}, [0, 1]),
    "split.stratify": ("table", {}, [True, False]),
    "split.group": ("table", {}, [None, "site"]),
    "split.time": ("table", {}, [None, "when"]),
    "split.folds": ("table", {}, [0, 3, 4]),
    "split.fold": ("table", {"split__folds": 3}, [0, 1, 2]),
    **{
        name: ("images", {}, [option.default, not option.default] if option.kind == "switch" else [0.3, 0.4])
        for name, option in OPTIONS.items()
        if name.startswith("augmentation.")
    },
}


def test_every_option_has_its_case() -> None:
    assert set(CASES) | READ == set(OPTIONS)


def _dataset(modality: str, options: dict[str, Any]) -> Dataset:
    if modality == "repeating":
        records = MAKERS["images"](0)
        array = np.repeat(np.asarray(records.array)[:30], 2, axis=0)
        targets = np.repeat(np.asarray(records.targets)[:30], 2)
        return prepared(dataclasses.replace(records, array=array, targets=targets), **options).dataset
    if modality == "tokens":
        return prepared(MAKERS["text"](0), "tokens", **options).dataset
    return prepared(MAKERS[modality](0), **options).dataset


@pytest.mark.parametrize("name", CASES)
def test_an_option_changes_what_is_learnt_from(name: str) -> None:
    modality, others, values = CASES[name]
    found = [_dataset(modality, {**others, name.replace(".", "__"): value}) for value in values]
    said = {
        (each.train_x.tobytes(), each.train_y.tobytes(), each.valid_x.tobytes(), str(dict(each.augmentation)))
        for each in found
    }
    assert len(said) == len(values)


@pytest.mark.parametrize("modality", [name for name in MAKERS if name != "series"])
def test_the_order_of_the_rows_does_not_change_what_is_fitted(modality: str) -> None:
    """The same training rows in another order give the same features, each its own."""
    records = MAKERS[modality](0)
    section = read_section({"source": "drawn", "features.window": 6, "cleaning.outliers": "iqr"})
    rows = np.arange(40)
    mixed = np.random.default_rng(0).permutation(rows)
    fitted = []
    for order in (rows, mixed):
        y = order % 2
        preparation = preparation_for(records, section, "classification", "y", "features")
        x, _ = preparation.fit_transform(rows_of(records, order), y)
        fitted.append((x[np.argsort(order)], preparation.transform(rows_of(records, np.arange(40, 60)))))
    np.testing.assert_allclose(fitted[0][0], fitted[1][0], atol=1e-5)
    np.testing.assert_allclose(fitted[0][1], fitted[1][1], atol=1e-5)
