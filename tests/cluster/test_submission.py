"""A sweep sent to a real Ray cluster by its job server, which wants a token: followed, let go of, killed, stopped, fetched.

The tests share one cluster; each sends sweeps under names of its own.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from contracts.command_line import PATIENCE, finish, start, tuneyard, wait_for_records
from contracts.cut_connections import way_to
from contracts.job_head import JobHead, job_head
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from trainables.checkpoint import newest_valid

pytest.importorskip(
    "aiohttp", reason="the job server is part of ray[default]: pip install 'tuneyard[cluster]'"
)
pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]

NAMED = set(re.findall(r"`([a-z_]+)`", (Path(__file__).parents[2] / "docs" / "json-contract.md").read_text()))
FILES = {
    "shapes.py": """
        def bowl(x, step):
            return (x - 0.3) ** 2 + 1.0 / step
    """,
    "train.py": """
        import os
        import time

        from shapes import bowl


        class Model:
            def setup(self, config, *, seed, device):
                print("trained with", config["x"])
                self.x, self.sleep, self.hold, self.done = config["x"], config["sleep"], config["hold"], 0

            def step(self):
                time.sleep(self.sleep)
                while os.path.exists(self.hold):
                    time.sleep(0.05)
                self.done += 1
                return {"loss": bowl(self.x, self.done)}

            def save(self, directory):
                (directory / "done").write_text(str(self.done))

            def load(self, directory):
                self.done = int((directory / "done").read_text())
    """,
    "sweep.yaml": """
        trainable: train.py:Model
        metric: loss
        parameters:
          x: {min: 0.0, max: 1.0}
          sleep: 0.05
          hold: HOLD
        method: random
        max_steps: 4
        run_cap: 4
    """,
}


@pytest.fixture(scope="module")
def head() -> Iterator[JobHead]:
    with job_head() as made:
        yield made


@pytest.fixture(scope="module")
def hold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No step ends while this file is there. It is not in the user's folder, which is sent."""
    return tmp_path_factory.mktemp("hold") / "hold"


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory, hold: Path) -> Path:
    """The folder of a user's project; each test has runs of its own names in it."""
    folder = tmp_path_factory.mktemp("project")
    for name, text in FILES.items():
        (folder / name).write_text(dedent(text).replace("HOLD", str(hold)))
    return folder


def history(paths: RunPaths) -> History:
    return History.from_records(read_journal(paths.journal))


def there(head: JobHead, name: str) -> RunPaths:
    """The run itself, on the head."""
    return RunPaths(head.home / "tuneyard-runs" / name)


def test_a_sweep_runs_there_and_its_report_lands_here(head: JobHead, users: Path, tmp_path: Path) -> None:
    done = tuneyard("run", "sweep.yaml", "--cluster", head.url, "--json", cwd=users, env=head.env)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    assert done.json["trials"]["completed"] == 4
    assert done.json["cluster"]["job"] == "succeeded"
    assert "checked 1 node (2 CPU)" in done.err
    copy, original = RunPaths(users / "runs" / "sweep"), there(head, "sweep")
    assert copy.journal.read_bytes() == original.journal.read_bytes()
    assert copy.settings.read_bytes() == original.settings.read_bytes()
    assert (copy.report / "index.html").is_file()
    for trial in history(copy).trials:
        losses = [result.metrics["loss"] for result in trial.results]
        assert losses == pytest.approx([(trial.config["x"] - 0.3) ** 2 + 1.0 / step for step in range(1, 5)])
    assert not copy.trials.exists(), "checkpoints stay there until they are fetched"
    again = tuneyard("run", "sweep.yaml", "--cluster", head.url, "--json", cwd=users, env=head.env)
    assert again.code == 0, again.err
    assert again.json == done.json, "a finished sweep is looked at, not run again"
    _fetched(head, users, tmp_path, original)
    _logs(head, users, copy)


def _fetched(head: JobHead, users: Path, elsewhere: Path, original: RunPaths) -> None:
    """The winner's checkpoint and the logs: into the copy beside the storage, and, elsewhere, through the job server."""
    best = history(original).best
    assert best is not None
    for storage in ("runs", str(elsewhere)):
        done = tuneyard(
            "fetch", "sweep", "--cluster", head.url, "--storage", storage, cwd=users, env=head.env
        )
        assert done.code == 0, done.err
        paths = RunPaths(users / storage / "sweep")
        assert paths.journal.read_bytes() == original.journal.read_bytes()
        assert paths.stdout(0).read_bytes() == original.stdout(0).read_bytes() != b""
        assert [path.name for path in paths.tensorboard.iterdir()]
        kept = [
            trial.number for trial in history(paths).trials if newest_valid(paths.checkpoints(trial.number))
        ]
        assert kept == [best.number]
    # What came through the log of a job was taken out of it again.
    logs = list(Path("/tmp").glob(f"{_session(head)}/logs/job-driver-tuneyard-fetch-*.log"))
    assert logs
    assert not [log for log in logs if "@@" in log.read_text()]


def _session(head: JobHead) -> str:
    """Below /tmp, the folder in which this head keeps its logs."""
    lines = [part for raylet in head.processes("raylet/raylet") for part in raylet.cmdline()]
    found = next(part for part in lines if part.startswith("--session_dir="))
    return str(Path(found.partition("=")[2]).relative_to("/tmp"))


