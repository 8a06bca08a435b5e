"""Figures as SVG without a library: marks are single paths, so a thousand of them take a dozen kilobytes.

Lines and text are drawn in `currentColor`, the text colour of the page that the figure stands in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search.analysis.numbers import number
from search.report.figures.base import focus, log_ticks, round_ticks
from search.report.text import shortened
from search.views.markup import text

__all__ = ["Chart", "Scale", "reach"]

_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 22, 34
_LETTER = 6.5  # pixels, at most, of a tick label


@dataclass(frozen=True)
class Scale:
    """One axis. `choices`: their names stand at 0, 1, ...; else numbers from `low` to `high`. `title`: foreign text."""

    title: str
    low: float
    high: float
    kind: Literal["linear", "log", "choice"] = "linear"
    choices: Sequence[str] = ()

    def place(self, value: float) -> float:
        """Where a value lies, in [0, 1]; values beyond the ends lie at the ends."""
        if self.kind == "choice":
            low, high = -0.5, max(0, len(self.choices) - 1) + 0.5
        elif self.kind == "log":
            low, high, value = math.log(self.low), math.log(self.high), math.log(max(value, 1e-300))
        else:
            low, high = self.low, self.high
        share = (value - low) / (high - low) if high > low else 0.5
        return min(1.0, max(0.0, share))

    def ticks(self) -> list[tuple[float, str]]:
        """(value, label)."""
        if self.kind == "choice":
            return [(float(i), name) for i, name in enumerate(self.choices)]
        if self.kind == "log":
            at, labels = log_ticks(self.low, self.high)
            return [(10.0**exponent, label) for exponent, label in zip(at, labels, strict=True)]
        return [(value, number(value, 4)) for value in round_ticks(self.low, self.high)]


def reach(title: str, values: Sequence[float], goal: str) -> Scale:
    """A scale for values of a metric, focused as in the report: a few bad ones lie at the edge rather than squeeze the others.

    Logarithmic where all values are positive and far apart.
    """
    if not values:
        return Scale(title, 0.0, 1.0)
    low, high = focus(values, goal) or (min(values), max(values))
    if low > 0 and high / low > 30:
        return Scale(title, low / 1.2, high * 1.2, "log")
    room = (high - low) * 0.06 or abs(high) * 0.05 or 1.0
    return Scale(title, low - room, high + room)


class Chart:
    """One figure of two axes. `alt`: what a reader who does not see it is told."""

    def __init__(self, title: str, alt: str, x: Scale, y: Scale, width: int = 300, height: int = 200) -> None:
        self._title, self._alt, self._x, self._y = title, alt, x, y
        self._width, self._height = width, height
        self._marks: list[str] = []

    def dots(
        self,
        points: Sequence[tuple[float, float]],
        colour: str,
        size: float = 5.0,
        strength: float = 0.75,
        tip: str = "",
    ) -> None:
        """Round dots, `size` pixels across. `tip`: shown at the pointer; foreign text."""
        path = "".join(f"M{x}h0" for x in dict.fromkeys(map(self._at, points)))
        if path:
            title = f"<title>{text(tip, 400)}</title>" if tip else ""
            self._marks.append(
                f'<path d="{path}" stroke="{colour}" stroke-width="{size:g}" stroke-linecap="round" '
                f'stroke-opacity="{strength:g}" fill="none">{title}</path>'
            )

    def lines(
        self,
        curves: Sequence[Sequence[tuple[float, float]]],
        colour: str,
        strength: float = 1.0,
        *,
        steps: bool = False,
        tip: str = "",
    ) -> None:
        """Curves of one kind; `steps`: each value holds until the next."""
        path = ""
        for curve in curves:
            for index, point in enumerate(curve):
                place = self._at(point)
                path += (
                    f"{'L' if index else 'M'}{place}"
                    if not (steps and index)
                    else "H{}V{}".format(*place.split())
                )
        if path:
            title = f"<title>{text(tip, 400)}</title>" if tip else ""
            self._marks.append(
                f'<path d="{path}" stroke="{colour}" stroke-width="1.5" stroke-opacity="{strength:g}" '
                f'fill="none">{title}</path>'
            )

    def svg(self) -> str:
        """The figure."""
        w, h = self._width, self._height
        return (
            f'<svg width="{w}" height="{h}" viewBox="0 0 {w} {h}" role="img" aria-label="{text(self._alt, 400)}" '
            'font-size="10" fill="currentColor" font-family="inherit">'
            f'<text x="{_LEFT}" y="13" font-size="12" font-weight="600">{text(self._title, 44)}</text>'
            f"{self._axes()}{''.join(self._marks)}</svg>"
        )

    def _at(self, point: tuple[float, float]) -> str:
        x = _LEFT + self._x.place(point[0]) * (self._width - _LEFT - _RIGHT)
        y = _TOP + (1 - self._y.place(point[1])) * (self._height - _TOP - _BOTTOM)
        return f"{x:.1f} {y:.1f}"

    def _axes(self) -> str:
        right, bottom = self._width - _RIGHT, self._height - _BOTTOM
        drawn = f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" stroke="currentColor" stroke-opacity=".5" fill="none"/>'
        ticks, last = self._x.ticks(), -1e9
        most = max(4, int((right - _LEFT) / max(1, len(ticks)) / _LETTER)) if self._x.kind == "choice" else 10
        for value, label in ticks:
            x = _LEFT + self._x.place(value) * (right - _LEFT)
            label = shortened(label, most)
            if x - last < _LETTER * len(label):
                continue
            last = x
            drawn += (
                f'<text x="{x:.1f}" y="{bottom + 12}" text-anchor="middle" opacity=".8">{text(label)}</text>'
            )
        last = 1e9
        for value, label in self._y.ticks():
            y = _TOP + (1 - self._y.place(value)) * (bottom - _TOP)
            if last - y < 11:
                continue
            last = y
            drawn += (
                f'<text x="{_LEFT - 4}" y="{y + 3:.1f}" text-anchor="end" opacity=".8">{text(label, 9)}</text>'
                f'<path d="M{_LEFT} {y:.1f}H{right}" stroke="currentColor" stroke-opacity=".12" fill="none"/>'
            )
        middle = (_LEFT + right) / 2
        return (
            drawn
            + f'<text x="{middle:g}" y="{self._height - 6}" text-anchor="middle" opacity=".8">{text(self._x.title, 44)}</text>'
        )
