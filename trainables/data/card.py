"""The data card of a run: what its data are, as far as anybody may know before a winner is confirmed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.data.dataset import Array
from trainables.data.records import Records
from trainables.data.section import OPTIONS, Section, read_section

if TYPE_CHECKING:
    import pandas as pd

    from trainables.data.prepare import Prepared

__all__ = ["FORMAT", "card_of"]

FORMAT = 1
"""Raised when a key of the card changes its meaning or goes; new keys do not raise it."""

TOP = 5  # labels of a column that are listed
COLUMNS = 200  # columns that are described; the rest are counted
TEXT = 60  # characters of a label


def card_of(data: Mapping[str, Any] | str) -> dict[str, Any]:
    """The card, JSON throughout.

    Of the test part it holds the size and the balance of the classes; all other figures are of the training and
    validation rows. The shares, counts and extremes are of the cells as the source gives them, before any cleaning.

    Keys: `format`, `source`, `modality`, `task`, `target`, `view` (as the data are most naturally seen), `shape` (of
    one input of that view), `rows` (`source`, `train`, `valid`, `test`, `left_out`), `classes` (`label`, `train`,
    `valid`, `test`), `numbers` (of a target that is one: `train`, `valid`, each with `min`, `mean`, `max`), `columns`,
    `columns_left_out`, `duplicates` (rows that repeat an earlier one, target included), `repairs` (`what`, `count`,
    `where`), `split` (its options), `options` (all others that are not at their default), `hash` (SHA-256 of the content).

    A column: `name`, `role` (input, target, group, time), `kind`, `missing` (share), `distinct`; then `min`,
    `mean`, `max` of numbers and dates, `top` (label, share) of the others.

    Raises:
        DataError: as `trainables.data.load`.
    """
    from trainables.data.prepare import prepare
    from trainables.data.sources import read_records
    from trainables.data.store import views_of

    section = read_section(data)
    records = read_records(section)
    view = views_of(records.modality)[0]
    prepared = prepare(records, section, view)
    dataset, split = prepared.dataset, prepared.split
    seen = np.sort(np.concatenate([split.train, split.valid]))
    columns = list(_columns(records, section, prepared, seen))
    used = len(dataset.train_rows) + len(dataset.valid_rows) + len(split.test)
    changed = {
        n: v for n, v in section.values.items() if v != OPTIONS[n].default and not n.startswith("split.")
    }
    return {
        "format": FORMAT,
        "source": records.name,
        "modality": records.modality,
        "task": dataset.task,
        "target": prepared.target.column,
        "view": view,
        "shape": list(dataset.shape),
        "rows": {
            "source": records.rows,
            "train": len(dataset.train_rows),
            "valid": len(dataset.valid_rows),
            "test": len(split.test),
            "left_out": max(0, records.rows - used),
        },
        "classes": _classes(prepared),
        "numbers": _numbers(prepared),
        "columns": columns[:COLUMNS],
        "columns_left_out": max(0, len(columns) - COLUMNS),
        "duplicates": _duplicates(records, prepared, seen),
        "repairs": [
            {"what": each.what, "count": each.count, "where": list(each.where)} for each in dataset.repairs
        ],
        "split": {
            name.removeprefix("split."): section[name] for name in OPTIONS if name.startswith("split.")
        },
        "options": {n: list(v) if isinstance(v, tuple) else v for n, v in changed.items() if n != "source"},
        "hash": records.fingerprint,
    }


def _targets(prepared: Prepared, rows: Array) -> Array:
    target = prepared.target
    return np.asarray(target.y[np.searchsorted(target.rows, rows)])


def _classes(prepared: Prepared) -> list[dict[str, Any]]:
    labels = prepared.target.labels
    parts = {
        "train": prepared.dataset.train_rows,
        "valid": prepared.dataset.valid_rows,
        "test": prepared.split.test,
    }
    counts: dict[str, Any] = {
        part: np.bincount(_targets(prepared, rows).astype(np.int64), minlength=len(labels)) if labels else []
        for part, rows in parts.items()
    }
    return [
        {"label": _short(label), **{part: int(counts[part][number]) for part in parts}}
        for number, label in enumerate(labels)
    ]


def _numbers(prepared: Prepared) -> dict[str, Any] | None:
    if prepared.dataset.task not in ("regression", "forecasting"):
        return None
    return {
        part: _spread(_targets(prepared, rows).astype(np.float64))
        for part, rows in (("train", prepared.split.train), ("valid", prepared.split.valid))
    }


def _columns(records: Records, section: Section, prepared: Prepared, seen: Array) -> Iterator[dict[str, Any]]:
    """One entry a column; of images, texts and arrays of series one for all of their values."""
    from trainables.data.prepare import rows_of

    raw = rows_of(records, seen)
    if records.texts is not None:
        words = np.array([len(text.split()) for text in raw], np.float64)
        empty = float(np.mean(words == 0)) if len(words) else 0.0
        distinct = len(set(raw))
        yield {
            "name": "words",
            "role": "input",
            "kind": "text",
            "missing": empty,
            "distinct": distinct,
            **_spread(words),
        }
    elif records.frame is None and records.modality != "table":
        kind = "pixels" if records.modality == "images" else "number"
        values = np.asarray(raw)
        missing = float(np.isnan(values).mean()) if values.dtype.kind == "f" and values.size else 0.0
        yield {
            "name": "values",
            "role": "input",
            "kind": kind,
            "missing": missing,
            "distinct": None,
            **_spread(values),
        }
    else:
        roles = {
            section["split.group"]: "group",
            section["split.time"]: "time",
            prepared.target.column: "target",
        }
        declared = section.columns()
        for name in map(str, raw.columns):
            yield {"name": name, "role": roles.get(name, "input"), **_column(raw[name], declared.get(name))}


def _column(column: pd.Series[Any], declared: str | None) -> dict[str, Any]:
    from trainables.data.encoding import kind_of

    kind = kind_of(column, declared)
    known = column.dropna()
    facts = {
        "kind": kind,
        "missing": float(column.isna().mean()) if len(column) else 0.0,
        "distinct": int(known.nunique()),
    }
    if kind == "number":
        return {**facts, **_spread(known.to_numpy(np.float64))}
    if kind == "date":
        if not len(known):
            return {**facts, "min": None, "mean": None, "max": None}
        days = (known.min(), known.mean(), known.max())
        return {
            **facts,
            **{key: day.isoformat()[:19] for key, day in zip(("min", "mean", "max"), days, strict=True)},
        }
    return {**facts, "top": _top(known.tolist())}


def _top(cells: Sequence[Any]) -> list[dict[str, Any]]:
    counts = Counter(map(str, cells))
    order = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [{"label": _short(label), "share": count / len(cells)} for label, count in order[:TOP]]


def _spread(values: Array) -> dict[str, float | None]:
    """Smallest, mean and largest of the finite ones."""
    values = np.asarray(values)
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    if not values.size:
        return {"min": None, "mean": None, "max": None}
    return {
        "min": float(values.min()),
        "mean": float(values.mean(dtype=np.float64)),
        "max": float(values.max()),
    }


def _duplicates(records: Records, prepared: Prepared, seen: Array) -> int:
    from trainables.data.prepare import repeated

    if prepared.dataset.task == "forecasting":
        return 0
    return int(repeated(records, prepared.target, seen).sum())


def _short(label: object) -> str:
    text = str(label)
    return text if len(text) <= TEXT else f"{text[: TEXT - 1]}…"
