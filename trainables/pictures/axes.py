"""The frame of a chart: two scales with round numbers on them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from trainables.pictures.canvas import GREY, INK, LIGHT, Canvas, Colour

__all__ = ["Axes", "ticks"]

Floats = npt.NDArray[np.floating]


class Axes:
    """A chart inside `box` (left, top, right, bottom; in pixels) that shows `x` and `y` (low, high)."""

    def __init__(
        self,
        canvas: Canvas,
        box: tuple[float, float, float, float],
        x: tuple[float, float],
        y: tuple[float, float],
        labels: tuple[str, str],
    ) -> None:
        self._canvas, self._box, self._x, self._y = canvas, box, x, y
        left, top, right, bottom = box
        canvas.rectangle(left, top, right, bottom, (255, 255, 255), LIGHT)
        for tick in ticks(*x):
            at = self.place(tick, y[0])[0]
            canvas.line([(at, top), (at, bottom)], LIGHT, 0.75)
            canvas.text(at, bottom + 6, f"{tick:g}", size=12, anchor="ma", colour=GREY)
        for tick in ticks(*y):
            at = self.place(x[0], tick)[1]
            canvas.line([(left, at), (right, at)], LIGHT, 0.75)
            canvas.text(left - 7, at, f"{tick:g}", size=12, anchor="rm", colour=GREY)
        canvas.text((left + right) / 2, bottom + 27, labels[0], size=13, anchor="ma", colour=INK)
        canvas.text(12, (top + bottom) / 2, labels[1], size=13, anchor="mm", colour=INK, upwards=True)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a value is on the canvas."""
        return self._places([x], [y])[0]

    def line(
        self,
        x: Sequence[float] | Floats,
        y: Sequence[float] | Floats,
        colour: Colour,
        width: float = 1.75,
        *,
        dashed: bool = False,
    ) -> None:
        self._canvas.line(self._places(x, y), colour, width, dashed=dashed)

    def dots(self, x: Floats, y: Floats, colour: Colour, opacity: float) -> None:
        for point in self._places(x, y):
            self._canvas.dot(*point, colour, opacity=opacity)

    def _places(self, x: Sequence[float] | Floats, y: Sequence[float] | Floats) -> list[tuple[float, float]]:
        left, top, right, bottom = self._box
        across = (np.asarray(x) - self._x[0]) * ((right - left) / (self._x[1] - self._x[0])) + left
        down = bottom - (np.asarray(y) - self._y[0]) * ((bottom - top) / (self._y[1] - self._y[0]))
        return list(zip(across.tolist(), down.tolist(), strict=True))


def ticks(low: float, high: float) -> list[float]:
    """About five round numbers from `low` to `high`, which differ."""
    step = (high - low) / 5
    magnitude = 10.0 ** math.floor(math.log10(step))
    step = min((m * magnitude for m in (1, 2, 5, 10)), key=lambda candidate: abs(candidate - step))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]
