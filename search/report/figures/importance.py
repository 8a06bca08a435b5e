"""Importance of each parameter, by both measures side by side."""

from __future__ import annotations

from typing import Any

from search.analysis.numbers import percent
from search.report.figures.base import Figure, View, axis, label, layout

__all__ = ["importance_figure"]

SHOWN = 15
_COLOURS = {"PED-ANOVA": "@accent", "fANOVA": "@second"}


def importance_figure(report: dict[str, Any]) -> Figure | None:
    """None where no method gave an answer."""
    methods = [method for method in report["importance"]["methods"] if method["shares"]]
    if not methods:
        return None
    order = [share["parameter"] for share in methods[0]["shares"]]
    order += [
        share["parameter"]
        for method in methods[1:]
        for share in method["shares"]
        if share["parameter"] not in order
    ]
    shown = order[:SHOWN]
    data = [_bars(method, shown) for method in methods]
    top = max(
        share["share"] for method in methods for share in method["shares"]
    )  # room for the figures beside the bars
    view = View(
        "",
        data,
        layout(
            barmode="group",
            bargap=0.35,
            xaxis=axis("share of the importance", tickformat=".0%", range=[0, 1.2 * top]),
            yaxis=axis(
                "",
                tickvals=list(range(len(shown))),
                ticktext=[label(name) for name in shown],
                autorange="reversed",
            ),
        ),
    )
    tops = "; ".join(
        f"{m['name']}: {m['shares'][0]['parameter']} {percent(m['shares'][0]['share'])}" for m in methods
    )
    note = f"The {SHOWN} most important of {len(order):,} parameters." if len(order) > SHOWN else ""
    return Figure(
        "importance",
        f"Importance of the parameters. First places: {tops}.",
        [view],
        130 + 42 * len(shown),
        note=note,
    )


def _bars(method: dict[str, Any], shown: list[str]) -> dict[str, Any]:
    shares = {share["parameter"]: share["share"] for share in method["shares"]}
    places = [i for i, name in enumerate(shown) if name in shares]
    return {
        "type": "bar",
        "orientation": "h",
        "name": method["name"],
        "y": places,
        "x": [shares[shown[i]] for i in places],
        "text": [percent(shares[shown[i]]) for i in places],
        "textposition": "outside",
        "cliponaxis": False,
        "textfont": {"color": "@soft"},
        "hovertext": [f"{label(shown[i])}<br>{method['name']}: {percent(shares[shown[i]])}" for i in places],
        "hoverinfo": "text",
        "marker": {"color": _COLOURS.get(method["name"], "@muted")},
    }
