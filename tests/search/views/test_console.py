"""The console view: golden lines without a terminal, the live picture on one, hostile names on both."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from contracts.command_line import PATIENCE
from search.history import History
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.trial import Failure, Outcome
from search.views import console as module
from search.views.console import ConsoleView
from search.views.screen import screen
from search.views.tally import Tally
from search.views.wording import clean, duration, number, sparkline
from spaces import Categorical, Float, Parameter, Space

EVIL = "[red]\x1b[2J\u202e\r\nevil"


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines_of(out: io.StringIO) -> list[str]:
    return out.getvalue().splitlines()


def commands(root: Path, history: History) -> list[str]:
    return [f"tuneyard report {root.name}", f"tuneyard board {root.name}"]


def test_without_a_terminal_there_is_a_line_for_each_trial_and_a_verdict(
    by_hand: Any, tmp_path: Path
) -> None:
    out = io.StringIO()
    view = ConsoleView(console=Console(file=out, width=80), next_commands=commands)
    sweep = by_hand.begin(view, about={"path": str(tmp_path / "demo")})
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6)
    by_hand.train(sweep, 1, 0.3, float("nan"))
    by_hand.train(sweep, 2, 0.1, 0.1)
    sweep.start(3, 20.0, node="here", pid=1)
    log = "trials/t00003/failure-1.txt"
    sweep.start(3, 21.0, node="there", pid=2, after=Failure("exited", "exit code 1", log))
    by_hand.train(sweep, 3, 0.4)
    sweep.end("stopped by hand", 60.0)
    sweep.close_observers()
    assert lines_of(out) == [
        "demo: maximize val/acc; 4 trials; 4 steps a trial",
        "       5.5 s  t00000 completed  val/acc 0.8 at step 2 of 4  best so far",
        "t00001 failed  bad metric: step 2: val/acc is nan",
        "      12.5 s  t00002 stopped    val/acc 0.1 at step 1 of 2",
        "t00003 retried  attempt 2 after exited: exit code 1  demo/trials/t00003/failure-1.txt",
        "Not finished: stopped by hand",
        "  winner  t00000  val/acc 0.8 at step 2",
        "          lr=0.01  optimizer=adam  model.width=16  nesterov=True  layers=None  sizes=[1, 2]  epochs=20",
        "  trials  4: 1 completed, 1 stopped, 1 failed, 1 running",
        "  spent   9 steps in 1 min 00 s",
        "  files   demo",
        "  next    tuneyard report demo",
        "          tuneyard board demo",
    ]


def test_a_failure_is_one_line_with_the_path_of_its_traceback(by_hand: Any, tmp_path: Path) -> None:
    out = io.StringIO()
    view = ConsoleView(console=Console(file=out, width=80))
    sweep = by_hand.begin(view, about={"path": str(tmp_path / "demo")})
    sweep.start(0, 1.0, node="here", pid=1)
    failure = Failure("raised", "ValueError: a [bold] line\nand more", "trials/t00000/failure-1.txt")
    sweep.close(0, Outcome.FAILED, 2.0, failure=failure)
    told = [line for line in lines_of(out) if line.startswith("t00000")]
    assert told == [
        r"t00000 failed  raised: ValueError: a [bold] line\nand more  demo/trials/t00000/failure-1.txt"
    ]


def hostile() -> Problem:
    space = Space([Parameter("x", Categorical((EVIL, "b"))), Parameter("y", Float(0.0, 1.0))])
    return Problem(space, Objective(f"loss{EVIL}"), 3, Budget(trials=1), points=({"x": EVIL, "y": 0.5},))


@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_a_user_wrote_steers_the_terminal(by_hand: Any, terminal: bool) -> None:
    out = Tty() if terminal else io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=200, no_color=True)
    view = ConsoleView(console=console)
    sweep = by_hand.begin(view, problem=hostile(), about={"path": f"/runs/{EVIL}"})
    by_hand.train(sweep, 0, 0.5)
    console.print(screen(Tally(sweep.history), console))
    sweep.close(0, Outcome.FAILED, 5.0, failure=Failure("raised", EVIL, f"{EVIL}.txt"))
    sweep.end(EVIL, 6.0)
    sweep.close_observers()
    text = re.sub(r"\x1b\[[0-9;]*[mAK]|\x1b\[\?25[hl]|\r(?=\x1b)", "", out.getvalue())
    assert r"[red]\x1b[2J\u202e\r\nevil" in text, "spelt out, markup and all"
    assert "\x1b" not in text.replace("\x1b[2K", "")
    assert "\u202e" not in text
    assert sweep._observers, "the view has not given up"


def test_a_log_is_not_flooded_and_says_what_it_left_out(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    out = io.StringIO()
    space = Space([Parameter("x", Float(0.0, 1.0))])
    points = tuple({"x": number / 1000} for number in range(1000))
    problem = Problem(space, Objective("loss"), 1, Budget(trials=1000), points=points)
    sweep = by_hand.begin(ConsoleView(console=Console(file=out, width=80)), problem=problem)
    for number_ in range(999):
        by_hand.train(sweep, number_, float(number_))
    assert len(lines_of(out)) == 1 + 20
    now[0] = 1.0
    by_hand.train(sweep, 999, 1.0)
    assert lines_of(out)[-1].endswith("(and 979 trials more since the last line)")


def test_a_long_silence_is_broken_by_a_line_about_the_progress(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    out = io.StringIO()
    sweep = by_hand.begin(ConsoleView(console=Console(file=out, width=80)))
    by_hand.train(sweep, 0, 0.5)
    now[0] = 31.0
    by_hand.train(sweep, 0, 0.6)
    assert lines_of(out)[1:] == [
        "       3.0 s  0 of 4 trials closed, 4 running; 2 steps; best val/acc 0.6",
    ]


def test_the_picture_fits_any_width_and_survives_every_state(by_hand: Any) -> None:
    for width in (20, 60, 100, 300):
        for terminal_encoding in ("utf-8", "ascii"):
            raw = io.BytesIO()
            file = io.TextIOWrapper(raw, encoding=terminal_encoding)
            console = Console(file=file, force_terminal=True, width=width, height=40)
            sweep = by_hand.begin()
            tally = Tally(sweep.history)
            console.print(screen(tally, console))
            by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6)
            by_hand.train(sweep, 1, 0.3, float("nan"))
            by_hand.train(sweep, 2, 0.4, 0.9)
            console.print(screen(Tally(sweep.history), console))
            file.flush()
            shown = re.sub(r"\x1b\[[0-9;]*m", "", raw.getvalue().decode(terminal_encoding))
            assert max(map(len, shown.splitlines())) <= width
            file.detach()


def test_the_picture_says_what_matters(by_hand: Any) -> None:
    console = Console(file=io.StringIO(), width=100, record=True)
    tallies: list[Tally] = []
    feed = type("Feed", (), {"on_event": lambda self, r, h: [each.take(r) for each in tallies]})
    sweep = by_hand.begin(feed())
    tally = Tally(sweep.history)
    tallies.append(tally)
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6)
    by_hand.train(sweep, 1, 0.3, float("nan"))
    by_hand.train(sweep, 2, 0.4, 0.85)
    console.print(screen(tally, console))
    text = console.export_text()
    assert "50%" in text
    assert "2 of 4 trials closed (1 completed, 1 failed), 2 running; 8 steps" in text
    assert re.search(r"best  val/acc 0\.85  t00002 step 2  ▁+▇+█", text)
    assert re.search(r"t00002 +2/4 +0\.85 +0\.85  lr=0\.03", text)
    assert "t00001 failed: step 2: val/acc is nan" in text


def test_counts_follow_a_resume_and_a_trial_opened_again(by_hand: Any, tmp_path: Path) -> None:
    journal = tmp_path / "journal.jsonl"
    sweep = by_hand.begin(journal=journal)
    by_hand.train(sweep, 0, 0.5, float("nan"))
    by_hand.train(sweep, 1, 0.5, 0.6, 0.7, 0.8)
    out = io.StringIO()
    view = ConsoleView(console=Console(file=out, width=80))
    sweep = by_hand.resume(journal, view)
    assert lines_of(out)[0].endswith("goes on after 2 closed trials")
    assert view._tally is not None
    assert view._tally.closed == {"completed": 1, "stopped": 0, "failed": 1}
    sweep.reopen(0, 20.0)
    assert view._tally.closed["failed"] == 0
    by_hand.train(sweep, 0, 0.6, 0.7, 0.9)
    assert view._tally.closed == {"completed": 2, "stopped": 0, "failed": 0}
    assert view._tally.best_value == 0.9


def test_what_is_left_is_told_by_the_budget_that_ends_first() -> None:
    clock = [100.0]
    space = Space([Parameter("x", Float(0.0, 1.0))])
    problem = Problem(
        space, Objective("loss"), 10, Budget(trials=10, seconds=50.0, steps=40), FailurePolicy()
    )
    history = History(problem)
    tally = Tally(history, monotonic=lambda: clock[0])
    assert (tally.spent(), tally.left()) == (0.0, 50.0)
    assert tally.speed() is None
    history.steps_total, history.now = 10, 5.0
    tally.take({"type": "result"})
    clock[0] += 5.0
    assert tally.now() == 10.0, "the clock runs on between records"
    assert tally.left() == 30.0, "30 steps at one a second; 40 s of the time budget"
    assert tally.spent() == 0.25
    assert tally.speed() == 2.0


def test_an_error_while_drawing_gives_the_terminal_back_and_the_sweep_goes_on(
    by_hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = threading.Event()

    def broken(*_: Any) -> None:
        drawn.set()
        raise RuntimeError("cannot draw")

    monkeypatch.setattr(module, "screen", broken)
    out = Tty()
    view = ConsoleView(console=Console(file=out, force_terminal=True, width=80))
    sweep = by_hand.begin(view)
    assert drawn.wait(PATIENCE)
    by_hand.train(sweep, 0, 0.5, 0.6, 0.7, 0.8)
    assert sweep.history.trials[0].outcome is Outcome.COMPLETED
    assert not sweep._observers
    assert out.getvalue().count("\x1b[?25l") == out.getvalue().count("\x1b[?25h"), "the cursor is back"


_SCRIPT = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
import contextlib, io, os, time
from conftest import ByHand
from search.views.console import ConsoleView
by_hand = ByHand()
sweep = by_hand.begin(ConsoleView(), about={{"path": "/runs/demo"}})
with contextlib.redirect_stdout(io.StringIO()):  # as a runner does while a trial trains
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6)
    while not os.path.exists("seen"):
        time.sleep(0.02)
by_hand.train(sweep, 1, 0.3, float("nan"))
sweep.end("stopped by hand", 60.0)
sweep.close_observers()
"""


