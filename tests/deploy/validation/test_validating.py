"""A trained trial is validated: what was planted is found, what was not is not, whatever its inputs are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from deploy.validation import CHECKS, headline, validate, write_validation
from deploy.validation.against import shown_name
from deploy.validation.page import render_validation
from search.api import Sweep
from search.errors import SettingsError
from search.run import Run
from tuneyard.cli import cli

ROWS = 600


def _table(rng: np.random.Generator, rows: int = ROWS) -> pd.DataFrame:
    """Two numbers that say the class, one that says nothing and has holes; in the north the class is a coin's."""
    y = rng.integers(0, 2, rows)
    place = rng.choice(["north", "south", "east"], rows)
    seen = np.where(place == "north", rng.integers(0, 2, rows), y)
    return pd.DataFrame(
        {
            "signal": seen + 0.4 * rng.normal(size=rows),
            "second": seen + 0.5 * rng.normal(size=rows),
            "noise": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
            "place": place,
            "class": np.where(y == 1, "yes", "no"),
        }
    )


def _trained(folder: Path, name: str, trainable: str, data: Any, steps: int = 2, **parameters: Any) -> Run:
    return Sweep(
        trainable,
        runner="inline",
        name=name,
        data=data,
        method="random",
        run_cap=1,
        max_steps=steps,
        storage=str(folder / "runs"),
        parameters=parameters,
        early_terminate={"type": "none"},
    ).run()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("validated")
    rng = np.random.default_rng(0)
    table = _table(rng)
    table.to_csv(folder / "table.csv", index=False)
    table.assign(trace=(table["class"] == "yes") * 1.0 + 0.01 * rng.normal(size=ROWS)).to_csv(
        folder / "leaking.csv", index=False
    )
    new = _table(rng, 300)
    new.assign(second=new["second"] + 2, signal=new["signal"] + 1).to_csv(folder / "shifted.csv", index=False)
    _table(rng, 300).drop(columns="class").to_csv(folder / "alike.csv", index=False)
    return folder


FOREST = {"estimator": {"values": ["random_forest"]}, "random_forest.n_estimators": {"values": [30]}}


@pytest.fixture(scope="module")
def forest(folder: Path) -> Run:
    data = {"source": str(folder / "table.csv"), "target": "class", "split.valid": 0.4}
    return _trained(folder, "forest", "classical", data, 1, **FOREST)


def _verdicts(found: dict[str, Any], check: str) -> list[str]:
    return [each["verdict"] for each in found["findings"] if each["check"] == check]


def test_the_group_on_which_it_is_bad_is_named(forest: Run) -> None:
    found = validate(forest, checks=["slices"], trust=True)
    (finding,) = found["findings"]
    assert finding["verdict"] == "warn"
    assert "place = north" in finding["says"]
    groups = {each["group"]: each for each in found["checks"]["slices"]["groups"]}
    assert groups["place = north"]["adjusted"] <= 0.05
    assert groups["place = north"]["value"] < groups["place = north"]["others"]
    assert "slices" not in validate(forest, checks=["calibration"], trust=True)["checks"]


def test_what_it_goes_by_is_told_and_a_trace_of_the_answer_is_a_warning(folder: Path, forest: Run) -> None:
    sound = validate(forest, checks=["explanations"], trust=True)
    assert _verdicts(sound, "explanations") == ["pass"]
    importance = sound["checks"]["explanations"]["importance"]
    assert importance[0]["part"] != "noise"
    useless = next(each for each in importance if each["part"] == "noise")
    assert useless["harm"] < importance[0]["harm"] / 4
    counted = sum(each["adjusted"] <= 0.05 and each["harm"] > 0 for each in importance)
    assert f"{counted} of {len(importance)} parts matter beyond chance" in sound["findings"][0]["says"]
    examples = sound["checks"]["explanations"]["examples"]
    assert {each["why"] for each in examples} == {"surest mistake", "least sure", "surest right answer"}
    assert all(each["effects"] for each in examples)
    data = {"source": str(folder / "leaking.csv"), "target": "class"}
    leaking = _trained(folder, "leaking", "classical", data, 1, **FOREST)
    found = validate(leaking, checks=["explanations"], trust=True)
    assert _verdicts(found, "explanations") == ["warn"]
    assert "'trace' alone" in found["findings"][0]["says"]


def test_a_file_is_compared_with_the_training_rows(folder: Path, forest: Run) -> None:
    shifted = validate(forest, checks=["shift"], against=str(folder / "shifted.csv"), trust=True)
    against = shifted["checks"]["shift"]["against"]
    assert {"second", "signal"} <= set(against["shifted"])
    assert against["p"] <= 0.01
    assert against["score"]["value"] < against["valid"]["value"]
    assert against["predictions"]["answers"]["p"] <= 0.01
    assert _verdicts(shifted, "shift") == ["pass", "warn", "warn"]
    alike = validate(forest, checks=["shift"], against=str(folder / "alike.csv"), trust=True)
    assert _verdicts(alike, "shift") == ["pass", "pass"]
    assert alike["checks"]["shift"]["against"]["score"] is None  # it has no answers


def test_a_source_is_named_without_folders_and_passwords() -> None:
    assert shown_name("/home/me/new.csv") == "new.csv"
    assert shown_name("postgresql://me:se/cret@host/shop") == "postgresql://host/shop"
    assert shown_name("sqlite:///shop.db: SELECT '@'") == "sqlite:///shop.db: SELECT '@'"


