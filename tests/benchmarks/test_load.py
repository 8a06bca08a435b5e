"""The load benchmark counts: every id once, every config trained once, nothing started that does not fit. Times and
memory are kept by `make bench`, not asserted here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def load() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import load

        yield load
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


def test_a_thousand_workers_need_neither_processes_nor_a_second_look(load: ModuleType) -> None:
    row = load.MEASURES["simulated"](trials=1_000, workers=1_000)
    assert row["closed"] == row["trials"] == 1_000
    assert 1_000 < row["steps"] < 27_000, "some were stopped, none at once"


def test_results_are_all_there_again_when_the_run_is_opened(load: ModuleType, tmp_path: Path) -> None:
    row = load.MEASURES["results"](rows=1_000, storage=str(tmp_path))
    assert row["rows"] == 1_000
    assert (tmp_path / "rows" / "tensorboard").is_dir()


def test_a_sweep_killed_under_way_loses_no_trial_and_repeats_none(load: ModuleType, tmp_path: Path) -> None:
    import _load_trials

    assert (
        load.measured("ours", killed=True, trials=60, storage=str(tmp_path), runner="inline", kill_at=54)
        == {}
    )
    records = (tmp_path / "load" / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum('"type":"close"' in line for line in records) == 54
    from search import api

    run = api.resume("load", storage=str(tmp_path), runner="inline")
    counted = _load_trials.counts(run.history, tmp_path / "truth")
    assert counted == {"ids": 60, "closed": 60, "never_trained": 0, "trained_twice": 0, "unknown": 0}


def test_actors_beyond_the_memory_are_refused(load: ModuleType) -> None:
    row = load.refused()
    assert (row["exit_code"], row["left_behind"]) == (2, [])
    assert load.missed({"concurrent": [row]}, load.QUICK) == []


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_a_proposal_is_timed_from_what_a_resumed_sweep_knows(load: ModuleType, method: str) -> None:
    row = load.MEASURES["suggestion"](method=method, trials=40, asks=2)
    assert row["trials"] == 40
    assert row["notices"] == 0


def test_what_is_wrong_at_any_size_is_told(load: ModuleType) -> None:
    right: dict[str, Any] = {"trials": 9, "ids": 9, "closed": 9}
    right |= dict.fromkeys(("never_trained", "trained_twice", "unknown"), 0)
    refused = {"actors": 9, "exit_code": 2, "left_behind": [], "said": "2 GiB are free"}
    for case, row, wrong in (
        ("trials", right, {"trained_twice": 1}),
        ("resume", right, {"ids": 8, "closed": 8}),
        ("concurrent", refused, {"exit_code": 0}),
        ("concurrent", {"closed": 9, "trials": 9}, {"closed": 8}),
    ):
        assert load.missed({case: [row]}, load.QUICK) == []
        assert load.missed({case: [{**row, **wrong}]}, load.QUICK)


def test_what_is_slower_than_promised_is_told_of_the_full_sizes(load: ModuleType) -> None:
    slow = {"results": [{"rows_per_second": 3_499, "best_seconds": 0.1}]}
    assert load.missed(slow, load.FULL)
    assert load.missed(slow, load.QUICK) == []
    assert load.missed({"results": [{"contender": "tune", "rows_per_second": 1}]}, load.FULL) == []
    late = {"method": "gp", "processor_ms": 151.0, "notices": 0}
    assert load.missed({"suggestion": [late]}, load.FULL)
    assert load.missed({"suggestion": [{**late, "notices": 1}]}, load.FULL) == []


def test_the_page_has_a_line_for_each_promise(load: ModuleType) -> None:
    cost = {"driver_processor_ms_early": 13.0, "driver_processor_ms_late": 14.0, "driver_peak_mib": 700}
    tune = {"contender": "tune", "trials": 500, "seconds": 20.0, **cost}
    beside = {"contender": "ours", "trials": 500, "seconds": 15.0, "journal_share": 0.03, "ids": 500, **cost}
    ours = {**beside, "trials": 10_000, "seconds": 300.0, "ids": 10_000}
    again = {"closed_before": 9_000, "trials": 10_000, "ready_seconds": 9.0, "trained_twice": 0}
    clock = {"concurrent": 1_000, "trials": 10_000, "steps": 69_042, "seconds": 5.0, "peak_mib": 115}
    rows = {"rows": 1_000_000, "rows_per_second": 3_600, "rows_per_processor_second": 9_000}
    asked = {"best_seconds": 0.0, "ranking_seconds": 0.1, "open_seconds": 13.0}
    lines = load.page(
        {
            "trials": [tune, beside, ours],
            "resume": [{**again, "ready_processor_seconds": 6.0}],
            "concurrent": [clock, {"actors": 964, "seconds": 1.8, "exit_code": 2}],
            "results": [{**rows, **asked}, {"rows_per_second": 500}],
            "suggestion": [
                {"method": "gp", "trials": 5_000, "processor_ms": 232.0, "notices": 1},
                {"library": "optuna", "trials": 5_000, "processor_ms": 58.5},
            ],
        }
    ).splitlines()
    assert len(lines) == 2 + 6
    assert "10,000 ids, each trained once" in lines[2]
    assert "raw Tune, 500 trials: 40 ms a trial" in lines[2]
    assert "ours of as many: 30 ms" in lines[2]
    assert "`gp` 232 ms (window)" in lines[-1]
    assert "Optuna's TPE 58 ms" in lines[-1]


def test_the_figures_that_are_kept_hold_every_promise(load: ModuleType) -> None:
    kept = json.loads((ROOT / "benchmarks" / "results" / "load.json").read_text())
    assert list(kept["cases"]) == list(load.CASES)
    assert load.missed(kept["cases"], load.FULL) == kept["missed"] == []
    assert max(row["trials"] for row in kept["cases"]["trials"]) == 10_000
    assert max(row.get("rows", 0) for row in kept["cases"]["results"]) == 1_000_000


@pytest.mark.ray
def test_on_ray_every_id_is_trained_once(load: ModuleType, tmp_path: Path) -> None:
    row = load.measured("ours", trials=60, storage=str(tmp_path))
    assert load.missed({"trials": [row]}, load.QUICK) == []
    assert row["ids"] == 60
    assert row["journal_records"] >= 5 * 60
