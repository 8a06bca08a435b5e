"""The page of real sweeps in a real browser: networks on digits, once for two objectives; estimators on penguins.

Nothing here is scripted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.browsed import CHROMIUM, PATIENCE, Reader, playwright
from search.api import Sweep
from search.report import build_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(
        CHROMIUM is None, reason="needs a Chromium: apt-get install chromium, or set CHROMIUM"
    ),
]

SWEEPS: dict[str, dict[str, Any]] = {
    "networks on digits": {
        "needs": "torch",
        "trainable": "mlp",
        "data": "digits",
        "metric": {"name": "val/accuracy", "goal": "maximize"},
        "parameters": {
            "model": {"width": {"min": 16, "max": 64, "step": 16}},
            "optimizer": {"values": ["sgd", "adamw"]},
            "momentum": {"min": 0.5, "max": 0.99, "when": {"optimizer": "sgd"}},
            "lr": {"min": 1e-4, "max": 1e-1, "distribution": "log_uniform_values"},
            "dropout": {"min": 0.0, "max": 0.4},
        },
        "method": "random",
        "early_terminate": {"type": "asha", "min_iter": 2, "eta": 3},
        "max_steps": 6,
        "run_cap": 28,
    },
    "accuracy against size on digits": {
        "needs": "torch",
        "trainable": "mlp",
        "data": "digits",
        "metrics": [
            {"name": "val/accuracy", "goal": "maximize"},
            {"name": "parameters", "goal": "minimize"},
        ],
        "outcome_constraints": ["val/accuracy >= 0.6"],
        "parameters": {
            "model": {"width": {"min": 4, "max": 128, "log": True}, "depth": {"min": 1, "max": 2}},
            "lr": {"min": 1e-3, "max": 1e-1, "distribution": "log_uniform_values"},
        },
        "method": "nsga2",
        "max_steps": 3,
        "run_cap": 32,
    },
    "estimators on penguins": {
        "needs": "palmerpenguins",
        "trainable": "classical",
        "data": {
            "source": "penguins",
            "target": "sex",
            "scaling": {"values": ["none", "zscore"]},
        },
        "metric": {"name": "val/log_loss", "goal": "minimize"},
        "parameters": {
            "estimator": {"values": ["logistic", "knn", "decision_tree"]},
            "logistic": {
                "C": {
                    "min": 1e-3,
                    "max": 1e3,
                    "distribution": "log_uniform_values",
                    "when": {"estimator": "logistic"},
                }
            },
            "knn": {"n_neighbors": {"min": 1, "max": 30, "when": {"estimator": "knn"}}},
            "decision_tree": {"max_depth": {"min": 1, "max": 12, "when": {"estimator": "decision_tree"}}},
        },
        "method": "random",
        "early_terminate": {"type": "asha", "min_iter": 3, "eta": 3},
        "run_cap": 28,
    },
}


@pytest.fixture(scope="module", params=SWEEPS, ids=str)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings = dict(SWEEPS[request.param])
    needed = settings.pop("needs")
    pytest.importorskip(needed, reason=f"needs the package {needed}")
    storage = tmp_path_factory.mktemp("runs")
    return build_report(Sweep(**settings, runner="inline", storage=str(storage), name="real").run())


@pytest.fixture
def reader(path: Path) -> Iterator[Reader]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        yield Reader(browser.new_page(viewport={"width": 1280, "height": 900}), path)
        browser.close()


def test_it_is_drawn_brushed_and_printed_without_a_complaint(reader: Reader) -> None:
    page = reader.page
    boxes = page.locator("[data-figure]")
    names = [boxes.nth(i).get_attribute("data-figure") for i in range(boxes.count())]
    assert {"history", "curves", "fit", "parallel", "importance", "timeline", "slice-0"} <= set(names)
    assert page.locator("#front").count() == ({"pareto", "hypervolume"} <= set(names))
    for i, name in enumerate(names):
        marks = boxes.nth(i).locator(".trace, .parallel path, .bars .point, .contour path")
        assert marks.count() > 0, name
    lines = page.locator(".parallel path").count()
    assert lines > 20
    page.locator(".parallel .axis").last.focus()
    page.keyboard.press("ArrowUp")
    kept = page.locator(".parallel path:not(.out)").count()
    assert 0 < kept < lines
    assert page.locator(".picked").inner_text().startswith(f"{kept} of {lines} trials")
    page.keyboard.press("Escape")
    assert page.locator(".parallel path:not(.out)").count() == lines
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("document.documentElement.scrollWidth <= innerWidth && innerWidth === 390")
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert reader.is_calm(), (reader.said, reader.asked)


def test_the_first_screen_says_who_won_how_sure_and_what_next(reader: Reader) -> None:
    first = reader.page.locator("#verdict")
    several = reader.page.locator("#front").count() == 1
    assert ("on the front" if several else "is best") in first.locator("h1").inner_text()
    assert first.get_by_role("heading", name="How sure is this?").is_visible()
    assert first.locator(".next code").first.inner_text().startswith("tuneyard ")
    assert reader.page.locator(".next code").first.bounding_box()["y"] < 900
