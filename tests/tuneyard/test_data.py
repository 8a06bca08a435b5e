"""tuneyard data: card, agreement and suspicions of a built-in set, a file and a sweep file."""

from __future__ import annotations

import csv
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML

from contracts.heavy import HEAVY
from trainables.data import read_section
from trainables.data.prepare import prepare
from trainables.data.sources import read_records

Call = Callable[..., Any]


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    """Two clear classes; rows 5 and 50 bear the other one's label. Three people labelled them, one of them carelessly."""
    rng = np.random.default_rng(0)
    truth = np.arange(100) % 2
    wrong = np.where(np.isin(np.arange(100), (4, 49)), 1 - truth, truth)
    careless = np.where(rng.random(100) < 0.3, 1 - truth, truth)
    names = np.array(["rose", "tulip"])
    file = tmp_path / "flowers.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["height", "width", "kind", "ann", "bob", "eve"])
        for i in range(100):
            numbers = [f"{value:.3f}" for value in rng.normal(3.0 * truth[i], 0.5, 2)]
            eve = "" if i < 10 else names[careless[i]]
            writer.writerow([*numbers, names[wrong[i]], names[truth[i]], names[truth[i]], eve])
    return file


def test_a_built_in_set_is_described(call: Call) -> None:
    done = call("data", "wine", "--suspects", 2)
    assert done.code == 0
    assert "wine: classification, table" in done.out
    assert "proline" in done.out
    assert "tuneyard init" in done.err


def test_planted_label_errors_head_the_list(call: Call, flowers: Path) -> None:
    done = call("data", flowers, "--target", "kind", "--annotators", "ann,bob,eve", "--json")
    assert done.code == 0
    found = done.json["suspects"]
    section = read_section({"source": str(flowers), "target": "kind"})
    locked = prepare(read_records(section), section, "features").split.test
    planted = {4, 49} - set(locked.tolist())
    assert planted
    assert {each["row"] for each in found[: len(planted)]} == planted
    assert all(each["confident"] for each in found[: len(planted)])
    assert {column["name"] for column in done.json["card"]["columns"]} == {"height", "width", "kind"}


def test_annotators_are_compared(call: Call, flowers: Path) -> None:
    done = call("data", flowers, "--annotators", "ann,bob,eve", "--json")
    told = done.json["agreement"]
    assert (told["rows"], told["complete"]) == (100, 90)
    kappas = {tuple(each["annotators"]): each["kappa"] for each in told["cohen"]}
    assert kappas["ann", "bob"] == 1
    assert 0.2 < kappas["ann", "eve"] < 0.7
    assert list(told["alpha"]) == ["nominal"]
    shown = call("data", flowers, "--annotators", "ann,eve", "--suspects", 0).out
    assert "Krippendorff's alpha, nominal" in shown
    assert "below 0.667" in shown


def test_an_unknown_annotator_names_the_nearest(call: Call, flowers: Path) -> None:
    done = call("data", flowers, "--annotators", "ann,bobb")
    assert done.code != 0
    assert "has no column 'bobb'; did you mean bob" in done.err


def test_a_sweep_file_is_described_as_its_search_begins(call: Call) -> None:
    Path("s.yaml").write_text(
        "trainable: mlp\ndata: {source: wine, scaling: {values: [robust, none]}, limit: 60}\n"
    )
    done = call("data", "s.yaml", "--json", "--suspects", 0)
    assert done.json["card"]["options"] == {"scaling": "robust", "limit": 60}
    assert done.json["suspects"] is None
    assert "tuneyard plan s.yaml" in call("data", "s.yaml", "--suspects", 0).err


def test_what_cannot_be_read_is_said_in_one_line(call: Call, flowers: Path) -> None:
    for arguments in (["nowhere.csv"], [flowers], [flowers, "--target", "sort"]):
        done = call("data", *arguments)
        assert done.code != 0
        assert "data." in done.err
        assert "Traceback" not in done.err


def test_a_regression_has_no_suspects(call: Call) -> None:
    done = call("data", "diabetes", "--json")
    assert done.json["suspects"] is None


def test_a_database_is_described_by_a_query(call: Call, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("CREATE TABLE sales (day INTEGER, price REAL, kind TEXT)")
        connection.executemany(
            "INSERT INTO sales VALUES (?, ?, ?)", [(i, i / 2, "ab"[i % 2]) for i in range(40)]
        )
    query = "SELECT price, kind FROM sales ORDER BY day"
    done = call("data", tmp_path / "shop.db", "--query", query, "--target", "kind", "--suspects", 0)
    assert done.code == 0
    assert "price" in done.out
    assert f'"query": "{query}", "target": "kind"}}\n' in done.err
    assert call("data", tmp_path / "shop.db", "--query", "SELEC 1", "--target", "kind").code == 2


def test_what_to_write_into_a_sweep_file_can_be_read_back(call: Call, tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{'ab'[i % 2]}" for i in range(40))
    name = "a, b: {c} #1.csv"
    Path(name).write_text(f"n,{'x: y'}\n{rows}\n")
    hint = call("data", name, "--target", "x: y", "--suspects", 0).err
    written = hint.partition("data: ")[2].strip()
    assert YAML(typ="safe", pure=True).load(written) == {"source": name, "target": "x: y"}


def test_repairs_read_well_with_any_count(call: Call, tmp_path: Path) -> None:
    rows = "\n".join(f"{i},7,{'ab'[i % 2] if i else ''}" for i in range(40))
    (tmp_path / "gaps.csv").write_text(f"n,same,label\n{rows}\n")
    out = call("data", tmp_path / "gaps.csv", "--target", "label", "--suspects", 0).out
    assert "  rows without a target, left out: 1 (row 2)\n" in out
    assert "  columns with one value in all training rows, left out: 1 (same)\n" in out


def test_columns_that_say_nothing_accuse_no_label(call: Call, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = "\n".join(f"{rng.normal():.2f},{rng.normal():.2f},{rng.choice(['p', 'q'])}" for _ in range(100))
    (tmp_path / "noise.csv").write_text(f"a,b,y\n{rows}\n")
    done = call("data", tmp_path / "noise.csv", "--target", "y")
    assert "the columns say too little about the label to judge it" in done.out
    assert "looks wrong" not in done.out
    told = call("data", tmp_path / "noise.csv", "--target", "y", "--json").json
    assert told["suspects"] == []
    assert told["labels"]["telling"] is False


def test_classes_too_small_to_be_judged_are_described_all_the_same(call: Call, tmp_path: Path) -> None:
    rows = "\n".join(f"{i},{i % 4},{'abcd'[i // 3]}" for i in range(12))
    (tmp_path / "small.csv").write_text(f"n,m,label\n{rows}\n")
    done = call("data", tmp_path / "small.csv", "--target", "label", "--json")
    assert done.code == 0
    assert done.json["suspects"] is None


def test_a_cell_cannot_steer_the_terminal(call: Call, tmp_path: Path) -> None:
    rows = "\n".join(f"{i},\x1b[31m{'ab'[i % 2]},{'xy'[i % 2]}" for i in range(40))
    (tmp_path / "evil.csv").write_text(f"n,c\x07,label\n{rows}\n")
    done = call("data", tmp_path / "evil.csv", "--target", "label", "--suspects", 1)
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "\x07" not in done.out


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from tuneyard.__main__ import main\nmain(['data', '--help'])\n"
        f"print('loaded:', *(name for name in {sorted(HEAVY)!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "loaded:"
    assert "--annotators" in done.stdout
