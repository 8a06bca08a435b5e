"""The worker's side of the Ray runner, without a Ray: what one actor says of the trials that it is given."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.paths import RunPaths
from trainables.checkpoint import newest_valid

USER_FILE = """
import errno

CLOSED = []


def counts(config):
    for step in range(1, 6):
        yield {"loss": 1.0 / step}


def raises(config):
    yield {"loss": 1.0}
    raise ValueError("odd \\ud800 text")


class Full:
    def setup(self, config):
        self.i = 0

    def step(self):
        self.i += 1
        return {"loss": 1.0 / self.i}

    def save(self, directory):
        if self.i == 2:
            raise OSError(errno.ENOSPC, "no space left on device")
        (directory / "i").write_text(str(self.i))

    def load(self, directory):
        self.i = int((directory / "i").read_text())


class Exits(Full):
    def step(self):
        if self.i == 1:
            raise RuntimeError("broken")
        return super().step()

    def close(self):
        CLOSED.append(self.i)
        raise SystemExit(1)
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Any]:
    from search.runners.ray_tune.hosted import Assignment, Shipment, hosted

    (tmp_path / "user.py").write_text(USER_FILE)
    started: list[Any] = []

    def make(trainable: str, reported: int = 0, inherited: int = 0) -> Any:
        ref = f"user.py:{trainable}"
        shipment = Shipment(ref, str(tmp_path), None, str(tmp_path / "run"), "loss", 1)
        assignment = Assignment(0, 1, 7, reported, {}, inherited=inherited)
        started.append(hosted(shipment)(config=assignment.to_config()))
        return started[-1]

    yield make
    for trial in started:
        trial.stop()


def told(trial: Any) -> Any:
    from search.runners.ray_tune.hosted import Report

    return Report.from_result(trial.train())


def test_what_cannot_be_saved_reports_its_steps_again_one_by_one(worker: Any) -> None:
    """Each has the step time-out for itself: to run them all in one would look like a hang."""
    trial = worker("counts", reported=3)
    assert [told(trial).step for _ in range(5)] == [1, 2, 3, 4, 5]
    assert told(trial).finished


def test_a_copy_without_its_parents_checkpoint_is_not_trained_from_nothing(worker: Any) -> None:
    failure = told(worker("Full", reported=3, inherited=3)).failure
    assert failure is not None
    assert failure["message"].startswith(
        "CheckpointError: the checkpoint of step 3 that it has from its parent"
    )
    parent = worker("Full")
    for _ in range(3):
        told(parent)
    assert told(worker("Full", reported=3, inherited=3)).step == 4


def test_a_copy_waits_for_its_parents_checkpoint_however_seldom_there_is_one() -> None:
    from search.runners.ray_tune.hosted import Assignment

    def under_way(reported: int, inherited: int, moves: bool = True) -> int:
        return Assignment(0, 1, 7, reported, {}, moves=moves, inherited=inherited).under_way(10)

    assert under_way(5, 5) == 1  # no step of its own: that very one
    assert under_way(7, 5) == 3
    assert under_way(30, 5) == 10
    assert under_way(30, 0) == 10
    assert under_way(30, 0, moves=False) == 0


def test_a_disk_that_takes_no_log_is_no_fault_of_the_trial(tmp_path: Path) -> None:
    from ray.tune.result import STDERR_FILE, STDOUT_FILE

    from search.runners.ray_tune.hosted import Assignment, Shipment, hosted

    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    (tmp_path / "user.py").write_text(
        "def prints(config):\n    for i in range(9):\n        print(i)\n        yield {'loss': i}\n"
    )
    shipment = Shipment("user.py:prints", str(tmp_path), None, str(tmp_path / "run"), "loss", 1)
    first, second = (Assignment(number, 1, 7, 0, {}).to_config() for number in (0, 1))
    trial = hosted(shipment)(config={**first, STDOUT_FILE: "/dev/full", STDERR_FILE: str(tmp_path)})
    try:
        assert [told(trial).step for _ in range(2)] == [1, 2]
        kept = tmp_path / "kept.log"
        trial.reset({**second, STDOUT_FILE: str(kept), STDERR_FILE: str(tmp_path / "kept.err")})
        assert told(trial).step == 1
        assert kept.read_text() == "0\n"
    finally:
        trial.stop()


def test_a_disk_that_takes_no_checkpoint_is_no_fault_of_the_trial(
    worker: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trial = worker("Full")
    reports = [told(trial) for _ in range(3)]
    assert [(report.step, report.failure) for report in reports] == [(1, None), (2, None), (3, None)]
    assert "no checkpoint after step 2" in caplog.text
    found = newest_valid(RunPaths(tmp_path / "run").checkpoints(0))
    assert found is not None
    assert found[1] == 3


def test_a_traceback_that_cannot_be_written_costs_the_traceback_only(
    worker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.runners.ray_tune import hosted

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(hosted, "write_atomic", full)
    trial = worker("raises")
    told(trial)
    failure = told(trial).failure
    assert failure == {"kind": "raised", "message": "ValueError: odd \\ud800 text", "log": None}


def test_a_failed_attempt_is_closed_and_what_its_close_raises_is_no_second_failure(worker: Any) -> None:
    from trainables.plug import resolve

    trial = worker("Exits")
    first, second, third = told(trial), told(trial), told(trial)
    assert (first.step, first.failure) == (1, None)
    assert second.failure is not None
    assert (second.failure["message"], second.resumes_from) == ("RuntimeError: broken", 1)
    assert third.failure is not None
    assert third.failure["message"] == "RuntimeError: broken"
    closed = resolve("user.py:Exits", Path(trial.shipment.base)).target.close.__globals__["CLOSED"]
    assert closed == [1, 1]


def test_rays_schedulers_are_told_the_step_not_a_count_of_results(worker: Any) -> None:
    trial = worker("Exits")
    assert [trial.train()["training_iteration"] for _ in range(3)] == [1, 1, 1]


def test_what_cannot_be_sent_to_a_worker_is_refused_by_name(tmp_path: Path) -> None:
    import threading

    from search.errors import RunnerError
    from search.runners.ray_tune.hosted import Shipment
    from trainables.plug import resolve

    lock = threading.Lock()

    def holds_a_lock(config: dict[str, Any]) -> Iterator[dict[str, float]]:
        with lock:
            yield {"loss": 1.0}

    with pytest.raises(RunnerError, match=r"holds_a_lock cannot be sent to the workers: TypeError: .*lock"):
        Shipment.pack(
            resolve(holds_a_lock),
            base=tmp_path,
            root=tmp_path,
            objective="loss",
            every=1,
            remote=False,
        )
