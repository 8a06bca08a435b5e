"""docs/reliability.md has every fault with what it cost, and is not written where a promise was broken."""

from __future__ import annotations

import importlib.util
import json
import re
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from xml.sax.saxutils import quoteattr

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"


def rows(page: str) -> dict[int, str]:
    return {int(number): line for number, line in re.findall(r"^\| (\d+) \|(.*)$", page, re.MULTILINE)}


def test_the_page_has_every_row_and_names_tests_that_exist() -> None:
    table = rows(PAGE.read_text(encoding="utf-8"))
    assert list(table) == list(range(1, 26))
    for line in table.values():
        tests = re.findall(r"`(tests/[^`]+)`", line)
        assert tests
        assert all((ROOT / test).is_file() for test in tests)


def test_the_readme_promises_what_was_measured() -> None:
    figures = re.search(r"\*\*[1-9]\d* kills of a driver\*\* .* and lost 0 finished trials", PAGE.read_text())
    assert figures is not None
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert "a crash costs at most one step of each running trial, never a finished trial" in readme
    assert figures[0] in readme


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """scripts/reliability as a module, which writes its page elsewhere."""
    loader = SourceFileLoader("reliability", str(ROOT / "scripts" / "reliability"))
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    spec = importlib.util.spec_from_loader("reliability", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "PAGE", tmp_path / "docs" / "reliability.md")
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(f"It said: {module.SENTENCE.format(kills=1, steps=2, trials=3)}.")
    return module


def report(folder: Path, measured: range, lost_trials: int = 0, outcome: str = "") -> list[str]:
    """The arguments for a run in which each of these rows was tried once."""
    cases = ""
    for row in measured:
        cost = {"row": row, "fault": f"fault {row}", "tries": 3, "lost_steps": 1, "lost_trials": lost_trials}
        cost |= {"seed": 5, "test": f"tests/faults/test_{row:02d}.py::test_it"}
        value = quoteattr(json.dumps(cost))
        properties = f'<properties><property name="reliability" value={value}/></properties>'
        cases += f'<testcase name="test_{row}">{properties}{outcome}</testcase>'
    file = folder / "faults.xml"
    file.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    return ["--from", str(file)]


def test_all_rows_make_the_page(script: ModuleType, tmp_path: Path) -> None:
    assert script.main(report(tmp_path, range(1, 26))) == 0
    table = rows(script.PAGE.read_text())
    assert len(table) == 25
    assert "| 3 | 1 | 0 | 5 | `tests/faults/test_08.py` |" in table[8]
    told = "**15 kills of a driver** made 5 steps run twice and lost 0 finished trials."
    assert told in script.PAGE.read_text()
    assert (tmp_path / "README.md").read_text() == f"It said: {told}"


def test_a_row_that_was_not_measured_is_said(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(report(tmp_path, range(1, 25))) == 1
    assert "not measured: rows 25" in capsys.readouterr().err
    assert "not measured" in rows(script.PAGE.read_text())[25]


@pytest.mark.parametrize(
    ("lost_trials", "outcome"), [(1, ""), (0, '<failure message="no"/>'), (0, "<error/>")]
)
def test_a_broken_promise_leaves_the_page_as_it_was(
    script: ModuleType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    lost_trials: int,
    outcome: str,
) -> None:
    script.PAGE.write_text("as it was")
    assert script.main(report(tmp_path, range(1, 26), lost_trials, outcome)) == 1
    assert script.PAGE.read_text() == "as it was"
    assert "a promise is broken" in capsys.readouterr().err
