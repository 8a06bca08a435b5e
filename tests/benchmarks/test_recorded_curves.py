"""The recordings play back what was trained, the peers go by their own rules, and the benchmark runs on a small scale."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.sweep import PassiveSweep
from spaces import parse_parameters
from trainables.plug import resolve

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def benchmark() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import recorded_curves

        yield recorded_curves
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def recorder(benchmark: ModuleType) -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks" / "curves"))
    try:
        import record

        yield record
    finally:
        sys.path.remove(str(ROOT / "benchmarks" / "curves"))


def ordered(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Small x is good from the first step on."""
    for step in range(1, 28):
        yield {"loss": config["x"] + 1 / step}


def played(made: Any, trials: int, workers: int = 4) -> list[int]:
    """Steps of each trial, the longest first."""
    problem = Problem(
        parse_parameters({"x": {"min": 0.0, "max": 1.0}}),
        Objective("loss"),
        27,
        Budget(trials=trials),
        FailurePolicy(stop_after=None),
    )
    searcher, scheduler = made(problem)
    sweep = PassiveSweep.begin(problem, searcher, scheduler, MemoryJournal())
    SimulatedRunner().run(sweep, Work(resolve(ordered), workers=workers))
    history = sweep.history
    assert history.best is not None
    assert len(history.trials) == trials
    return sorted((trial.steps for trial in history.trials), reverse=True)


def test_there_are_recordings_of_six_real_tasks(benchmark: ModuleType) -> None:
    found = [benchmark.load(name) for name in benchmark.recordings()]
    assert len(found) >= 6
    for recording in found:
        low, middle = recording.bounds
        assert low < middle < math.inf, recording.name
        for row in recording.rows:
            assert {len(values) for values in row.curves.values()} == {len(row.seconds)}
            assert all(seconds > 0 for seconds in row.seconds)
            assert (len(row.seconds) == recording.max_steps) or row.failure, f"{recording.name} {row.number}"


def test_a_recorded_config_gets_its_own_curve(benchmark: ModuleType) -> None:
    recording = benchmark.load("boosting-wine")
    for row in recording.rows[:20]:
        played = list(recording.train(row.config))
        assert [each["val/loss"] for each in played] == list(row.curves["val/loss"])
        assert [each["seconds"] for each in played] == list(row.seconds)


def test_recording_goes_on_where_it_stopped(recorder: ModuleType, tmp_path: Path) -> None:
    assert recorder.record("boosting-wine", 1, 1, math.inf, tmp_path) == (1, 1)
    first = recorder.load("boosting-wine", tmp_path).rows
    assert recorder.record("boosting-wine", 2, 1, math.inf, tmp_path) == (2, 1)
    both = recorder.load("boosting-wine", tmp_path).rows
    assert both[0] == first[0]
    kept = recorder.load("boosting-wine").rows
    for here, there in zip(both, kept[:2], strict=True):  # the same configs, trained to the same curves
        assert (here.number, here.seed, here.config) == (there.number, there.seed, there.config)
        assert here.curves["val/loss"] == pytest.approx(there.curves["val/loss"], rel=1e-3)


def test_synchronous_hyperband_halves_whole_rungs(benchmark: ModuleType) -> None:
    """Li et al. 2018, table 1, for R = 27: 27, 9, 3 and 1 configs in the first bracket; then 12, 4, 1; 6, 2; and 4."""
    expected = [27] + [9] * 2 + [3] * 6 + [1] * 18
    assert played(benchmark.METHODS["Hyperband, synchronous"], 27) == expected
    second = [27] + [9] * 3 + [3] * 8
    assert played(benchmark.METHODS["Hyperband, synchronous"], 39) == sorted(expected + second, reverse=True)


def test_rays_rule_lets_the_first_arrivals_through_and_stops_from_the_first_step(
    benchmark: ModuleType,
) -> None:
    pytest.importorskip("ray.tune", reason="Ray Tune's own scheduler decides here")
    steps = played(benchmark.METHODS["Ray: ASHA, random"], 40, workers=1)
    assert steps.count(1) > 20
    assert steps[0] == 27


@pytest.mark.parametrize(
    "name", ["Ray: ASHA, OptunaSearch", "Optuna: TPE, median pruner", "BOHB, synchronous"]
)
def test_a_peer_searches_and_stops(benchmark: ModuleType, name: str) -> None:
    steps = played(benchmark.METHODS[name], 30)
    assert steps[0] == 27
    assert sum(steps) < 30 * 27


def test_the_critical_difference_is_that_of_the_paper(benchmark: ModuleType) -> None:
    """Demšar 2006, section 3.2.2: four methods, fourteen data sets."""
    assert benchmark.critical_difference(4, 14) == pytest.approx(
        2.569 * math.sqrt(4 * 5 / (6 * 14)), abs=1e-3
    )
    ranks = benchmark.mean_ranks([{"a": 0.1, "b": 0.2, "c": 0.2}, {"a": 0.3, "b": 0.2, "c": 0.5}])
    assert ranks == {"a": 1.5, "b": 1.75, "c": 2.75}


def test_kept_figures_are_gone_on_from_only_for_the_same_budget(
    benchmark: ModuleType, tmp_path: Path
) -> None:
    kept = tmp_path / "rows.jsonl"

    def rows(trainings: int) -> list[dict[str, Any]]:
        one = ["--tasks", "boosting-wine", "--methods", "random", "--workers", "1", "--seeds", "1"]
        more = ["--trainings", str(trainings), "--rows", str(kept)]
        found: list[dict[str, Any]] = benchmark._rows(benchmark._arguments([*one, *more]))
        return found

    assert rows(1) == rows(1)
    assert len(kept.read_text().splitlines()) == 1
    assert [list(row["epochs"]) for row in rows(2)] == [["1", "2"]]


@pytest.mark.slow
def test_the_benchmark_runs_and_puts_auto_before_random_search() -> None:
    done = subprocess.run(
        [sys.executable, "benchmarks/recorded_curves.py", "--quick"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mean rank over 12 pairs of task and seed" in done.stdout
