"""Why this answer: each part of a record put to a typical value, one at a time, and what that changes.

This is what the model would have said had this part been ordinary and everything else as it is. Parts that only matter
together are not told apart, and the differences do not add up to the prediction: they are not Shapley values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.serving.engine import refused, rows_of
from deploy.serving.refusals import Refusal
from deploy.serving.typical import typical_record

if TYPE_CHECKING:
    from deploy.model import Model

__all__ = ["METHOD", "MOST_ROWS", "explain"]

MOST_ROWS = 16
"""Records that one request may ask about: each is predicted once more for every part of it."""

METHOD = (
    "One part at a time is put to its typical value; the difference is what the answer loses by that. "
    "Differences do not add up: parts that matter only together are not told apart."
)

MOST_CELLS = 4_000_000
"""Cells that the explanation of several records may have checked."""

_TOGETHER = 128  # variants that are predicted at once
_WORDS, _SEGMENTS, _GRID = 64, 16, 7


@dataclass(frozen=True)
class _Part:
    """A part of a record, and the record with that part put to its typical value."""

    field: str
    value: Any
    typical: Any
    variant: Any


def explain(model: Model, records: Sequence[Any]) -> dict[str, Any]:
    """`explanations`: for each record its prediction and `differences`, the largest first.

    A difference is prediction minus prediction with the part put to its typical value: of the probability of the predicted
    class, or of the value.

    Raises:
        Refusal: a record breaks the schema, or the model forecasts (422).
    """
    if model.schema.task == "forecasting":
        raise Refusal(422, "forecasts are not explained: their steps are one record; /predict forecasts")
    _check_work(model, len(records))
    raw, typical = _checked(model, records), typical_record(model)
    predictions = rows_of(model.predict(raw), model.schema.labels)
    explanations = []
    for row, (record, prediction) in enumerate(zip(records, predictions, strict=True)):
        differences = list(_differences(model, _parts(model, record, raw, row, typical), prediction))
        differences.sort(key=lambda found: -abs(found["difference"]))
        of = f"probability of {prediction['label']}" if "label" in prediction else "value"
        explanations.append({"row": row, "prediction": prediction, "of": of, "differences": differences})
    return {"method": METHOD, "explanations": explanations}


def _check_work(model: Model, records: int) -> None:
    """Of a wide table a few records are as much work as thousands of predictions, and others wait for it."""
    cells = records * len(model.schema.columns) ** 2
    if records > 1 and cells > MOST_CELLS:
        fit = max(1, MOST_CELLS * records // cells)
        raise Refusal(413, f"{records} records of so many columns; this path takes {fit} at a time")


def _differences(
    model: Model, parts: Iterator[_Part], prediction: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """A few variants at a time: all of them at once may be more than the memory holds."""
    own = _score(prediction, prediction)
    while some := list(itertools.islice(parts, _TOGETHER)):
        raw = _checked(model, [part.variant for part in some])
        for part, told in zip(some, rows_of(model.predict(raw), model.schema.labels), strict=True):
            yield {
                "field": part.field,
                "value": part.value,
                "typical": part.typical,
                "difference": own - _score(told, prediction),
            }


def _checked(model: Model, records: Sequence[Any]) -> Any:
    raw, faults = model.schema.check(records)
    if faults:
        raise refused(faults)
    return raw


def _score(told: dict[str, Any], of: dict[str, Any]) -> float:
    if "label" in of:
        return float(told["probabilities"][of["label"]])
    return float(told["value"])


def _parts(model: Model, record: Any, raw: Any, row: int, typical: Any) -> Iterator[_Part]:
    """The parts of a record; row `row` of `raw`: the record as the model takes it."""
    modality = model.schema.modality
    if modality == "table":
        own = {column.name: record.get(column.name) for column in model.schema.columns}
        # a date as it was read: beside the typical one it could be read otherwise
        read = {
            column.name: None if raw[column.name].isna()[row] else raw[column.name][row].isoformat()
            for column in model.schema.columns
            if column.kind == "date"
        }
        for name, value in own.items():
            yield _Part(name, value, typical[name], {**own, **read, name: typical[name]})
    elif modality == "text":
        yield from _words(raw[row])
    else:
        yield from _patches(np.asarray(raw[row], np.float64), modality == "images")


def _words(text: str) -> Iterator[_Part]:
    """Leave one word out; beyond 64 words as many runs of words."""
    words = text.split()
    for piece in np.array_split(np.arange(len(words)), min(_WORDS, len(words))) if words else ():
        left = " ".join(word for i, word in enumerate(words) if not piece[0] <= i <= piece[-1])
        said = " ".join(words[piece[0] : piece[-1] + 1])
        yield _Part(f"word {piece[0] + 1}", said, None, left)


def _patches(array: np.ndarray[Any, Any], image: bool) -> Iterator[_Part]:
    """Occlusion (Zeiler and Fergus 2014): a patch of an image, or a segment of a series, put to the record's own mean."""
    ordinary = array.mean(axis=(0, 1) if image else 0)
    if image:
        ordinary = np.round(ordinary)
    pieces = [
        np.array_split(np.arange(length), min(length, _GRID if image else _SEGMENTS))
        for length in array.shape[: 2 if image else 1]
    ]
    for rows in pieces[0]:
        for columns in pieces[1] if image else [None]:
            variant = array.copy()
            where: tuple[slice, ...] = (slice(rows[0], rows[-1] + 1),)
            name = f"{'rows' if image else 'steps'} {rows[0] + 1}-{rows[-1] + 1}"
            if columns is not None:
                where += (slice(columns[0], columns[-1] + 1),)
                name += f", columns {columns[0] + 1}-{columns[-1] + 1}"
            variant[where] = ordinary
            values = variant.astype(int) if image else variant
            yield _Part(name, float(array[where].mean()), float(np.mean(ordinary)), values.tolist())
