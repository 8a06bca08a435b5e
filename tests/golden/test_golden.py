"""Journals written by an earlier version still read, replay and resume; the same sweep today still leaves them."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts.journals import plain
from search.errors import JournalError
from search.history import History
from search.journal import MemoryJournal, read_journal
from search.schedulers import SCHEDULERS, make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep

HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("golden_record", HERE / "record.py")
assert _SPEC is not None
assert _SPEC.loader is not None
record = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(record)
today = functools.cache(record.journals)
GOLDEN = sorted(path.stem for path in HERE.glob("*.jsonl"))


def resume(name: str, scheduler: str, options: Mapping[str, Any]) -> PassiveSweep:
    records = read_journal(HERE / f"{name}.jsonl")
    problem = History.from_records(records).problem
    return PassiveSweep.resume(
        records,
        make_searcher("random", problem),
        make_scheduler(scheduler, problem, options),
        MemoryJournal(),
    )


def test_there_is_one_of_each_kind_for_every_rule() -> None:
    assert record.RULES.keys() >= SCHEDULERS.keys()
    assert [f"{name}-{kind}" for name in sorted(record.RULES) for kind in ("eventful", "simulated")] == GOLDEN


@pytest.mark.parametrize("name", ["population-eventful", "population-simulated"])
def test_populations_in_them_have_copies(name: str) -> None:
    records = read_journal(HERE / f"{name}.jsonl")
    assert sum(each.get("parent") is not None for each in records) > 2


@pytest.mark.parametrize("name", GOLDEN)
def test_it_replays_to_the_decisions_it_holds(name: str) -> None:
    sweep = resume(name, *record.RULES[name.split("-")[0]])
    assert sweep.history.trials


@pytest.mark.parametrize("name", [name for name in GOLDEN if not name.startswith("none")])
def test_it_holds_decisions_that_another_rule_would_not_take(name: str) -> None:
    with pytest.raises(JournalError, match="the scheduler now decides"):
        resume(name, "none", {})


@pytest.mark.parametrize("name", GOLDEN)
def test_the_same_sweep_leaves_the_same_journal_today(name: str) -> None:
    recorded = [plain(each) for each in read_journal(HERE / f"{name}.jsonl")]
    assert [plain(each) for each in today()[name]] == recorded
