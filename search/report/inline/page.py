"""What `run` shows as the value of a notebook's cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from search.analysis import (
    confirmation,
    failures,
    history_curve,
    leaderboard,
    learning_curves,
    slices,
    verdict,
)
from search.analysis.numbers import number
from search.confirmation.candidates import confirmation_of
from search.report.inline.chart import Chart, Scale, reach
from search.views.markup import BEST, FRESH, LOST, framed, text
from search.views.wording import config_line, duration

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["inline_html"]

_PLACES, _PARAMETERS = 5, 6  # of the leaderboard; figures of single parameters
_CURVES, _POINTS, _DOTS, _CAUSES = 40, 60, 600, 3


def inline_html(run: Run) -> str:
    """Self-contained HTML, below 200 kB whatever the size of the run; figures are thinned.

    The complete report, with figures to point at and to filter, is `run.report()`.
    """
    history = run.history
    seeds = confirmation_of(run)
    said = verdict(history, run.name, run.state, None if seeds is None else confirmation(seeds))
    parts = [
        f'<p class="ty-head">{text(said["headline"], 300)}</p>',
        f'<p class="ty-dim">{text(run.name)}, {run.state}: {len(history.trials):,} trials, '
        f"{history.steps_total:,} steps, {duration(history.now)}</p>",
        *(f"<p>{text(sentence, 600)}</p>" for sentence in said["sentences"]),
        *(f"<p>{text(caution, 600)}</p>" for caution in said["cautions"]),
    ]
    if said["winner"] is not None:
        parts.append(f"<p><code>{text(config_line(said['winner']['config'], 600), 600)}</code></p>")
        parts.append(f'<div class="ty-figures">{"".join(_figures(run))}</div>')
        parts.append('<p class="ty-dim">Values far from the best lie at the edge of a figure.</p>')
        parts.append(_places(leaderboard(history)))
    parts += [_failed(group) for group in failures(history)["groups"][:_CAUSES]]
    parts += [_next(step) for step in said["next"]]
    if run.paths is not None:
        parts.append('<p class="ty-dim">Everything: <code>run.report()</code> writes the full page.</p>')
    return framed("".join(parts))


def _figures(run: Run) -> Iterator[str]:
    history, objective = run.history, run.history.problem.objective
    seen = history_curve(history)
    places, values = seen["trials"]["trial"], seen["trials"]["value"]
    y = reach(objective.metric, values, objective.goal)
    yield _best_so_far(seen, places, values, y, len(history.trials))
    curves = learning_curves(history, _CURVES, _POINTS)
    if curves["max_steps"] > 1:
        yield _curves(curves, objective.metric, objective.goal)
    for parameter in slices(history, _DOTS)["parameters"][:_PARAMETERS]:
        yield _slice(parameter, y)


def _best_so_far(
    seen: Mapping[str, Any], places: list[int], values: list[float], y: Scale, asked: int
) -> str:
    chart = Chart(
        f"{y.title}: best so far",
        f"The value of each trial and the best so far, over {asked} trials",
        Scale("trial", 0, asked + 1),
        y,
    )
    keep = range(0, len(places), max(1, len(places) // _DOTS))
    chart.dots([(places[i], values[i]) for i in keep], FRESH, 4, 0.8)
    climb = list(zip(seen["by_trial"]["trial"], seen["by_trial"]["value"], strict=True))
    if climb:
        chart.lines([[*climb, (asked, climb[-1][1])]], BEST, steps=True)
        chart.dots([climb[-1]], BEST, 8, 1.0, f"trial {climb[-1][0]}: {number(climb[-1][1])}")
    return chart.svg()


def _curves(curves: Mapping[str, Any], metric: str, goal: str) -> str:
    every = [value for curve in curves["curves"] for value in curve["values"]]
    chart = Chart(
        f"{metric} over steps",
        f"{metric} over the steps of {len(curves['curves'])} of {curves['total']} trials, the best five marked",
        Scale("step", 0, max((curve["steps"][-1] for curve in curves["curves"]), default=1)),
        reach(metric, every, goal),
    )

    def points(curve: Mapping[str, Any]) -> list[tuple[float, float]]:
        return list(zip(curve["steps"], curve["values"], strict=True))

    failed = [points(curve) for curve in curves["curves"] if curve["rank"] is None]
    others = [points(curve) for curve in curves["curves"] if curve["rank"] is not None and curve["rank"] > 5]
    chart.lines(others, "currentColor", 0.22)
    chart.lines(failed, LOST, 0.5, tip="failed")
    for curve in reversed([curve for curve in curves["curves"] if (curve["rank"] or 6) <= 5]):
        first = curve["rank"] == 1
        chart.lines([points(curve)], BEST if first else FRESH, 1.0 if first else 0.7, tip=curve["trial"])
    return chart.svg()


def _slice(parameter: Mapping[str, Any], y: Scale) -> str:
    name, columns = parameter["parameter"], parameter["points"]
    x = Scale(name, parameter["low"], parameter["high"], parameter["scale"], parameter["choices"])
    chart = Chart(
        name, f"The value of each trial over {name}", Scale("", x.low, x.high, x.kind, x.choices), y
    )
    points = list(zip(columns["place"], columns["value"], strict=True))
    chart.dots(points, FRESH, 4, 0.8)
    if points:
        chart.dots(points[:1], BEST, 8, 1.0, f"{columns['trial'][0]}: {number(points[0][1])}")
    return chart.svg()


def _places(board: Mapping[str, Any]) -> str:
    rows = []
    for row in board["rows"][:_PLACES]:
        if row["rank"] is None:
            break
        config = {name: row["config"][name] for name in board["parameters"] if name in row["config"]}
        rows.append(
            f'<tr><td class="ty-number">{row["rank"]}</td><td>{row["trial"]}</td>'
            f'<td class="ty-number">{number(row["best"])}</td><td class="ty-number">{row["best_step"]}</td>'
            f"<td>{text(row['state'])}</td><td>{text(config_line(config, 160), 160)}</td></tr>"
        )
    head = (
        f'<tr><th></th><th>trial</th><th class="ty-number">{text(board["metric"], 40)}</th>'
        '<th class="ty-number">at step</th><th>state</th><th>config</th></tr>'
    )
    return f'<div class="ty-scroll"><table>{head}{"".join(rows)}</table></div>'


def _failed(group: Mapping[str, Any]) -> str:
    trials = ", ".join(each["trial"] for each in group["trials"][:3]) + (", …" if group["count"] > 3 else "")
    cause = text(f"{group['kind']}: {group['example']}", 300)
    return f'<p class="ty-lost">{group["count"]:,} failed ({trials}): {cause}</p>'


def _next(step: Mapping[str, Any]) -> str:
    command = f" <code>{text(step['command'], 400)}</code>" if step["command"] else ""
    return f"<p>{text(step['text'], 600)}{command}</p>"
