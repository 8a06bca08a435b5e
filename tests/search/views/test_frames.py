"""Frames and CSV of a history."""

from __future__ import annotations

import csv
import io
import math

import pytest

from search.history import History
from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.schedulers.base import CONTINUE, Verdict
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome, Result, Trial
from search.views import csv_text, results_frame, trials_frame
from spaces import Categorical, Condition, Float, Integer, Parameter, Space

SPACE = Space(
    [
        Parameter("lr", Float(1e-5, 1e-1, log=True)),
        Parameter("optimizer", Categorical(("sgd", "=cmd()", "-x"))),
        Parameter("momentum", Float(0.0, 1.0), when=(Condition("optimizer", "==", "sgd"),)),
        Parameter("steps", Integer(-4, 4)),
        Parameter("layers", Categorical((None, 1, "two"))),
    ]
)
POINTS = (
    {"lr": 0.01, "optimizer": "sgd", "momentum": 0.9, "steps": -3, "layers": None},
    {"lr": 0.02, "optimizer": "=cmd()", "steps": 2, "layers": 1},
    {"lr": 0.03, "optimizer": "-x", "steps": 1, "layers": "two"},
    {"lr": 0.04, "optimizer": "-x", "steps": 1, "layers": "two"},
)


class Nothing:
    def ask(self, history: History, number: int) -> None:
        return None


class Always:
    rungs = ()

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        return CONTINUE


def driven() -> History:
    """Trial 0 completed, 1 failed with a NaN, 2 is running, 3 waits."""
    problem = Problem(SPACE, Objective("val/acc", "maximize"), 2, Budget(trials=4), points=POINTS)
    sweep = PassiveSweep.begin(problem, Nothing(), Always(), MemoryJournal())
    sweep.ask(4, 1.0)
    for number in (0, 1, 2):
        sweep.start(number, 2.0 + number, node=f"n{number}", pid=1)
    sweep.report(0, 1, {"val/acc": 0.8, "loss": 1.0, "step": 7.0}, 5.0)
    decision = sweep.report(0, 2, {"val/acc": 0.7, "loss": 0.5}, 6.0)
    assert decision.outcome is not None
    sweep.close(0, decision.outcome, 7.0, decision.reason)
    sweep.report(1, 1, {"val/acc": math.nan}, 8.0)
    sweep.close(1, Outcome.FAILED, 8.0, failure=Failure("bad metric", "step 1: val/acc is nan"))
    sweep.report(2, 1, {"val/acc": 0.5}, 9.5)
    return sweep.history


def test_trials_frame_has_one_row_per_trial_in_every_state() -> None:
    frame = trials_frame(driven())
    assert list(frame["trial"]) == ["t00000", "t00001", "t00002", "t00003"]
    assert list(frame["state"]) == ["completed", "failed", "running", "waiting"]
    assert list(frame["steps"]) == [2, 1, 1, 0]
    first = frame.iloc[0]
    assert (first["best"], first["best_step"], first["last"]) == (0.8, 1, 0.7), (
        "values, not scores; the first best"
    )
    assert (first["started"], first["seconds"], first["node"]) == (2.0, 5.0, "n0")
    assert frame["failure"][1] == "bad metric: step 1: val/acc is nan"
    assert math.isnan(frame["last"][1])
    assert frame[["best", "last", "seconds", "node", "failure"]].iloc[3].isna().all()


def test_parameters_come_under_their_names_and_never_shadow_a_fixed_column() -> None:
    frame = trials_frame(driven())
    assert list(frame.columns[-5:]) == ["lr", "optimizer", "momentum", "config.steps", "layers"]
    assert frame["config.steps"].dtype == "int64"
    assert frame["momentum"].isna().tolist() == [False, True, True, True]
    assert frame["layers"].tolist() == [None, 1, "two", "two"], "None is a value, kept apart from missing"


def test_results_frame_has_one_row_per_step_and_a_column_per_metric() -> None:
    frame = results_frame(driven())
    assert list(frame.columns) == ["trial", "step", "now", "val/acc", "loss", "metrics.step"]
    assert frame[["trial", "step"]].to_numpy().tolist() == [
        ["t00000", 1],
        ["t00000", 2],
        ["t00001", 1],
        ["t00002", 1],
    ]
    assert frame["val/acc"].tolist()[:2] == [0.8, 0.7]
    assert frame["loss"].isna().tolist() == [False, False, True, True]
    assert frame["now"].tolist() == [5.0, 6.0, 8.0, 9.5]


def test_a_sweep_without_trials_gives_empty_frames_of_the_same_types() -> None:
    empty = History(driven().problem)
    trials, results = trials_frame(empty), results_frame(empty)
    assert len(trials) == len(results) == 0
    assert {"int64", "float64"} <= {str(dtype) for dtype in trials.dtypes}
    assert list(results.columns) == ["trial", "step", "now", "val/acc"]
    assert csv_text(empty).count("\n") == 1


def test_csv_has_the_promised_columns_and_keeps_numbers_numbers() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(driven()))))
    assert (
        ",".join(rows[0]) == "trial,state,steps,best,last,seconds,lr,optimizer,momentum,config.steps,layers"
    )
    assert rows[1] == ["t00000", "completed", "2", "0.8", "0.7", "5.0", "0.01", "sgd", "0.9", "-3", "None"]
    assert rows[2][3:6] == ["", "nan", "5.0"]
    assert rows[4] == ["t00003", "waiting", "0", "", "", "", "0.04", "'-x", "", "1", "two"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_text_that_a_spreadsheet_would_run_is_quoted(start: str) -> None:
    space = Space([Parameter("p", Categorical((f"{start}HYPERLINK(1)", "plain")))])
    points = ({"p": f"{start}HYPERLINK(1)"}, {"p": "plain"})
    problem = Problem(space, Objective("loss"), 1, Budget(trials=2), points=points)
    sweep = PassiveSweep.begin(problem, Nothing(), Always(), MemoryJournal())
    sweep.ask(2, 0.0)
    rows = list(csv.reader(io.StringIO(csv_text(sweep.history), newline="")))
    assert [row[-1] for row in rows] == ["p", f"'{start}HYPERLINK(1)".replace("\r", "\\r"), "plain"]


def test_the_module_costs_no_pandas_until_a_frame_is_built() -> None:
    import subprocess
    import sys
    from pathlib import Path

    code = "import sys, search.views; sys.exit(bool({'pandas', 'tensorboard', 'torch', 'ray'} & set(sys.modules)))"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
