"""The mirror to Weights & Biases, offline: what its own files hold, read as `wandb sync` would upload it."""

from __future__ import annotations

import json
import math
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.command_line import PATIENCE
from search.journal import MemoryJournal
from search.views.mirror import MirrorView
from search.views.wandb import WandbTracker

pytest.importorskip("wandb", reason="the mirror needs wandb: pip install 'tuneyard[wandb]'")

pytestmark = pytest.mark.slow  # a run of W&B takes a second to begin

ABOUT = {"path": "/somewhere/digits", "host": "secret-host", "settings": {"method": {"name": "tpe"}}}


def records(path: Path) -> Iterator[Any]:
    """The records of a `.wandb` file: LevelDB's log of W&B's messages, behind a header of seven bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    content, at, whole = path.read_bytes(), 7, b""
    assert content[:4] == b":W&B"
    while at + 7 <= len(content):
        if (left := 32768 - at % 32768) < 7:
            at += left
            continue
        _, length, kind = struct.unpack_from("<IHB", content, at)
        whole += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # full, or the last part
            record = Record()
            record.ParseFromString(whole)
            yield record
            whole = b""


class ForeignRun:
    """One run of W&B, as its file tells."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, Any]] = []
        self.summary: dict[str, Any] = {}
        self.exit_code: int | None = None
        self.preempting = False
        for record in records(path):
            match record.WhichOneof("record_type"):
                case "run":
                    self.run = record.run
                    self.config = {each.key: json.loads(each.value_json) for each in record.run.config.update}
                case "history":
                    self.rows.append(
                        {
                            "/".join(item.nested_key) or item.key: json.loads(item.value_json)
                            for item in record.history.item
                        }
                    )
                case "summary":
                    self.summary |= {
                        "/".join(item.nested_key) or item.key: json.loads(item.value_json)
                        for item in record.summary.update
                    }
                case "exit":
                    self.exit_code = record.exit.exit_code
                case "preempting":
                    self.preempting = True

    def curve(self, metric: str) -> list[tuple[int, float]]:
        return [(row["_step"], row[metric]) for row in self.rows]


def runs_in(directory: Path) -> dict[str, ForeignRun]:
    """By trial, once all have ended: W&B's own process writes the last of a run after it said that it had."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = _read(directory)
        if all(run.exit_code is not None for run in found.values()):
            return found
        assert time.monotonic() < deadline, "a run was left without an end"
        time.sleep(0.05)


def _read(directory: Path) -> dict[str, ForeignRun]:
    found: dict[str, ForeignRun] = {}
    for path in (directory / "wandb").glob("offline-run-*/run-*.wandb"):
        trial = path.stem.rpartition("-")[2]
        assert trial not in found, "no trial is there twice"
        found[trial] = ForeignRun(path)
    return found


def view(directory: Path) -> MirrorView:
    return MirrorView("Weights & Biases", lambda: WandbTracker("vision", None, "offline", directory))


def test_every_trial_is_a_run_in_the_group_of_the_sweep(by_hand: Any, tmp_path: Path) -> None:
    sweep = by_hand.begin(view(tmp_path), about=ABOUT)
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6, loss=math.inf)
    by_hand.train(sweep, 1, 0.3, math.nan)
    by_hand.train(sweep, 2, 0.1, 0.1)
    by_hand.train(sweep, 3, 0.4)
    sweep.close_observers()

    runs = runs_in(tmp_path)
    assert {trial: run.exit_code for trial, run in runs.items()} == {
        "t00000": 0,
        "t00001": 1,
        "t00002": 0,
        "t00003": 1,
    }
    assert [trial for trial, run in runs.items() if run.preempting] == ["t00003"], "it is to go on"
    first, trial = runs["t00000"], sweep.history.trials[0]
    assert (first.run.project, first.run.run_group, first.run.job_type) == ("vision", "digits", "trial")
    assert first.run.display_name == "digits t00000"
    assert first.config["lr"] == 0.01
    assert first.config["model.width"] == 16
    assert first.config["layers"] is None
    assert first.config["sizes"] == [1, 2]
    assert first.config["tuneyard.trial"] == "t00000"
    assert first.config["tuneyard.seed"] == trial.seed
    assert first.config["tuneyard.method"] == "tpe"
    assert first.config["tuneyard.fingerprint"] == sweep.problem.space.fingerprint(trial.config)
    assert first.curve("val/acc") == [(1, 0.5), (2, 0.8), (3, 0.7), (4, 0.6)]
    assert first.curve("best/val/acc") == [(1, 0.5), (2, 0.8), (3, 0.8), (4, 0.8)]
    assert first.rows[0]["loss"] in ("Infinity", math.inf)
    walls = [row["_timestamp"] for row in first.rows]
    assert [round(wall - walls[0], 2) for wall in walls] == [0.0, 1.0, 2.0, 3.0]
    assert first.summary["val/acc"] == {"max": 0.8}, "the best, not the last"
    assert first.summary["tuneyard.state"] == "completed"
    assert runs["t00002"].summary["tuneyard.reason"].startswith("rung 2")


def test_nothing_about_the_machine_is_recorded(by_hand: Any, tmp_path: Path) -> None:
    sweep = by_hand.begin(view(tmp_path), about=ABOUT)
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6)
    sweep.close_observers()
    (run,) = runs_in(tmp_path).values()
    kinds = {record.WhichOneof("record_type") for record in records(run.path)}
    assert kinds <= {"header", "run", "telemetry", "metric", "history", "summary", "exit", "footer", "final"}
    assert run.run.host == ""
    assert not list(run.path.parent.glob("files/*")), "no code, no list of packages"
    assert b"secret-host" not in run.path.read_bytes()


def test_a_resumed_sweep_goes_on_with_the_same_runs(by_hand: Any, tmp_path: Path) -> None:
    journal = MemoryJournal()
    sweep = by_hand.begin(view(tmp_path), journal=journal, about=ABOUT)
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6)
    by_hand.train(sweep, 1, 0.4, 0.5)
    sweep.close_observers()
    before = runs_in(tmp_path)
    whole = before["t00000"].path.stat().st_mtime_ns

    again = by_hand.resume(journal.records, view(tmp_path), about=ABOUT)
    by_hand.train(again, 1, 0.6, 0.7)
    by_hand.train(again, 2, 0.4, 0.5, 0.6, 0.7)
    again.close_observers()
    runs = runs_in(tmp_path)
    assert sorted(runs) == ["t00000", "t00001", "t00002"]
    assert all(runs[trial].run.run_id == run.run.run_id for trial, run in before.items())
    assert runs["t00001"].curve("val/acc") == [(1, 0.4), (2, 0.5), (3, 0.6), (4, 0.7)]
    assert runs["t00001"].exit_code == 0
    assert runs["t00000"].path.stat().st_mtime_ns == whole, "what was whole is left alone"
