"""What a notebook shows of a run: small whatever the run, complete whatever became of it, harmless whatever it is called."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from contracts.reported import EVIL, hostile_run, run_in, run_of
from search.history import History
from search.report.inline import inline_html
from search.report.inline.chart import Chart, Scale, reach
from search.run import Run

OWN = {"div", "style", "p", "span", "br", "code", "table", "tr", "th", "td", "svg", "text", "path", "title"}


class Tags(HTMLParser):
    """What a browser would see: tags with their attributes, and the text between them; every tag closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "br":
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.words += data


def test_a_run_shows_verdict_figures_and_the_first_places(tmp_path: Path) -> None:
    run = run_in(tmp_path, trials=40)
    seen = Tags(run._repr_html_())
    assert run.best is not None
    assert f"{run.best.trial} is best: " in seen.words
    figures = [attributes for tag, attributes in seen.tags if tag == "svg"]
    assert len(figures) == 2 + 6
    assert all(attributes["role"] == "img" and attributes["aria-label"] for attributes in figures)
    assert "CUDA out of memory" in seen.words, "why trials failed"
    assert "tuneyard confirm" in seen.words
    rows = re.findall(r"t000\d\d(?=0\.\d)", seen.words)
    assert rows[0] == run.best.trial
    assert len(rows) == 5


def test_it_stays_small_and_alone_on_its_page() -> None:
    html = run_of(trials=1500)._repr_html_()
    assert len(html.encode()) < 200_000
    seen = Tags(html)
    assert not {"script", "iframe", "img", "link", "object"} & {tag for tag, _ in seen.tags}
    assert not [attributes for _, attributes in seen.tags if "id" in attributes or "src" in attributes]
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    rules = re.findall(r"^(.*?)\{", html.partition("<style>")[2].partition("</style>")[0], re.M)
    assert rules
    assert all(each.startswith(".tuneyard-run") for rule in rules for each in rule.split(","))


def test_names_and_messages_do_no_harm(tmp_path: Path) -> None:
    seen = Tags(hostile_run(tmp_path)._repr_html_())
    assert {tag for tag, _ in seen.tags} <= OWN
    assert not [name for _, attributes in seen.tags for name in attributes if name.startswith("on")]
    assert "\u202e" not in seen.words
    assert any(evil in seen.words for evil in EVIL[:4]), "shown as it is, as text"


def test_a_run_with_hardly_a_trial(tmp_path: Path) -> None:
    one = run_in(tmp_path, trials=1)
    assert "the only trial with a value" in Tags(one._repr_html_()).words
    empty = Tags(inline_html(Run(History(one.history.problem), None, "empty")))
    assert "No trial has run yet" in empty.words
    assert "svg" not in {tag for tag, _ in empty.tags}


def test_runs_that_came_to_nothing_say_so(tmp_path: Path) -> None:
    failed = Tags(inline_html(run_of(curve=lambda config, number, step: "no <b>luck</b>", trials=4)))
    assert "All 4 trials failed" in failed.words
    assert "4 failed (t00000, t00001, t00002, …): raised: " in failed.words
    assert "no <b>luck</b>" in failed.words
    killed = Tags(run_in(tmp_path, trials=8, until=20)._repr_html_())
    assert "tuneyard resume" in killed.words


def test_a_run_without_files_is_shown() -> None:
    seen = Tags(inline_html(run_of(trials=5)))
    assert "is best" in seen.words
    assert "run.report()" not in seen.words


def test_values_lie_on_their_axes_and_bad_ones_at_the_edge() -> None:
    y = reach("loss", [0.1, 0.2, 0.3, *[0.25] * 9, 1e6], "minimize")
    assert y.kind == "linear"
    assert y.high < 1.0
    assert y.place(1e6) == 1.0
    assert reach("loss", [1e-6, 1.0, 10.0], "minimize").kind == "log"
    assert reach("loss", [0.5], "maximize").place(0.5) == pytest.approx(0.5)
    x = Scale("lr", 1e-4, 1.0, "log")
    assert x.place(1e-2) == pytest.approx(0.5)
    choices = Scale("kind", 0, 1, "choice", ("a", "b"))
    assert [choices.place(0), choices.place(1)] == [0.25, 0.75]
    chart = Chart("t", "alt", x, y)
    chart.dots([(1e-4, y.low), (1.0, y.high)], "red")
    chart.lines([[(1e-4, y.low), (1e-2, y.high), (1.0, y.high)]], "blue", steps=True)
    drawn = chart.svg()
    assert 'd="M52.0 166.0h0M288.0 22.0h0"' in drawn
    assert 'd="M52.0 166.0H170.0V22.0H288.0V22.0"' in drawn
    assert not math.isnan(y.low)
