"""The page in a real browser: everything drawn, nothing asked of anybody, no complaint, nothing wider than a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.browsed import CHROMIUM, PATIENCE, Reader, playwright
from deploy.validation import validate, write_validation
from search.api import Sweep

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium; set CHROMIUM to its path"),
]


@pytest.mark.timeout(600)
def test_it_is_drawn_in_the_dark_and_on_a_phone_without_a_complaint(tmp_path: Path) -> None:
    run = Sweep(
        "mlp",
        runner="inline",
        name="shown",
        data={"source": "digits", "limit": 200},
        method="random",
        run_cap=1,
        max_steps=2,
        storage=str(tmp_path / "runs"),
        parameters={"lr": {"values": [0.003]}},
        early_terminate={"type": "none"},
    ).run()
    page = write_validation(run, validate(run, against="digits", trust=True))
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        for width, scheme in ((1280, "light"), (390, "dark")):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            reader = Reader(context.new_page(), page)
            figures = reader.page.locator("figure[data-figure]")
            assert figures.count() == 6
            for place in range(6):
                assert figures.nth(place).locator("svg.main-svg").first.is_visible()
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert reader.page.evaluate(wide) <= 0
            assert reader.page.locator("section h2").count() == 8
            assert reader.is_calm(), (reader.said, reader.asked)
            context.close()
        browser.close()
