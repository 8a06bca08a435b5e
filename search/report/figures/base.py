"""What all figures share: the description of one, colours by name, text that cannot be taken for markup.

A figure is data in Plotly's JSON form; nothing of Plotly is imported to make one. A colour is written `@name` and
becomes a colour in the page, where light and dark define the names (page.css).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.report.text import shortened

__all__ = [
    "SYMBOLS",
    "Figure",
    "View",
    "axis",
    "beyond",
    "focus",
    "jitter",
    "label",
    "layout",
    "log_ticks",
    "round_ticks",
    "state_colour",
    "ticks_of",
    "whole",
]

SYMBOLS: Mapping[str, str] = {
    "completed": "circle",
    "stopped": "triangle-down",
    "running": "diamond",
    "waiting": "diamond-open",
    "paused": "square-open",
    "failed": "x",
}
STATES = ("completed", "stopped", "paused", "running", "waiting", "failed")


@dataclass(frozen=True)
class View:
    """One way to draw a figure: traces and layout of Plotly's JSON schema. `title`: what its button says."""

    title: str
    data: list[dict[str, Any]]
    layout: dict[str, Any]


@dataclass(frozen=True)
class Figure:
    """`alt`: what a reader who does not see it is told. `log`: axes whose scale can be switched, e.g. `("yaxis",)`.

    `height` in CSS pixels. `min_width`: below it the figure scrolls sideways rather than shrink; 0 = never.
    `switch`: what the buttons of several views choose. `note`: a sentence below the figure about what it leaves out. `parallel`: what page/parallel.js draws instead of views.
    """

    name: str
    alt: str
    views: Sequence[View]
    height: int
    log: tuple[str, ...] = ()
    min_width: int = 0
    note: str = ""
    title: str = ""
    switch: str = "What is drawn"
    parallel: dict[str, Any] | None = None


def label(text: str, limit: int = 28) -> str:
    """Text for inside a figure, where Plotly reads `<b>`, `<a>`, entities and `$math$`: shortened and with none of them."""
    plain = shortened(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return plain.replace("$", "&#36;")


def state_colour(state: str) -> str:
    return f"@{state}" if state in STATES else "@muted"


def layout(**more: Any) -> dict[str, Any]:
    """A layout in the page's style, with the given keys on top."""
    return {
        "font": {
            "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
            "size": 12,
            "color": "@text",
        },
        "paper_bgcolor": "@clear",
        "plot_bgcolor": "@clear",
        "margin": {"l": 64, "r": 16, "t": 36, "b": 48},
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": "@card",
            "bordercolor": "@line",
            "font": {"color": "@text"},
            "align": "left",
        },
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"color": "@soft"}},
        "showlegend": True,
        "separators": ".,",
        **more,
    }


def axis(title: str, **more: Any) -> dict[str, Any]:
    return {
        "title": {"text": title, "font": {"color": "@soft", "size": 12}, "standoff": 8},
        "gridcolor": "@grid",
        "linecolor": "@line",
        "tickfont": {"color": "@soft"},
        "zeroline": False,
        "automargin": True,
        "exponentformat": "e",
        **more,
    }


def whole(title: str, high: float, **more: Any) -> dict[str, Any]:
    """An axis of whole numbers up to `high`: no tick between two of them."""
    return axis(title, tickformat=",d", **({"dtick": 1} if high <= 10 else {}), **more)


def ticks_of(each: dict[str, Any], room: float | None = None) -> dict[str, Any]:
    """What an axis of a parameter (scale, low, high, choices) needs: its type, ticks and, with `room`, its range.

    `room`: a share of the range to leave free beyond each bound; None lets the trials decide what is shown.
    """
    low, high = each["low"], each["high"]
    if each["scale"] == "choice":
        count = len(each["choices"])
        keep = range(0, count, max(1, count // 12))
        return {
            "tickvals": list(keep),
            "ticktext": [label(each["choices"][i], 14 if count <= 4 else 9) for i in keep],
            "range": [-0.6, count - 0.4],
        }
    if each["scale"] == "log":
        log_low, log_high = float(np.log10(low)), float(np.log10(high))
        beyond_ends = (room or 0.0) * (log_high - log_low)
        span = {} if room is None else {"range": [log_low - beyond_ends, log_high + beyond_ends]}
        dtick = max(1, round((log_high - log_low) / 5)) if high / low > 50 else "D2"
        return {"type": "log", "dtick": dtick, **span}
    beyond_ends = (room or 0.0) * (high - low)
    return {
        "tickformat": ",~r",
        **({"dtick": 1} if each.get("whole") and high - low <= 8 else {}),
        **({} if room is None or not high > low else {"range": [low - beyond_ends, high + beyond_ends]}),
    }


def jitter(trial: str, ratio: float = 0.6180339887) -> float:
    """A place beside a choice in (-0.25, 0.25), the same at every build: the golden ratio spreads it evenly."""
    return ((int(trial[1:]) * ratio) % 1.0 - 0.5) * 0.5


def focus(
    values: Sequence[float], goal: str, share: float = 0.85, times: float = 4
) -> tuple[float, float] | None:
    """The range (low, high) to look at first when a few bad values would squeeze all others flat; None when all fit.

    From the best value to the one that `share` of the trials reach, if the worst lies more than `times` as far away.
    """
    if len(values) < 8:
        return None
    signed = np.sort(np.asarray(values, dtype=float) * (-1 if goal == "maximize" else 1))
    best, most, worst = float(signed[0]), float(np.quantile(signed, share)), float(signed[-1])
    if most <= best or worst - best <= times * (most - best):
        return None
    room = 0.08 * (most - best)
    low, high = best - room, most + room
    return (low, high) if goal == "minimize" else (-high, -low)


def beyond(values: Sequence[float], span: tuple[float, float] | None) -> str:
    """The sentence that says how many values the first view leaves out."""
    if span is None:
        return ""
    outside = sum(not span[0] <= value <= span[1] for value in values)
    if not outside:
        return ""
    verb = "value lies" if outside == 1 else "values lie"
    return f"{outside:,} worse {verb} beyond the frame; double-click the figure to see everything."


def log_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Ticks for an axis drawn in log10 units: positions and labels, at whole decades, or at 1-2-5 when few."""
    first, last = int(np.floor(np.log10(low))), int(np.ceil(np.log10(high)))
    step = max(1, (last - first) // 8)
    places = [10.0**e for e in range(first, last + 1, step)]
    inside = [p for p in places if low * 0.999 <= p <= high * 1.001]
    if len(inside) < 3:
        inside = [
            m * 10.0**e
            for e in range(first, last + 1)
            for m in (1, 2, 5)
            if low * 0.999 <= m * 10.0**e <= high * 1.001
        ]
    return [float(np.log10(p)) for p in inside], [f"{p:g}" for p in inside]


def round_ticks(low: float, high: float) -> list[float]:
    """Round numbers from `low` to `high`, about five of them, and never none."""
    if not high > low:
        return [low]
    rough = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(rough))
    step = power * min((1, 2, 2.5, 5, 10), key=lambda m: abs(m * power - rough))
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)] or [low]
