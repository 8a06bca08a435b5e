"""The schedule that a population found, as numbers and on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contracts.playing import play, problem_of
from search.analysis import lineage
from search.schedulers import make_scheduler
from tuneyard.__main__ import main

SWEEP = """
version: 1
name: grown
trainable: rates.py:Rates
metric: {name: loss, goal: minimize}
method: random
parameters:
  rate: {min: 0.0, max: 1.0}
early_terminate: {type: population, size: 6, interval: 2}
max_steps: 10
seed: 1
"""

RATES = """
class Rates:
    def setup(self, config, *, seed):
        self.rate, self.learnt = config["rate"], 0.9

    def step(self):
        self.learnt -= 0.1 * self.rate * self.learnt
        return {"loss": self.learnt**2}

    def save(self, directory):
        (directory / "learnt").write_text(repr(self.learnt))

    def load(self, directory):
        self.learnt = float((directory / "learnt").read_text())
"""


@pytest.fixture
def grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The run directory of a population, trained by the command line in this process."""
    monkeypatch.chdir(tmp_path)
    Path("sweep.yaml").write_text(SWEEP)
    Path("rates.py").write_text(RATES)
    assert main(["run", "sweep.yaml", "--runner", "inline"]) == 0
    return tmp_path / "runs" / "grown"


def test_there_is_none_where_nothing_was_copied() -> None:
    problem = problem_of(9)
    sweep, _ = play(problem, make_scheduler("asha", problem), [[1.0] * 9] * 3)
    assert lineage(sweep.history) is None


def test_the_report_and_show_tell_the_schedule(grown: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = json.loads((grown / "report" / "report.json").read_text())
    told = report["lineage"]
    assert told["members"] == 6
    assert told["copies"] == report["summary"]["trials"]["total"] - 6
    assert told["copies"] > 0
    assert told["trial"] == report["summary"]["best"]["trial"]
    schedule = told["schedule"]
    assert schedule[0]["from_step"] == 0
    assert schedule[-1]["to_step"] == 10
    assert [part["to_step"] for part in schedule[:-1]] == [part["from_step"] for part in schedule[1:]]
    learnt = 0.9
    for part in schedule:  # trained again, by hand, with the schedule alone
        for _ in range(part["from_step"], part["to_step"]):
            learnt -= 0.1 * part["config"].get("rate", report["summary"]["best"]["config"]["rate"]) * learnt
        assert part["value"] == pytest.approx(learnt**2)
    page = (grown / "report" / "index.html").read_text()
    assert "The schedule that was found" in page
    copy = next(t for t in json.loads(_shown(capsys)) if t["parent"] is not None)
    assert (copy["origin"], copy["from_step"] % 2) == ("scheduler", 0)
    assert main(["show", f"grown/{copy['trial']}"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("lineage"))
    assert line.endswith(f"{copy['parent']} > {copy['trial']}, from step {copy['from_step']}")


def _shown(capsys: pytest.CaptureFixture[str]) -> str:
    """All trials, as `show --json` tells each."""
    capsys.readouterr()
    told = []
    for number in range(7):
        assert main(["show", f"grown/{number}", "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    return json.dumps(told)
