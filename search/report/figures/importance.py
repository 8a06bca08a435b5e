"""Importance of each parameter, by both measures side by side, each with its interval."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import percent
from search.report.figures.base import Figure, View, axis, label, layout

__all__ = ["importance_figure"]

SHOWN = 15
_COLOURS = {"PED-ANOVA": "@accent", "fANOVA": "@second"}
_SYMBOLS = {"PED-ANOVA": "circle", "fANOVA": "diamond"}
_APART = 0.32  # of the distance between two parameters


def importance_figure(report: dict[str, Any]) -> Figure | None:
    """None where no method gave an answer."""
    methods = [method for method in report["importance"]["methods"] if method["shares"]]
    if not methods:
        return None
    order = list(dict.fromkeys(share["parameter"] for method in methods for share in method["shares"]))
    shown = order[:SHOWN]
    data = [
        _marks(method, shown, (position - (len(methods) - 1) / 2) * _APART)
        for position, method in enumerate(methods)
    ]
    ends = [_interval(share)[1] for method in methods for share in method["shares"]]
    conditional = set(report["importance"]["conditional"])
    view = View(
        "",
        data,
        layout(
            xaxis=axis(
                "share, with 95 % intervals",
                tickformat=".0%",
                range=[-0.02 * max(ends), 1.12 * max(ends)],
            ),
            yaxis=axis(
                "",
                tickvals=list(range(len(shown))),
                ticktext=[label(name) + (" *" if name in conditional else "") for name in shown],
                range=[len(shown) - 0.5, -0.5],
                showgrid=False,
            ),
        ),
    )
    tops = "; ".join(
        f"{m['name']}: {m['shares'][0]['parameter']} {percent(m['shares'][0]['share'])}" for m in methods
    )
    notes = []
    if len(order) > SHOWN:
        notes.append(f"The {SHOWN} most important of {len(order):,} parameters.")
    if conditional & set(shown):
        notes.append("* not active in every trial.")
    alt = f"Importance of the parameters, with intervals. First places: {tops}."
    return Figure("importance", alt, [view], 120 + 46 * len(shown), note=" ".join(notes))


def _marks(method: dict[str, Any], shown: list[str], offset: float) -> dict[str, Any]:
    shares = {share["parameter"]: share for share in method["shares"]}
    rows = [(i, shares[name]) for i, name in enumerate(shown) if name in shares]
    ends = [_interval(share) for _, share in rows]
    colour = _COLOURS.get(method["name"], "@muted")
    return {
        "type": "scatter",
        "mode": "markers",
        "name": method["name"],
        "x": [share["share"] for _, share in rows],
        "y": [i + offset for i, _ in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [high - share["share"] for (_, share), (_, high) in zip(rows, ends, strict=True)],
            "arrayminus": [share["share"] - low for (_, share), (low, _) in zip(rows, ends, strict=True)],
            "thickness": 2,
            "width": 4,
            "color": colour,
        },
        "hovertext": [
            f"{label(share['parameter'])}<br>{method['name']}: {label(percent(share['share']))} "
            f"({label(percent(low))} to {label(percent(high))})"
            for (_, share), (low, high) in zip(rows, ends, strict=True)
        ],
        "hoverinfo": "text",
        "marker": {"color": colour, "symbol": _SYMBOLS.get(method["name"], "square"), "size": 10},
    }


def _interval(share: dict[str, Any]) -> tuple[float, float]:
    low, high = share["interval"] or (share["share"], share["share"])
    return low, high
