"""The commands about clusters, as far as they go without one: what would be sent, what is refused, a run of this machine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from textwrap import dedent

import pytest

from contracts.command_line import Done, finish, start, wait_for_records
from contracts.ports import free_port
from search.paths import RunPaths
from search.run import Run
from tuneyard.__main__ import main

CANARY = "canary-4711"
NOBODY = {"TUNEYARD_CLUSTER": "", "RAY_AUTH_MODE": "disabled"}


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """The folder of a user's project."""
    (tmp_path / "train.py").write_text(
        dedent(
            """
            import time

            def curve(config):
                while True:
                    time.sleep(0.05)
                    yield {"loss": config["x"]}
            """
        )
    )
    (tmp_path / "sweep.yaml").write_text(
        "trainable: train.py:curve\nmetric: loss\nparameters:\n  x: {min: 0.0, max: 1.0}\nmax_steps: 200\nrun_cap: 5\n"
    )
    return tmp_path


@pytest.fixture
def closed() -> str:
    """The URL of a port at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


class Ask:
    """`tuneyard ARGUMENTS` in this process, in the user's folder."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._patch, self._captured = patch, captured

    def __call__(self, *arguments: str, **env: str) -> Done:
        for name, value in {**NOBODY, **env}.items():
            self._patch.setenv(name, value)
        self._captured.readouterr()
        code = main(arguments)
        out, err = self._captured.readouterr()
        assert "Traceback" not in err
        return Done(code, out, err)


@pytest.fixture
def ask(users: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Ask:
    monkeypatch.chdir(users)
    return Ask(monkeypatch, capsys)


def test_what_would_be_sent_is_shown_without_a_cluster_or_a_secret(ask: Ask, users: Path) -> None:
    (users / ".rayignore").write_text("notes.txt\n")
    (users / "notes.txt").write_text("mine")
    (users / "runs" / "old").mkdir(parents=True)
    (users / "runs" / "old" / "journal.jsonl").write_text("{}\n")
    options = ("--set", "parameters.x.max=0.5", "-n", "3", "--env", "MY_KEY", "--storage", "s3://bucket/runs")
    done = ask("run", "sweep.yaml", *options, "--emit", MY_KEY=CANARY)
    assert done.code == 0, done.err
    assert CANARY not in done.out + done.err
    shown = done.json
    assert shown["submission_id"] == "sweep"
    assert [file["path"] for file in shown["files"]] == [".rayignore", "sweep.yaml", "train.py"]
    assert shown["left_out"] == ["runs"]
    assert "MY_KEY" in shown["runtime_env"]["env_vars"]
    assert re.fullmatch(
        r"exec python -m tuneyard run sweep\.yaml --set parameters\.x\.max=0\.5 -n 3 --name sweep "
        r"--storage s3://bucket/runs --address auto --submitted [0-9a-f]{16}",
        shown["entrypoint"],
    )


@pytest.mark.parametrize(
    ("options", "storage"),
    [
        ((), "~/tuneyard-runs"),
        (("--storage", "/mnt/shared"), "/mnt/shared"),
        (("--storage", "copies"), "~/tuneyard-runs"),
    ],
    ids=["default", "absolute", "relative: the copy's"],
)
def test_where_the_run_lies_on_the_cluster(
    ask: Ask, users: Path, options: tuple[str, ...], storage: str
) -> None:
    done = ask("run", "sweep.yaml", *options, "--emit")
    assert done.json["metadata"]["storage"] == storage


def test_a_rayjob_is_written(ask: Ask, users: Path) -> None:
    done = ask("run", "sweep.yaml", "--emit", "kuberay", "--image", "registry/mine:1")
    assert done.code == 0, done.err
    assert "kind: RayJob" in done.out
    assert "registry/mine:1" in done.out


def test_a_file_that_would_be_missing_there_is_refused(ask: Ask, users: Path) -> None:
    (users / ".gitignore").write_text("train.py\n")
    done = ask("run", "sweep.yaml", "--emit")
    assert done.code == 2
    assert "trainable:" in done.err
    assert "is left out of what is sent" in done.err
    other = users / "other"
    other.mkdir()
    done = ask("run", "sweep.yaml", "--working-dir", "other", "--emit")
    assert done.code == 2
    assert "--working-dir" in done.err
    (users / ".gitignore").unlink()
    done = ask("run", "sweep.yaml", "--env", "SURELY_NOT_SET", "--emit")
    assert done.code == 2
    assert "SURELY_NOT_SET" in done.err


@pytest.mark.parametrize(
    "command", [("run", "sweep.yaml"), ("status",), ("fetch", "one"), ("stop", "one"), ("logs", "one")]
)
def test_a_cluster_that_does_not_answer(ask: Ask, users: Path, closed: str, command: tuple[str, ...]) -> None:
    done = ask(*command, "--cluster", closed)
    assert done.code == 1
    assert f"nobody answers at {closed}" in done.err
    assert "ssh -L 8265" in done.err
    assert not (users / "runs").exists()


@pytest.mark.parametrize(
    "url", ["head:6379", "ray://head:10001", "http://", "http://me:secret@head:8265", "http://head:x"]
)
def test_what_is_no_url_of_a_job_server(ask: Ask, users: Path, url: str) -> None:
    done = ask("status", "--cluster", url)
    assert done.code == 2
    assert "--cluster" in done.err


def test_no_cluster_is_named(ask: Ask, users: Path) -> None:
    for command in (("status",), ("fetch", "one")):
        done = ask(*command)
        assert done.code == 2
        assert "TUNEYARD_CLUSTER" in done.err


def test_a_run_of_this_machine_is_stopped_from_elsewhere(ask: Ask, users: Path, closed: str) -> None:
    paths = RunPaths(users / "runs" / "sweep")
    process = start("run", "sweep.yaml", "--runner", "inline", cwd=users, env=NOBODY)
    wait_for_records(process, paths.journal, "result", 2)
    # A run of this machine comes before a cluster that only the environment names.
    stopped = ask("stop", "sweep", TUNEYARD_CLUSTER=closed)
    assert stopped.code == 0, stopped.err
    assert stopped.out == "sweep stopped\n"
    assert "tuneyard resume sweep" in stopped.err
    assert finish(process).code == 143
    assert Run.open(paths.root).state == "interrupted"
    again = ask("stop", "sweep")
    assert again.code == 0
    assert again.out == "sweep is not running\n"
    assert json.loads(ask("show", "sweep", "--json").out)["state"] == "interrupted"
