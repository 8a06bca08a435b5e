"""The TensorBoard view, read back by a real TensorBoard over its HTTP API."""

from __future__ import annotations

import logging
import math
import resource
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from search.journal import read_journal
from search.outcomes import OutcomeConstraint
from search.problem import Budget, Objective, Problem
from search.trial import Failure, Outcome
from search.views.tensorboard import TensorBoardView
from spaces import Float, Parameter, Space

LOADERS = pytest.mark.parametrize("loader", ["--load_fast=false", "--load_fast=true"])


def event_files(directory: Path) -> list[Path]:
    """Those that say something, in TensorBoard's order."""
    return sorted(path for path in directory.rglob("*tfevents*") if path.stat().st_size)


def steps_in(directory: Path, tag: str) -> list[int]:
    """Steps under a scalar tag, in the order of the files, without TensorBoard's own cleaning."""
    return [
        event.step
        for path in event_files(directory)
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
        if value.tag == tag
    ]


@pytest.mark.slow
@LOADERS
def test_a_board_follows_a_sweep_through_its_life(
    tmp_path: Path, by_hand: Any, board: Any, soon: Any, loader: str
) -> None:
    journal, events = tmp_path / "journal.jsonl", tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events), journal=journal)
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, loss=1.0)
    page = board(events, loader)

    # While it runs: columns for every parameter of the space, also of those that no trial has had yet.
    soon(lambda: page.scalars("t00000", "val/acc"), [(1, 0.5), (2, 0.8), (3, 0.7)])
    soon(lambda: page.scalars("t00000", "best/val/acc"), [(1, 0.5), (2, 0.8), (3, 0.8)])
    experiment = page.experiment()
    columns = {info["name"]: info for info in experiment["hparamInfos"]}
    assert set(columns) == set(by_hand.problem.space.names)
    assert {name for name, info in columns.items() if not info["differs"]} == {"epochs"}
    assert columns["momentum"]["domainInterval"] == {"minValue": 0.0, "maxValue": 1.0}
    assert columns["layers"]["domainDiscrete"] == ["None", 1.0, "two"]
    tags = [info["name"]["tag"] for info in experiment["metricInfos"]]
    assert tags == ["best/val/acc", "val/acc"], "the best comes first"
    session = page.sessions()["t00000"]
    assert session["status"] == "UNKNOWN"
    assert session["group"] == by_hand.problem.space.fingerprint(by_hand.problem.points[0])
    assert session["hparams"] == {
        "lr": 0.01,
        "optimizer": "adam",
        "model.width": 16.0,
        "nesterov": True,
        "layers": "None",
        "sizes": "[1, 2]",
        "epochs": 20.0,
    }

    # A failed trial, one stopped early, one still running when the driver dies in the middle of a write.
    by_hand.train(sweep, 1, 0.3, math.nan)
    by_hand.train(sweep, 2, 0.1, 0.1)
    by_hand.train(sweep, 0, 0.6)
    by_hand.train(sweep, 3, 0.4, 0.5)
    soon(
        lambda: {name: session["status"] for name, session in page.sessions().items()},
        {"t00000": "SUCCESS", "t00001": "FAILURE", "t00002": "SUCCESS", "t00003": "UNKNOWN"},
    )
    failed = page.scalars("t00001", "val/acc")
    assert failed[0] == (1, 0.3)
    assert math.isnan(failed[1][1])
    assert page.scalars("t00001", "best/val/acc") == [(1, 0.3), (2, 0.3)]
    assert page.sessions()["t00001"]["hparams"]["momentum"] == 0.9
    assert "bad metric: step 2: val/acc is nan" in page.texts("t00001", "trial/outcome")[0]
    assert "rung 2: 0.1 &lt; 0.2" in page.texts("t00002", "trial/outcome")[0]
    with open(event_files(events / "t00003")[0], "r+b") as file:
        file.truncate(file.seek(0, 2) - 5)

    # Another driver goes on: nothing twice, nothing lost, for the page that is open and for a new one.
    sweep = by_hand.resume(journal, TensorBoardView(events))
    by_hand.train(sweep, 3, 0.9, 0.2)
    sweep.end("all trials done", 60.0)
    sweep.close_observers()
    for each in (page, board(events, loader)):
        soon(lambda page=each: page.scalars("t00003", "val/acc"), [(1, 0.4), (2, 0.5), (3, 0.9), (4, 0.2)])
        best = [(1, 0.4), (2, 0.5), (3, 0.9), (4, 0.9)]
        soon(lambda page=each: page.scalars("t00003", "best/val/acc"), best)
        soon(lambda page=each: page.scalars("t00000", "val/acc"), [(1, 0.5), (2, 0.8), (3, 0.7), (4, 0.6)])
        soon(lambda page=each: page.sessions().get("t00003", {}).get("status"), "SUCCESS")
        assert each.sessions()["t00003"]["metrics"] == {"best/val/acc": 0.9, "val/acc": 0.2}
        assert len(each.experiment()["hparamInfos"]) == len(by_hand.problem.space.names)


