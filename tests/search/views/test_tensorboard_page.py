"""The HParams page as a person sees it: a real TensorBoard in a real browser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from search.views.tensorboard import TensorBoardView

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
PATIENCE = 120_000.0  # milliseconds for a browser, on a busy machine


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}; set CHROMIUM to one")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_hparams_table_shows_every_parameter_and_the_best_value(
    tmp_path: Path, by_hand: Any, board: Any, soon: Any
) -> None:
    from playwright.sync_api import sync_playwright

    events = tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events))
    by_hand.train(sweep, 0, 0.51, 0.8375, 0.61, 0.62, loss=1.0)
    by_hand.train(sweep, 1, 0.3, float("nan"))
    by_hand.train(sweep, 2, 0.25, 0.125)
    by_hand.train(sweep, 3, 0.4)
    page_of = board(events)
    soon(lambda: len(page_of.sessions()), 4)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox"], timeout=PATIENCE
        )
        page = browser.new_page(viewport={"width": 1600, "height": 800})
        page.set_default_timeout(PATIENCE)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(page_of.url + "/#hparams")
        page.wait_for_selector("text=0.8375")
        page.screenshot(path=str(tmp_path / "hparams.png"))
        # Five columns are ticked at first; every parameter of the space can be.
        names = [*by_hand.problem.space.names, "best val/acc", "last val/acc"]
        for name in names:
            page.get_by_text(name, exact=True).first.wait_for(state="attached")
        browser.close()
    outside = [url for url in asked if not url.startswith((page_of.url, "data:", "blob:"))]
    assert outside == [], "nothing is asked for from outside"
