"""Small pictures of the doctor's findings, as SVG paths: bars or lines in a box of 240 x 72, without a library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["HEIGHT", "WIDTH", "sketch"]

WIDTH, HEIGHT = 240, 72
MOST = 60  # bars, or points of a line
COLOURS = 6  # of lines; page.css has them as run0 to run7


def sketch(picture: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What the template draws of a `Finding.picture`: `bars` (x, y, width, height, label, value, over) with the `limit` as a
    height, or `lines` (name, path) with the `mark` as a position. None where there is nothing to draw.
    """
    if picture is None:
        return None
    if picture["kind"] == "bars":
        return _bars(picture["labels"], picture["values"], picture.get("limit"))
    return _lines(picture["x"], picture["lines"], picture.get("mark"))


def _bars(
    labels: Sequence[Any], values: Sequence[float | None], limit: float | None
) -> dict[str, Any] | None:
    shown = [(str(label), _finite(value)) for label, value in zip(labels, values, strict=True)]
    known = [(label, value) for label, value in shown if value is not None][:MOST]
    if not known:
        return None
    top = max([*(value for _, value in known), limit or 0.0, 1e-12])
    step = WIDTH / len(known)
    bars = []
    for i, (label, value) in enumerate(known):
        height = HEIGHT * max(0.0, value) / top
        place = {"x": round(i * step + step * 0.1, 2), "y": round(HEIGHT - height, 2)}
        size = {"width": round(step * 0.8, 2), "height": round(height, 2)}
        over = limit is not None and value > limit
        bars.append({**place, **size, "label": label, "value": value, "over": over})
    return {"bars": bars, "limit": None if limit is None else round(HEIGHT - HEIGHT * limit / top, 2)}


def _lines(
    x: Sequence[float], lines: Mapping[str, Sequence[float | None]], mark: float | None
) -> dict[str, Any] | None:
    columns = {str(name): [_finite(value) for value in values] for name, values in lines.items()}
    points = [value for values in columns.values() for value in values if value is not None]
    if len(x) < 2 or not points:
        return None
    left, right, low, high = min(x), max(x), min(points), max(points)
    across, up = (WIDTH / (right - left or 1.0)), (HEIGHT / (high - low or 1.0))
    keep = range(0, len(x), max(1, len(x) // MOST))
    drawn = []
    for name, column in list(columns.items())[:COLOURS]:
        path, pen = "", "M"
        for i in keep:
            value = column[i] if i < len(column) else None
            if value is None:
                pen = "M"
                continue
            path += f"{pen}{(x[i] - left) * across:.1f} {HEIGHT - (value - low) * up:.1f}"
            pen = "L"
        drawn.append({"name": name, "path": path})
    where = None if mark is None or not left <= mark <= right else round((mark - left) * across, 1)
    return {"lines": drawn, "mark": where, "low": low, "high": high, "left": left, "right": right}


def _finite(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None
