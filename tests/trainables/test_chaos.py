"""Chaos does what it is told, at the step it is told, to whom it is told."""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from contracts.command_line import PATIENCE
from trainables import Host, TrainableError, clean_metrics, resolve
from trainables.chaos import MODES


def results(
    config: dict[str, Any], steps: int = 3, *, seed: int = 1
) -> list[tuple[dict[str, float], str | None]]:
    host = Host(resolve("chaos"))
    host.start(config, seed=seed)
    return [clean_metrics(host.advance(), "loss") for _ in range(steps)]


def run_in_process(config: dict[str, Any]) -> None:
    results(config)


@pytest.mark.parametrize("mode", ["nan", "inf", "string", "missing"])
def test_bad_metrics_come_at_their_step_only(mode: str) -> None:
    problems = [problem for _, problem in results({"mode": mode, "at": 2})]
    assert problems[0] is None
    assert problems[1] is not None
    assert problems[2] is None


def test_it_raises() -> None:
    with pytest.raises(RuntimeError, match="told to raise"):
        results({"mode": "raise", "at": 3})
    assert len(results({"mode": "raise", "at": 4})) == 3


def test_only_below() -> None:
    assert results({"mode": "raise", "x": 0.5, "below": 0.5})
    with pytest.raises(RuntimeError):
        results({"mode": "raise", "x": 0.49, "below": 0.5})


def test_once_and_then_never_again(tmp_path: Path) -> None:
    config = {"mode": "raise", "once": str(tmp_path / "struck")}
    with pytest.raises(RuntimeError):
        results(config)
    assert len(results(config)) == 3
    with pytest.raises(RuntimeError):
        results(config, seed=2)


@pytest.mark.parametrize(("mode", "code"), [("exit", 7), ("sigkill", -signal.SIGKILL), ("hang", None)])
def test_a_process_ends_or_hangs(mode: str, code: int | None, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    config = {"mode": mode, "truth": str(truth)}
    process = multiprocessing.get_context("spawn").Process(target=run_in_process, args=(config,))
    process.start()
    if code is None:
        deadline = time.monotonic() + PATIENCE
        while not truth.exists() or truth.read_bytes().count(b"\n") < 2:
            assert time.monotonic() < deadline, "it does not come to its second step"
            time.sleep(0.05)
    process.join(timeout=2 if code is None else PATIENCE)
    if code is None:
        assert process.is_alive()
        process.kill()
        process.join()
    else:
        assert process.exitcode == code
    lines = [json.loads(line) for line in truth.read_text().splitlines()]
    assert [(line["event"], line["step"]) for line in lines] == [("start", 0), ("step", 1)]


def test_it_holds_memory_and_lets_go() -> None:
    assert results({"mode": "memory", "memory_mb": 8})[1][0]["hoarded_mb"] == 8


def test_the_truth_counts_attempts_by_config_and_seed(tmp_path: Path) -> None:
    config = {"truth": str(tmp_path / "truth"), "x": 0.25}
    for seed in (1, 1, 2):
        results(config, 2, seed=seed)
    lines = [json.loads(line) for line in (tmp_path / "truth").read_text().splitlines()]
    assert len(lines) == 9
    assert [(r["seed"], r["attempt"]) for r in lines if r["event"] == "start"] == [(1, 1), (1, 2), (2, 1)]
    assert {r["x"] for r in lines} == {0.25}
    assert [r["step"] for r in lines if r["seed"] == 2] == [0, 1, 2]


def test_a_well_behaved_one_ends_when_told() -> None:
    host = Host(resolve("chaos"))
    host.start({"x": 0.5, "steps": 2}, seed=1)
    assert [host.advance() for _ in range(3)] == [{"loss": 1.5}, {"loss": 1.0}, None]


def test_an_unknown_mode() -> None:
    with pytest.raises(TrainableError, match="no mode 'nann'; did you mean nan"):
        results({"mode": "nann"})
    assert set(MODES) == {"raise", "nan", "inf", "string", "missing", "hang", "exit", "sigkill", "memory"}
