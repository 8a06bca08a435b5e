"""The figures of the page: strength against score, stated against found, what it goes by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from search.analysis.numbers import number
from search.report.figures.base import Figure, View, axis, label, layout

__all__ = ["figures"]

_NAMED = {
    "fgsm linf": ("FGSM, L∞", "@run1", "dash"),
    "pgd linf": ("PGD, L∞", "@run6", "solid"),
    "pgd l2": ("PGD, L2, as far on average", "@run3", "solid"),
    "random": ("worst of random steps", "@muted", "dot"),
}
SHOWN = 20


def figures(found: dict[str, Any]) -> dict[str, Figure]:
    """By name: attacks, noise, lost, reliability, importance, gradients; those whose check was made."""
    checks, measure = found["checks"], found["measure"]
    drawn: dict[str, Figure] = {}
    if (attacked := checks.get("attacks", {})).get("attacks"):
        drawn["attacks"] = _attacks(attacked, measure)
    if (robust := checks.get("robustness", {})).get("noise"):
        drawn["noise"] = _strengths(
            "noise", robust, robust["noise"], f"noise, {robust['noise']['unit']}", measure
        )
        drawn["lost"] = _strengths(
            "lost", robust, robust["lost"], f"share of {robust['lost']['what']}", measure
        )
    if (stated := checks.get("calibration", {})).get("bins"):
        drawn["reliability"] = _reliability(stated)
    explained = checks.get("explanations", {})
    if explained.get("importance"):
        drawn["importance"] = _importance(explained, measure)
    if explained.get("gradients"):
        drawn["gradients"] = _gradients(explained["gradients"])
    return drawn


def _line(
    name: str, points: Sequence[dict[str, Any]], strengths: Sequence[float], colour: str, dash: str
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": list(strengths),
        "y": [each["value"] for each in points],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [_above(each) for each in points],
            "arrayminus": [_below(each) for each in points],
            "color": colour,
            "thickness": 1,
            "width": 4,
        },
        "hovertext": [
            f"{name}<br>at {strength:g}: {number(each['value'])}"
            for strength, each in zip(strengths, points, strict=True)
        ],
        "hoverinfo": "text",
        "line": {"color": colour, "dash": dash, "width": 2},
        "marker": {"color": colour, "size": 7},
    }


def _above(each: dict[str, Any]) -> float:
    high = each["interval"][1]
    return 0.0 if high is None else float(high - each["value"])


def _below(each: dict[str, Any]) -> float:
    low = each["interval"][0]
    return 0.0 if low is None else float(each["value"] - low)


def _y(measure: str) -> dict[str, Any]:
    return axis(measure, range=[-0.02, 1.02]) if measure == "accuracy" else axis(measure, rangemode="tozero")


def _attacks(attacked: dict[str, Any], measure: str) -> Figure:
    strengths = [0.0, *attacked["strengths"]]
    data = [
        _line(_NAMED[name][0], [attacked["clean"], *points], strengths, *_NAMED[name][1:])
        for name, points in attacked["attacks"].items()
    ]
    last = next(iter(attacked["attacks"]))
    told = ", ".join(
        f"{number(each['value'])} at {s:g}"
        for s, each in zip(strengths[1:], attacked["attacks"][last], strict=True)
    )
    return Figure(
        "attacks",
        f"{measure} against the strength of attacks. {_NAMED[last][0]}: {told}.",
        [View("", data, layout(xaxis=axis(label(f"strength, {attacked['unit']}", 60)), yaxis=_y(measure)))],
        380,
    )


def _strengths(name: str, robust: dict[str, Any], group: dict[str, Any], title: str, measure: str) -> Figure:
    points = group["points"]
    strengths = [0.0, *(each["strength"] for each in points)]
    data = [_line(measure, [robust["clean"], *points], strengths, "@accent", "solid")]
    told = ", ".join(f"{number(each['value'])} at {each['strength']:g}" for each in points)
    return Figure(
        name,
        f"{measure} against {title}: {told}.",
        [View("", data, layout(xaxis=axis(label(title, 52)), yaxis=_y(measure), showlegend=False))],
        300,
    )


def _reliability(stated: dict[str, Any]) -> Figure:
    bins = stated["bins"]
    line = _line(
        "found",
        [{"value": each["accuracy"], "interval": each["interval"]} for each in bins],
        [each["confidence"] for each in bins],
        "@accent",
        "solid",
    )
    line["hovertext"] = [
        f"{each['rows']:,} rows, sure by {number(each['confidence'], 3)}<br>right in {number(each['accuracy'], 3)}"
        for each in bins
    ]
    line["name"] = "share that is right"
    exact = {
        "type": "scatter",
        "mode": "lines",
        "name": "as stated",
        "x": [0, 1],
        "y": [0, 1],
        "hoverinfo": "skip",
        "line": {"color": "@muted", "dash": "dot", "width": 1.5},
    }
    told = ", ".join(f"{number(each['accuracy'], 2)} at {number(each['confidence'], 2)}" for each in bins)
    return Figure(
        "reliability",
        f"Share of right answers against stated probability: {told}.",
        [
            View(
                "",
                [exact, line],
                layout(
                    xaxis=axis("probability stated", range=[-0.02, 1.02]),
                    yaxis=axis("share that is right", range=[-0.02, 1.02]),
                ),
            )
        ],
        360,
    )


def _bars(
    names: Sequence[str], values: Sequence[float], hover: Sequence[str], errors: dict[str, Any] | None
) -> list[dict[str, Any]]:
    bar: dict[str, Any] = {
        "type": "bar",
        "orientation": "h",
        "x": list(values),
        "y": [label(name, 30) for name in names],
        "hovertext": list(hover),
        "hoverinfo": "text",
        "marker": {"color": "@completed"},
    }
    if errors is not None:
        bar["error_x"] = {
            "type": "data",
            "symmetric": False,
            "color": "@soft",
            "thickness": 1.5,
            "width": 4,
            **errors,
        }
    return [bar]


def _bar_layout(title: str) -> dict[str, Any]:
    return layout(
        xaxis=axis(title),
        yaxis=axis("", autorange="reversed", type="category", automargin=True),
        margin={"l": 90, "r": 16, "t": 12, "b": 48},
        showlegend=False,
    )


def _importance(explained: dict[str, Any], measure: str) -> Figure:
    rows = explained["importance"][:SHOWN]
    title = "what shuffling costs, " + ("log loss" if measure == "accuracy" else measure)
    data = _bars(
        [each["part"] for each in rows],
        [each["harm"] for each in rows],
        [
            f"{label(each['part'], 40)}<br>{number(each['harm'], 3)}; {measure} worse by {number(each['worse'], 2)}"
            for each in rows
        ],
        {
            "array": [
                0.0 if each["interval"][1] is None else each["interval"][1] - each["harm"] for each in rows
            ],
            "arrayminus": [
                0.0 if each["interval"][0] is None else each["harm"] - each["interval"][0] for each in rows
            ],
        },
    )
    told = "; ".join(f"{each['part']} {number(each['harm'], 2)}" for each in rows[:8])
    return Figure(
        "importance",
        f"Permutation importance: {told}.",
        [View("", data, _bar_layout(title))],
        110 + 22 * len(rows),
    )


def _gradients(gradients: dict[str, Any]) -> Figure:
    names, size = gradients["names"], gradients["size"]
    if gradients["kind"] == "features":
        data = _bars(
            names[:SHOWN],
            size[:SHOWN],
            [f"{label(n, 40)}<br>{number(s, 3)}" for n, s in zip(names, size, strict=True)][:SHOWN],
            None,
        )
        told = "; ".join(
            f"{name} {number(value, 2)}" for name, value in list(zip(names, size, strict=True))[:8]
        )
        return Figure(
            "gradients",
            f"Integrated gradients: {told}.",
            [View("", data, _bar_layout("mean magnitude"))],
            110 + 22 * min(len(names), SHOWN),
        )
    picture = gradients["kind"] == "picture"
    heat: dict[str, Any] = {
        "type": "heatmap",
        "z": size,
        "colorscale": [
            [0, "@scale0"],
            [0.25, "@scale1"],
            [0.5, "@scale2"],
            [0.75, "@scale3"],
            [1, "@scale4"],
        ],
        "colorbar": {"thickness": 10, "tickfont": {"color": "@soft"}, "outlinewidth": 0},
        "hovertemplate": "%{z:.3g}<extra></extra>",
    }
    if not picture and len(names) == len(size):
        heat["y"] = [label(name, 24) for name in names]
    axes = (
        {
            "xaxis": axis("column", constrain="domain"),
            "yaxis": axis("row", autorange="reversed", scaleanchor="x", constrain="domain"),
        }
        if picture
        else {"xaxis": axis("step"), "yaxis": axis("", type="category", automargin=True)}
    )
    return Figure(
        "gradients",
        "Mean magnitude of integrated gradients of every " + ("pixel." if picture else "step and channel."),
        [View("", [heat], layout(**axes, showlegend=False, margin={"l": 64, "r": 16, "t": 12, "b": 48}))],
        360 if picture else 180 + 24 * len(size),
    )
