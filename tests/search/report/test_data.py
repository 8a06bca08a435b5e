"""The data card in the report: shown as it is, whatever is in it, and without anybody's folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.reported import run_in
from search.report import build_report
from search.report.data import data_of
from trainables.data.card import card_of


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    return card_of("wine")


def built(run: Any, card: object) -> tuple[dict[str, Any], str]:
    run.paths.data.write_text(card if isinstance(card, str) else json.dumps(card))
    page = build_report(run)
    return json.loads((page.parent / "report.json").read_text())["data"], page.read_text()


def test_the_page_shows_the_card(tmp_path: Path, card: dict[str, Any]) -> None:
    told, page = built(run_in(tmp_path), card)
    assert told == card
    section = page[page.index('<section id="data"') : page.index('<section id="facts"')]
    assert '<a href="#data">Data</a>' in page
    for column in card["columns"]:
        assert column["name"] in section
    for part in ("train", "valid", "test"):
        assert f"{card['rows'][part]} " in section
    assert card["hash"] in section


@pytest.mark.parametrize("name", ["diabetes", "digits"])
def test_other_tasks_and_modalities_have_their_tables(name: str, tmp_path: Path) -> None:
    _, page = built(run_in(tmp_path), card_of(name))
    section = page[page.index('<section id="data"') : page.index('<section id="facts"')]
    assert ("<h3>Target</h3>" in section) == (name == "diabetes")
    assert ("<h3>Classes</h3>" in section) == (name == "digits")


def test_a_run_without_a_card_has_no_such_section(tmp_path: Path) -> None:
    page = build_report(run_in(tmp_path))
    assert json.loads((page.parent / "report.json").read_text())["data"] is None
    assert 'id="data"' not in page.read_text()


def test_foreign_text_stays_text(tmp_path: Path, card: dict[str, Any]) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e"
    spoilt = json.loads(json.dumps(card))
    spoilt["source"] = spoilt["target"] = evil
    spoilt["columns"][0]["name"] = evil
    spoilt["columns"][1] |= {"kind": "category", "top": [{"label": evil, "share": 1.0}]}
    spoilt["classes"][0]["label"] = evil
    spoilt["repairs"] = [{"what": evil, "count": 1, "where": [evil]}]
    spoilt["split"]["group"] = evil
    _, page = built(run_in(tmp_path), spoilt)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_folders_of_the_machine_are_left_out(tmp_path: Path, card: dict[str, Any]) -> None:
    told, page = built(run_in(tmp_path), {**card, "source": "/home/somebody/secret place/x/sales.csv"})
    assert told["source"] == "sales.csv"
    assert "somebody" not in page
    assert "secret place" not in page
    told, page = built(
        run_in(tmp_path / "other"), {"format": 1, "problem": "DataError: cannot read /home/me/a.csv: gone"}
    )
    assert told == {"problem": "DataError: cannot read a.csv: gone"}
    assert "There is no data card: " in page


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}', '{"format": 1, "source": "x"}', '"x"'])
def test_a_card_that_cannot_be_read_says_so(text: str, tmp_path: Path) -> None:
    told, page = built(run_in(tmp_path), text)
    assert list(told) == ["problem"]
    assert "There is no data card: " in page


def test_a_simulation_has_no_card() -> None:
    assert data_of(None) is None
