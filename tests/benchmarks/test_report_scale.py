"""A report of a big sweep stays small; the seconds and the memory are kept by `make bench`, not asserted here."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from search.report import build_report
from search.report.figures.history import POINTS as HISTORY_POINTS
from search.report.page import ROWS
from search.run import Run

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "report_scale.json"
TRIALS = 3_300  # above every limit but that of the results of one trial


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        spec = importlib.util.spec_from_file_location("report_scale", ROOT / "benchmarks" / "report_scale.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.mark.slow
def test_what_is_thinned_says_so_and_the_page_stays_small(
    benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(benchmark, "STEPS", 9)
    monkeypatch.setattr(benchmark, "FIRST_RUNG", 3)
    paths, results = benchmark.write_sweep(tmp_path, TRIALS)
    assert results > 3 * TRIALS * 0.9
    page = build_report(Run.open(paths.root)).read_text(encoding="utf-8")
    assert len(page.encode()) < benchmark.PAGE_MIB * 2**20
    report: dict[str, Any] = json.loads((paths.report / "report.json").read_text(encoding="utf-8"))
    figures = json.loads(page.split('id="figure-data">')[1].split("</script>")[0])
    with_value = len(report["history"]["trials"]["value"])
    drawn = sum(
        len(trace["x"]) for trace in figures["history"]["views"][0]["data"] if trace["mode"] == "markers"
    )
    assert HISTORY_POINTS <= drawn < HISTORY_POINTS + 100 < with_value
    assert report["leaderboard"]["ranked"] == with_value
    assert page.count('<tr id="t') == ROWS
    assert len(report["curves"]["curves"]) == 120 < report["curves"]["total"]
    assert len(report["parallel"]["trials"]) == 600 < report["parallel"]["total"]
    assert report["slices"]["shown"] == 2000 < report["slices"]["total"]
    assert len(report["timeline"]["bars"]["lane"]) == 3000 < report["timeline"]["total"]
    for note in (
        f"of {with_value:,} trials: those that improved on the best",
        f"of {report['curves']['total']:,} curves",
        f"of {with_value:,} trials: the best, and an even spread over the other ranks",
        f"of {report['timeline']['total']:,} attempts are drawn",
        "trials are drawn; the line is of all",
        f"The first {ROWS} of {TRIALS:,} trials",
    ):
        assert note in page, note
    assert (paths.report / "trials.csv").read_text(encoding="utf-8").count("\n") == TRIALS + 1


def test_the_kept_figures_hold_their_limits() -> None:
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    sizes = {row["trials"]: row for row in kept["sizes"]}
    assert sizes[10_000]["results"] >= 1_000_000
    for trials, limit in kept["limits"].items():
        assert sizes[int(trials)]["processor_seconds"] <= limit["processor_seconds"]
        assert sizes[int(trials)]["peak_gib"] <= limit["gib"]
    assert all(row["mib"]["index.html"] <= kept["page_mib"] for row in kept["sizes"])
