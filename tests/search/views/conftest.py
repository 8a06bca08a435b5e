"""A sweep driven by hand, and a real TensorBoard to look at what it wrote."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from search.history import History, Record
from search.journal import FileJournal, Journal, MemoryJournal, read_journal
from search.problem import Budget, Objective, Problem
from search.schedulers.base import CONTINUE, Verdict
from search.sweep import Observer, PassiveSweep
from search.trial import Result, Trial
from spaces import Categorical, Condition, Constant, Float, Integer, Parameter, Space

PATIENCE = 120.0  # seconds for an answer of TensorBoard, on a busy machine
SPACE = Space(
    [
        Parameter("lr", Float(1e-5, 1e-1, log=True)),
        Parameter("optimizer", Categorical(("sgd", "adam"))),
        Parameter("momentum", Float(0.0, 1.0), when=(Condition("optimizer", "==", "sgd"),)),
        Parameter("model.width", Integer(8, 64)),
        Parameter("nesterov", Categorical((True, False))),
        Parameter("layers", Categorical((None, 1, "two"))),
        Parameter("sizes", Categorical(((1, 2), (3,)))),
        Parameter("epochs", Constant(20)),
    ]
)
_REST = {"model.width": 16, "nesterov": False, "layers": 1, "sizes": (3,), "epochs": 20}
POINTS = (
    {"lr": 0.01, "optimizer": "adam", **_REST, "nesterov": True, "layers": None, "sizes": (1, 2)},
    {"lr": 0.02, "optimizer": "sgd", "momentum": 0.9, **_REST},
    {"lr": 0.03, "optimizer": "sgd", "momentum": 0.5, **_REST, "layers": "two"},
    {"lr": 0.04, "optimizer": "adam", **_REST},
)
PROBLEM = Problem(SPACE, Objective("val/acc", "maximize"), 4, Budget(trials=4), points=POINTS)


class Nothing:
    """A searcher with no proposals: all trials are given."""

    def ask(self, history: History, number: int) -> None:
        return None


class GoOn:
    """A scheduler that stops whatever falls below 0.2."""

    rungs = (2,)

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        if result.step != 2 or result.score is None:
            return CONTINUE
        low = result.score > -0.2
        return Verdict(low, f"rung 2: {-result.score:g} {'<' if low else '>='} 0.2", 2)


class ByHand:
    """Begins and resumes sweeps whose runner is the test."""

    problem = PROBLEM

    def __init__(self) -> None:
        self.journals: list[Journal] = []

    def begin(
        self,
        *observers: Observer,
        journal: Journal | Path | None = None,
        problem: Problem = PROBLEM,
        about: dict[str, Any] | None = None,
    ) -> PassiveSweep:
        journal = self._open(journal) if isinstance(journal, Path) else journal
        sweep = PassiveSweep.begin(
            problem, Nothing(), GoOn(), journal or MemoryJournal(), about=about, observers=observers
        )
        sweep.ask(len(problem.points), 0.0)
        return sweep

    def resume(
        self, journal: Path | Sequence[Record], *observers: Observer, about: dict[str, Any] | None = None
    ) -> PassiveSweep:
        """`journal`: the file, which is gone on with, or records."""
        records = read_journal(journal) if isinstance(journal, Path) else journal
        goes_on = self._open(journal) if isinstance(journal, Path) else MemoryJournal()
        return PassiveSweep.resume(records, Nothing(), GoOn(), goes_on, about=about, observers=observers)

    def _open(self, path: Path) -> Journal:
        self.journals.append(FileJournal(path))
        return self.journals[-1]

    def train(self, sweep: PassiveSweep, number: int, *values: float, **more: float) -> None:
        """Reports `values` of the objective at the steps that follow, one second each; starts and closes the trial."""
        now = sweep.history.now
        trial = sweep.history.trials[number]
        if not trial.attempts:
            sweep.start(number, now := now + 1, node="here", pid=1)
        for value in values:
            metrics = {sweep.problem.objective.metric: value, **more}
            decision = sweep.report(number, trial.steps + 1, metrics, now := now + 1)
            if decision.outcome is not None:
                sweep.close(number, decision.outcome, now + 0.5, decision.reason, decision.failure)
                return


@pytest.fixture
def by_hand() -> Iterator[ByHand]:
    hand = ByHand()
    yield hand
    for journal in hand.journals:
        journal.close()


class Board:
    """A TensorBoard process, and its HTTP API."""

    def __init__(self, directory: Path, *flags: str) -> None:
        command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(directory)]
        command += ["--host", "127.0.0.1", "--port", "0", "--reload_interval", "1", *flags]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:(\d+)/", line):
                self.url = f"http://127.0.0.1:{found[1]}"
                return
        raise RuntimeError("TensorBoard did not start:\n" + "".join(said))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def scalars(self, run: str, tag: str) -> list[tuple[int, float]]:
        """(step, value) of one run and tag; [] while there are none."""
        tags = self._get("/data/plugin/scalars/tags").get(run, {})
        if tag not in tags:
            return []
        rows = self._get(f"/data/plugin/scalars/scalars?run={run}&tag={tag}")
        return [(step, round(float(value), 6)) for _, step, value in rows]

    def wall_times(self, run: str, tag: str) -> list[float]:
        return [wall for wall, _, _ in self._get(f"/data/plugin/scalars/scalars?run={run}&tag={tag}")]

    def texts(self, run: str, tag: str) -> list[str]:
        return [row["text"] for row in self._get(f"/data/plugin/text/text?run={run}&tag={tag}")]

    def images(self, run: str) -> dict[str, list[tuple[int, bytes]]]:
        """By tag: (step, content) of the pictures of a run."""
        tags = self._get("/data/plugin/images/tags").get(run, {})
        found = {}
        for tag in tags:
            rows = self._get(f"/data/plugin/images/images?run={run}&tag={tag}&sample=0")
            found[tag] = [(row["step"], self._bytes(row["query"])) for row in rows]
        return found

    def experiment(self) -> dict[str, Any]:
        """The HParams page's columns."""
        return self._post("/data/plugin/hparams/experiment", {"experimentName": ""})

    def sessions(self) -> dict[str, dict[str, Any]]:
        """By trial: `status`, `hparams`, `metrics` (tag -> value), `group`."""
        statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
        request = {"experimentName": "", "allowedStatuses": statuses, "startIndex": 0, "sliceSize": 1000}
        answer = self._post("/data/plugin/hparams/session_groups", {**request, "colParams": []})
        return {
            session["name"]: {
                "status": session["status"].removeprefix("STATUS_"),
                "hparams": group["hparams"],
                "group": group["name"],
                "metrics": {m["name"]["tag"]: round(float(m["value"]), 6) for m in session["metricValues"]},
            }
            for group in answer.get("sessionGroups", ())
            for session in group["sessions"]
        }

    def _bytes(self, query: str) -> bytes:
        with urlopen(f"{self.url}/data/plugin/images/individualImage?{query}", timeout=PATIENCE) as answer:
            return bytes(answer.read())

    def _get(self, path: str) -> Any:
        with urlopen(self.url + path, timeout=PATIENCE) as answer:
            return json.load(answer)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        request = Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)


@pytest.fixture
def board() -> Iterator[Callable[..., Board]]:
    """Starts TensorBoards; they are stopped after the test."""
    started: list[Board] = []

    def start(directory: Path, *flags: str) -> Board:
        started.append(Board(directory, *flags))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.fixture
def soon() -> Callable[[Callable[[], Any], Any], None]:
    """`soon(ask, expected)`: waits until `ask()` gives what is expected."""

    def wait(ask: Callable[[], Any], expected: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while (got := ask()) != expected and time.monotonic() < deadline:
            time.sleep(0.2)
        assert got == expected

    return wait