def test_a_resume_writes_open_trials_anew_and_leaves_complete_ones_alone(
    tmp_path: Path, by_hand: Any
) -> None:
    journal, events = tmp_path / "journal.jsonl", tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events), journal=journal)
    by_hand.train(sweep, 0, 0.5, 0.6, 0.7, 0.8)
    by_hand.train(sweep, 1, 0.5, 0.6)
    by_hand.train(sweep, 2, 0.5, 0.6, 0.7, 0.8)
    complete = {path: path.stat().st_mtime_ns for path in event_files(events / "t00000")}
    next((events / "t00002").glob("*.end")).unlink()  # the driver died between the journal and the view
    sweep = by_hand.resume(journal, TensorBoardView(events))
    by_hand.train(sweep, 1, 0.7)
    assert {path: path.stat().st_mtime_ns for path in event_files(events / "t00000")} == complete
    for trial, steps in (("t00000", 4), ("t00001", 3), ("t00002", 4)):
        assert steps_in(events / trial, "val/acc") == list(range(1, steps + 1))
        assert steps_in(events / trial, "best/val/acc") == list(range(1, steps + 1))
    assert [len(event_files(events / trial)) for trial in ("t00001", "t00002")] == [1, 2]
    assert len([path for path in event_files(events) if path.parent == events]) == 1
    assert not (events / "t00003").exists(), "a trial that waits has no page yet"


def test_a_directory_lost_is_written_again_as_it_was(tmp_path: Path, by_hand: Any) -> None:
    journal, events = tmp_path / "journal.jsonl", tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events), journal=journal)
    for number in range(3):
        by_hand.train(sweep, number, 0.5, 0.1 * number, loss=math.inf)

    def written() -> tuple[list[Any], list[float]]:
        found = [
            (path, event)
            for path in event_files(events)
            if path.parent != events
            for event in EventFileLoader(str(path)).Load()
            if not any(value.tag.startswith("_hparams_") for value in event.summary.value)
        ]
        content = [(path.parent.name, event.step, event.summary.SerializeToString()) for path, event in found]
        return content, [event.wall_time for _, event in found]

    content, times = written()
    shutil.rmtree(events)
    by_hand.resume(journal, TensorBoardView(events))
    again, times_again = written()
    assert len(content) > 10
    assert again == content
    assert abs(times_again[0] - times[0]) < 60
    shift = times_again[0] - times[0]  # between the first moment of the sweep and its first record
    assert times_again == pytest.approx([each + shift for each in times], rel=0, abs=0.002)


