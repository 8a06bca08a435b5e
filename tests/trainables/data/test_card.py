"""The data card: what it says is what is there, and the test part stays locked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables.data import BUILT_IN, load, read_section
from trainables.data.card import COLUMNS, card_of
from trainables.errors import DataError


def written(folder: Path, rows: list[str]) -> str:
    file = folder / "shop.csv"
    file.write_text("\n".join(["age,city,spent,label", *rows]) + "\n")
    return str(file)


@pytest.fixture
def shop(tmp_path: Path) -> str:
    rows = [
        f"{20 + i},{'Bern' if i % 3 else 'Basel'},{i * 1.5},{'yes' if i % 4 else 'no'}" for i in range(60)
    ]
    rows[4] = ",Bern,6.0,no"
    rows += [rows[10], rows[10]]
    rows[20] = rows[20].rpartition(",")[0] + ","  # without a label
    return written(tmp_path, rows)


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "diabetes"])
def test_sizes_are_those_of_the_parts(name: str) -> None:
    card, dataset = card_of(name), load(name)
    assert card["rows"]["train"] == len(dataset.train_y)
    assert card["rows"]["valid"] == len(dataset.valid_y)
    assert (
        sum(card["rows"][part] for part in ("train", "valid", "test", "left_out")) == card["rows"]["source"]
    )
    assert card["task"] == BUILT_IN[name].task
    assert json.loads(json.dumps(card, allow_nan=False)) == card
    if dataset.n_classes:
        assert [each["train"] for each in card["classes"]] == np.bincount(dataset.train_y).tolist()
        assert [each["valid"] for each in card["classes"]] == np.bincount(dataset.valid_y).tolist()
        assert sum(each["test"] for each in card["classes"]) == card["rows"]["test"]
    else:
        assert card["numbers"]["train"]["mean"] == pytest.approx(dataset.train_y.mean())


def test_columns_of_a_table(shop: str) -> None:
    card = card_of({"source": shop, "target": "label", "split": {"test": 0.0, "valid": 0.5}})
    columns = {each["name"]: each for each in card["columns"]}
    assert [columns[name]["role"] for name in ("age", "city", "label")] == ["input", "input", "target"]
    assert columns["age"]["kind"] == "number"
    assert columns["age"]["missing"] == pytest.approx(1 / 61)
    assert (columns["age"]["min"], columns["age"]["max"]) == (20, 79)
    assert columns["city"]["kind"] == "category"
    assert [each["label"] for each in columns["city"]["top"]] == ["Bern", "Basel"]
    assert sum(each["share"] for each in columns["city"]["top"]) == pytest.approx(1)
    assert card["duplicates"] == 2
    assert card["rows"]["train"] + card["rows"]["valid"] == 61
    assert card["rows"]["test"] == 0
    assert any("without a target" in each["what"] and each["count"] == 1 for each in card["repairs"])
    assert card["split"]["valid"] == 0.5
    assert len(card["hash"]) == 64


def test_the_hash_is_that_of_the_content(shop: str) -> None:
    first = card_of({"source": shop, "target": "label"})["hash"]
    assert card_of({"source": shop, "target": "label", "scaling": "none"})["hash"] == first
    file = Path(shop)
    file.write_text(file.read_text().replace("20,Basel,0.0", "21,Basel,0.0"))
    assert card_of({"source": shop, "target": "label"})["hash"] != first


def test_values_of_the_test_part_are_in_no_figure(tmp_path: Path) -> None:
    """A column is made monstrous in the test rows; nothing on the card shows it, but for the hash."""
    from trainables.data.prepare import prepare
    from trainables.data.sources import read_records

    rows = [f"{i % 7},{'abc'[i % 3]},{i},{'xy'[i % 2]}" for i in range(100)]
    data: dict[str, Any] = {"source": written(tmp_path, rows), "target": "label"}
    before = card_of(data)
    section = read_section(data)
    for row in prepare(read_records(section), section, "features").split.test:
        rows[row] = f"1e9,monster,-1e9,{'xy'[row % 2]}"
    written(tmp_path, rows)
    after = card_of(data)
    assert after["hash"] != before["hash"]
    for card in (before, after):
        del card["hash"]
    assert "monster" not in json.dumps(after)
    assert after == before


def test_options_that_are_not_at_their_default_are_told() -> None:
    card = card_of({"source": "wine", "scaling": "robust", "limit": 50, "split.seed": 3})
    assert card["options"] == {"scaling": "robust", "limit": 50}
    assert card["split"]["seed"] == 3
    assert card["rows"]["train"] == 50


def test_a_wide_table_is_described_in_part(tmp_path: Path) -> None:
    file = tmp_path / "wide.npz"
    rng = np.random.default_rng(0)
    np.savez(file, x=rng.normal(size=(40, COLUMNS + 7)), y=np.arange(40) % 2)
    card = card_of(str(file))
    assert len(card["columns"]) == COLUMNS
    assert card["columns_left_out"] == 7


@pytest.mark.parametrize("name", ["movie_sentences", "co2", "trace", "mnist_5k", "penguins"])
def test_every_kind_of_data_has_a_card(name: str) -> None:
    try:
        card = card_of(name)
    except DataError as error:
        pytest.skip(f"its package is not here: {error}")
    assert card["columns"]
    assert card["rows"]["test"] > 0
    assert json.loads(json.dumps(card, allow_nan=False)) == card
