"""A sweep on a virtual clock, as `docs/simulation.md` tells of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search import Run, Sweep
from search.errors import SettingsError

ROOT = Path(__file__).parents[2]


def train(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """A slow trial has a width of 4."""
    for step in range(1, 28):
        yield {"loss": (config["x"] - 0.3) ** 2 + 1 / step, "seconds": config["width"] / 2}


def plain(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    for step in range(1, 28):
        yield {"loss": config["x"] / step}


def simulate(**changed: Any) -> Run:
    settings: dict[str, Any] = {
        "trainable": train,
        "parameters": {"x": {"min": 0.0, "max": 1.0}, "width": {"values": [1, 2, 4]}},
        "metric": "loss",
        "goal": "minimize",
        "method": "random",
        "early_terminate": "asha",
        "max_steps": 27,
        "step_budget": 200,
        "runner": "simulated",
        "workers": 4,
        "seed": 0,
        **changed,
    }
    return Sweep(**settings).run()


def test_the_documented_call_runs_as_it_stands() -> None:
    snippet = re.findall(
        r"^```python\n(.*?)^```", (ROOT / "docs/simulation.md").read_text(), re.DOTALL | re.MULTILINE
    )[0]
    made: dict[str, Any] = {"__name__": "a page"}
    exec(compile(snippet, "docs/simulation.md", "exec"), made)
    run = made["run"]
    assert run.state == "finished"
    assert 400 <= run.history.steps_total <= 403
    assert list(run.results.columns) == ["trial", "step", "now", "loss", "seconds"]
    assert len(run.results) == run.history.steps_total
    assert not list(Path().iterdir())


def test_the_virtual_time_of_each_result_is_the_sum_of_the_costs_before_it() -> None:
    run = simulate()
    results = run.results.merge(run.trials[["trial", "started"]], on="trial")
    passed = results.groupby("trial")["seconds"].cumsum()
    np.testing.assert_allclose(results["now"], results["started"] + passed)
    begun = np.sort(run.trials["started"].to_numpy())
    assert list(begun[:4]) == [0.0] * 4
    for now in begun[4:]:  # a worker is given its next trial when it has let go of the last
        assert (run.trials["started"] <= now).sum() - (
            run.trials["started"] + run.trials["seconds"] <= now
        ).sum() <= 4


@pytest.mark.parametrize("method", ["random", "tpe"])
def test_the_same_again_each_time_and_other_with_another_seed(method: str) -> None:
    first, again = simulate(method=method), simulate(method=method)
    assert first.results.equals(again.results)
    assert not simulate(method=method, seed=1).results.equals(first.results)


def test_without_seconds_a_step_costs_one() -> None:
    run = simulate(trainable=plain, early_terminate="none", step_budget=None, run_cap=6, workers=3)
    assert run.history.now == 2 * 27
    assert sorted(set(run.trials["started"])) == [0.0, 27.0]


def test_time_budgets_are_virtual_and_one_worker_is_the_default() -> None:
    run = simulate(step_budget=None, time_budget=20, workers=None, early_terminate="none")
    assert run.history.ended == "time budget of 20 s spent"
    assert run.results["now"].max() < 20 + 2
    assert len(set(run.results["now"])) == len(run.results)  # one after the other


def test_a_generator_can_be_paused_so_auto_has_its_opening() -> None:
    """Elsewhere a paused generator would begin anew, so there it has none."""
    run = simulate(method="auto", early_terminate=None, step_budget=400)
    assert run.history.about["settings"]["early_terminate"] == {"type": "auto", "opening": 27}
    opening, later = run.history.trials[:27], run.history.trials[27:]
    assert all(trial.pauses for trial in opening if trial.steps < 27)
    assert later
    assert not any(trial.pauses for trial in later)


def test_a_report_of_a_simulation_can_be_written(tmp_path: Path) -> None:
    page = simulate(step_budget=60).report(tmp_path / "page")
    assert page.is_file()
    assert "loss" in page.read_text()


def test_a_native_trainable_is_refused(tmp_path: Path) -> None:
    (tmp_path / "native.py").write_text("def train(config):\n    pass\n")
    with pytest.raises(SettingsError, match="has to `yield` its metrics"):
        simulate(trainable="native.py:train")
