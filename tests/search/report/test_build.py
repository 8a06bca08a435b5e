from __future__ import annotations

import csv
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from contracts.reported import digits_like, run_in, run_of
from search.analysis.numbers import count
from search.errors import SweepError
from search.problem import Objective
from search.report import FORMAT, build_report

KEYS = {
    "doctor",
    "confirmation",
    "format",
    "summary",
    "verdict",
    "data",
    "facts",
    "spending",
    "leaderboard",
    "history",
    "curves",
    "fit",
    "broken",
    "pareto",
    "isolation",
    "lineage",
    "repeats",
    "contours",
    "parallel",
    "importance",
    "slices",
    "timeline",
    "savings",
    "failures",
    "built_seconds",
}
ROW = {
    "rank",
    "trial",
    "state",
    "best",
    "best_step",
    "interval",
    "front",
    "feasible",
    "values",
    "last",
    "steps",
    "seconds",
    "origin",
    "seed",
    "reason",
    "config",
}


class Page(HTMLParser):
    """What a browser would see: elements, text, the leaderboard's cells, the figures' data."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: dict[str, list[dict[str, str | None]]] = {}
        self.text, self.scripts = "", []
        self._row: str | None = None
        self._in: str | None = None
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append((tag, given))
        if tag == "tr":
            self._row = given.get("id")
        if self._row and tag in ("td", "th"):
            self.rows.setdefault(self._row, []).append(given)
        self._in = tag if tag in ("script", "style") else None
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._in:
            self._in = None

    def handle_data(self, data: str) -> None:
        if self._in == "script":
            self.scripts[-1] += data
        elif self._in is None:
            self.text += data

    @property
    def figures(self) -> dict[str, Any]:
        ids = [attributes.get("id") for tag, attributes in self.elements if tag == "script"]
        figures: dict[str, Any] = json.loads(self.scripts[ids.index("figure-data")])
        return figures


def built(run: Any, out: Path | None = None) -> tuple[dict[str, Any], Page, Path]:
    path = build_report(run, out)
    report = json.loads((path.parent / "report.json").read_text())
    return report, Page(path.read_text()), path.parent


def test_all_files_are_written_into_the_run(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    _, _, out = built(run)
    assert out == run.paths.report
    assert sorted(path.name for path in out.iterdir()) == [
        "index.html",
        "report.json",
        "report.md",
        "trials.csv",
    ]


def test_a_simulation_needs_a_place(tmp_path: Path) -> None:
    run = run_of(trials=5)
    with pytest.raises(SweepError, match="say where"):
        build_report(run)
    assert build_report(run, tmp_path / "there").is_file()


def test_report_json_has_stable_keys_and_no_path_of_the_machine(tmp_path: Path) -> None:
    report, _, out = built(run_in(tmp_path))
    assert set(report) == KEYS
    assert report["format"] == FORMAT == 1
    assert all(set(row) == ROW for row in report["leaderboard"]["rows"])
    assert set(report["verdict"]) == {
        "headline",
        "sentences",
        "cautions",
        "confirmed",
        "next",
        "winner",
        "runner_up",
        "lead",
        "wobble",
        "decimals",
    }
    assert str(tmp_path) not in (out / "report.json").read_text()
    assert str(tmp_path) not in (out / "index.html").read_text()
    assert str(tmp_path) not in (out / "report.md").read_text()


def test_the_page_shows_what_report_json_holds(tmp_path: Path) -> None:
    report, page, _ = built(run_in(tmp_path))
    summary, rows = report["summary"], report["leaderboard"]["rows"]
    assert report["verdict"]["headline"] in page.text
    assert count(summary["steps_total"]) in page.text
    assert list(page.rows) == [row["trial"] for row in rows]
    for row in rows:
        cells = page.rows[row["trial"]]
        shown = [cells[i].get("data-v") for i in (0, 3, 4, 5, 6)]
        told = [row["rank"], row["best"], row["best_step"], row["last"], row["steps"]]
        assert shown == ["" if value is None else str(value) for value in told]
    history = page.figures["history"]["views"][0]["data"]
    drawn = sorted(y for trace in history if trace["name"] in ("completed", "stopped") for y in trace["y"])
    assert drawn == sorted(report["history"]["trials"]["value"])
    for group in report["failures"]["groups"]:
        assert group["example"] in page.text
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a" and attributes.get("href")]
    assert any(link.startswith("../trials/t000") and link.endswith("failure-1.txt") for link in links)


def test_the_table_is_one_line_a_trial(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    _, _, out = built(run)
    rows = list(csv.DictReader((out / "trials.csv").read_text().splitlines()))
    assert [row["trial"] for row in rows] == [trial.id for trial in run.history.trials]
    assert list(rows[0])[:6] == ["trial", "state", "steps", "best", "last", "seconds"]


def test_markdown_of_the_same_run_is_the_same(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    _, _, out = built(run)
    first = (out / "report.md").read_text()
    built(run)
    assert (out / "report.md").read_text() == first
    assert first.startswith("# digits: t000")
    assert "## Leaderboard" in first
    assert "tuneyard run digits/sweep.yaml --name digits-again --runner inline" in first
    assert first.isascii() or "\u00a0" not in first


LOSS = Objective("loss", "minimize")
CASES: dict[str, dict[str, Any]] = {
    "empty": {"trials": 1, "workers": 0},
    "one trial": {"trials": 1, "scheduler": "none"},
    "one step": {"trials": 1, "max_steps": 1},
    "all failed": {"curve": lambda *_: "boom", "trials": 5},
    "never finite": {"curve": lambda *_: float("nan"), "trials": 5},
    "killed": {"trials": 20, "until": 37},
    "killed at once": {"trials": 20, "until": 1},
    "constants only": {
        "curve": lambda c, n, s: 1 / s,
        "trials": 1,
        "parameters": {"a": 1},
        "objective": LOSS,
    },
    "equal values": {"curve": lambda *_: 0.5, "trials": 30},
    "huge and tiny": {"curve": lambda c, n, s: 10.0 ** (n * 30 - 300) / s, "trials": 20, "objective": LOSS},
    "negative": {"curve": lambda c, n, s: -n - s / 10, "trials": 30, "objective": LOSS},
    "retried": {
        "curve": lambda c, n, s: "flaky" if n % 3 == 0 and s == 2 else 1.0 / s,
        "trials": 9,
        "retries": 2,
    },
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_run_in_any_state_has_a_report(case: str, tmp_path: Path) -> None:
    options = {"curve": digits_like, **CASES[case]}
    report, page, out = built(run_in(tmp_path, **options))
    assert report["verdict"]["headline"] in page.text
    assert "NaN" not in (out / "report.json").read_text()
    failed = report["summary"]["trials"]["failed"]
    assert sum(group["count"] for group in report["failures"]["groups"]) == failed
    if case in ("empty", "all failed", "never finite"):
        assert report["verdict"]["winner"] is None
    if case.startswith("killed"):
        assert report["summary"]["state"] == "killed"
        assert "tuneyard resume digits" in page.text


def test_one_request_free_page_with_hashed_scripts_only(tmp_path: Path) -> None:
    import base64
    import hashlib

    _, page, _ = built(run_in(tmp_path))
    (policy,) = [a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv")]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    kinds = [a.get("type") for tag, a in page.elements if tag == "script"]
    for kind, source in zip(kinds, page.scripts, strict=True):
        if kind is None:
            digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
            assert f"'sha256-{digest}'" in policy
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            address = attributes.get(name)
            assert address is None or not address.startswith(("http:", "https:", "//", "javascript:"))


@pytest.mark.slow
def test_two_thousand_trials_are_thinned_with_a_note(tmp_path: Path) -> None:
    report, page, out = built(run_of(trials=2000, workers=16), tmp_path)
    assert (out / "index.html").stat().st_size < 15e6
    assert len(page.rows) == 500
    assert "The first 500 of 2,000 trials" in page.text
    assert "120 of 2,000 curves" in page.text
    assert len(report["leaderboard"]["rows"]) == 2000
    assert len(report["parallel"]["trials"]) < report["parallel"]["total"]
    assert len((out / "trials.csv").read_text().splitlines()) == 2001