@pytest.mark.parametrize(
    "asked",
    [
        {"objective": Objective("val/acc", "maximize", counts="last")},
        {"outcome_constraints": (OutcomeConstraint("val/acc", "<=", 0.7),)},
    ],
    ids=["the last step counts", "the best breaks a constraint"],
)
def test_the_best_so_far_is_after_a_resume_what_it_was(
    tmp_path: Path, by_hand: Any, asked: dict[str, Any]
) -> None:
    journal, events = tmp_path / "journal.jsonl", tmp_path / "tensorboard"
    problem = replace(by_hand.problem, **asked)
    sweep = by_hand.begin(TensorBoardView(events), journal=journal, problem=problem)
    by_hand.train(sweep, 0, 0.9, 0.5, 0.6)

    def bests() -> list[float]:
        return [
            value.tensor.float_val[0] if value.tensor.float_val else value.simple_value
            for path in event_files(events / "t00000")
            for event in EventFileLoader(str(path)).Load()
            for value in event.summary.value
            if value.tag == "best/val/acc"
        ]

    before = bests()
    shutil.rmtree(events)
    by_hand.resume(journal, TensorBoardView(events))
    assert before == pytest.approx([0.9, 0.5, 0.6])
    assert bests() == before


def test_a_trial_opened_again_forgets_its_end_and_its_bad_step(tmp_path: Path, by_hand: Any) -> None:
    events = tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events))
    by_hand.train(sweep, 0, 0.5, math.nan)
    assert [path.suffix for path in event_files(events)].count(".end") == 1
    sweep.reopen(0, 10.0)
    assert [path.suffix for path in event_files(events)].count(".end") == 0
    by_hand.train(sweep, 0, 0.6, 0.7, 0.8)
    assert steps_in(events / "t00000", "val/acc") == [1, 2, 3, 4]
    assert event_files(events / "t00000")[-1].name.endswith(".4-1.end")


def test_a_trial_that_never_started_is_on_the_page_as_failed(tmp_path: Path, by_hand: Any) -> None:
    events = tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events))
    sweep.close(0, Outcome.FAILED, 1.0, failure=Failure("not started", "no node has a GPU"))
    tags = [
        value.tag
        for path in event_files(events / "t00000")
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    ]
    assert tags == [
        "_hparams_/session_start_info",
        "trial/config",
        "trial/outcome",
        "_hparams_/session_end_info",
    ]


def test_a_step_run_again_after_a_crash_is_not_written_twice(tmp_path: Path, by_hand: Any) -> None:
    events = tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events))
    by_hand.train(sweep, 0, 0.5, 0.6)
    sweep.start(0, 5.0, node="there", pid=2, from_step=1, after=Failure("exited", "exit code 1"))
    sweep.report(0, 2, {"val/acc": 0.6}, 6.0)
    by_hand.train(sweep, 0, 0.7)
    assert steps_in(events / "t00000", "val/acc") == [1, 2, 3]


def test_wall_times_are_those_of_the_driver_that_trained(tmp_path: Path, by_hand: Any) -> None:
    """The sweep's clock stands still between two drivers; the calendar does not."""
    journal, events = tmp_path / "journal.jsonl", tmp_path / "tensorboard"
    sweep = by_hand.begin(journal=journal)
    by_hand.train(sweep, 0, 0.5, 0.6)
    records = read_journal(journal)
    records[0]["t"] = "2026-01-01T00:00:00.000+00:00"
    view = TensorBoardView(events)
    sweep = by_hand.resume(records, view)
    before = time.time()
    by_hand.train(sweep, 0, 0.7)
    walls = [
        event.wall_time
        for path in event_files(events / "t00000")
        for event in EventFileLoader(str(path)).Load()
        if any(value.tag == "val/acc" for value in event.summary.value)
    ]
    assert walls[:2] == [1767225600.0 + 2, 1767225600.0 + 3]
    assert abs(walls[2] - before) < 60


def test_names_and_values_of_all_kinds_are_written(tmp_path: Path, by_hand: Any) -> None:
    space = Space([Parameter("x", Float(0.0, 1.0))])
    problem = Problem(space, Objective("val/\ud800 [red]"), 2, Budget(trials=1), points=({"x": 0.5},))
    events = tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events), problem=problem)
    by_hand.train(sweep, 0, 1e300, -math.inf, config=1.0)
    assert sweep._observers, "the view has not given up"
    assert steps_in(events / "t00000", "best/val/? [red]") == [1, 2]


