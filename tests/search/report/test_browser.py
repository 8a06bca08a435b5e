"""The page in a real browser: nothing asked of anybody, no complaint on the console, everything drawn and working."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.browsed import CHROMIUM, PATIENCE, Reader, playwright
from contracts.reported import EVIL, hostile_run, run_in
from search.report import build_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs a Chromium: apt-get install chromium, or set CHROMIUM"
    ),
]


ODD: dict[str, dict[str, Any]] = {
    "empty": {"trials": 1, "workers": 0},
    "one trial": {"trials": 1, "scheduler": "none"},
    "all failed": {"curve": lambda *_: "boom", "trials": 5},
    "killed": {"trials": 20, "until": 37},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
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
    names = set(page.evaluate("Object.keys(JSON.parse(document.getElementById('figure-data').textContent))"))
    assert names >= {"history", "curves", "parallel", "importance", "timeline", "rungs"} | {
        f"slice-{i}" for i in range(6)
    } | {"contour-0", "contour-1", "contour-2"}
    assert boxes.count() == len(names)
    titles = page.locator(".modebar-btn").evaluate_all("all => all.map(each => each.dataset.title)")
    assert titles, "the figures have no bar of buttons"
    assert not [each for each in titles if "hare" in each], "a button offers to upload the figure"
    for i in range(boxes.count()):
        marks = boxes.nth(i).locator(".trace, .parallel path, .bars .point, .contour path")
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
    playwright.expect(title).to_have_text("seconds")
    assert box.get_by_role("button", name="By time").get_attribute("aria-pressed") == "true"
    box.get_by_role("button", name="Log values").click()
    page.wait_for_function(
        "document.querySelector('[data-figure=history] .plot').layout.yaxis.type === 'log'"
    )
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


def test_everything_can_be_reached_by_keyboard(reader: Reader) -> None:
    page = reader.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
    assert page.locator(".skip").bounding_box()["x"] > 0
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#verdict"
    box = page.locator("[data-figure=history]")
    box.get_by_role("button", name="By steps").focus()
    page.keyboard.press("Enter")
    playwright.expect(box.locator(".xtitle")).to_have_text("steps spent")
    outline = box.get_by_role("button", name="By steps").evaluate(
        "node => getComputedStyle(node).outlineStyle"
    )
    assert outline == "solid"
    page.locator("#board").get_by_role("button", name="last", exact=True).focus()
    page.keyboard.press("Space")
    assert page.locator("#board th[aria-sort]").inner_text().startswith("last")
    names = page.evaluate(
        """[...document.querySelectorAll("button, input, select, [tabindex='0']")].filter(
            (e) => !(e.textContent.trim() || e.getAttribute("aria-label") || e.closest("label"))).length"""
    )
    assert names == 0
    assert reader.is_calm()


def test_headings_are_in_order_and_every_picture_has_words(reader: Reader) -> None:
    page = reader.page
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map((h) => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    alts = page.evaluate(
        """[...document.querySelectorAll("[role=img], svg.parallel, img")].map(
            (e) => e.getAttribute("aria-label") || e.getAttribute("alt"))"""
    )
    assert all(alts)


def test_every_table_can_be_sorted_and_the_long_ones_filtered(reader: Reader) -> None:
    page = reader.page
    tables = page.locator("main table:has(thead)")
    for i in range(tables.count()):
        rows = tables.nth(i).locator("tbody tr").count()
        if rows > 1:
            assert tables.nth(i).locator("thead button").count() > 0
    facts = page.locator("#facts table")
    page.locator("#facts summary").evaluate_all(
        "all => all.forEach((each) => each.parentElement.open = true)"
    )
    facts.get_by_role("button", name="parameter").press("Enter")
    names = facts.locator("tbody th").all_inner_texts()
    assert names == sorted(names, key=str.lower)
    assert reader.is_calm()


def test_numbers_are_spelled_as_the_reader_does_and_what_is_copied_is_not(browser: Any, path: Path) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="de-DE")
    reader = Reader(context.new_page(), path)
    page = reader.page
    best = page.locator("#board tbody tr.first td").nth(2)
    assert "," in best.inner_text()
    assert float(best.inner_text().replace(",", ".")) == pytest.approx(
        float(best.get_attribute("data-v")), abs=1e-3
    )
    assert "," in page.locator("h1").inner_text()
    lr = page.locator(".config div", has_text="lr").locator("dd").first.inner_text()
    assert "," not in lr
    assert "." in lr
    assert page.locator("#facts .command").inner_text().startswith("git checkout")
    page.get_by_role("button", name="best", exact=True).click()
    page.get_by_role("button", name="best", exact=True).click()
    values = [
        float(text)
        for text in page.locator("#board tbody tr td:nth-child(4)").evaluate_all(
            "cells => cells.map((cell) => cell.dataset.v)"
        )
        if text
    ]
    assert values in (sorted(values), sorted(values)[::-1])
    separators = page.evaluate("document.querySelector('[data-figure=history] .plot').layout.separators")
    assert separators == ",."
    assert reader.is_calm(), (reader.said, reader.asked)
    context.close()


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
    title = reader.page.locator("[data-figure=history] .xtitle")
    playwright.expect(title).to_have_css("fill", "rgb(77, 87, 102)")
    assert reader.is_calm(), (reader.said, reader.asked)
    context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_hostile_run_does_no_harm(browser: Any, tmp_path: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    reader = Reader(context.new_page(), build_report(hostile_run(tmp_path)))
    page = reader.page
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script, .plot a[href], iframe, object").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("[data-figure=history] .plot").hover()
    page.locator("#filter").fill(EVIL[0])
    page.locator("#board thead button").last.press("Enter")
    wide = page.evaluate(
        """[...document.querySelectorAll("main section *")].filter((e) => !e.closest(".table-box, .scroll-x, svg, .plot")
            && e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert wide == []
    assert page.evaluate("window.hacked") is None
    assert reader.is_calm(), (reader.said, reader.asked)
    context.close()


@pytest.mark.parametrize("case", ["empty", "one trial", "all failed", "killed"])
def test_an_odd_run_makes_no_complaint(browser: Any, tmp_path: Path, case: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800})
    reader = Reader(context.new_page(), build_report(run_in(tmp_path, **ODD[case])))
    assert reader.page.locator("h1").inner_text()
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert reader.is_calm(), (reader.said, reader.asked)
    context.close()


def test_it_prints(reader: Reader) -> None:
    pdf = reader.page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert len(pdf) > 50_000
    assert reader.is_calm()
