"""A sweep on Ray whose trials share their data: loaded once for all, errors in the trials' own words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.api import Sweep

pytestmark = [pytest.mark.ray, pytest.mark.slow]

SOURCE = """
import os
from pathlib import Path

import numpy as np

def rows():
    with open(Path(__file__).with_name("calls"), "a") as file:
        file.write(f"{os.getpid()}\\n")
    x = np.arange(400.0).reshape(100, 4)
    return {"x": x, "y": np.arange(100) % 2}
"""


def test_a_function_is_called_once_for_all_trials() -> None:
    """Once by the driver, which asks for the task, and once by the actor; never by a trial."""
    Path("source.py").write_text(SOURCE)
    run = Sweep(
        "mlp",
        name="shared",
        data={"source": "source:rows", "task": "classification"},
        parameters={"lr": {"min": 1e-3, "max": 1e-1}},
        run_cap=4,
        max_steps=1,
        workers=2,
    ).run()
    assert run.summary()["trials"]["completed"] == 4
    calls = Path("calls").read_text().split()
    trials = {attempt.pid for trial in run.history.trials for attempt in trial.attempts}
    assert len(calls) == 2
    assert not {int(pid) for pid in calls} & trials
    assert run.paths is not None
    assert json.loads(run.paths.data.read_text())["rows"]["source"] == 100


def test_what_is_wrong_with_the_data_fails_the_trial_in_its_own_words() -> None:
    """Sound when it is planned: the pca that leaves nothing to the data's reach shows in the trial only."""
    Path("few.csv").write_text("a,b,y\n" + "\n".join(f"{i},,{i % 2}" for i in range(40)) + "\n")
    run = Sweep(
        "mlp",
        name="wrong",
        data={"source": "few.csv", "target": "y", "columns": {"ignore": ["a"]}},
        parameters={"lr": {"min": 1e-3, "max": 1e-1}},
        run_cap=2,
        max_steps=1,
        workers=1,
    ).run()
    assert run.summary()["trials"]["failed"] == 2
    for trial in run.history.trials:
        assert trial.failure is not None
        assert "DataError" in trial.failure.message
        assert "few.csv: there is no column beside the target to learn from" in trial.failure.message
