"""Isolation in the report: the page, its figures, report.json, report.md, and what foreign text does in them."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts.reported import EVIL, run_in, run_of
from search.problem import Objective
from search.report import build_report, contents
from search.report.figures import isolation_figures
from search.report.markdown import markdown
from search.run import Run

PARAMETERS: dict[str, Any] = {
    "optimizer": {"values": ["sgd", "adam", "lion"], "role": "scientific"},
    "depth": {"min": 1, "max": 3, "role": "scientific"},
    "lr": {"min": 1e-4, "max": 1e-1, "log": True, "role": "nuisance"},
    "epochs": {"value": 20, "role": "fixed"},
}
OPTIONS: dict[str, Any] = {
    "parameters": PARAMETERS,
    "objective": Objective("val/accuracy", "maximize"),
    "trials": 72,
    "max_steps": 1,
    "scheduler": "none",
}


def accuracy(config: Any, number: int, step: int) -> float:
    best = {"sgd": 0.8, "adam": 0.95, "lion": 0.85}[config["optimizer"]]
    return (
        best
        - 0.05 * (math.log10(config["lr"]) + 2.5) ** 2
        - 0.01 * config["depth"]
        + 0.001 * math.sin(number)
    )


@pytest.fixture(scope="module")
def run() -> Run:
    return run_of(accuracy, **OPTIONS)


def test_every_comparison_has_a_figure_that_says_what_it_shows(run: Run) -> None:
    report = contents(run)
    json.dumps(report["isolation"], allow_nan=False)
    figures = isolation_figures(report)
    assert [figure.name for figure in figures] == ["isolation-0", "isolation-1", "isolation-2"]
    for figure, each in zip(figures, report["isolation"]["comparisons"], strict=True):
        assert [view.title for view in figure.views] == ["At equal effort", "By effort"]
        assert figure.alt.startswith(f"Expected best val/accuracy of {each['effort']} trials each, by ")
        expected = next(trace for trace in figure.views[0].data if "error_x" in trace)
        judged = [group for group in each["groups"] if group["judged"]]
        assert expected["x"] == [group["expected"] for group in judged]
        ends = [x + up for x, up in zip(expected["x"], expected["error_x"]["array"], strict=True)]
        assert ends == pytest.approx([group["interval"][1] for group in judged])
        assert len(set(figure.views[0].layout["yaxis"]["categoryarray"])) == len(each["groups"])


def test_the_summary_to_paste_says_who_is_better_and_what_was_fixed(run: Run) -> None:
    text = markdown(contents(run))
    section = text[text.index("## Isolation") :].partition("\n## ")[0] + text.partition("## Isolation")[2]
    assert "- optimizer: optimizer = adam is better, by the expected best of" in section
    assert "epochs = 20" in section
    assert markdown(contents(run)) == text


def test_without_roles_the_summary_leaves_it_to_the_page() -> None:
    plain = {name: {k: v for k, v in leaf.items() if k != "role"} for name, leaf in PARAMETERS.items()}
    report = contents(run_of(accuracy, **{**OPTIONS, "parameters": plain}))
    assert report["isolation"]["comparisons"]
    assert "## Isolation" not in markdown(report)


def test_the_page_holds_verdict_effort_and_caveats(tmp_path: Path) -> None:
    page = build_report(run_in(tmp_path, accuracy, **OPTIONS)).read_text()
    section = page[page.index('<section id="isolation"') :].partition("</section>")[0]
    words = " ".join(re.sub(r"<[^>]+>", " ", section).split())
    assert "optimizer = adam is better" in words
    assert "epochs = 20" in words
    assert words.count("Effort and values of") == 3
    assert 'href="#isolation"' in page


@pytest.mark.parametrize("trials", [1, 4])
def test_a_report_of_hardly_a_trial_says_that_there_are_too_few(tmp_path: Path, trials: int) -> None:
    run = run_in(tmp_path, accuracy, **{**OPTIONS, "trials": trials})
    page = build_report(run).read_text()
    assert "Too few trials to compare the values of optimizer" in page


def test_a_sweep_whose_trials_all_failed_is_drawn_without_a_figure(tmp_path: Path) -> None:
    run = run_in(tmp_path, lambda config, number, step: "broken", **{**OPTIONS, "trials": 12})
    report = contents(run)
    assert isolation_figures(report) == []
    assert 'id="isolation"' in build_report(run).read_text()


def test_foreign_text_stays_text(tmp_path: Path) -> None:
    hostile = {"values": [*EVIL[:4], "<b>x</b>"], "role": "scientific"}
    run = run_in(
        tmp_path,
        lambda config, number, step: 0.1 * number,
        **{**OPTIONS, "parameters": {"kind": hostile, "lr": PARAMETERS["lr"]}},
    )
    report = contents(run)
    page, text = build_report(run).read_text(), markdown(report)
    section = page[page.index('<section id="isolation"') :].partition("</section>")[0]
    assert "<script" not in section
    assert "<b>x</b>" not in section
    assert "## Isolation" in text
    assert not re.search(r"(?<!\\)<(script|b|img|svg)", text)
    drawn = json.dumps([view.data for figure in isolation_figures(report) for view in figure.views])
    assert "<b>x" not in drawn
    assert "<script" not in drawn


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_both_views_are_drawn_in_a_browser(tmp_path: Path, width: int, scheme: str) -> None:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs the package playwright (extra: dev)"
    )
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("needs a Chromium: apt-get install chromium, or set CHROMIUM")
    path = build_report(run_in(tmp_path, accuracy, **OPTIONS))
    said: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=120_000)
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.set_default_timeout(120_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        boxes = page.locator("#isolation [data-figure]")
        assert boxes.count() == 3
        for i in range(3):
            assert boxes.nth(i).locator(".trace").count() == 3
            boxes.nth(i).get_by_role("button", name="By effort").click()
            title = boxes.nth(i).locator(".xtitle")
            playwright.expect(title).to_have_text("trials of one value", timeout=120_000)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()
    assert said == []
