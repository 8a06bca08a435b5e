"""Repeats as a user meets them: plan, run, show, board, report, confirm."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

SWEEP = """
trainable: classical
data: wine
repeats: {over: folds, times: 3}
max_steps: 2
early_terminate: asha
parameters:
  estimator: {values: [logistic, knn]}
  knn.n_neighbors: {min: 1, max: 30, when: {estimator: knn}}
run_cap: 8
"""


@pytest.fixture
def file() -> Path:
    Path("cv.yaml").write_text(SWEEP)
    return Path("cv.yaml")


def test_a_plan_says_what_a_trial_costs(call: Call, file: Path) -> None:
    done = call("plan", file)
    assert "repeats    3 whole trainings a trial, each of up to 2 steps: at most 48 steps in all" in done.out
    assert "of 3 folds" in done.out
    said = call("plan", file, "--json").json
    assert said["repeats"] == {"over": "folds", "times": 3, "length": 2, "at_most": 48}
    assert said["steps"]["per_trial"] == 3
    assert call("plan", file, "--set", "repeats=null", "--json").json["repeats"] is None


def test_means_and_intervals_are_shown_wherever_one_looks(call: Call, file: Path) -> None:
    done = call("run", file, "--runner", "inline")
    assert done.code == 0, done.err
    assert "over 3 folds" in done.out + done.err
    shown = call("show", "cv").out
    assert "by t0000" in shown
    assert "over 3 folds" in shown
    lines = shown.splitlines()
    head = next(line for line in lines if line.startswith("trial  "))
    assert head.split()[:4] == ["trial", "state", "folds", "mean"]
    best = lines[lines.index(head) + 2]
    assert "± 0." in best
    report = json.loads(Path("runs/cv/report/report.json").read_text())
    assert report["repeats"]["configs"][0]["trial"] == best.split()[0]
    assert report["leaderboard"]["rows"][0]["interval"] == report["repeats"]["configs"][0]["interval"]
    page = Path("runs/cv/report/index.html").read_text()
    assert '<section id="repeats"' in page
    assert 'data-figure="repeats"' in page
    assert "± " in Path("runs/cv/report/report.md").read_text().splitlines()[0]


def test_every_fold_is_a_scalar_of_tensorboard(call: Call, file: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    assert call("run", file, "--runner", "inline", "--set", "early_terminate=none", "-n", 1).code == 0
    (folder,) = Path("runs/cv/tensorboard").glob("t00000*")
    events = EventAccumulator(str(folder))
    events.Reload()
    means, own = (
        [(event.step, event.value) for event in events.Scalars(f"val/accuracy{ending}")]
        for ending in ("", "/fold")
    )
    assert [step for step, _ in own] == [1, 2, 3]
    assert means[-1][1] == pytest.approx(sum(value for _, value in own) / 3, abs=1e-6)
    assert [event.step for event in events.Scalars("val/accuracy/std")] == [2, 3]


def test_the_best_are_confirmed_over_folds(call: Call, file: Path) -> None:
    assert call("run", file, "--runner", "inline").code == 0
    done = call("confirm", "cv", "--folds", 4, "--top", 1, "--no-test")
    assert done.code == 0, done.err
    assert "folds" in done.out
    assert "over 4 folds" in done.out
    page = Path("runs/cv/report/index.html").read_text()
    assert "on the same 4 folds of the data" in page
    assert "tuneyard next cv -o cv-next.yaml" in page
    assert "confirm  " in call("show", "cv").out
    refused = call("confirm", "cv", "--folds", 4, "--seeds", 5)
    assert refused.code == 2
    assert "each fold has a seed of its own" in refused.err


EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "over"),
    [("own_module", "folds"), ("sklearn_pipeline", "folds"), ("own_class", "seeds"), ("generator", "seeds")],
)
def test_every_form_of_trainable_is_repeated(call: Call, tmp_path: Path, name: str, over: str) -> None:
    mine = shutil.copytree(EXAMPLES, tmp_path / "mine", ignore=shutil.ignore_patterns("__pycache__"))
    repeats = f"repeats={{over: {over}, times: 2}}"
    sets = [item for each in (repeats, "max_steps=2", "early_terminate=none") for item in ("--set", each)]
    done = call("run", mine / f"{name}.yaml", "--runner", "inline", "-n", 1, *sets, "--json")
    assert done.code == 0, done.err
    assert done.json["trials"] == {"total": 1, "completed": 1, "stopped": 0, "failed": 0, "running": 0}
    report = json.loads(Path(f"runs/{name}/report/report.json").read_text())["repeats"]
    assert len(report["configs"][0]["values"]) == 2
    assert not (report["unvaried"] and over == "folds")
    again = call("resume", name, "--add-trials", 1)
    assert again.code == 0, again.err


def test_a_native_ray_trainable_is_refused_by_name(call: Call) -> None:
    done = call("plan", EXAMPLES / "ray_function.yaml", "--set", "repeats={over: seeds, times: 2}")
    assert done.code == 2
    assert "ray_native.py:" in done.err
    assert "is a native Ray Tune trainable, which reports to Ray itself" in done.err
