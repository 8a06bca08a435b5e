"""index.html: one file that needs nothing else and asks nobody for anything.

- page.html.j2: the report of a run, one section a file: verdict, tiles, confirmation, doctor, ...; comparison.html.j2: of
  several runs; macros.html.j2: what they share. page.css: their look.
- page.js: draws the figures and switches them; parallel.js: one of them; tables.js: sorts and filters; numbers.js: the
  reader's number format.
- Everything foreign goes through the template's autoescaping; the figures travel as JSON in a block that is not a script.
- A Content-Security-Policy allows the scripts of this file by their hashes and no request at all. Styles are
  allowed inline: Plotly adds its own, and without requests a style can do no harm.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from search.analysis.axes import spelled
from search.analysis.numbers import count, decimals_for, duration, number, percent, plural
from search.report.figures import (
    Figure,
    anytime_figure,
    confirmation_figure,
    contour_figures,
    curves_figure,
    fit_figure,
    history_figure,
    hypervolume_figure,
    importance_figure,
    isolation_figures,
    parallel_figure,
    pareto_figure,
    repeats_figure,
    rungs_figure,
    slice_figures,
    timeline_figure,
)
from search.report.figures.sketch import sketch
from search.report.pictures import winner_pictures
from search.report.text import shortened, visible

__all__ = ["ROWS", "render", "render_comparison", "render_page", "script_json"]

ROWS = 500
"""Rows of the leaderboard in the page; all of them are in trials.csv."""

SCRIPTS = ("numbers.js", "tables.js", "parallel.js", "page.js")

_HERE = Path(__file__).parent


def render(report: dict[str, Any], root: Path | None, out: Path) -> str:
    """The page of a report. `root`: run directory that tracebacks are linked into; `out`: where the page will lie."""
    figures = _figures(report)
    drawn = [figure for figure in [*figures.values()] if isinstance(figure, Figure)]
    drawn += figures["slices"] + figures["contours"] + figures["isolation"]
    board = report["leaderboard"]
    return render_page(
        "page.html.j2",
        drawn,
        report=report,
        figures=figures,
        rows=board["rows"][:ROWS],
        decimals=decimals_for([row["best"] for row in board["rows"] if row["rank"] is not None]),
        numeric={a["parameter"] for a in report["parallel"]["axes"] if a["scale"] != "choice"},
        log_link=lambda log: _link(log, root, out),
        sketch=sketch,
        winner=winner_pictures(report, root),
    )


def render_comparison(comparison: dict[str, Any]) -> str:
    """The page of several runs."""
    figure = anytime_figure(comparison) if comparison["comparable"] else None
    values = [row["best"] for row in comparison["rows"]]
    return render_page(
        "comparison.html.j2",
        [figure] if figure is not None else [],
        comparison=comparison,
        anytime=figure,
        decimals=decimals_for(values),
    )


def render_page(
    template: str, drawn: Sequence[Figure], *, templates: Path | None = None, **values: Any
) -> str:
    """A template with what every page has: looks, behaviour, figures, and the policy that allows just these.

    Args:
        template: its file, among those of this package or in `templates`.
        drawn: the figures that the template places.
        templates: a folder of further templates, which may import those of this package.
        values: what the template needs beside `built_at`.
    """
    plotly = _plotly() if drawn else ""
    script = "\n".join(_asset(name) for name in SCRIPTS)
    return (
        _environment(templates)
        .get_template(template)
        .render(
            **values,
            built_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            policy=_policy([plotly, script]),
            style=Markup(_asset("page.css")),
            plotly=Markup(plotly),
            script=Markup(script),
            figure_data=Markup(script_json({figure.name: _drawing(figure) for figure in drawn})),
        )
    )


def script_json(value: Any) -> str:
    """JSON that may stand inside a script element: nothing in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _figures(report: dict[str, Any]) -> dict[str, Any]:
    return {
        "confirmation": confirmation_figure(report),
        "pareto": pareto_figure(report),
        "hypervolume": hypervolume_figure(report),
        "history": history_figure(report),
        "curves": curves_figure(report),
        "fit": fit_figure(report),
        "contours": contour_figures(report),
        "parallel": parallel_figure(report),
        "importance": importance_figure(report),
        "isolation": isolation_figures(report),
        "timeline": timeline_figure(report),
        "rungs": rungs_figure(report),
        "repeats": repeats_figure(report),
        "slices": slice_figures(report),
    }


def _drawing(figure: Figure) -> dict[str, Any]:
    if figure.parallel is not None:
        return {"parallel": figure.parallel}
    return {"views": [{"data": view.data, "layout": view.layout} for view in figure.views]}


def _environment(templates: Path | None) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([_HERE] if templates is None else [templates, _HERE]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters |= {
        "count": count,
        "duration": lambda seconds: _unbroken(duration(seconds)),
        "moment": _moment,
        "number": number,
        "percent": lambda share: _unbroken(percent(share)),
        "plural": plural,
        "shortened": shortened,
        "spelled": spelled,
    }
    return environment


def _policy(scripts: list[str]) -> str:
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts if script)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    source: str = get_plotlyjs()
    if "</script" in source.lower():
        raise ValueError("this version of plotly.js cannot stand inside a page; install plotly >= 7.1")
    return source.replace("\r\n", "\n").replace(
        "\r", "\n"
    )  # as the browser reads it before it takes the hash


def _link(log: str | None, root: Path | None, out: Path) -> str | None:
    """The address of a traceback, seen from the page; None where it lies outside the run directory or is not there."""
    if log is None or root is None:
        return None
    base = root.resolve()
    path = (base / log).resolve()
    if not path.is_relative_to(base) or not path.is_file():
        return None
    return quote(Path(os.path.relpath(path, out.resolve())).as_posix())


def _moment(text: str) -> str:
    """An ISO time as `2026-11-21 12:24 UTC`; anything else as it is, shortened."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except ValueError:
        return shortened(text, 40)


def _unbroken(text: str) -> str:
    """A number and its unit stay on one line."""
    return text.replace(" ", "\u00a0")
