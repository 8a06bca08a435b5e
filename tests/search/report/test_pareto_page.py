"""The section about the front: figures, table, marks; also in a browser, and with names that would be markup."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.browsed import CHROMIUM, PATIENCE, Reader, playwright
from contracts.traded import traded_in
from search.report import build_report
from search.report.contents import contents
from search.report.figures import hypervolume_figure, pareto_figure

RNG = np.random.default_rng(0)
ROWS: list[tuple[float, ...]] = [tuple(map(float, row)) for row in RNG.uniform(1.0, 50.0, (40, 3))]
THREE: list[tuple[float, ...]] = [tuple(map(float, row)) for row in RNG.uniform(1.0, 50.0, (40, 4))]


def report_of(tmp_path: Path, rows: list[tuple[float, ...]], **more: Any) -> dict[str, Any]:
    return contents(traded_in(tmp_path, rows, **more))


def test_two_objectives_are_one_picture_and_three_are_pairs(tmp_path: Path) -> None:
    two = pareto_figure(report_of(tmp_path / "two", ROWS, limits=["kb <= 40"]))
    three = pareto_figure(
        report_of(tmp_path / "three", THREE, names=("loss", "gain", "size"), limits=["kb <= 40"])
    )
    assert two is not None
    assert three is not None
    assert (len(two.views), len(three.views)) == (1, 3)
    names = [trace["name"] for trace in two.views[0].data]
    assert names[:4] == ["attained", "infeasible", "dominated", "front"]
    assert "infeasible" in two.alt
    line = two.views[0].data[0]
    assert line["x"] == sorted(line["x"], reverse=True)  # the less gain is asked for,
    assert line["y"] == sorted(line["y"], reverse=True)  # the less loss has to be taken


def test_without_a_front_there_is_no_picture_of_it(tmp_path: Path) -> None:
    one = report_of(tmp_path / "one", [(1.0,)], names=["loss"])
    assert one["pareto"] is None
    assert pareto_figure(one) is None
    assert hypervolume_figure(one) is None
    none = report_of(tmp_path / "none", [(1.0, 2.0, 99.0)], limits=["kb <= 1"])
    assert none["pareto"]["hypervolume"] is None
    assert hypervolume_figure(none) is None


def test_the_page_marks_front_and_infeasible_and_json_has_the_numbers(tmp_path: Path) -> None:
    page = build_report(traded_in(tmp_path, ROWS, limits=["kb <= 40"]))
    text, told = page.read_text(), json.loads((page.parent / "report.json").read_text())
    assert 'id="front"' in text
    assert text.count('<span class="state failed">infeasible</span>') == told["pareto"]["infeasible"] > 0
    assert text.count('<span class="state finished">front</span>') == len(told["pareto"]["front"])
    header = (page.parent / "trials.csv").read_text().splitlines()[0].split(",")
    assert header[6:9] == ["gain", "front", "feasible"]


def test_the_text_for_a_pull_request_lists_the_front(tmp_path: Path) -> None:
    page = build_report(traded_in(tmp_path, ROWS))
    text, told = (
        (page.parent / "report.md").read_text(),
        json.loads((page.parent / "report.json").read_text()),
    )
    section = text.partition("## Front")[2].partition("##")[0]
    assert [line.split()[1] for line in section.splitlines() if line.startswith("| t0")] == told["pareto"][
        "front"
    ][:10]


def test_names_that_would_be_markup_stay_text(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    page = build_report(traded_in(tmp_path, ROWS, names=("loss", evil), limits=["kb <= 40"]))
    assert "<img" not in page.read_text()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: apt-get install chromium, or set CHROMIUM")
def test_in_a_browser_every_pair_is_drawn_and_nothing_is_asked_for(tmp_path: Path) -> None:
    run = traded_in(tmp_path, THREE, names=("loss", "gain", "size"), limits=["kb <= 40"])
    path = build_report(run)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        for width, scheme in ((1280, "light"), (390, "dark")):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            reader = Reader(context.new_page(), path)
            page = reader.page
            figure = page.locator('[data-figure="pareto"]')
            figure.scroll_into_view_if_needed()
            for button in figure.locator("[data-view]").all():
                button.click()
                figure.locator(".point").nth(len(run.front) - 1).wait_for(state="attached")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert reader.is_calm(), (reader.said, reader.asked)
            context.close()
        browser.close()
