"""Small records of every modality, drawn anew from a seed: what the tests of preparing data work on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from trainables.data import Records, View, read_section
from trainables.data.dataset import Array
from trainables.data.prepare import Prepared, prepare

ROWS = 60
STEPS = 120

VIEWS: dict[str, tuple[View, ...]] = {
    "table": ("features",),
    "images": ("images", "features", "sequences"),
    "text": ("tokens", "features"),
    "traces": ("sequences", "features"),
    "series": ("sequences", "features"),
}


def place(row: int) -> str:
    return f"row {row + 2}"


def table(seed: int = 0, rows: int = ROWS) -> Records:
    """Numbers with gaps and tails, labels with gaps and rare ones, dates, texts; a class and a number to predict."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "a": np.where(rng.random(rows) < 0.2, np.nan, a),
            "b": rng.standard_t(2, size=rows),
            "c": rng.integers(0, 50, size=rows),
            "d": 0.5 * a + 0.1 * rng.normal(size=rows),
            "colour": pd.Series(rng.choice(["red", "green", "blue"], rows), dtype=object),
            "when": np.datetime64("2020-01-01", "us") + np.arange(rows) * np.timedelta64(40, "h"),
            "note": pd.Series([_sentence(rng) for _ in range(rows)], dtype=object),
            "site": pd.Series(rng.choice([f"s{i}" for i in range(12)], rows), dtype=object),
            "amount": a + rng.normal(size=rows),
            "y": pd.Series(np.where(np.arange(rows) % 3 == 0, "no", "yes"), dtype=object),
        }
    )
    frame.loc[rng.random(rows) < 0.1, "colour"] = None
    frame.loc[rng.choice(rows, 2, replace=False), "colour"] = "violet"
    return Records("drawn.csv", "table", place, "", frame=frame, target="y")


def images(seed: int = 0) -> Records:
    """8 x 6 in colour, three classes."""
    rng = np.random.default_rng(seed)
    targets = np.arange(ROWS) % 3
    array = rng.integers(0, 200, size=(ROWS, 8, 6, 3)) + 20 * targets[:, None, None, None]
    return Records(
        "drawn", "images", place, "", array=array.astype(np.uint8), targets=targets, labels=("x", "y", "z"),
        extra=_sites(rng),
    )  # fmt: skip


def text(seed: int = 0) -> Records:
    """Sentences of two classes."""
    rng = np.random.default_rng(seed)
    texts = tuple(_sentence(rng) for _ in range(ROWS))
    targets = np.array(["pos", "neg"] * (ROWS // 2), dtype=object)
    return Records("drawn", "text", place, "", texts=texts, targets=targets, extra=_sites(rng))


def traces(seed: int = 0) -> Records:
    """Two channels of 12 steps, with gaps; two classes."""
    rng = np.random.default_rng(seed)
    targets = np.arange(ROWS) % 2
    array = rng.normal(size=(ROWS, 12, 2)) + targets[:, None, None]
    array[rng.random(array.shape) < 0.03] = np.nan
    return Records(
        "drawn", "series", place, "", array=array, targets=targets, task="classification", extra=_sites(rng)
    )


def series(seed: int = 0, steps: int = STEPS) -> Records:
    """A wave with noise and gaps, another column and a label, to be forecast."""
    rng = np.random.default_rng(seed)
    level = np.sin(np.arange(steps) / 5) + 0.1 * rng.normal(size=steps)
    level[rng.choice(steps, steps // 40, replace=False)] = np.nan
    frame = pd.DataFrame(
        {
            "level": level,
            "wind": np.where(rng.random(steps) < 0.15, np.nan, rng.normal(size=steps)),
            "state": pd.Series(rng.choice(["on", "off"], steps), dtype=object),
        }
    )
    return Records("drawn", "series", place, "", frame=frame, target="level", task="forecasting")


MAKERS: dict[str, Callable[[int], Records]] = {
    "table": table,
    "images": images,
    "text": text,
    "traces": traces,
    "series": series,
}

WINDOW = {"features.window": 6}  # short enough for the series above


def prepared(records: Records, view: View = "features", **options: Any) -> Prepared:
    """The records under these options, in dotted names with "__" for a dot."""
    dotted = {name.replace("__", "."): value for name, value in options.items()}
    return prepare(records, read_section({"source": "drawn", **WINDOW, **dotted}), view)


def changed(records: Records, row: int, seed: int) -> Records:
    """The same, but for what one row says; its target, its group and its time stay (the target of a series goes too)."""
    rng = np.random.default_rng(seed)
    if records.frame is not None:
        frame = records.frame.copy()
        for column in frame.columns:
            if column in ("y", "amount", "site", "when"):
                continue
            kind = frame[column].dtype.kind
            if kind == "f":
                frame.loc[row, column] = rng.choice([np.nan, 1e6, -1e6, rng.normal()])
            elif kind in "iu":
                frame.loc[row, column] = int(rng.integers(-1000, 1000))
            else:
                frame.loc[row, column] = rng.choice(
                    np.array(["never seen before in here", "red", "on", None], object)
                )
        return dataclasses.replace(records, frame=frame)
    if records.texts is not None:
        texts = list(records.texts)
        texts[row] = str(rng.choice(["", "wholly new words", "good good good bad"]))
        return dataclasses.replace(records, texts=tuple(texts))
    array: Array = np.array(records.array)
    if records.modality == "images":
        array[row] = rng.integers(0, 256, size=array[row].shape)
    else:
        array[row] = rng.choice([np.nan, 1e6, 0.0], size=array[row].shape)
    return dataclasses.replace(records, array=array)


def _sentence(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(["good", "bad", "film", "plot", "slow", "fine", "great", "dull", "it's"], 6))


def _sites(rng: np.random.Generator) -> pd.DataFrame:
    when = np.datetime64("2020-01-01", "us") + rng.permutation(ROWS) * np.timedelta64(1, "D")
    return pd.DataFrame({"site": pd.Series(rng.choice(list("abcdefghij"), ROWS), dtype=object), "when": when})
