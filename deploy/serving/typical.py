"""A record of typical values: what a form begins with, and what an explanation compares with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.reference import OTHER, Distribution

if TYPE_CHECKING:
    from deploy.model import Model
    from deploy.schema import Column

__all__ = ["example", "typical_record"]


def typical_record(model: Model) -> Any:
    """A record in which each number is the median of training, and each label the most frequent one.

    A column that was missing in most rows is missing here, a text is empty, a picture or a series is all zero.
    """
    schema = model.schema
    if schema.columns:
        known = {each.name: each for each in model.reference.columns}
        return {column.name: _ordinary(column, known.get(column.name)) for column in schema.columns}
    return "" if schema.modality == "text" else np.zeros(schema.shape, int).tolist()


def example(model: Model) -> Any:
    """What may be sent to /predict: a typical record; to forecast as many of them as one forecast needs."""
    record = typical_record(model)
    return [record] * model.schema.window if model.schema.window else record


def _ordinary(column: Column, seen: Distribution | None) -> Any:
    if seen is None or (column.nullable and seen.missing > 0.5):
        return None if column.nullable else "" if column.kind == "text" else 0.0
    if column.kind == "category":
        return next((label for label in seen.labels if label != OTHER), "")
    if column.kind == "text":
        return ""
    middle = _median(seen)
    if column.kind == "date":
        return str(np.datetime64("1970-01-01") + np.timedelta64(round(middle), "D"))
    return middle


def _median(seen: Distribution) -> float:
    """The edge that half of the values lie below; where there is none, the mean."""
    below = np.cumsum(seen.shares)[: len(seen.edges)]
    if not len(below):
        return seen.mean or 0.0
    return seen.edges[int(np.argmin(np.abs(below - 0.5)))]
