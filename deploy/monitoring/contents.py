"""Everything that is said about what was served: the numbers of the page, of `--json` and of the alert rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.folder import read_json, verified
from deploy.monitoring.drift import Drift, drift_of
from deploy.monitoring.log import Served
from deploy.monitoring.quality import correctness, service, with_truth
from deploy.monitoring.stream import MOST, changes_of
from deploy.reference import Distribution, Reference
from deploy.schema import Schema
from deploy.serving.request_log import INPUT, PROBABILITY
from deploy.serving.source import ModelSource
from trainables.data.dataset import Array

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMAT", "look", "watched"]

FORMAT = 1
WINDOWS = 60
"""Windows that are looked at, the last ones."""

FEW = 30
"""A window of fewer rows is not compared with anything."""


def look(model: Path, served: Served, window: int) -> dict[str, Any]:
    """What was served, in windows of so many answered rows, beside what the model was trained on.

    Inputs count whichever version answered them; predictions only where this version did.

    Args:
        model: a model folder, or a registry (its production version). Only its schema and reference are read.
        window: rows; the newest window ends with the newest row.

    Raises:
        DeployError: no model, or its files are not what they were.
    """
    folder = ModelSource(model).folder()
    version = verified(folder)
    schema = Schema.from_json(read_json(folder / "schema.json"))
    reference = Reference.from_json(read_json(folder / "reference.json"))
    told = "label" if schema.labels else "value"
    answered = served.rows[served.rows["status"] == 200].reset_index(drop=True)
    # what is logged of a forecast of several steps is their mean, which no single value came true for
    labels = served.labels[:0] if schema.task == "forecasting" else served.labels
    answered = with_truth(answered, labels, told)
    inputs = _inputs(schema, reference, answered)
    own = answered["version"].astype(str).str.endswith(version).to_numpy(bool)
    outputs = _outputs(answered, own, told)
    blocks = _blocks(len(answered), window)
    windows = [
        _window(served.rows, answered, own, block, blocks[i + 1 :], reference, inputs, outputs, told)
        for i, block in enumerate(blocks)
    ]
    changes = changes_of((*reference.columns, *reference.outputs), {**inputs, **outputs})
    newest = windows[-1] if windows else _nothing(served.rows)
    drifted = [
        each["name"] for each in (*newest["columns"], *newest["outputs"]) if each["verdict"] == "drifted"
    ]
    return {
        "format": FORMAT,
        "model": str(read_json(folder / "model.json").get("name", folder.name)),
        "version": version,
        "task": schema.task,
        "from": _moment(served.rows["time"].iloc[0]) if len(served.rows) else None,
        "to": _moment(served.rows["time"].iloc[-1]) if len(served.rows) else None,
        "rows": len(answered),
        "window": window,
        "versions": {str(name): int(n) for name, n in answered["version"].value_counts().items()},
        "service": service(served.rows),
        "correctness": correctness(answered[own], told),
        "newest": newest,
        "drifted": drifted,
        "changes": [{**asdict(each), "time": _moment(answered["time"][each.row])} for each in changes],
        "stream_rows": min(MOST, len(answered)),
        "windows": [_brief(each) for each in windows],
        "validation": _validation(folder),
        "refused_fields": _refused(served.rows),
        "unread": list(served.unread),
    }


def watched(model: Path) -> frozenset[str]:
    """What is watched of a model's inputs and predictions, by name; a rule may be about these.

    Raises:
        DeployError: as `look`.
    """
    folder = ModelSource(model).folder()
    verified(folder)
    reference = Reference.from_json(read_json(folder / "reference.json"))
    return frozenset(each.name for each in (*reference.columns, *reference.outputs))


def _window(
    rows: pd.DataFrame,
    answered: pd.DataFrame,
    own: Array,
    block: range,
    later: list[range],
    reference: Reference,
    inputs: Mapping[str, Array],
    outputs: Mapping[str, Array],
    told: str,
) -> dict[str, Any]:
    part = slice(block.start, block.stop)
    begin = answered["time"][block.start] if block.start else -np.inf
    end = answered["time"][later[0].start] if later else np.inf
    asked = rows[(rows["time"] >= begin) & (rows["time"] < end)]
    return {
        "from": _moment(answered["time"][block.start]),
        "to": _moment(answered["time"][block.stop - 1]),
        "rows": len(block),
        "service": service(asked),
        "correctness": correctness(answered[part][own[part]], told),
        "columns": [_said(each) for each in _compared(reference.columns, inputs, part)],
        "outputs": [_said(each) for each in _compared(reference.outputs, outputs, part)],
    }


def _nothing(rows: pd.DataFrame) -> dict[str, Any]:
    """The newest window where nothing was answered yet."""
    return {"rows": 0, "service": service(rows), "correctness": {"labelled": 0}, "columns": [], "outputs": []}


def _brief(window: Mapping[str, Any]) -> dict[str, Any]:
    """A window without its bins, which only the newest one is shown with."""
    brief = dict(window)
    for part in ("columns", "outputs"):
        brief[part] = [
            {key: value for key, value in each.items() if key not in ("bins", "before", "now")}
            for each in window[part]
        ]
    return brief


def _compared(reference: tuple[Distribution, ...], columns: Mapping[str, Array], part: slice) -> list[Drift]:
    """Rows that say nothing at all about any of these columns (another version's) are left out."""
    cut = {name: values[part] for name, values in columns.items()}
    if not cut:
        return []
    known = np.any([_known(values) for values in cut.values()], axis=0)
    if known.sum() < FEW:
        return []
    return drift_of(reference, {name: values[known] for name, values in cut.items()})


def _known(values: Array) -> Array:
    if values.dtype == object:
        return np.array([value is not None for value in values], bool)
    return np.isfinite(values)


def _said(drift: Drift) -> dict[str, Any]:
    return {**asdict(drift), "verdict": drift.verdict}


def _blocks(rows: int, window: int) -> list[range]:
    """Windows from the newest row backwards; what is left over at the beginning counts where it is half of one."""
    ends = range(rows, 0, -window)
    blocks = [range(max(0, end - window), end) for end in ends][::-1]
    if len(blocks) > 1 and len(blocks[0]) < window / 2:
        blocks = blocks[1:]
    return blocks[-WINDOWS:]


def _inputs(schema: Schema, reference: Reference, answered: pd.DataFrame) -> dict[str, Array]:
    """What the reference watches, of every row; columns that were not logged are left out."""
    texts = {column.name for column in schema.columns if column.kind == "text"}
    found: dict[str, Array] = {}
    for each in reference.columns:
        if INPUT + each.name not in answered:
            continue
        column = answered[INPUT + each.name]
        if each.name in texts:
            found[each.name] = np.array(
                [len(cell.split()) if isinstance(cell, str) else np.nan for cell in column], np.float64
            )
        elif each.kind == "number":
            found[each.name] = _numbers(column)
        else:
            found[each.name] = _labels(column)
    return found


def _outputs(answered: pd.DataFrame, own: Array, told: str) -> dict[str, Array]:
    """Label and confidence, or the value; missing where another version answered."""
    if told == "value":
        return {"value": np.where(own, _numbers(answered["value"]), np.nan)} if "value" in answered else {}
    shares = [name for name in answered if str(name).startswith(PROBABILITY)]
    if not shares:
        return {}
    confidence = answered[shares].max(axis=1).to_numpy(float)
    labels = _labels(answered["label"])
    labels[~own] = None
    return {"label": labels, "confidence": np.where(own, confidence, np.nan)}


def _numbers(column: pd.Series[Any]) -> Array:
    import pandas as pd

    return pd.to_numeric(column, errors="coerce").to_numpy(float)


def _labels(column: pd.Series[Any]) -> Array:
    return np.array([value if isinstance(value, str) else None for value in column], dtype=object)


def _refused(rows: pd.DataFrame) -> dict[str, int]:
    """How often which field broke the schema, the most frequent first."""
    if "field" not in rows:
        return {}
    counts = rows["field"][rows["status"] == 422].value_counts().head(20)
    return {str(name) or "(whole record)": int(n) for name, n in counts.items()}


def _validation(folder: Path) -> dict[str, float]:
    """The metrics that the model's card states for validation rows."""
    metrics = read_json(folder / "card.json").get("metrics", {})
    return {
        str(name): float(value)
        for name, value in (metrics.items() if isinstance(metrics, dict) else ())
        if isinstance(value, int | float)
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat(timespec="seconds")
