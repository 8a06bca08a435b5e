"""docs/json-contract.md names every key that programs get to see."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from search.api import Sweep
from search.paths import RunPaths
from search.report.contents import contents
from search.run import Run
from tuneyard.cli import cli

PAGE = (Path(__file__).parents[1] / "docs" / "json-contract.md").read_text()
NAMED = set(re.findall(r"`([a-z_]+)`", PAGE))


@pytest.fixture
def run() -> Run:
    sweep = Sweep(
        "curves", name="one", run_cap=4, early_terminate="asha", max_steps=3, points=[{"quality": 0.5}]
    )
    return sweep.run(runner="inline")


def printed(*arguments: str) -> str:
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False, standalone_mode=False)
    return done.stdout


def test_every_key_of_a_run_is_named(run: Run) -> None:
    said = json.loads(printed("show", "one", "--json"))
    assert said.keys() <= NAMED
    assert said["trials"].keys() <= NAMED
    assert said["best"].keys() <= NAMED
    assert isinstance(run.paths, RunPaths)
    example = json.loads(re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)[0])
    assert example.keys() == said.keys()
    assert example["trials"].keys() == said["trials"].keys()
    assert example["best"].keys() == said["best"].keys()


@pytest.mark.usefixtures("run")
def test_every_key_of_a_trial_is_named() -> None:
    said = json.loads(printed("show", "one/t00000", "--json"))
    assert said.keys() <= NAMED
    assert said["best"].keys() <= NAMED
    assert said["results"][0].keys() <= NAMED


@pytest.mark.usefixtures("run")
def test_every_fixed_column_is_named() -> None:
    header = next(csv.reader(io.StringIO(printed("show", "one", "--csv"))))
    assert header[:6] == ["trial", "state", "steps", "best", "last", "seconds"]
    assert header[6:] == ["quality"]
    assert set(header[:6]) <= NAMED


def test_every_section_of_the_report_is_named(run: Run) -> None:
    assert contents(run).keys() <= NAMED
