"""Predicted numbers against true ones, and a forecast along its series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainables.pictures.axes import Axes
from trainables.pictures.canvas import BLUE, GREY, INK, VERMILLION, Canvas

__all__ = ["draw_agreement", "draw_series"]

Floats = npt.NDArray[np.floating]

_MOST_DOTS = 2000
_MOST_ROWS = 300


def draw_agreement(path: Path, predictions: Floats, y: Floats) -> None:
    """A dot for each value; on the dashed line both are equal. Dots far outside the true values stand at the edge.

    Of more than 2,000 values, evenly spaced ones are drawn. `predictions`, `y`: of one shape, finite.
    """
    true, predicted = y.ravel(), predictions.ravel()
    title = f"Predicted against true, {len(true)} validation values"
    if len(true) > _MOST_DOTS:
        chosen = np.linspace(0, len(true) - 1, _MOST_DOTS).round().astype(int)
        true, predicted = true[chosen], predicted[chosen]
        title += f", {_MOST_DOTS} of them shown"
    low, high = _range(true, predicted)
    side, left, top = 420.0, 82.0, 48.0
    canvas = Canvas(left + side + 24, top + side + 52)
    outside = int(((predicted < low) | (predicted > high)).sum())
    canvas.text(12, 14, title + (f" ({outside} at the edge)" if outside else ""), size=14)
    axes = Axes(canvas, (left, top, left + side, top + side), (low, high), (low, high), ("true", "predicted"))
    axes.line([low, high], [low, high], GREY, 1.0, dashed=True)
    axes.dots(true, np.clip(predicted, low, high), BLUE, opacity=0.45)
    canvas.save(path)


def draw_series(path: Path, predictions: Floats, y: Floats) -> None:
    """The last 300 validation rows in their order: true values, and what was forecast for them, one value ahead."""
    true, predicted = (values.reshape(len(values), -1)[-_MOST_ROWS:, 0] for values in (y, predictions))
    low, high = _range(true, predicted)
    left, top, width, height = 82.0, 48.0, 640.0, 260.0
    first = len(y) - len(true)
    canvas = Canvas(left + width + 24, top + height + 52)
    canvas.text(12, 14, "Forecast one value ahead", size=14)
    for index, (name, colour) in enumerate((("true", INK), ("forecast", VERMILLION))):
        at = left + width - 190 + 90 * index
        canvas.line([(at, 22), (at + 22, 22)], colour, 2.5)
        canvas.text(at + 29, 22, name, anchor="lm")
    span = (float(first), float(first + max(1, len(true) - 1)))
    axes = Axes(
        canvas, (left, top, left + width, top + height), span, (low, high), ("validation row", "value")
    )
    rows = np.arange(first, len(y), dtype=float)
    axes.line(rows, true, INK, 1.5)
    axes.line(rows, np.clip(predicted, low, high), VERMILLION, 1.5)
    canvas.save(path)


def _range(true: Floats, predicted: Floats) -> tuple[float, float]:
    """What a chart shows: all true values, and predictions as far beyond them as they span."""
    lowest, highest = float(true.min()), float(true.max())
    span = highest - lowest or abs(highest) or 1.0
    low = max(min(lowest, float(predicted.min())), lowest - span)
    high = min(max(highest, float(predicted.max())), highest + span)
    margin = 0.03 * (high - low or span)
    return low - margin, high + margin
