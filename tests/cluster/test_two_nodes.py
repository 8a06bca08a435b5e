"""A sweep across two nodes of a real Ray cluster that wants a token. What befalls nodes: test_elastic, faults/test_14."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from contracts.command_line import tuneyard
from contracts.two_nodes import TwoNodes, two_nodes
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from search.trial import Trial
from trainables.checkpoint import newest_valid

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]

SWEEP = """
metric: loss
parameters:
  x: {min: 0.0, max: 1.0}
  here: HERE
method: random
max_steps: 8
run_cap: 4
"""
FILES = {
    "shapes.py": """
        def bowl(x, step):
            return (x - 0.3) ** 2 + 1.0 / step
    """,
    "train.py": """
        import os
        import time
        from pathlib import Path

        from shapes import bowl


        def meet(here):
            "No trial gets on before two processes train: each node has one CPU, so they are on both."
            Path(here, f"met-{os.getpid()}").touch()
            while len(list(Path(here).glob("met-*"))) < 2:
                time.sleep(0.05)


        def curve(config):
            print("trained by", os.getpid())
            meet(config["here"])
            for step in range(1, 100):
                yield {"loss": bowl(config["x"], step)}


        class Model:
            def setup(self, config, *, seed, device):
                print("trained by", os.getpid())
                self.x, self.here, self.done = config["x"], config["here"], 0

            def step(self):
                meet(self.here)
                self.done += 1
                return {"loss": bowl(self.x, self.done)}

            def save(self, directory):
                (directory / "done").write_text(str(self.done))

            def load(self, directory):
                self.done = int((directory / "done").read_text())
    """,
    "generator.yaml": f"trainable: train.py:curve{SWEEP}",
    "model.yaml": f"trainable: train.py:Model{SWEEP}",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with two_nodes() as made:
        yield made


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """The folder of a user's project."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(dedent(text).replace("HERE", str(tmp_path)))
    return tmp_path


def trained_on(trial: Trial) -> list[str]:
    """The nodes of a trial's attempts, in order, as the journal names them: by the beginning of Ray's own id."""
    return [attempt.node.rpartition("/")[2] for attempt in trial.attempts]


def expected(trial: Trial) -> list[float]:
    return [(trial.config["x"] - 0.3) ** 2 + 1.0 / step for step in range(1, 9)]


@pytest.mark.parametrize("name", ["generator", "model"])
def test_both_nodes_train_trials(cluster: TwoNodes, users: Path, name: str) -> None:
    options = ("--address", cluster.address, "--json")
    done = tuneyard("run", f"{name}.yaml", *options, cwd=users, env=cluster.env)
    assert done.code == 0, done.err
    assert done.noise == []
    assert done.json["trials"]["completed"] == 4
    paths = RunPaths(users / "runs" / name)
    history = History.from_records(read_journal(paths.journal))
    nodes = {node for trial in history.trials for node in trained_on(trial)}
    assert nodes == {node[:8] for node in cluster.ids().values()}
    for trial in history.trials:
        assert [result.metrics["loss"] for result in trial.results] == pytest.approx(expected(trial))
        pids = {attempt.pid for attempt in trial.attempts}
        assert pids == {int(line.split()[-1]) for line in paths.stdout(trial.number).read_text().splitlines()}
        found = newest_valid(paths.checkpoints(trial.number))
        assert (found is not None and found[1] == 8) == (name == "model")


@pytest.mark.parametrize(
    "env",
    [{"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}],
    ids=["none", "wrong"],
)
def test_without_its_token_nobody_gets_in(cluster: TwoNodes, users: Path, env: dict[str, str]) -> None:
    done = tuneyard("run", "model.yaml", "--address", cluster.address, cwd=users, env=env)
    assert done.code == 1, done.err
    assert "Traceback" not in done.err
    said = done.err.splitlines()[-1]
    assert f"cannot reach the Ray cluster at {cluster.address}: it wants a token" in said
    assert "RAY_AUTH_TOKEN_PATH" in said
    assert not (users / "runs" / "model").exists()
