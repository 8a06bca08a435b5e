"""Whatever happened in a sweep, its tables come back from an Optuna storage as they were."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from contracts.journals import eventful
from search.history import History
from search.run import Run


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scheduler", ["asha", "median"])
def test_there_and_back(seed: int, scheduler: str, tmp_path: Path) -> None:
    run = Run(History.from_records(eventful(seed, scheduler, events=60)), None, "eventful")
    back = Run.import_from(run.export("optuna", tmp_path / "x.db"), storage=tmp_path / "runs")
    pd.testing.assert_frame_equal(run.trials, back.trials)
    pd.testing.assert_frame_equal(run.results, back.results)
    assert run.best == back.best
    assert run.history.problem.space == back.history.problem.space
