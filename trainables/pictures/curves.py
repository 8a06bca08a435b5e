"""Precision-recall and ROC curves, one class against the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainables.pictures.axes import Axes
from trainables.pictures.canvas import GREY, LIGHT, PALETTE, Canvas, shorten, text_width
from trainables.scoring import threshold_counts

__all__ = ["draw_precision_recall", "draw_roc"]

Floats = npt.NDArray[np.floating]

_MOST_LINES = len(PALETTE)


@dataclass(frozen=True)
class _Curve:
    label: str
    area: float
    x: Floats
    y: Floats


def draw_precision_recall(
    path: Path, probabilities: Floats, y: npt.NDArray[np.integer], labels: Sequence[str]
) -> None:
    """A step for each threshold, so that the area under a curve is the average precision. Nothing is drawn without rows."""
    curves = []
    for c, true, false in _counts(probabilities, y):
        if true[-1]:
            recall, precision = true / true[-1], true / (true + false)
            area = float((np.diff(recall, prepend=0.0) * precision).sum())
            across = np.concatenate([[0.0], np.repeat(recall, 2)[:-1]])
            curves.append(_Curve(labels[c], area, across, np.repeat(precision, 2)))
    _draw(path, curves, "Precision against recall", ("recall", "precision"), diagonal=False)


def draw_roc(path: Path, probabilities: Floats, y: npt.NDArray[np.integer], labels: Sequence[str]) -> None:
    """Classes that do not occur, or alone occur, have no curve; nothing is drawn where all are such."""
    curves = []
    for c, true, false in _counts(probabilities, y):
        if true[-1] and false[-1]:
            across = np.concatenate([[0.0], false / false[-1]])
            up = np.concatenate([[0.0], true / true[-1]])
            curves.append(_Curve(labels[c], float(np.trapezoid(up, across)), across, up))
    _draw(path, curves, "ROC", ("false positive rate", "true positive rate"), diagonal=True)


def _counts(
    probabilities: Floats, y: npt.NDArray[np.integer]
) -> list[tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    owner, true, false = threshold_counts(probabilities, y)
    return [(c, true[owner == c], false[owner == c]) for c in range(probabilities.shape[1])]


def _draw(path: Path, curves: list[_Curve], title: str, labels: tuple[str, str], *, diagonal: bool) -> None:
    """All classes in colour where there are few; of many, the worst in colour before the others in grey."""
    if not curves:
        return
    worst = sorted(curves, key=lambda curve: curve.area)[: _MOST_LINES if len(curves) > _MOST_LINES else None]
    told = worst if len(curves) > _MOST_LINES else curves
    rest = [curve for curve in curves if curve not in told]
    names = [shorten(curve.label, 22) for curve in told]
    side, left, top = 340.0, 60.0, 48.0
    legend = left + side + 20
    canvas = Canvas(legend + 36 + max([*(text_width(name) for name in names), 70.0]) + 62, top + side + 52)
    canvas.text(12, 14, title + ", each class against the rest", size=14)
    axes = Axes(canvas, (left, top, left + side, top + side), (0.0, 1.0), (0.0, 1.0), labels)
    if diagonal:
        axes.line([0, 1], [0, 1], GREY, 1.0, dashed=True)
    for curve in rest:
        axes.line(curve.x, curve.y, LIGHT, 2.0)
    canvas.text(canvas.width - 14, top, "area", size=12, anchor="ra", colour=GREY)
    canvas.text(legend, top, f"worst {len(told)} of {len(curves)}" if rest else "class", size=12, colour=GREY)
    for index, (curve, name) in enumerate(zip(told, names, strict=True)):
        colour, at = PALETTE[index], top + 30 + 22 * index
        axes.line(curve.x, curve.y, colour, 2.0)
        canvas.line([(legend, at), (legend + 24, at)], colour, 3.0)
        canvas.text(legend + 32, at, name, anchor="lm")
        canvas.text(canvas.width - 14, at, f"{curve.area:.3f}", anchor="rm")
    mean = float(np.mean([curve.area for curve in curves]))
    at = top + 36 + 22 * len(told)
    canvas.text(
        legend + 32, at, f"mean of {len(curves)}" if len(curves) > 1 else "", anchor="lm", colour=GREY
    )
    canvas.text(canvas.width - 14, at, f"{mean:.3f}" if len(curves) > 1 else "", anchor="rm", colour=GREY)
    canvas.save(path)
