"""`tuneyard next`: from a run to the file after it, to the run of that file, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.run import Run

Call = Callable[..., Any]

TRAIN = """\
import math


def train(config):
    for step in range(1, 5):
        lr = math.log10(config["lr"])
        yield {"loss": (lr + 0.2) ** 2 + (config["width"] - 60) ** 2 / 5000 + math.exp(-3 * step)}
"""
SWEEP = """\
# mine
trainable: train.py:train
metric: loss
method: random
max_steps: 4
run_cap: 40
parameters:
  lr: {min: 1e-4, max: 1e-1, distribution: log_uniform_values}
  width: {min: 16, max: 128}
"""


@pytest.fixture
def project(tmp_path: Path, call: Call) -> Path:
    """A sweep that was run from where it lies; its best learning rate lies beyond the bound."""
    Path("train.py").write_text(TRAIN)
    Path("sweep.yaml").write_text(SWEEP)
    assert call("run", "sweep.yaml", "--runner", "inline").code == 0
    return Path.cwd()


def test_a_run_is_followed_by_a_better_one(project: Path, call: Call) -> None:
    doctor = call("doctor", "last")
    assert "tuneyard next sweep -o sweep-next.yaml" in doctor.err
    shown = call("next", "last")
    assert shown.code == 0
    assert shown.out.startswith("# The sweep after sweep (40 trials, best loss ")
    assert "max 0.1 -> " in shown.out
    assert "tuneyard next sweep -o sweep-next.yaml" in shown.err

    (project / "plans").mkdir()
    written = call("next", "sweep", "-o", "plans/again.yaml")
    assert written.code == 0, written.err
    assert "base: .." in (project / "plans" / "again.yaml").read_text()
    assert "parameters.lr: max 0.1 -> " in written.out
    assert "tuneyard run plans/again.yaml --runner inline" in written.err
    assert call("plan", "plans/again.yaml").code == 0
    assert call("run", "plans/again.yaml", "--runner", "inline", "--set", "confirm=null").code == 0
    first, second = Run.open("sweep"), Run.open("sweep-next")
    assert first.best is not None
    assert second.best is not None
    assert second.best.value < first.best.value
    priors = [seen for seen in second.history.observations if seen.number is None]
    assert 5 <= len(priors) <= 40


def test_nothing_is_overwritten(project: Path, call: Call) -> None:
    Path("there.yaml").write_text("mine")
    refused = call("next", "last", "-o", "there.yaml")
    assert refused.code == 2
    assert "--force" in refused.err
    assert Path("there.yaml").read_text() == "mine"
    assert call("next", "last", "-o", "there.yaml", "--force").code == 0
    assert "trainable: train.py:train" in Path("there.yaml").read_text()


def test_what_is_set_stands_in_the_file(project: Path, call: Call) -> None:
    done = call("next", "last", "-o", "n.yaml", "--set", "run_cap=7", "--set", "name=mine")
    assert done.code == 0, done.err
    assert "run_cap: 7" in Path("n.yaml").read_text()
    assert "name: mine" in Path("n.yaml").read_text()


def test_for_programs(project: Path, call: Call) -> None:
    told = call("next", "last", "--json").json
    assert told["run"] == "sweep"
    assert told["file"] is None
    assert told["keys"]["parameters"]["lr"]["max"] > 0.1
    assert {"key", "check", "says", "why", "weight"} <= set(told["changes"][0])
    assert 0 < told["warm_start"]["fit"] <= told["warm_start"]["of"] == 40


def test_a_trainable_that_is_gone_is_said_before_anything_is_written(project: Path, call: Call) -> None:
    Path("train.py").unlink()
    refused = call("next", "last", "-o", "n.yaml")
    assert refused.code == 2
    assert "train.py" in refused.err
    assert not Path("n.yaml").exists()


def test_a_run_with_nothing_to_change_says_what_to_do_instead(call: Call, write_run: Any) -> None:
    write_run(Path("runs"), "short")
    done = call("next", "short", "-o", "n.yaml")
    assert done.code == 0
    assert done.out == ""
    assert "tuneyard resume short --add-trials 16" in done.err
    assert not Path("n.yaml").exists()
    assert (
        call("next", "short", "--json").json["instead"]["command"] == "tuneyard resume short --add-trials 16"
    )


@pytest.mark.parametrize(("failing", "end"), [((0, 1, 2, 3), True), ((), False)])
def test_failed_and_killed_runs_are_read(
    call: Call, write_run: Any, failing: tuple[int, ...], end: bool
) -> None:
    write_run(Path("runs"), "odd", failing=failing, end=end)
    done = call("next", "odd")
    assert done.code == 0
    assert ("mend the cause first" if failing else "tuneyard resume odd") in done.err
    assert "\x1b" not in done.err


def test_python_has_it_too(project: Path) -> None:
    from tuneyard import Run as Public
    from tuneyard import Sweep

    proposal = Public.open("last").next()
    run = Sweep(**proposal.keys() | {"name": "third", "run_cap": 3}, runner="inline").settings
    assert run.file.max_steps == 4
    assert proposal.changes[0].why


def test_a_run_and_its_report_suggest_it(project: Path, call: Call) -> None:
    suggested = "tuneyard next sweep -o sweep-next.yaml"
    assert suggested in call("report", "sweep").err
    assert suggested in call("resume", "sweep", "--add-trials", "1", "--runner", "inline").err
    page = Path("runs/sweep/report/index.html").read_text()
    assert suggested in page


DECLARED = """\
import math

from trainables.base import Declaration


class Slow:
    declared = Declaration(
        metric="loss",
        max_steps=20,
        length="epochs",
        parameters={"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}},
        defaults={"x": 0.5, "y": 0.5, "epochs": 20},
        options=("x", "y", "epochs"),
    )

    def setup(self, config, *, seed, device):
        self.config, self.done = config, 0

    def step(self):
        self.done += 1
        bowl = (self.config["x"] - 0.5) ** 2 + (self.config["y"] - 0.3) ** 2
        return {"loss": bowl + math.exp(-0.05 * self.done)}

    def save(self, directory):
        pass

    def load(self, directory):
        pass
"""


@pytest.mark.parametrize(("steps", "told"), [(12, "epochs: 24"), (10, "")])
def test_what_a_trainable_declares_is_neither_written_out_nor_in_the_way(
    call: Call, tmp_path: Path, steps: int, told: str
) -> None:
    """Its space stays declared, the length that it is told follows the steps, and every trial is learnt from."""
    Path("slow.py").write_text(DECLARED)
    Path("slow.yaml").write_text(f"trainable: slow.py:Slow\nmax_steps: {steps}\nrun_cap: 30\n")
    assert call("run", "slow.yaml", "--runner", "inline").code == 0
    written = call("next", "slow", "-o", "more.yaml")
    assert written.code == 0, written.err
    text = Path("more.yaml").read_text()
    assert f"max_steps: {2 * steps}" in text
    assert "parameters:" not in text
    assert "ignore: [epochs]" in text
    assert "it learns from 30 of 30 trials" in written.out
    plan = call("plan", "more.yaml")
    assert plan.code == 0
    assert told in plan.out
    done = call("run", "more.yaml", "--runner", "inline", "-n", "2", "--set", "confirm=null")
    assert done.code == 0, done.err
    priors = [seen for seen in Run.open("slow-next").history.observations if seen.number is None]
    assert len(priors) == 30
