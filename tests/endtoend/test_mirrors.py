"""A sweep with both mirrors, killed in the middle and gone on with: each trial is there once, whole, and nobody was asked."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.command_line import PATIENCE

pytest.importorskip("mlflow", reason="the mirrors need their packages: pip install 'tuneyard[mlflow,wandb]'")
pytest.importorskip("wandb", reason="the mirrors need their packages: pip install 'tuneyard[mlflow,wandb]'")

pytestmark = pytest.mark.slow

TRAIN = """
import time
from pathlib import Path

def train(config):
    with open("begun", "a") as file:
        file.write("x")
    sixth = Path("begun").stat().st_size == 6
    for step in range(6):
        while sixth and step == 3:  # until its process is killed
            time.sleep(0.1)
        yield {"loss": config["x"] + 1 / (step + 1)}
"""
SWEEP = """
trainable: train.py:train
metric: loss
parameters: {x: {min: 0.0, max: 1.0}}
method: random
max_steps: 6
run_cap: 12
mirrors: {mlflow: {uri: ./ml.db}, wandb: {project: shapes}}
"""
READ = """
import json, logging, sys
from mlflow.tracking import MlflowClient
client = MlflowClient("sqlite:///" + sys.argv[1])
place = client.get_experiment_by_name("shapes").experiment_id
runs = [
    [r.info.run_name, r.info.status, r.data.tags.get("tuneyard.state"),
     sorted((m.step, m.value) for m in client.get_metric_history(r.info.run_id, "loss"))]
    for r in client.search_runs([place])
]
print(json.dumps(runs))
"""


class Ear:
    """A proxy that takes no call, and counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.calls = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                call, _ = self._socket.accept()
            except OSError:
                return
            self.calls += 1
            call.close()

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def ear() -> Iterator[Ear]:
    ear = Ear()
    yield ear
    ear.close()


def test_a_killed_sweep_is_mirrored_once_and_whole(tmp_path: Path, ear: Ear) -> None:
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "shapes.yaml").write_text(SWEEP)
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"), ear.url)
    environment = {**os.environ, **proxies, "NO_PROXY": "", "no_proxy": "", "OMP_NUM_THREADS": "1"}

    def tuneyard(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tuneyard", *arguments, "--runner", "inline"]
        return subprocess.Popen(
            command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    first = tuneyard("run", "shapes.yaml")
    journal = tmp_path / "runs" / "shapes" / "journal.jsonl"
    folders = tmp_path / "runs" / "shapes" / "wandb"
    deadline = time.monotonic() + PATIENCE
    # Killed once both have something, in the middle of a trial.
    while not (_ends(journal) == 5 and len(list(folders.glob("offline-run-*/tuneyard-end"))) >= 1):
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()

    second = tuneyard("resume", "shapes")
    said = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, said
    assert "left out" not in said[1]

    asked = [sys.executable, "-W", "ignore", "-c", READ, str(tmp_path / "ml.db")]
    done = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    runs = json.loads(done.stdout.splitlines()[-1])
    assert sorted(name for name, *_ in runs) == ["shapes", *(f"t{number:05d}" for number in range(12))]
    assert {status for _, status, *_ in runs} == {"FINISHED"}
    for name, _, state, curve in runs:
        if name != "shapes":
            assert state == "completed"
            assert [step for step, _ in curve] == [1, 2, 3, 4, 5, 6]
    told = sorted(path.parent.name.rpartition("-")[2] for path in folders.glob("offline-run-*/*.wandb"))
    assert told == [f"t{number:05d}" for number in range(12)]
    assert len(list(folders.glob("offline-run-*/tuneyard-end"))) == 12
    assert ear.calls == 0, "nothing went out"


def _ends(journal: Path) -> int:
    if not journal.is_file():
        return 0
    return sum('"type":"close"' in line.replace(" ", "") for line in journal.read_text().splitlines())
