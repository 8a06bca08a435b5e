"""Row 14, a node dies: its trials go on elsewhere within half a minute, and that is not held against them.

And what the promise comes to in the end: one node, and then the driver, are killed, and the sweep ends with exactly the
trials that it should have.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import psutil
import pytest

from contracts.command_line import PATIENCE, finish, start, tuneyard, wait_for_records
from contracts.measured import Measured
from contracts.truth import Truth
from contracts.two_nodes import TwoNodes, two_nodes
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from search.trial import Trial

SEED = 7
TRIALS, STEPS = 6, 8

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with two_nodes() as made:
        yield made


class Struck:
    """A sweep of chaos on the cluster, in a folder of its own."""

    def __init__(self, folder: Path, cluster: TwoNodes) -> None:
        self.folder, self.cluster = folder, cluster
        self.paths = RunPaths(folder / "runs" / "struck")
        folder.mkdir()
        (folder / "struck.yaml").write_text(
            f"""
trainable: chaos
method: random
parameters: {{x: {{min: 0.0, max: 1.0}}, delay: 0.5, truth: {folder}/truth.jsonl}}
max_steps: {STEPS}
run_cap: {TRIALS}
seed: {SEED}
"""
        )

    def start(self) -> Popen[str]:
        """The first driver."""
        return start(
            "run", "struck.yaml", "--address", self.cluster.address, cwd=self.folder, env=self.cluster.env
        )

    @property
    def history(self) -> History:
        return History.from_records(read_journal(self.paths.journal))

    @property
    def truth(self) -> Truth:
        return Truth.read(self.folder / "truth.jsonl")

    def wait_for_its_next_attempt(self, number: int, process: Popen[str]) -> None:
        """Until that trial, whose node is gone, trains elsewhere: another trial's start says nothing of it."""
        deadline = time.monotonic() + PATIENCE
        while len(self.history.trials[number].attempts) < 2:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, f"trial {number} was not started again"
            time.sleep(0.05)

    def wait_for_a_trial_on(self, node: str, process: Popen[str], steps: int) -> int:
        """The number of a trial that runs on that node, once it has reported so many steps there."""
        wait_for_records(process, self.paths.journal, "start", 1)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()
            for trial in self.history.trials:
                if trial.open and steps <= trial.steps < STEPS - 3 and trained_on(trial) == [node]:
                    return trial.number
            time.sleep(0.05)
        raise AssertionError(f"no trial on node {node}")


def trained_on(trial: Trial) -> list[str]:
    """The nodes of a trial's attempts, in order: the beginnings of Ray's own ids."""
    return [attempt.node.rpartition("/")[2] for attempt in trial.attempts]


def worker_of(cluster: TwoNodes) -> str:
    return cluster.ids()[cluster.worker.port][:8]


def kill(raylet: psutil.Process) -> None:
    """At once: to look for it takes longer than a trial has left, on a busy machine."""
    with contextlib.suppress(psutil.NoSuchProcess):
        raylet.kill()
    psutil.wait_procs([raylet], timeout=PATIENCE)


def finished(history: History) -> list[tuple[int, int, int]]:
    return [(t.number, t.seed, t.steps) for t in history.trials if not t.open]


def test_its_trial_moves_at_no_cost(cluster: TwoNodes, tmp_path: Path, measured: Measured) -> None:
    sweep, doomed = Struck(tmp_path / "moves", cluster), worker_of(cluster)
    (raylet,) = cluster.worker.processes("raylet/raylet")
    process = sweep.start()
    moved = sweep.wait_for_a_trial_on(doomed, process, steps=2)
    kill(raylet)
    done = finish(process)
    assert done.code == 0, done.err
    assert done.noise == []
    history, lost = sweep.history, sweep.truth.check(sweep.history)
    measured(14, "a node of two killed", tries=1, lost_steps=lost, lost_trials=0, seed=SEED)
    assert [trial.state for trial in history.trials] == ["completed"] * TRIALS
    assert history.problem.failure.retries == 0
    attempts = history.trials[moved].attempts
    assert [attempt.after and attempt.after.kind for attempt in attempts] == [None, "node lost"]
    assert trained_on(history.trials[moved])[0] == doomed != trained_on(history.trials[moved])[1]
    assert attempts[1].from_step >= 2
    assert lost <= 1, "one trial ran there, so it may cost one step"


def test_a_node_and_then_the_driver_are_killed(cluster: TwoNodes, tmp_path: Path, measured: Measured) -> None:
    cluster.worker.kill()
    cluster.start_worker()
    sweep, doomed = Struck(tmp_path / "both", cluster), worker_of(cluster)
    (raylet,) = cluster.worker.processes("raylet/raylet")
    process = sweep.start()
    moved = sweep.wait_for_a_trial_on(doomed, process, steps=1)
    kill(raylet)
    sweep.wait_for_its_next_attempt(moved, process)
    process.send_signal(signal.SIGKILL)
    finish(process)
    before = finished(sweep.history)
    ran_before = sweep.truth
    assert sweep.history.running, "the driver was killed under way"
    done = tuneyard("resume", "struck", "--address", cluster.address, cwd=sweep.folder, env=cluster.env)
    assert done.code == 0, done.err
    history = sweep.history
    lost = sweep.truth.check(history)
    again = sweep.truth.since(ran_before).of(history.trials[number] for number, *_ in before)
    measured(
        14,
        "a node of two and then the driver killed",
        tries=2,
        lost_steps=lost,
        lost_trials=sum(event.kind == "step" for event in again.events),
        seed=SEED,
    )
    assert [(t.number, t.state, t.steps) for t in history.trials] == [
        (number, "completed", STEPS) for number in range(TRIALS)
    ]
    assert set(before) <= set(finished(history))
    assert not again.events, "what had finished did not run again"
    assert "node lost" in [a.after.kind for a in history.trials[moved].attempts if a.after]
    for trial in history.trials:
        assert [result.metrics["loss"] for result in trial.results] == [
            trial.config["x"] + 1 / step for step in range(1, STEPS + 1)
        ]
    assert lost <= 3, "one step of the trial on the node, one of each that ran under the driver"
