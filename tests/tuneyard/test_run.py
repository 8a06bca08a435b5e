"""run and resume, without Ray: exit codes, the JSON contract, what the options mean, signals."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.command_line import PATIENCE, wait_for_records
from search.journal import RunLock, read_journal

Call = Callable[..., Any]
Start = Callable[..., "subprocess.Popen[str]"]

CONTRACT = {"name", "path", "state", "metric", "goal", "trials", "steps_total", "seconds", "best"}
TRAIN = '''
import time

def curve(config):
    """Falls towards x squared; raises where x is above `limit`."""
    for step in range(1, 100):
        time.sleep(config["sleep"])
        if config["x"] > config["limit"]:
            raise RuntimeError("too\\x1b[5m far")
        yield {"loss": config["x"] ** 2 + 1 / step}
'''
HOUR = """
import time
from pathlib import Path

def curve(config):
    Path("begun").touch()
    time.sleep(3600)
    yield {"loss": 0.0}
"""
UNBROKEN = """
import math, sys
from search.runners import limit
from tuneyard.__main__ import main

limit.PATIENCE = math.inf
sys.exit(main(sys.argv[1:]))
"""
SWEEP = """\
trainable: train.py:curve
metric: {name: loss, goal: minimize}
parameters: {x: {min: -1.0, max: 1.0}, limit: 2.0, sleep: 0.0}
method: random
max_steps: 3
run_cap: 4
"""


@pytest.fixture
def sweep_file() -> Path:
    Path("train.py").write_text(TRAIN)
    Path("sweep.yaml").write_text(SWEEP)
    return Path("sweep.yaml")


@pytest.fixture
def start(sweep_file: Path) -> Iterator[Start]:
    """Begins a run in a process of its own, and returns once its first trial is under way."""
    with contextlib.ExitStack() as stack:

        def started(*options: str, program: tuple[str, ...] = ("-m", "tuneyard")) -> subprocess.Popen[str]:
            arguments = [
                "run",
                str(sweep_file),
                "--runner",
                "inline",
                "--set",
                "parameters.sleep=0.3",
                *options,
            ]
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, *program, *arguments],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            wait_for_records(process, Path("runs/sweep/journal.jsonl"), "start", 1)
            return process

        yield started


def test_json_is_the_last_and_only_line_of_stdout(call: Call, sweep_file: Path) -> None:
    done = call("run", sweep_file, "--runner", "inline", "--json")
    assert done.code == 0
    assert len(done.out.splitlines()) == 1
    assert done.json.keys() >= CONTRACT
    assert done.json["trials"] == {"total": 4, "completed": 4, "stopped": 0, "failed": 0, "running": 0}
    assert done.json["steps_total"] == 12
    assert "next:" not in done.err
    assert call("show", "last", "--json").json == done.json


def test_a_run_ends_with_what_to_type_next(call: Call, sweep_file: Path) -> None:
    done = call("run", sweep_file, "--runner", "inline")
    assert done.code == 0
    assert "tuneyard show sweep" in done.err
    assert "tuneyard report sweep --open" in done.err
    elsewhere = call("run", sweep_file, "--runner", "inline", "--storage", "other")
    assert f"tuneyard show {Path.cwd()}/other/sweep" in elsewhere.err


def test_options_stand_for_keys_of_the_file(call: Call, sweep_file: Path) -> None:
    options = ("-n", 2, "--seed", 5, "--name", "mine", "--storage", "there", "--set", "max_steps=2")
    done = call("run", sweep_file, "--runner", "inline", "--json", "--time-budget", "1h", "-j", 1, *options)
    assert done.code == 0
    assert (done.json["name"], done.json["steps_total"]) == ("mine", 4)
    settings = read_journal(Path("there/mine/journal.jsonl"))[0]["about"]["settings"]
    assert (settings["run_cap"], settings["seed"], settings["workers"]) == (2, 5, 1)
    assert settings["time_budget"] == 3600


def test_wrong_options_are_refused_by_their_own_name(call: Call, sweep_file: Path) -> None:
    done = call("run", sweep_file, "--runner", "inline", "--time-budget", "soon", "--name", "../up")
    assert done.code == 2
    assert "--time-budget" in done.err
    assert "--name" in done.err
    assert not Path("runs").exists()


def test_a_name_that_is_taken_is_refused(call: Call, sweep_file: Path) -> None:
    assert call("run", sweep_file, "--runner", "inline", "--name", "mine").code == 0
    again = call("run", sweep_file, "--runner", "inline", "--name", "mine")
    assert again.code == 2
    assert "mine" in again.err


def test_failed_trials_make_it_3_and_are_run_again_on_request(call: Call, sweep_file: Path) -> None:
    done = call("run", sweep_file, "--runner", "inline", "--set", "parameters.limit=0.0")
    assert done.code == 3
    failed = [line for line in done.out.splitlines() if "failed" in line and "too" in line]
    assert 0 < len(failed) < 4
    assert all("\\x1b[5m" in line and "failure-1.txt" in line for line in failed)
    assert "tuneyard resume sweep --retry-failed" in done.err
    again = call("resume", "last", "--retry-failed", "--json")
    assert again.code == 3
    assert again.json["trials"]["failed"] == len(failed)


def test_when_every_trial_fails_so_does_the_sweep(call: Call, sweep_file: Path) -> None:
    done = call("run", sweep_file, "--runner", "inline", "--set", "parameters.limit=-2.0")
    assert done.code == 1
    assert "tuneyard logs sweep/t00000 --stderr" in done.err


def test_resume_adds_trials(call: Call, sweep_file: Path) -> None:
    first = call("run", sweep_file, "--runner", "inline", "--json").json
    more = call("resume", "sweep", "--add-trials", 3, "--json")
    assert more.code == 0
    assert more.json["trials"]["total"] == 7
    numbers = [
        record["trial"]
        for record in read_journal(Path(first["path"], "journal.jsonl"))
        if record["type"] == "ask"
    ]
    assert numbers == list(range(7))


def test_a_run_that_another_driver_holds_is_4(call: Call, sweep_file: Path) -> None:
    assert call("run", sweep_file, "--runner", "inline").code == 0
    lock = RunLock(Path("runs/sweep/lock"))
    try:
        done = call("resume", "sweep", "--add-trials", 1)
    finally:
        lock.release()
    assert done.code == 4
    assert "pid" in done.err


@pytest.mark.parametrize("arguments", [("resume", "nothing"), ("run", "nothing.yaml")])
def test_nothing_to_run_is_2(call: Call, arguments: tuple[str, ...]) -> None:
    assert call(*arguments).code == 2


def test_the_files_that_init_writes_run(call: Call) -> None:
    assert call("init").code == 0
    done = call("run", "sweep.yaml", "--runner", "inline", "-n", 2, "--set", "max_steps=2", "--json")
    assert done.code == 0, done.err
    assert done.json["best"]["value"] > 0.5


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_and_resume_goes_on(
    call: Call, start: Start, sent: signal.Signals, code: int
) -> None:
    process = start()
    process.send_signal(sent)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, err
    assert "stopping" in err
    assert "tuneyard resume sweep" in err
    assert call("show", "sweep", "--json").json["state"] == "interrupted"
    before = read_journal(Path("runs/sweep/journal.jsonl"))
    done = call("resume", "sweep", "--json")
    assert done.code == 0
    assert done.json["trials"]["completed"] == 4
    closed = {record["trial"] for record in before if record["type"] == "close"}
    after = read_journal(Path("runs/sweep/journal.jsonl"))[len(before) :]
    assert not closed & {record["trial"] for record in after if record["type"] == "start"}


def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    """A step of an hour, which nothing breaks off after the first."""
    Path("train.py").write_text(HOUR)
    process = start(program=("-c", UNBROKEN))
    deadline = time.monotonic() + PATIENCE
    while not Path("begun").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert any("stopping: running trials finish their step" in line for line in process.stderr)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130


def test_json_of_a_run_is_strict(call: Call, sweep_file: Path) -> None:
    """No NaN or Infinity, which JSON does not know, ever comes out."""
    Path("train.py").write_text("def curve(config):\n    yield {'loss': float('nan')}\n")
    done = call("run", sweep_file, "--runner", "inline", "--json")
    assert done.code == 1
    summary = json.loads(done.out, parse_constant=lambda name: pytest.fail(name))
    assert summary["best"] is None
    assert summary["trials"]["failed"] == 4


def test_report_prints_the_path_of_each_page_and_opens_it(
    call: Call, sweep_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    for name in ("one", "two"):
        assert call("run", sweep_file, "--runner", "inline", "-n", 2, "--name", name).code == 0
    done = call("report", "one", "two", "--open")
    assert done.code == 0
    pages = [Path(line) for line in done.out.splitlines()]
    assert [page.parts[-3:] for page in pages] == [(name, "report", "index.html") for name in ("one", "two")]
    assert all(page.is_file() for page in pages)
    assert opened == [page.resolve().as_uri() for page in pages]
    assert "tuneyard compare one two" in done.err


def test_what_was_understood_differently_is_said_before_the_start(call: Call, sweep_file: Path) -> None:
    done = call("run", sweep_file, "--runner", "inline", "--set", "method=bayes")
    assert done.code == 0
    assert "note: " in done.err
    assert "tpe" in done.err


def test_the_logs_of_a_failed_trial_hold_its_traceback(call: Call, sweep_file: Path) -> None:
    assert call("run", sweep_file, "--runner", "inline", "--set", "parameters.limit=-2").code == 1
    done = call("logs", "last/0", "--stderr")
    assert done.code == 0
    assert "-- trials/t00000/failure-1.txt" in done.out
    assert "Traceback" in done.out
    assert "RuntimeError: too\\x1b[5m far" in done.out, "spelt out, not sent to the terminal"
