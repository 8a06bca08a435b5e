"""The soak's own gates, seen to fail: a loss that is not allowed, and each thing that does not agree with the truth."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from search.api import Sweep
from search.history import History
from search.journal import encode, read_journal
from search.paths import RunPaths
from search.trial import Outcome, Result, Trial
from soak.account import Account, Line, draw_up, read_truth
from soak.agreement import disagreements
from soak.arena import NAME, write_sweep
from soak.storm import Strike


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep that nothing disturbed."""
    folder = tmp_path_factory.mktemp("calm")
    file = write_sweep(folder, seconds=600, delay=0.0, seed=3)
    Sweep.from_file(file, [f"storage={folder / 'storage'}", "run_cap=12"], runner="inline").run()
    return folder


def test_an_undisturbed_sweep_agrees_with_the_truth(calm: Path) -> None:
    run, truth = RunPaths(calm / "storage" / NAME), read_truth(calm / "truth.jsonl")
    assert disagreements(run, truth) == []
    account = draw_up(History.from_records(read_journal(run.journal)), truth, [])
    assert account == Account()


def _compute_wrongly(run: RunPaths, truth: list[Line]) -> None:
    at = next(i for i, line in enumerate(truth) if line.step == 3)
    truth[at] = replace(truth[at], metrics={**truth[at].metrics, "drift": 7.0})


def _change_a_result(run: RunPaths, truth: list[Line]) -> None:
    records = read_journal(run.journal)
    record = next(record for record in records if record["type"] == "result" and record["step"] == 1)
    record["metrics"]["loss"] = math.nextafter(record["metrics"]["loss"], 9.0)
    run.journal.write_bytes(
        b"".join(map(encode, ({k: v for k, v in r.items() if k != "crc"} for r in records)))
    )


def _close_twice(run: RunPaths, truth: list[Line]) -> None:
    lines = run.journal.read_bytes().splitlines(keepends=True)
    at = max(i for i, line in enumerate(lines) if b'"type":"close"' in line)
    run.journal.write_bytes(b"".join(lines[:at] + lines[at + 1 :]))


def _empty_a_board(run: RunPaths, truth: list[Line]) -> None:
    file = min(path for path in (run.tensorboard / "t00003").iterdir() if not path.name.endswith(".end"))
    file.write_bytes(file.read_bytes()[:-40])


def _miscount(run: RunPaths, truth: list[Line]) -> None:
    file = run.report / "report.json"
    report = json.loads(file.read_text())
    report["summary"]["trials"]["completed"] += 1
    file.write_text(json.dumps(report))


def _misspell_a_row(run: RunPaths, truth: list[Line]) -> None:
    file = run.report / "trials.csv"
    file.write_text(file.read_text().replace("t00004,", "t00005,"))


DAMAGE: dict[str, Callable[[RunPaths, list[Line]], None]] = {
    "came out differently|not those of an undisturbed": _change_a_result,
    "went on from a wrong checkpoint": _compute_wrongly,
    "closed once|not finished": _close_twice,
    "TensorBoard: t00003": _empty_a_board,
    "report: ": _miscount,
    "trials.csv": _misspell_a_row,
}


@pytest.mark.parametrize("said", DAMAGE)
def test_what_does_not_agree_is_found(calm: Path, tmp_path: Path, said: str) -> None:
    import re
    import shutil

    shutil.copytree(calm / "storage", tmp_path / "storage")
    run, truth = RunPaths(tmp_path / "storage" / NAME), read_truth(calm / "truth.jsonl")
    DAMAGE[said](run, truth)
    problems = disagreements(run, truth)
    assert any(re.search(said, problem) for problem in problems), problems


def _history(steps: int) -> History:
    history = object.__new__(History)
    results = [Result(step, {}, 0.0, 0.0) for step in range(1, steps + 1)]
    history.trials = [Trial(0, {}, 77, "searcher", 0.0, results=results, outcome=Outcome.COMPLETED)]
    return history


def _lines(*told: int) -> list[Line]:
    """A step for each number, a start for each 0; ten bytes a line."""
    return [Line(10 * at, "step" if step else "start", 77, {}, step, {}) for at, step in enumerate(told)]


def _strike(kind: str, begun: int, *closed: int, over: int | None = None) -> Strike:
    return Strike(kind, "", 0.0, begun, 1, frozenset(closed), over)


def test_a_step_that_is_run_again_is_put_down_to_the_strike_before_it() -> None:
    truth = _lines(0, 1, 2, 0, 2, 3)
    kill, jump = _strike("driver kill", 25), _strike("clock jump", 28)
    account = draw_up(_history(3), truth, [_strike("node kill", 5), jump, kill])
    assert [(loss.again, loss.strike) for loss in account.losses] == [((2,), kill)]
    assert account.broken == []
    assert account.by_kind([kill, jump])["driver kill"]["steps_lost"] == 1


def test_more_than_one_step_run_again_is_not_allowed_but_while_nothing_could_be_saved() -> None:
    truth = _lines(0, 1, 2, 3, 0, 2, 3, 4)
    assert draw_up(_history(4), truth, [_strike("trial kill", 35)]).broken != []
    assert draw_up(_history(4), truth, [_strike("disk full", 15, over=35)]).broken == []


def test_steps_run_again_for_no_reason_are_told() -> None:
    assert "no fault had struck" in draw_up(_history(2), _lines(0, 1, 0, 1, 2), []).broken[0]


def test_a_finished_trial_that_runs_again_is_told() -> None:
    account = draw_up(_history(2), _lines(0, 1, 2, 0), [_strike("driver kill", 25, 0)])
    assert [number for number, _ in account.lost_trials] == [0]
    assert account.broken != []


def test_a_step_that_was_never_run_or_never_reported_is_told() -> None:
    assert draw_up(_history(3), _lines(0, 1, 2), []).broken == ["t00000: step 3 was never run"]
    assert draw_up(_history(2), _lines(0, 1, 2, 3), []).in_vain == [(0, 3)]
