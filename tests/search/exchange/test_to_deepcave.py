"""The folder for DeepCAVE: its files, its statuses, and the space as it truly is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.reported import run_in, run_of
from search.errors import SettingsError
from search.run import Run


def read(folder: Path) -> dict[str, Any]:
    found = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    lines = (folder / "history.jsonl").read_text().splitlines()
    return {**found, "history": [json.loads(line) for line in lines]}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_in(tmp_path / "runs" / "digits")


def test_each_step_is_a_line_and_the_last_says_how_it_ended(run: Run, tmp_path: Path) -> None:
    told = read(run.export("deepcave", tmp_path / "cave"))
    lines = iter(told["history"])
    for trial in run.history.trials:
        for result in trial.results:
            config, budget, seed, costs, start, end, status, more = next(lines)
            assert told["configs"][str(config)]["lr"] == trial.config["lr"]
            assert (budget, seed, more["trial"], more["seed"]) == (result.step, 0, trial.id, trial.seed)
            assert start <= end == result.now
            last = {"completed": 1, "stopped": 8, "failed": 7}[trial.state]
            assert status == (last if result is trial.last else 1)
            assert costs == [None if status == 7 else result.metrics["val/accuracy"]]
    assert next(lines, None) is None
    assert {line[6] for line in told["history"]} == {1, 7, 8}


def test_the_objective_has_its_direction_and_the_range_of_its_values(run: Run, tmp_path: Path) -> None:
    told = read(run.export("deepcave", tmp_path / "cave"))
    costs = [line[3][0] for line in told["history"] if line[3][0] is not None]
    assert told["meta"]["objectives"] == [
        {
            "name": "val/accuracy",
            "lower": min(costs),
            "upper": max(costs),
            "lock_lower": False,
            "lock_upper": False,
            "optimize": "upper",
        }
    ]
    assert told["meta"]["budgets"] == sorted({line[1] for line in told["history"]})


def test_configspace_reads_the_space_and_every_config(run: Run, tmp_path: Path) -> None:
    configspace = pytest.importorskip("ConfigSpace", reason="ConfigSpace reads the exported space")
    folder = run.export("deepcave", tmp_path / "cave")
    space = configspace.ConfigurationSpace.from_json(folder / "configspace.json")
    assert space["lr"].log
    assert [str(each) for each in space.conditions] == ["momentum | optimizer in {'sgd'}"]
    for values in read(folder)["configs"].values():
        configspace.Configuration(space, values=values).check_valid_configuration()


def test_repeats_of_a_config_are_told_apart(tmp_path: Path) -> None:
    run = run_of(
        lambda config, number, step: number,
        parameters={"lr": {"values": [0.01, 0.02]}},
        trials=6,
        scheduler="none",
        max_steps=2,
    )
    told = read(run.export("deepcave", tmp_path / "cave"))
    assert len(told["configs"]) == 2
    keys = [tuple(line[:3]) for line in told["history"]]
    assert len(set(keys)) == len(keys) == 12


def test_what_configspace_cannot_draw_can_be_looked_at(tmp_path: Path) -> None:
    parameters = {"units": {"min": 8, "max": 512, "log": True}}
    run = run_of(
        lambda config, number, step: float(config["units"]), parameters=parameters, trials=3, max_steps=1
    )
    told = read(run.export("deepcave", tmp_path / "cave"))
    parameter = told["configspace"]["hyperparameters"][0]
    assert (parameter["type"], parameter["lower"], parameter["upper"], parameter["log"]) == (
        "uniform_int",
        8,
        512,
        True,
    )


def test_it_is_not_overwritten_unasked(run: Run, tmp_path: Path) -> None:
    folder = run.export("deepcave", tmp_path / "cave")
    with pytest.raises(SettingsError, match=r"exists\. Replace it with --force"):
        run.export("deepcave", folder)
    run.export("deepcave", folder, force=True)
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(SettingsError, match="is there, and is no DeepCAVE run"):
        run.export("deepcave", folder, force=True)
    assert (folder / "mine.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".cave")] == []


def test_a_run_without_results_is_refused(tmp_path: Path) -> None:
    run = run_of(lambda config, number, step: "broke at once", trials=2)
    with pytest.raises(SettingsError, match="no trial has a result"):
        run.export("deepcave", tmp_path / "cave")
    assert not list(tmp_path.iterdir())