def _logs(head: JobHead, users: Path, copy: RunPaths) -> None:
    driver = tuneyard("logs", "sweep", "--cluster", head.url, cwd=users, env=head.env)
    assert driver.code == 0, driver.err
    assert "Finished: all 4 trials asked for" in driver.out
    assert "@@" not in driver.out
    shutil.rmtree(copy.trials)
    trial = tuneyard("logs", "sweep/2", cwd=users, env=head.env)
    assert trial.code == 0, trial.err
    assert trial.out == f"trained with {history(copy).trials[2].config['x']}\n"


@pytest.mark.parametrize(
    "env",
    [{"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}],
    ids=["none", "wrong"],
)
def test_without_its_token_nothing_is_sent(head: JobHead, users: Path, env: dict[str, str]) -> None:
    done = tuneyard("run", "sweep.yaml", "--name", "outside", "--cluster", head.url, cwd=users, env=env)
    assert done.code == 1
    assert "Traceback" not in done.err
    said = done.err.splitlines()[-1]
    assert f"{head.url} wants a token, and none was sent" in said or "does not accept the token" in said
    assert "0" * 64 not in done.out + done.err
    assert not (users / "runs" / "outside").exists()
    assert not there(head, "outside").root.exists()


def test_another_sweep_of_the_same_name_is_refused(head: JobHead, users: Path, tmp_path: Path) -> None:
    before = there(head, "sweep").journal.read_bytes()
    name = ("--name", "sweep", "--cluster", head.url)
    other = tuneyard("run", "sweep.yaml", "--set", "max_steps=5", *name, cwd=users, env=head.env)
    assert other.code == 2
    assert "sweep on this cluster is another sweep" in other.err
    assert "@" in other.err, "says who submitted it"
    for file in FILES:
        shutil.copy(users / file, tmp_path)
    (tmp_path / "shapes.py").write_text("def bowl(x, step):\n    return x\n")
    colleague = {**head.env, "LOGNAME": "colleague"}
    files = tuneyard("run", "sweep.yaml", *name, cwd=tmp_path, env=colleague)
    assert files.code == 2
    assert "the same sweep file as yours, and other files beside it" in files.err
    assert there(head, "sweep").journal.read_bytes() == before
    assert not (tmp_path / "runs").exists()


def test_let_go_of_killed_and_stopped_it_ends_as_if_nothing_had_been(
    head: JobHead, users: Path, hold: Path
) -> None:
    env = {**head.env, "TUNEYARD_CLUSTER": head.url}
    slow = ("run", "sweep.yaml", "--set", "parameters.sleep=0.4", "--set", "run_cap=16", "--name", "slow")
    copy = RunPaths(users / "runs" / "slow")

    process = start(*slow, cwd=users, env=env)
    wait_for_records(process, copy.journal, "close", 2)
    hold.touch()  # it must not be over before it is killed, however long a command takes here
    process.send_signal(signal.SIGINT)
    left = finish(process)
    assert left.code == 0, left.err
    assert "it goes on at" in left.err
    assert "tuneyard status slow --follow" in left.err
    assert "Traceback" not in left.err
    seen = len(history(copy).trials)
    assert state(users, env, "slow") == "running"
    listed = json.loads(tuneyard("ls", "--json", cwd=users, env=env).out)
    assert [run["state"] for run in listed["runs"] if run["name"] == "slow"] == ["detached"]

    drivers = head.processes("tuneyard run", "--name slow")
    for driver in drivers:
        with contextlib.suppress(psutil.NoSuchProcess):
            driver.kill()
    psutil.wait_procs(drivers, timeout=PATIENCE)
    killed = history(there(head, "slow"))
    assert len(killed.trials) >= seen
    assert killed.ended is None
    deadline = time.monotonic() + PATIENCE
    while state(users, env, "slow") == "running":  # until the job server has noticed
        assert time.monotonic() < deadline
    hold.unlink()

    with way_to(int(head.url.rpartition(":")[2])) as way:
        process = start(*slow, "--cluster", way.url, cwd=users, env=env)
        wait_for_records(process, copy.journal, "resume", 1)
        wait_for_records(process, copy.journal, "result", killed.results_total + 1)
        assert way.cut() >= 1
        wait_for_records(process, copy.journal, "close", len(killed.trials) - len(killed.running) + 2)
        hold.touch()  # nor before it is stopped, which then breaks the steps off
        stopped = tuneyard("stop", "slow", "--cluster", head.url, cwd=users, env=env)
        assert stopped.code == 0, stopped.err
        assert "slow stopped" in stopped.out
        hold.unlink()
        followed = finish(process)
    assert f"{way.url} is back" in followed.err, "a connection that broke was made again"
    assert followed.code == 143, followed.err
    assert "tuneyard run sweep.yaml --set parameters.sleep=0.4 --set run_cap=16 --name slow" in followed.err
    told = history(copy)
    assert told.ended is not None, "it was asked to end, not killed"
    assert not told.finished

    done = tuneyard(*slow, cwd=users, env=env)
    assert done.code == 0, done.err
    assert copy.journal.read_bytes() == there(head, "slow").journal.read_bytes()
    found = history(copy)
    assert found.finished
    assert [(trial.state, trial.steps) for trial in found.trials] == [("completed", 4)] * 16
    finished = [trial.number for trial in killed.trials if not trial.open]
    assert all(len(found.trials[number].attempts) == 1 for number in finished)
    again = [record for record in read_journal(copy.journal) if record.get("again")]
    assert len(again) <= 2, "at most one step of each running trial was done twice"


def state(users: Path, env: dict[str, str], name: str) -> str:
    done = tuneyard("status", name, "--json", cwd=users, env=env)
    assert done.code == 0, done.err
    assert done.json.keys() <= NAMED
    assert done.json["cluster"].keys() <= NAMED
    return str(done.json["state"])