def test_noise_and_holes_cost_what_they_cost(forest: Run) -> None:
    found = validate(forest, checks=["robustness"], trust=True)["checks"]["robustness"]
    values = [each["value"] for each in found["noise"]["points"]]
    assert values[-1] < values[0]
    assert found["lost"]["points"][-1]["worse"] > found["lost"]["points"][0]["worse"]
    assert {each["part"] for each in found["without"]} == {"signal", "second", "noise", "place"}
    assert found["without"][0]["part"] in ("signal", "second")


def test_one_seed_gives_the_same_numbers_whatever_else_is_asked(forest: Run) -> None:
    def plain(checks: list[str]) -> Any:
        found = validate(forest, checks=checks, seed=3, trust=True)["checks"]["robustness"]
        return {key: value for key, value in found.items() if key != "seconds"}

    assert plain(["robustness"]) == plain(["calibration", "robustness"])


def test_a_network_is_attacked_by_its_gradients(folder: Path) -> None:
    data = {"source": str(folder / "table.csv"), "target": "class"}
    network = _trained(folder, "network", "mlp", data, 6, lr={"values": [0.01]})
    found = validate(network, checks=["attacks", "explanations"], trust=True)
    attacked = found["checks"]["attacks"]
    pgd = [each["value"] for each in attacked["attacks"]["pgd linf"]]
    random = [each["value"] for each in attacked["attacks"]["random"]]
    assert pgd[-1] < pgd[0] <= attacked["clean"]["value"]
    assert all(strong <= weak + 0.05 for strong, weak in zip(pgd, random, strict=True))
    assert attacked["still"] == 3  # the label's three features have two values each
    gradients = found["checks"]["explanations"]["gradients"]
    assert gradients["names"][0] in ("signal", "second")
    assert gradients["left_over"] < 0.1


def test_values_get_an_interval_that_holds(folder: Path) -> None:
    run = _trained(folder, "values", "classical", "diabetes", 1, estimator={"values": ["ridge"]})
    found = validate(run, checks=["calibration", "attacks", "slices"], trust=True)
    numbers = found["checks"]["calibration"]
    assert numbers["kind"] == "values"
    assert numbers["covered_interval"][1] >= 0.9
    assert found["measure"] == "mean absolute error"
    worse = [each["value"] for each in found["checks"]["attacks"]["attacks"]["random"]]
    assert worse == sorted(worse)


def test_pictures_are_attacked_in_grey_levels(folder: Path) -> None:
    run = _trained(folder, "pictures", "mlp", {"source": "digits", "limit": 300}, 3, lr={"values": [0.003]})
    found = validate(run, checks=["attacks", "robustness", "explanations", "shift"], trust=True)
    attacked = found["checks"]["attacks"]
    assert attacked["unit"] == "of 255 grey levels"
    assert attacked["attacks"]["pgd l2"][0]["radius"] == pytest.approx(8.0)  # one level in each of 64 pixels
    assert len(found["checks"]["explanations"]["importance"]) == 16
    assert found["checks"]["shift"]["parts"]["p"] > 0.01


def test_the_files_are_strict_and_nothing_foreign_is_markup(folder: Path) -> None:
    rng = np.random.default_rng(1)
    hostile = "<script>alert(1)</script>"
    table = _table(rng, 200).rename(columns={"second": hostile})
    table["place"] = table["place"].replace("north", "</td><img src=x onerror=alert(2)>")
    table.to_csv(folder / "hostile.csv", index=False)
    data = {"source": str(folder / "hostile.csv"), "target": "class"}
    run = _trained(folder, "hostile", "classical", data, 1, **FOREST)
    found = validate(run, trust=True)
    assert list(found["checks"]) == list(CHECKS)
    page = write_validation(run, found)
    assert run.paths is not None
    assert page == run.paths.root / "validation" / "t00000" / "index.html"
    told = json.loads((page.parent / "validation.json").read_text(), parse_constant=pytest.fail)
    assert told == json.loads(json.dumps(found))
    text = page.read_text(encoding="utf-8")
    assert hostile not in text
    assert "<img src=x" not in text
    assert headline(found) in text


def test_the_page_holds_with_any_one_check_alone(forest: Run) -> None:
    whole = validate(forest, trust=True)
    for name in CHECKS:
        findings = [each for each in whole["findings"] if each["check"] == name]
        page = render_validation({**whole, "findings": findings, "checks": {name: whole["checks"][name]}})
        assert f'id="h-{name}"' in page


def test_the_command_prints_writes_and_refuses(folder: Path, forest: Run) -> None:
    storage = ["--storage", str(folder / "runs"), "--trust"]
    done = CliRunner().invoke(cli, ["validate", "forest", "--checks", "calibration,slices", *storage])
    assert done.exit_code == 0
    assert "place = north" in done.output
    assert "index.html" in done.output
    assert "--against NEW_FILE" in done.output
    told = CliRunner().invoke(cli, ["validate", "forest", "--checks", "slices", "--json", *storage])
    assert json.loads(told.stdout)["checks"]["slices"]["tested"] > 5
    with pytest.raises(SettingsError, match="did you mean calibration"):
        validate(forest, checks=["calib"])
    with pytest.raises(SettingsError, match="--checks shift"):
        validate(forest, checks=["slices"], against="x.csv")
