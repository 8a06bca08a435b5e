"""A run in an S3 store on two nodes that share nothing: a node dies, then the driver, and its directory is deleted.

Before the test opens a gate, no trial gets beyond step 8 on the node that is to die, nor beyond step 11 once it has moved:
what is killed is killed in its midst. And none gets on elsewhere before one has begun on that node.

What was reported is in the store; another driver, in another cache, goes on from there alone.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from contracts.command_line import PATIENCE, finish, start, tuneyard
from contracts.s3 import s3_server
from contracts.two_nodes import TwoNodes, two_nodes
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from search.storage import Store, local_root
from search.storage.checkpoints import steps_of

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(900)]

TRIALS, STEPS = 4, 14
SWEEP = f"""
trainable: train.py:Model
metric: loss
parameters:
  x: {{min: 0.0, max: 1.0}}
method: random
max_steps: {STEPS}
run_cap: {TRIALS}
"""
MODEL = """
    import os
    import time


    class Model:
        def setup(self, config, *, seed, device):
            print("trained by", os.getpid())
            self.x, self.done = config["x"], 0
            self.waits = 8 if os.environ["XDG_CACHE_HOME"].endswith("worker") else None
            if self.waits:
                open(os.environ["GATE"] + "-reached", "a").close()

        def step(self):
            time.sleep(0.2)
            while not os.path.exists(os.environ["GATE"] + "-reached"):
                time.sleep(0.2)
            while self.done == self.waits and not os.path.exists(os.environ["GATE"]):
                time.sleep(0.2)
            self.done += 1
            with open(os.environ["TRUTH"], "a") as file:
                file.write(f"{self.x!r} {self.done}\\n")
            return {"loss": (self.x - 0.3) ** 2 + 1.0 / self.done}

        def save(self, directory):
            (directory / "done").write_text(str(self.done))

        def load(self, directory):
            self.done = int((directory / "done").read_text())
            self.waits = 11
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[TwoNodes, str]]:
    """The cluster and the URL of a place in a bucket. Nodes and driver have caches of their own."""
    with s3_server() as server:
        mine = {"TRUTH": str(tmp_path / "truth"), "GATE": str(tmp_path / "gate")}
        for name, value in {**server.env, **mine}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "head"))
        with two_nodes(worker_env={"XDG_CACHE_HOME": str(tmp_path / "worker")}) as made:
            yield made, server.url("runs")


def test_a_node_dies_then_the_driver_and_another_goes_on_from_the_store_alone(
    cluster: tuple[TwoNodes, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes, url = cluster
    (tmp_path / "train.py").write_text(dedent(MODEL))
    (tmp_path / "sweep.yaml").write_text(SWEEP)
    stored = Store(url)
    ids = nodes.ids()
    doomed = ids[nodes.worker.port][:8]
    first = {**nodes.env, "XDG_CACHE_HOME": str(tmp_path / "driver-1")}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "driver-1"))
    paths = RunPaths(local_root(url) / "sweep")
    options = ("--storage", url, "--address", nodes.address)
    process = start("run", "sweep.yaml", *options, cwd=tmp_path, env=first)

    def history() -> History | None:
        assert process.poll() is None, process.communicate()
        try:
            return History.from_records(read_journal(paths.journal))
        except Exception:
            return None

    def wait(there: object) -> None:
        deadline = time.monotonic() + PATIENCE
        while not there():  # type: ignore[operator]
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def on_the_doomed() -> list[int]:
        seen = history()
        return [
            trial.number
            for trial in (seen.trials if seen else [])
            if trial.open and trial.steps >= 5 and trial.attempts[-1].node.endswith(doomed)
        ]

    wait(on_the_doomed)
    moved = on_the_doomed()[0]
    key = f"sweep/trials/t{moved:05d}"
    wait(lambda: max(steps_of(stored.list(f"{key}/checkpoints")).get(key, {0})) >= 3)

    def printed() -> bool:  # which is sent on its own
        log = f"{key}/stdout.log"
        return log in {item.key for item in stored.list(key)} and b"trained by" in stored.get(log)

    wait(printed)
    assert not paths.checkpoints(moved).exists(), "the driver does not share that node's directory"
    nodes.worker.kill()

    def gone_on() -> bool:
        seen = history()
        return seen is not None and len(seen.trials[moved].attempts) > 1 and seen.trials[moved].steps > 9

    wait(gone_on)
    seen = history()
    assert seen is not None
    second = seen.trials[moved].attempts[1]
    assert second.after is not None
    assert second.after.kind == "node lost"
    assert second.from_step >= 3, "it went on from what had reached the store"
    wait(lambda: b'"node lost"' in b"".join(stored.get(item.key) for item in stored.list("sweep/journal")))
    process.kill()
    finish(process)
    shutil.rmtree(tmp_path / "driver-1")
    (tmp_path / "gate").touch()

    other = {**nodes.env, "XDG_CACHE_HOME": str(tmp_path / "driver-2")}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "driver-2"))
    done = tuneyard("resume", "sweep", *options, "--json", cwd=tmp_path, env=other)
    assert done.code == 0, done.err
    assert done.json["trials"] == {
        "total": TRIALS,
        "completed": TRIALS,
        "stopped": 0,
        "failed": 0,
        "running": 0,
    }
    end = History.from_records(read_journal(RunPaths(local_root(url) / "sweep").journal))
    for trial in end.trials:
        assert [result.metrics["loss"] for result in trial.results] == pytest.approx(
            [(trial.config["x"] - 0.3) ** 2 + 1.0 / step for step in range(1, STEPS + 1)]
        )
    ran: dict[float, list[int]] = {}
    for line in (tmp_path / "truth").read_text().splitlines():
        x, step = line.split()
        ran.setdefault(float(x), []).append(int(step))
    assert {x: set(steps) for x, steps in ran.items()} == {
        trial.config["x"]: set(range(1, STEPS + 1)) for trial in end.trials
    }
    for trial in end.trials:
        if len(trial.attempts) == 1:
            assert len(ran[trial.config["x"]]) == STEPS, "a finished trial was run again"
    assert len(end.trials[moved].attempts) == 3
    logs = tuneyard("logs", f"{url}/sweep/t{moved:05d}", cwd=tmp_path, env=other)
    assert logs.out.count("trained by") == 3, "what it printed on each node"
