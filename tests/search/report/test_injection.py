"""A hostile run: nothing of it may become markup, a script, a formula or a link out of the run directory."""

from __future__ import annotations

import csv
import itertools
import json
from pathlib import Path

import pytest

from contracts.reported import EVIL, hostile_run, run_in, run_of
from search.problem import Objective
from search.report import build_report
from search.report.markdown import escaped
from search.report.page import script_json
from search.report.text import shortened, visible
from search.run import Run


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_report(hostile_run(tmp_path_factory.mktemp("runs"))).parent


def test_no_foreign_element_enters_the_page(out: Path, tmp_path: Path) -> None:
    from html.parser import HTMLParser

    tags: dict[str, int] = {}
    scripts: list[dict[str, str | None]] = []
    attributes_seen: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags[tag] = tags.get(tag, 0) + 1
            attributes_seen.update(name for name, _ in attrs)
            if tag == "script":
                scripts.append(dict(attrs))

    source = (out / "index.html").read_text()
    Reader().feed(source)
    assert len(scripts) == 3  # the figures' data, plotly, the page's own
    assert "img" not in tags
    assert not {name for name in attributes_seen if name.startswith("on")}
    assert "hunter2" not in source
    assert "hunter2" not in (out / "report.json").read_text()
    assert "\u202e" not in source
    assert source.count("</script") == 3


def test_the_data_block_survives_any_text() -> None:
    for text in EVIL:
        block = script_json({"text": text})
        assert "<" not in block
        assert json.loads(block) == {"text": text}


def test_cells_of_the_table_are_no_formulas(out: Path) -> None:
    with (out / "trials.csv").open(newline="") as file:
        for row in csv.reader(file):
            assert not any(cell.startswith(("=", "@", "+", "\t", "\r")) for cell in row)


def test_markdown_is_inert(out: Path) -> None:
    text = (out / "report.md").read_text()
    for bad in ("<script", "<img", "<b>", "](javascript", "https://evil", "\u202e"):
        assert bad not in text.replace("\\<", "").replace("\\]", "")
    assert max(map(len, text.splitlines())) < 2500


def test_figures_show_markup_as_text(out: Path) -> None:
    source = (out / "index.html").read_text()
    block = source.split('id="figure-data">')[1].split("</script>")[0]
    figures = json.loads(block)
    plain = {"<br>"}
    for name, figure in figures.items():
        for view in figure.get("views", []):
            text = json.dumps(view, ensure_ascii=False)
            for mark in plain:
                text = text.replace(mark, "")
            assert "<" not in text, name


@pytest.mark.parametrize("log", ["../../secret.txt", "/etc/passwd", "javascript:alert(1)", "trials/../../x"])
def test_links_stay_inside_the_run(log: str, tmp_path: Path) -> None:
    from search.report.page import _link

    root = tmp_path / "run"
    (root / "report").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("x")
    assert _link(log, root, root / "report") is None


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert visible("a\u202eb\x00") == "a\\u202eb\\u0000"
    assert shortened("x" * 50, 9) == "xxxx…xxxx"
    assert escaped("a|b `c` <d>") == "a\\|b \\`c\\` \\<d\\>"


FORMULAS = ["=1+1", "+cmd", "-2+3", "@SUM(1)", "\tx", "=HYPERLINK(A1)"]


@pytest.mark.parametrize("name", [*EVIL[:12], "\u202egnp.exe", "a|b](x)`c`"], ids=range(14))
def test_a_runs_own_name_is_text(name: str, tmp_path: Path) -> None:
    run = run_of(lambda config, number, step: 0.1 * number, trials=3, max_steps=1, objective=Objective("m"))
    out = build_report(Run(run.history, None, name), tmp_path)
    source, summary = out.read_text(encoding="utf-8"), (tmp_path / "report.md").read_text(encoding="utf-8")
    assert source.count("<script") == 3
    assert source.count("</script") == 3
    assert "<img" not in source
    assert "<a href='https" not in source
    assert "\u202e" not in source + summary
    heading = summary.splitlines()[0]
    for mark in ("<", "`", "[", "|"):
        assert all(before == "\\" for before, after in itertools.pairwise(heading) if after == mark), heading


def test_values_that_are_formulas_stay_text_in_the_table(tmp_path: Path) -> None:
    parameters = {"x": {"min": -2.0, "max": -1.0}, "y": {"values": FORMULAS}}
    run = run_in(
        tmp_path,
        lambda config, number, step: -1.0 * number,
        parameters=parameters,
        trials=20,
        max_steps=1,
        objective=Objective("=metric"),
    )
    build_report(run)
    with (run.paths.report / "trials.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    for row in rows[1:]:
        for cell in row:
            if cell.startswith(("=", "+", "-", "@", "\t")):
                float(cell)  # a number may begin with its sign
    assert {row[-1].lstrip("'") for row in rows[1:]} <= set(FORMULAS)


def test_a_table_of_markdown_keeps_its_columns(out: Path) -> None:
    lines = (out / "report.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("## Leaderboard") + 2
    table = list(itertools.takewhile(lambda line: line.startswith("|"), lines[start:]))
    bars = [line.replace("\\\\", "").replace("\\|", "").count("|") for line in table]
    assert len(table) > 5
    assert len(set(bars)) == 1
