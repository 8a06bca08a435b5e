"""What trials drew of their work, in TensorBoard: over its HTTP API, and as a person sees it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.paths import RunPaths
from search.pictures import SHOWN
from search.problem import Budget, Objective, Problem
from search.views.tensorboard import TensorBoardView
from spaces import Float, Parameter, Space
from trainables.pictures import draw_grid

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
PATIENCE = 120_000.0  # milliseconds for a browser, on a busy machine
LOADERS = pytest.mark.parametrize("loader", ["--load_fast=false", "--load_fast=true"])


def draw(paths: RunPaths, number: int, step: int, *names: str) -> dict[str, bytes]:
    """What a runner leaves of a trial that drew after a step."""
    folder = paths.pictures(number) / str(step)
    folder.mkdir(parents=True)
    for index, name in enumerate(names or ("confusion",)):
        draw_grid(folder, name, np.random.default_rng([number, step, index]).random((4, 1, 8, 8)))
    return {path.stem: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
@LOADERS
def test_the_pictures_of_the_best_trials(
    tmp_path: Path, by_hand: Any, board: Any, soon: Any, loader: str
) -> None:
    paths = RunPaths(tmp_path)
    space = Space([Parameter("x", Float(0.0, 1.0))])
    points = tuple({"x": number / 10} for number in range(SHOWN + 3))
    problem = Problem(space, Objective("val/acc", "maximize"), 4, Budget(trials=len(points)), points=points)
    sweep = by_hand.begin(TensorBoardView(paths.tensorboard), journal=paths.journal, problem=problem)
    drawn = {step: draw(paths, 0, step, "confusion", "samples") for step in (2, 4, 8)}
    for number in range(1, SHOWN + 2):
        draw(paths, number, 4)
    # The first is the worst: it is shown when it closes, and stays. The last is better than no five others.
    for number, value in enumerate([0.25, 0.9, 0.8, 0.7, 0.6, 0.5, 0.3]):
        by_hand.train(sweep, number, value, value, value, value)
    by_hand.train(sweep, SHOWN + 2, *[0.95] * 4)  # it drew nothing

    page = board(paths.tensorboard, loader)
    # That of step 8 was drawn by somebody else: the trial has four.
    expected = {f"eval/{name}": [(step, drawn[step][name]) for step in (2, 4)] for name in drawn[8]}
    assert len(expected) == 2
    soon(lambda: page.images("t00000"), expected)
    soon(lambda: [len(page.images(f"t{n:05d}")) for n in range(1, SHOWN + 3)], [1] * SHOWN + [0, 0])
    soon(lambda: page.sessions().get("t00006", {}).get("status"), "SUCCESS")


@pytest.mark.slow
def test_what_is_drawn_when_the_sweep_is_over(tmp_path: Path, by_hand: Any, board: Any, soon: Any) -> None:
    """As lanes do it: the trials are closed by then, and another driver may have closed them."""
    paths = RunPaths(tmp_path)
    sweep = by_hand.begin(TensorBoardView(paths.tensorboard), journal=paths.journal)
    by_hand.train(sweep, 0, 0.5, 0.6, 0.7, 0.8)
    sweep.close_observers()
    sweep = by_hand.resume(paths.journal, TensorBoardView(paths.tensorboard))
    by_hand.train(sweep, 1, 0.4, 0.5, 0.6, 0.7)
    drawn = {number: draw(paths, number, 4, "roc")["roc"] for number in range(2)}
    sweep.close_observers()
    page = board(paths.tensorboard)
    for number, png in drawn.items():
        soon(lambda number=number: page.images(f"t{number:05d}"), {"eval/roc": [(4, png)]})


@pytest.mark.slow
def test_after_a_driver_died_between_the_journal_and_the_files(
    tmp_path: Path, by_hand: Any, board: Any, soon: Any
) -> None:
    paths = RunPaths(tmp_path)
    sweep = by_hand.begin(journal=paths.journal)  # no view: all of it is still to be written
    drawn = draw(paths, 0, 4, "roc")
    by_hand.train(sweep, 0, 0.5, 0.6, 0.7, 0.8)
    by_hand.resume(paths.journal, TensorBoardView(paths.tensorboard))
    page = board(paths.tensorboard)
    soon(lambda: page.images("t00000"), {"eval/roc": [(4, drawn["roc"])]})
    # Another resume changes nothing of a trial that is complete, though its pictures are gone.
    (paths.pictures(0) / "4" / "roc.png").unlink()
    before = {path: path.read_bytes() for path in (paths.tensorboard / "t00000").iterdir()}
    by_hand.resume(paths.journal, TensorBoardView(paths.tensorboard))
    assert {path: path.read_bytes() for path in (paths.tensorboard / "t00000").iterdir()} == before


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no browser at {CHROMIUM}; set CHROMIUM to one")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_the_images_page_shows_them(tmp_path: Path, by_hand: Any, board: Any, soon: Any) -> None:
    from playwright.sync_api import sync_playwright

    paths = RunPaths(tmp_path)
    sweep = by_hand.begin(TensorBoardView(paths.tensorboard))
    draw(paths, 0, 2, "confusion", "samples")
    draw(paths, 0, 4, "confusion", "samples")
    by_hand.train(sweep, 0, 0.5, 0.6, 0.7, 0.8)
    page_of = board(paths.tensorboard)
    steps = {"eval/confusion": [2, 4], "eval/samples": [2, 4]}
    soon(lambda: {t: [step for step, _ in rows] for t, rows in page_of.images("t00000").items()}, steps)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox"], timeout=PATIENCE
        )
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.goto(page_of.url + "/#timeseries")
        page.wait_for_selector("image-card img")
        page.wait_for_function(
            "() => [...document.querySelectorAll('image-card img')].filter(i => i.naturalWidth > 100).length === 2"
        )
        for shown in ("confusion", "samples", "Step 4"):
            page.wait_for_selector(f"body:has-text('{shown}')")
        page.screenshot(path=str(tmp_path / "images.png"))
        browser.close()