def test_thousands_of_open_trials_cost_neither_threads_nor_open_files(tmp_path: Path, by_hand: Any) -> None:
    space = Space([Parameter("x", Float(0.0, 1.0))])
    points = tuple({"x": number / 1500} for number in range(1500))
    problem = Problem(space, Objective("loss"), 2, Budget(trials=1500), points=points)
    process, threads = psutil.Process(), threading.active_count()
    files = process.num_fds()
    sweep = by_hand.begin(TensorBoardView(tmp_path / "tensorboard"), problem=problem)
    for number in range(1500):
        by_hand.train(sweep, number, 0.5)
    assert sweep._observers, "the view has not given up"
    assert threading.active_count() == threads
    assert process.num_fds() <= files + 2


def test_a_link_planted_in_the_directory_leads_nowhere(tmp_path: Path, by_hand: Any) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    precious = elsewhere / "events.out.tfevents.1"
    precious.write_bytes(b"precious")
    journal, events = tmp_path / "journal.jsonl", tmp_path / "tensorboard"
    by_hand.train(by_hand.begin(journal=journal), 0, 0.5)
    events.mkdir()
    (events / "t00000").symlink_to(elsewhere)
    sweep = by_hand.resume(journal, TensorBoardView(events))
    by_hand.train(sweep, 0, 0.6)
    assert precious.read_bytes() == b"precious"
    assert list(elsewhere.iterdir()) == [precious]
    assert steps_in(events / "t00000", "val/acc") == [1, 2]


def test_a_directory_that_cannot_be_written_is_warned_of_once_and_the_sweep_goes_on(
    tmp_path: Path, by_hand: Any, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "tensorboard").write_text("a file where the directory should be")
    with caplog.at_level(logging.WARNING):
        sweep = by_hand.begin(TensorBoardView(tmp_path / "tensorboard"))
        by_hand.train(sweep, 0, 0.5, 0.6, 0.7, 0.8)
    assert sweep.history.trials[0].outcome is Outcome.COMPLETED
    assert ["TensorBoard's files cannot be written" in each.getMessage() for each in caplog.records] == [True]


@pytest.mark.parametrize("back", ["before a trial ends", "before the driver ends"])
def test_what_a_full_disk_did_not_take_is_written_once_it_can_be(
    tmp_path: Path, by_hand: Any, back: str
) -> None:
    events = tmp_path / "tensorboard"
    sweep = by_hand.begin(TensorBoardView(events))
    by_hand.train(sweep, 0, 0.5)
    (away := tmp_path / "away").write_text("the storage is gone")
    events.rename(tmp_path / "aside")
    away.rename(events)
    by_hand.train(sweep, 0, 0.6, 0.7)
    if back == "before the driver ends":
        by_hand.train(sweep, 0, 0.8)
    events.unlink()
    (tmp_path / "aside").rename(events)
    if back == "before a trial ends":
        by_hand.train(sweep, 0, 0.8)
        assert sweep.history.trials[0].outcome is Outcome.COMPLETED
    sweep.close_observers()
    assert steps_in(events / "t00000", "val/acc") == [1, 2, 3, 4]
    assert event_files(events / "t00000")[-1].name.endswith(".end")


def test_an_event_that_does_not_fit_on_the_disk_is_taken_back(tmp_path: Path) -> None:
    from search.views.events import EventFile, scalars

    file = EventFile(tmp_path, 0.0, [(0.0, 1, scalars({"loss": 0.5}))])
    path = next(tmp_path.iterdir())
    size, limits = path.stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 7, limits[1]))
    try:
        with pytest.raises(OSError):
            file.write((0.0, 2, scalars({"loss": 0.4})))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert path.stat().st_size == size
    file.write((0.0, 2, scalars({"loss": 0.4})))
    assert steps_in(tmp_path, "loss") == [1, 2]
