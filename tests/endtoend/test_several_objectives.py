"""Sweeps with two objectives and an outcome constraint: the same end under every runner, and after every interruption."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.journals import Recorded
from contracts.sweeps import begin, drive, resume, story
from search import Sweep
from search.history import History
from search.runners.base import Resources
from search.runners.inline import InlineRunner
from search.runners.ray_tune.cluster import cluster
from search.runners.simulated import SimulatedRunner
from search.settings import ResolvedSettings, read_settings

TRIALS = 24

TRAINING = """
def trade(config, seed):
    for step in (1, 2, 3):
        x, y = config["x"], config["deep"]["y"] if config["kind"] == "deep" else 0.5
        if x > 0.85:
            raise RuntimeError("too large")
        loss = float("nan") if x < 0.08 else x**2 + y / step
        yield {"loss": loss, "speed": 1 - (x - 1) ** 2 - y, "kb": 100 * x + seed % 3, "seconds": 1.0 + x}
"""

SWEEP = f"""
name: trade
trainable: training.py:trade
metrics: [loss, {{name: speed, goal: maximize}}]
outcome_constraints: ["kb <= 60"]
parameters:
  kind: {{values: [flat, deep]}}
  x: {{min: 0.0, max: 1.0}}
  deep: {{y: {{min: 0.0, max: 1.0, when: {{kind: deep}}}}}}
max_steps: 3
run_cap: {TRIALS}
failure: {{stop_after: null}}
seed: 5
"""

METHODS = ("random", "sobol", "tpe", "nsga2")


def settings_of(method: str, workers: int = 1) -> ResolvedSettings:
    Path("training.py").write_text(TRAINING)
    Path("sweep.yaml").write_text(SWEEP)
    options = {"tpe": "{name: tpe, startup_trials: 8}", "nsga2": "{name: nsga2, population: 6}"}
    given = [f"method={options.get(method, method)}", f"workers={workers}"]
    return read_settings(Path("sweep.yaml"), given).resolved()


def vectors(history: History) -> list[Any]:
    return [(each.number, each.scores, each.excess, each.outcome) for each in history.observations]


@pytest.mark.parametrize("method", METHODS)
def test_in_this_process_it_comes_to_what_the_simulated_clock_says(method: str) -> None:
    settings = settings_of(method)
    inline, simulated = (
        drive(runner, begin(settings, Recorded()), settings) for runner in (InlineRunner(), SimulatedRunner())
    )
    assert repr(story(inline)) == repr(story(simulated))  # a NaN is not equal to itself
    assert vectors(inline) == vectors(simulated)
    assert {trial.state for trial in inline.trials} == {"completed", "failed"}
    assert any(each.violation > 0 for each in inline.observations)


@pytest.mark.parametrize("method", METHODS)
def test_interrupted_anywhere_it_comes_to_the_same_end(method: str) -> None:
    settings, journal = settings_of(method, workers=3), Recorded()
    whole = drive(SimulatedRunner(), begin(settings, journal), settings)
    records = list(journal.records)
    for end in range(1, len(records), 17):
        again = resume(settings, records[:end], Recorded())
        known = vectors(History.from_records(records[:end]))
        assert vectors(again.history)[: len(known)] == known
        ended = drive(SimulatedRunner(), again, settings)
        assert len(ended.trials) == len(whole.trials)
        asked = [record for record in records[:end] if record["type"] == "ask"]
        assert [dict(t.config) for t in ended.trials[: len(asked)]] == [r["config"] for r in asked]


def test_from_python_the_front_comes_back_with_the_run() -> None:
    def train(config: dict[str, Any]) -> Iterator[dict[str, float]]:
        yield {"loss": config["x"], "cost": 1 - config["x"], "kb": 100 * config["x"]}

    run = Sweep(
        train,
        metrics=["loss", {"name": "cost", "goal": "minimize"}],
        outcome_constraints=["kb <= 50"],
        parameters={"x": {"min": 0.0, "max": 1.0}},
        method="random",
        max_steps=1,
        run_cap=12,
    ).run(runner="inline")
    assert run.front
    assert all(each.config["x"] <= 0.5 for each in run.front)
    assert [each.values["loss"] for each in run.front] == sorted(each.values["loss"] for each in run.front)
    assert run.best is not None
    assert run.best.trial == run.front[0].trial
    assert run.summary()["front"][0]["values"].keys() == {"loss", "cost"}
    frame = run.trials
    assert set(frame.loc[frame["front"].astype(bool), "trial"]) == {each.trial for each in run.front}
    assert not (frame["front"].astype(bool) & ~frame["feasible"].astype(bool)).any()


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.parametrize("method", ["tpe", "nsga2"])
def test_on_ray_with_one_worker_it_is_what_it_is_here(method: str, tmp_path: Path) -> None:
    from search.runners.ray_tune import RayTuneRunner

    settings = settings_of(method)
    inline = drive(InlineRunner(), begin(settings, Recorded()), settings)
    with cluster(None, 1, Resources()):
        on_ray = drive(RayTuneRunner(), begin(settings, Recorded()), settings, root=tmp_path / "run")
    assert vectors(on_ray) == vectors(inline)
    assert repr(story(on_ray)) == repr(story(inline))
