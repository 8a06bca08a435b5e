"""The page of performance holds what the benchmarks kept, and what they count is counted right. Times are kept by
`make bench`, not asserted here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from search import api

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


@pytest.fixture(scope="module", autouse=True)
def beside_the_benchmarks() -> Iterator[None]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        yield
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def page(beside_the_benchmarks: None) -> ModuleType:
    import _performance

    return _performance


def test_the_page_holds_what_was_kept(page: ModuleType) -> None:
    """A place may still be empty; figures on it are those of `results/`."""
    text = (ROOT / "docs" / page.PAGE).read_text(encoding="utf-8")
    for name in page.TABLES:
        begin = f"<!-- the table: python benchmarks/{name}.py -->\n"
        assert begin in text, name
        shown = text.partition(begin)[2].partition("<!-- end of the table -->")[0]
        kept = RESULTS / f"{name}.json"
        expected = page.rendered(name, json.loads(kept.read_text())) + "\n" if kept.is_file() else ""
        assert shown or name not in ("overhead", "growth"), "these were kept with the page"
        assert shown in ("", expected), (
            f"python benchmarks/_performance.py brings docs/{page.PAGE} up to date"
        )


def test_a_benchmark_without_a_place_on_the_page_leaves_it_alone(page: ModuleType) -> None:
    before = (ROOT / "docs" / page.PAGE).read_bytes()
    page.write("folds", {"machine": {}})
    assert (ROOT / "docs" / page.PAGE).read_bytes() == before


def test_ours_stands_beside_raw_tune_of_the_same_size() -> None:
    import overhead

    def row(name: str, trials: int, ms: float) -> dict[str, Any]:
        return {"contender": name, "trials": trials, "ms_per_trial": ms, "whole_s": 2 * ms}

    rows = [row("tune-class", 10, 60.0), row("tuneyard-class", 10, 20.0), row("tune-class", 100, 30.0)]
    assert overhead.compared(rows) == [
        {"trials": 10, "raw": "tune-class", "ours": "tuneyard-class", "trial": 3.0, "whole": 3.0}
    ]


@pytest.mark.parametrize("name", ["optuna", "tuneyard-inline"])
def test_a_contender_in_process_counts_what_it_ran(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    from _overhead_contenders import CONTENDERS, IN_PROCESS

    monkeypatch.setattr(
        api, "write_report", api.write_report
    )  # a contender leaves it out, for its whole process
    assert name in IN_PROCESS
    figures = CONTENDERS[name](3, 2)
    assert 0 < figures["between_results"] <= figures["sweep"] + 1e-6


def test_idle_seconds_are_told_apart() -> None:
    import utilisation

    # Worker 7 trains from 1 to 6.5 and from 7 to 12; worker 8 from 2 to 7. Each trial needs five seconds.
    spans = [(7, 1.0, 6.5), (8, 2.0, 7.0), (7, 7.0, 12.0)]
    told = utilisation.idle(spans, begin=0.5, end=12.0, seconds=5.0)
    assert told == {"starting": 2.0, "between": 0.5, "between_ms": 500.0, "within": 0.5, "ending": 5.0}
    everything = sum(value for name, value in told.items() if name != "between_ms")
    assert everything + 3 * 5.0 == 2 * (12.0 - 0.5)


def test_growth_counts_every_verb_of_a_sweep() -> None:
    import growth

    row = growth.events(30)
    assert row["trials"] == 30
    assert 30 < row["results"] < 30 * growth.STEPS, "some were stopped, none at once"
    assert all(min(both) > 0 for both in row["microseconds"].values())


def test_growth_replays_what_a_resume_would(tmp_path: Path) -> None:
    import growth
    from report_scale import write_sweep

    paths, results = write_sweep(tmp_path, 8)
    growth.replay(paths.journal)
    assert results > 8
