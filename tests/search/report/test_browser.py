"""The page in a real browser: nothing asked of anybody, no complaint on the console, everything drawn and working."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.reported import hostile_run, run_in
from search.report import build_report

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright (extra: dev)")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs a Chromium: apt-get install chromium, or set CHROMIUM"
    ),
]


class Reader:
    """A page that is open, and what it said and asked for."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page, self.said, self.asked = page, [], []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached", timeout=60_000)
        self.own = path.as_uri()

    def is_calm(self) -> bool:
        outside = [url for url in self.asked if url != self.own and not url.startswith(("data:", "blob:"))]
        return self.said == [] and outside == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_report(run_in(tmp_path_factory.mktemp("runs"), trials=60))


@pytest.fixture
def reader(browser: Any, path: Path) -> Iterator[Reader]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Reader(context.new_page(), path)
    context.close()


def test_every_figure_is_drawn_and_nothing_is_asked_for(reader: Reader) -> None:
    page = reader.page
    boxes = page.locator("[data-figure]")
    assert boxes.count() == 6 + 6
    for i in range(boxes.count()):
        marks = boxes.nth(i).locator(".trace, .parallel path, .bars .point")
        assert marks.count() > 0, boxes.nth(i).get_attribute("data-figure")
    assert page.locator(".parallel path").count() > 30
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert reader.is_calm(), (reader.said, reader.asked)


def test_sorting_filtering_and_states(reader: Reader) -> None:
    page = reader.page
    trials = "#board tbody tr:not([hidden]) th"
    first = page.locator(trials).first.inner_text()
    page.get_by_role("button", name="trial", exact=True).click()
    names = page.locator(trials).all_inner_texts()
    assert names == sorted(names)
    page.get_by_role("button", name="best", exact=True).click()
    page.get_by_role("button", name="best", exact=True).click()
    assert page.locator(trials).first.inner_text() == first
    page.locator("#filter").fill("adam stopped")
    kept = page.locator("#board tbody tr:not([hidden])").all_inner_texts()
    assert 0 < len(kept) < len(names)
    assert all("adam" in row and "stopped" in row for row in kept)
    assert page.locator("#filter-count").inner_text() == f"{len(kept)} of {len(names)}"
    page.locator("#filter").fill("")
    page.locator("#filter-state").select_option("failed")
    assert all("failed" in row for row in page.locator("#board tbody tr:not([hidden])").all_inner_texts())
    assert reader.is_calm()


def test_views_and_log_scale_change_the_figure(reader: Reader) -> None:
    page = reader.page
    box = page.locator("[data-figure=history]")
    title = box.locator(".xtitle")
    assert title.text_content() == "trial"
    box.get_by_role("button", name="By time").click()
    page.wait_for_timeout(200)
    assert title.text_content() == "seconds"
    assert box.get_by_role("button", name="By time").get_attribute("aria-pressed") == "true"
    box.get_by_role("button", name="Log values").click()
    page.wait_for_timeout(200)
    assert page.evaluate("document.querySelector('[data-figure=history] .plot').layout.yaxis.type") == "log"
    assert reader.is_calm()


def test_brushing_keeps_the_lines_through_the_range(reader: Reader) -> None:
    page = reader.page
    page.locator(".parallel").scroll_into_view_if_needed()
    everything = page.locator(".parallel path").count()
    handle = page.locator(".parallel .axis").last.locator(".handle").bounding_box()
    x = handle["x"] + handle["width"] / 2
    page.mouse.move(x, handle["y"] + 12)
    page.mouse.down()
    page.mouse.move(x, handle["y"] + 60, steps=5)
    page.mouse.up()
    kept = page.locator(".parallel path:not(.out)").count()
    assert 0 < kept < everything
    assert page.locator(".picked").inner_text().startswith(f"{kept} of {everything} trials")
    page.mouse.click(x, handle["y"] + 200)
    assert page.locator(".parallel path:not(.out)").count() == everything
    page.locator(".parallel .axis").last.focus()
    page.keyboard.press("ArrowDown")
    assert page.locator(".parallel path:not(.out)").count() < everything
    page.keyboard.press("Escape")
    assert page.locator(".parallel path:not(.out)").count() == everything
    assert reader.is_calm()


@pytest.mark.parametrize("width", [1280, 390])
def test_dark_and_narrow(browser: Any, path: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme="dark")
    reader = Reader(context.new_page(), path)
    assert reader.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 24)"
    fill = reader.page.locator("[data-figure=history] .xtitle").evaluate(
        "node => getComputedStyle(node).fill"
    )
    assert fill == "rgb(169, 179, 192)"
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    reader.page.emulate_media(color_scheme="light")
    reader.page.wait_for_timeout(500)
    light = reader.page.locator("[data-figure=history] .xtitle").evaluate(
        "node => getComputedStyle(node).fill"
    )
    assert light == "rgb(77, 87, 102)"
    assert reader.is_calm(), (reader.said, reader.asked)
    context.close()


def test_a_hostile_run_does_no_harm(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    reader = Reader(context.new_page(), build_report(hostile_run(tmp_path)))
    page = reader.page
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script, .plot a[href], iframe, object").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-figure=history] .plot").hover()
    assert reader.is_calm(), (reader.said, reader.asked)
    context.close()


def test_it_prints(reader: Reader) -> None:
    pdf = reader.page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 50_000
    assert reader.is_calm()
