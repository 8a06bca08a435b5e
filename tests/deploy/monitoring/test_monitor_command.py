"""`tuneyard monitor` as its users have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("river", reason="needs the extra deploy: pip install 'tuneyard[deploy]'")

from click.testing import CliRunner

from contracts.watched_penguins import described, penguins_asked, write_log
from search.errors import SettingsError
from tuneyard.commands.monitor import command

RULES = "rules: [{figure: psi, above: 0.25}]\n"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def served(tmp_path: Path) -> Path:
    version = described(tmp_path / "penguins")
    asked = penguins_asked(300, 3, bill=56.0)
    asked.loc[:20, "island"] = EVIL
    write_log(tmp_path / "served" / "penguins", [penguins_asked(300, 2), asked], version)
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(command, [str(each) for each in arguments], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value, done.output


def test_a_drift_is_told_and_by_a_rule_becomes_an_exit_code(served: Path) -> None:
    code, said = run("penguins", "--window", 300)
    assert code == 0, "without rules alerts are only shown"
    assert "bill (PSI" in said
    assert "next: tuneyard update penguins" in said
    code, said = run("penguins", "--window", 300, "--rules", "rules.yaml")
    assert code == 3
    assert "alerts\n  psi: psi of bill is" in said
    (line,) = (served / "served" / "penguins" / "alerts.jsonl").read_text().splitlines()
    assert json.loads(line)["column"] == "bill"


def test_json_is_one_line_and_the_page_says_the_same(served: Path) -> None:
    code, said = run("penguins", "--window", 300, "--json", "-o", served / "page")
    assert code == 0
    told = json.loads(said)
    assert told["format"] == 1
    assert told["drifted"] == ["bill"]
    kept = json.loads((served / "page" / "monitor.json").read_text())
    assert kept["newest"] == told["newest"]
    page = (served / "page" / "index.html").read_text()
    assert Path(told["page"]) == served / "page" / "index.html"
    assert "drifted" in page
    assert EVIL not in page
    assert "Content-Security-Policy" in page


def test_a_rule_on_a_column_that_the_model_does_not_have_is_refused_rather_than_never_broken(
    served: Path,
) -> None:
    (served / "rules.yaml").write_text("rules: [{figure: psi, column: bil, above: 0.25}]\n")
    with pytest.raises(SettingsError, match=r"no column 'bil'; did you mean bill\?"):
        run("penguins", "--rules", "rules.yaml")
