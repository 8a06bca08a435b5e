"""The page that compares runs."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from contracts.reported import EVIL, PARAMETERS, hostile_run, run_of
from search.problem import Objective
from search.report import build_comparison

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def test_the_page_and_its_numbers_say_the_same(tmp_path: Path) -> None:
    runs = [
        run_of(name="wide", trials=20),
        run_of(name="narrow", trials=12, parameters={**PARAMETERS, "epochs": 30}),
    ]
    page = build_comparison(runs, tmp_path / "out").read_text()
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert told["verdict"]["headline"] in page
    assert told["matched"]["steps"]["budget"] == min(run.history.steps_total for run in runs)
    assert told["differs"]["epochs"] == ["20", "30"]
    for heading in ("Runs", "Best so far", "Over seeds", "Best configs", "Searched differently"):
        assert f">{heading}</h2>" in page


@pytest.mark.parametrize("trials", [0, 1])
def test_runs_that_have_nothing_to_show(tmp_path: Path, trials: int) -> None:
    empty = run_of(lambda *_: "boom", name="empty", trials=trials or 1)
    page = build_comparison([empty, empty], tmp_path).read_text()
    assert "None of these runs has a value yet" in page
    assert "data-figure" not in page.partition("<main>")[2].partition("</main>")[0]


def test_other_objectives_are_listed_and_not_drawn(tmp_path: Path) -> None:
    other = run_of(name="b", trials=3, objective=Objective("loss", "minimize"))
    page = build_comparison([run_of(name="a", trials=3), other], tmp_path).read_text()
    assert "These runs have different objectives" in page
    assert "Best so far" not in page


def test_names_and_values_are_text_and_no_markup(tmp_path: Path) -> None:
    page = build_comparison(
        [hostile_run(tmp_path), run_of(name=EVIL[0], trials=3)], tmp_path / "out"
    ).read_text()
    body = page.partition("<main>")[2].partition("</main>")[0]
    assert not re.search(r"<(script|img|svg onload|iframe)\b", body)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium: apt-get install chromium, or set CHROMIUM")
def test_it_is_drawn_in_a_browser_and_asks_for_nothing(tmp_path: Path) -> None:
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="needs the package playwright (extra: dev)"
    )
    path = build_comparison([run_of(name=name, trials=20) for name in ("first", "second")], tmp_path)
    said: list[str] = []
    asked: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=120_000)
        page = browser.new_page(viewport={"width": 390, "height": 800})
        page.set_default_timeout(120_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        assert page.locator("[data-figure] .trace").count() == 2
        page.get_by_role("button", name="By time").click()
        page.wait_for_function("document.querySelector('.xtitle').textContent === 'seconds'")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        browser.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
