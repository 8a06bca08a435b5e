"""The confusion matrix as a picture: right answers in blue on the diagonal, mistakes in vermillion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trainables.pictures.canvas import BLUE, GREY, INK, LIGHT, VERMILLION, Canvas, Colour, shorten, text_width

__all__ = ["draw_confusion"]

_MOST_CLASSES = 24
_WHITE: Colour = (255, 255, 255)


def draw_confusion(path: Path, counts: npt.NDArray[np.int64], labels: Sequence[str]) -> None:
    """Rows are true classes, columns predicted ones; a cell is as dark as its share of its row.

    Of more than 24 classes, those with most mistakes are shown. `counts`: (classes, classes).
    """
    total, right = int(counts.sum()), int(counts.diagonal().sum())
    classes = len(counts)
    title = f"{total - right} of {total} validation rows are misclassified"
    if classes > _MOST_CLASSES:
        wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
        shown = np.sort(np.argsort(-wrong, kind="stable")[:_MOST_CLASSES])
        title += f"; the {_MOST_CLASSES} of {classes} classes with most mistakes"
        counts, labels = counts[np.ix_(shown, shown)], [labels[each] for each in shown]
    else:
        shown = np.arange(classes)
    names = [shorten(label, 14) for label in labels]
    cell = min(84.0, max(26.0, 440.0 / len(names)))
    widest = max(text_width(name, 12) for name in names)
    upright = widest > cell - 4
    left, top = 34 + widest + 8, 44.0
    side = cell * len(names)
    below = (widest if upright else 14) + 10
    canvas = Canvas(max(left + side + 16, text_width(title, 14) + 24), top + side + below + 26)
    canvas.text(12, 14, title, size=14)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for row, name in enumerate(names):
        y = top + row * cell
        canvas.text(left - 7, y + cell / 2, name, size=12, anchor="rm", colour=GREY)
        for column in range(len(names)):
            share = float(shares[row, column])
            fill = _shade(BLUE, share) if row == column else _shade(VERMILLION, share**0.5)
            _cell(canvas, left + column * cell, y, cell, int(counts[row, column]), fill)
    for column, name in enumerate(names):
        middle = left + (column + 0.5) * cell
        if upright:
            canvas.text(middle, top + side + 7, name, size=12, anchor="rm", colour=GREY, upwards=True)
        else:
            canvas.text(middle, top + side + 7, name, size=12, anchor="ma", colour=GREY)
    canvas.text(left + side / 2, canvas.height - 8, "predicted class", anchor="ms")
    canvas.text(14, top + side / 2, "true class", anchor="mm", upwards=True)
    canvas.save(path)


def _shade(ink: Colour, strength: float) -> Colour:
    """From white (0) to the ink (1). Of mistakes, the root of their share: a few in a hundred are to be seen."""
    red, green, blue = (round(255 + (part - 255) * strength) for part in ink)
    return red, green, blue


def _cell(canvas: Canvas, x: float, y: float, side: float, count: int, fill: Colour) -> None:
    canvas.rectangle(x, y, x + side, y + side, fill, LIGHT)
    if count:
        text, ink = str(count), _WHITE if sum(fill) < 450 else INK
        size = next((s for s in (14, 12, 10) if text_width(text, s) < side - 4), 8)
        canvas.text(x + side / 2, y + side / 2, text, size=size, anchor="mm", colour=ink)
