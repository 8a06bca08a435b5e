"""Several objectives against each other, and how much of them the search has attained."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from search.analysis.axes import spelled
from search.analysis.numbers import number, percent
from search.analysis.thinning import evenly
from search.report.figures.base import Figure, View, axis, beyond, focus, label, layout, whole

__all__ = ["hypervolume_figure", "pareto_figure"]

DRAWN = 2000
"""Trials behind the front that are drawn."""

_PARAMETERS = 6  # in a hover text
_DECADES = 100  # largest over smallest value beyond which an axis is logarithmic

Rows = list[dict[str, Any]]


def pareto_figure(report: dict[str, Any]) -> Figure | None:
    """A view for each two objectives; None with one objective, or before a trial has ended with values."""
    found = report["pareto"]
    if found is None or not found["trials"]:
        return None
    groups = _groups(found)
    left_out = len(found["trials"]) - sum(map(len, groups.values()))
    objectives, views, notes = found["objectives"], [], []
    for up, across in combinations(range(len(objectives)), 2):
        ends = [(place, [row["values"][place] for row in found["trials"]]) for place in (across, up)]
        spans = [_span(values, groups["front"], place, objectives) for place, values in ends]
        notes += [beyond(values, span) for (_, values), span in zip(ends, spans, strict=True)]
        data = [_points(rows, kind, across, up, objectives) for kind, rows in groups.items() if rows]
        if found["front"]:
            data.insert(0, _line(groups["front"], across, up, objectives))
        if found["knee"] is not None:
            data.append(_knee(groups["front"], found["knee"], across, up))
        axes = [
            _axis(objectives[place], values, span) for (place, values), span in zip(ends, spans, strict=True)
        ]
        title = f"{label(objectives[up]['metric'], 18)} / {label(objectives[across]['metric'], 18)}"
        views.append(View(title, data, layout(xaxis=axes[0], yaxis=axes[1])))
    names = ", ".join(each["metric"] for each in objectives)
    knee = f" The knee is {found['knee']}." if found["knee"] is not None else ""
    alt = (
        f"{len(found['front']):,} trials on the front of {names}, {found['dominated']:,} behind it, "
        f"{found['infeasible']:,} infeasible.{knee}"
    )
    if left_out:
        notes.append(f"{left_out:,} trials behind the front are left out of the figure.")
    return Figure(
        "pareto",
        alt,
        views,
        440,
        note=" ".join(dict.fromkeys(filter(None, notes))),
        switch="Which two objectives",
    )


def hypervolume_figure(report: dict[str, Any]) -> Figure | None:
    """The share of the box that the front covers, by trial and by time; None where there is no front."""
    found = report["pareto"]
    volume = None if found is None else found["hypervolume"]
    if volume is None or not volume["share"]:
        return None
    across = (
        ("trial", "By trial", whole("trials ended", volume["trials"]), volume["trials"]),
        ("seconds", "By time", axis("seconds", rangemode="tozero", tickformat=",~r"), volume["spent"]),
    )
    views = [
        View(
            title,
            [_growth(volume, unit, end)],
            layout(xaxis=x, yaxis=axis("share of the box", tickformat=".2~%"), showlegend=False),
        )
        for unit, title, x, end in across
    ]
    alt = f"The front covers {percent(volume['share'][-1])} of the box after {volume['trials']:,} trials."
    return Figure("hypervolume", alt, views, 300, switch="What the horizontal axis counts")


def _groups(found: dict[str, Any]) -> dict[str, Rows]:
    """Rows by what is drawn of them, what lies on top last; those behind the front thinned."""
    infeasible = [row for row in found["trials"] if not row["feasible"]]
    behind = [row for row in found["trials"] if row["feasible"] and row["front"] > 1]
    by_id = {row["trial"]: row for row in found["trials"]}
    return {
        "infeasible": [infeasible[i] for i in evenly(len(infeasible), DRAWN)],
        "dominated": [behind[i] for i in evenly(len(behind), DRAWN)],
        "front": [by_id[name] for name in found["front"]],
    }


_MARKERS: dict[str, dict[str, Any]] = {
    "infeasible": {"color": "@failed", "symbol": "x-thin-open", "size": 7, "opacity": 0.7},
    "dominated": {"color": "@muted", "symbol": "circle-open", "size": 6, "opacity": 0.8},
    "front": {"color": "@accent", "symbol": "circle", "size": 9},
}


def _points(rows: Rows, kind: str, across: int, up: int, objectives: Rows) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": kind,
        "x": [row["values"][across] for row in rows],
        "y": [row["values"][up] for row in rows],
        "hovertext": [_hover(row, kind, objectives) for row in rows],
        "hoverinfo": "text",
        "marker": _MARKERS[kind],
    }


def _hover(row: dict[str, Any], kind: str, objectives: Rows) -> str:
    values = [
        f"{label(each['metric'])} {number(v, 5)}" for each, v in zip(objectives, row["values"], strict=True)
    ]
    beaten = f", behind {row['dominated_by']:,}" if row["dominated_by"] else ""
    config = [
        f"{label(name, 24)} = {label(_value(value), 24)}" for name, value in list(row["config"].items())
    ]
    more = [f"and {len(config) - _PARAMETERS} more"] if len(config) > _PARAMETERS else []
    return "<br>".join([f"{row['trial']}, {kind}{beaten}", *values, *config[:_PARAMETERS], *more])


def _value(value: Any) -> str:
    return number(value) if isinstance(value, float) else spelled(value)


def _line(front: Rows, across: int, up: int, objectives: Rows) -> dict[str, Any]:
    """What is attained in two objectives: from each trial that no other beats in these two, straight to the next."""
    signs = [-1 if objectives[place]["goal"] == "maximize" else 1 for place in (across, up)]
    kept: Rows = []
    for row in sorted(
        front, key=lambda row: (signs[0] * row["values"][across], signs[1] * row["values"][up])
    ):
        if not kept or signs[1] * row["values"][up] < signs[1] * kept[-1]["values"][up]:
            kept.append(row)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "attained",
        "x": [row["values"][across] for row in kept],
        "y": [row["values"][up] for row in kept],
        "line": {"shape": "hv", "width": 2, "color": "@accent"},
        "hoverinfo": "skip",
    }


def _knee(front: Rows, knee: str, across: int, up: int) -> dict[str, Any]:
    (row,) = (row for row in front if row["trial"] == knee)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"knee, {knee}",
        "x": [row["values"][across]],
        "y": [row["values"][up]],
        "marker": {
            "color": "@second",
            "symbol": "circle-open",
            "size": 17,
            "line": {"width": 2.5, "color": "@second"},
        },
        "hoverinfo": "skip",
    }


def _span(values: list[float], front: Rows, place: int, objectives: Rows) -> tuple[float, float] | None:
    """What to look at first, the whole front in any case; None: everything."""
    span = None if _wide(values) else focus(values, objectives[place]["goal"])
    if span is None:
        return None
    ends = [row["values"][place] for row in front] or list(span)
    room = 0.04 * (max(ends) - min(ends))
    return min(span[0], min(ends) - room), max(span[1], max(ends) + room)


def _wide(values: list[float]) -> bool:
    """Whether a logarithmic axis shows them better."""
    return min(values) > 0 and max(values) > _DECADES * min(values)


def _axis(objective: dict[str, Any], values: list[float], span: tuple[float, float] | None) -> dict[str, Any]:
    if _wide(values):
        step = 1 if max(values) > 1e4 * min(values) else "D2"
        return axis(_title(objective), type="log", dtick=step, tickformat=",~g")
    return axis(_title(objective), range=list(span) if span else None, autorange=span is None)


def _title(objective: dict[str, Any]) -> str:
    return (
        f"{label(objective['metric'])} ({'higher' if objective['goal'] == 'maximize' else 'lower'} is better)"
    )


def _growth(volume: dict[str, Any], unit: str, end: float) -> dict[str, Any]:
    x, y = list(volume[unit]), list(volume["share"])
    if end > x[-1]:
        x, y = [*x, end], [*y, y[-1]]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "covered",
        "x": x,
        "y": y,
        "line": {"shape": "hv", "width": 2.5, "color": "@accent"},
        "hovertext": [percent(share) for share in y],
        "hoverinfo": "text",
    }
