"""The winner's pictures inside the page."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest

from contracts.reported import run_in, run_of
from search.report import build_report
from search.report import pictures as module
from search.report.pictures import winner_pictures
from search.run import Run
from search.trial import trial_number
from trainables.pictures import draw_grid


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_in(tmp_path, trials=8)


def draw(run: Run, step: int, *names: str) -> Path:
    """What the best trial of a run drew after a step."""
    assert run.paths is not None
    assert run.best is not None
    folder = run.paths.pictures(trial_number(run.best.trial)) / str(step)
    folder.mkdir(parents=True)
    for index, name in enumerate(names):
        draw_grid(folder, name, np.random.default_rng([step, index]).random((4, 1, 8, 8)))
    return folder


def test_the_newest_drawing_of_the_winner_is_in_the_page(run: Run) -> None:
    draw(run, 9, "confusion")
    folder = draw(run, 10, "confusion", "roc")
    assert run.best is not None
    page = build_report(run).read_text()
    contents = [
        base64.b64decode(text) for text in re.findall(r'<img src="data:image/png;base64,([^"]+)"', page)
    ]
    assert contents == [(folder / "confusion.png").read_bytes(), (folder / "roc.png").read_bytes()]
    assert f"Drawn by {run.best.trial} after step 10" in page
    assert "Confusion matrix" in page
    assert 'href="#pictures"' in page


def test_without_a_drawing_there_is_no_such_part(run: Run) -> None:
    assert 'id="pictures"' not in build_report(run).read_text()
    assert winner_pictures({"summary": {"best": None}}, None) is None
    assert run_of(trials=2).paths is None


def test_other_files_and_too_much_are_left_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = draw(run, 4, "a", "b", "c")
    (folder / "evil.png").write_text("<script>")
    room = sum((folder / f"{name}.png").stat().st_size for name in "ab")
    monkeypatch.setattr(module, "LARGEST", room)
    assert run.paths is not None
    found = winner_pictures({"summary": run.summary()}, run.paths.root)
    assert found is not None
    assert [image["title"] for image in found["images"]] == ["a", "b"]