@pytest.mark.parametrize("colour", [True, False])
def test_on_a_real_terminal_the_picture_comes_and_goes_and_no_color_is_heeded(colour: bool) -> None:
    here = Path(__file__).parent
    script = _SCRIPT.format(root=str(here.parents[2]), tests=str(here))
    master, slave = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "CI")}
    environment |= {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    environment |= {} if colour else {"NO_COLOR": "1"}
    process = subprocess.Popen([sys.executable, "-c", script], stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    received = b""
    try:
        while block := os.read(master, 65536):
            received += block
            if b"1 of 4 trials closed" in re.sub(rb"\x1b\[[0-9;]*m", b"", received):
                Path("seen").touch()
    except OSError:
        pass  # the terminal's other end is closed
    os.close(master)
    assert process.wait() == 0
    text = received.decode()
    assert "\x1b[?25l" in text, "a live picture was drawn"
    assert "1 of 4 trials closed" in re.sub(r"\x1b\[[0-9;]*m", "", text), "also while stdout is redirected"
    assert text.rindex("\x1b[?25h") < text.index("Not finished"), "it is gone before the verdict"
    assert bool(re.search(r"\x1b\[(?:\d+;)*3\dm", text)) is colour
    assert "t00001 failed" in re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_wording() -> None:
    assert [number(value) for value in (None, 3, 2.0, 0.123456, 1e-9, float("nan"))] == [
        "-",
        "3",
        "2",
        "0.1235",
        "1e-09",
        "nan",
    ]
    assert [duration(seconds) for seconds in (None, 0.04, 59.96, 3599, 7500, 200_000)] == [
        "-",
        "0.0 s",
        "1 min 00 s",
        "59 min 59 s",
        "2 h 05 min",
        "2 d 07 h",
    ]
    assert clean("a\tb\x00\ud800é", ascii_only=False) == r"a\tb\x00\ud800é"
    assert clean("é" * 300, 5, ascii_only=True) == r"\xe9\xe9..."
    assert sparkline([], 5, 4) == ""
    assert sparkline([(0, 1.0), (5, 2.0)], 10, 4) == "▁▁██"
    assert sparkline([(3, 0.5)], 3, 3, ascii_only=True) == "___"
