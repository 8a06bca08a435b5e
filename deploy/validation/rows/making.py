"""The rows that fit a trained trial."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from deploy.validation.rows.base import Array, Rows
from deploy.validation.rows.images import ImageRows
from deploy.validation.rows.series import SeriesRows
from deploy.validation.rows.tables import TableRows
from deploy.validation.rows.texts import TextRows

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["make_rows"]


def make_rows(trained: Trained, raw: Any) -> Rows:
    """Raw rows of the trial's modality, with what is usual among its training rows.

    Args:
        trained: the trial.
        raw: a frame, an array or texts, as `Trained.raw` gives them; of a forecast, inputs as `Trained.data` holds them,
            since its rows overlap: there the prepared inputs themselves are disturbed.
    """
    if trained.task == "forecasting":
        return _forecasts(trained, raw)
    if trained.modality == "text":
        return TextRows(raw, trained.inputs)
    known = trained.raw("train")
    if trained.modality == "table":
        names = tuple(column.name for column in trained.schema.columns)
        numbers = {name: float(known[name].std()) for name in names if known[name].dtype.kind in "iuf"}
        return TableRows(raw, trained.inputs, names, numbers, {name: _usual(known[name]) for name in names})
    if trained.modality == "images":
        return ImageRows(raw, trained.inputs, known.mean(axis=0).round().astype(np.uint8))
    values = np.asarray(known, np.float64)
    channels = values.shape[2]
    named = trained.records.feature_names or tuple(
        f"channel {k + 1}" if channels > 1 else "value" for k in range(channels)
    )
    return SeriesRows(
        raw,
        trained.inputs,
        np.nanstd(values, axis=(0, 1)),
        np.nanmean(values, axis=(0, 1)),
        named,
        holes=True,
    )


def _forecasts(trained: Trained, x: Array) -> Rows:
    known = trained.data.train_x.astype(np.float64)

    def read(values: Array) -> Array:
        return values.astype(trained.data.train_x.dtype)

    names = trained.data.names
    width = known.shape[-1]
    named = names if len(names) == width else tuple(f"input {k + 1}" for k in range(width))
    axes = (0, 1) if known.ndim == 3 else (0,)
    return SeriesRows(x, read, known.std(axis=axes), known.mean(axis=axes), named, holes=False)


def _usual(column: Any) -> Any:
    known = column.dropna()
    if not len(known):
        return np.nan
    if column.dtype.kind in "iuf":
        return float(known.median())
    if column.dtype.kind == "M":
        return known.sort_values().iloc[len(known) // 2]
    return known.mode().iloc[0]
