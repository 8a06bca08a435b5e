"""What `tuneyard serve` refuses before anything listens."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.exported_penguins import exported
from deploy.errors import DeployError
from tuneyard.commands.serve import command

HERE = ("--runner", "uvicorn", "--port", "0")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("penguins"))


def refused(*arguments: object) -> str:
    done = CliRunner().invoke(command, [str(each) for each in arguments])
    assert done.exit_code != 0
    assert not done.stdout
    return done.output if done.exit_code == 2 else str(done.exception)


def test_what_cannot_be_served_is_said(model: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(model, damaged)
    with open(damaged / "schema.json", "a") as file:
        file.write(" ")
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o644)
    for arguments, said in [
        (("none",), "tuneyard export"),
        ((damaged,), "schema.json"),
        ((model, "--host", "0.0.0.0"), "--token-file"),
        ((model, "--token-file", token), "chmod 600"),
        ((model, "--log-without", "iland"), "did you mean island?"),
        ((model, "--replicas", 2), "--runner ray"),
        ((model, "--no-log", "--log", "log"), "--no-log"),
    ]:
        assert said in refused(*arguments, *HERE)


def test_a_port_that_is_taken_is_said(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "--port 0" in refused(model, "--runner", "uvicorn", "--port", port, "--no-log")


def test_a_log_that_cannot_be_written_is_said(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeployError, match="--no-log"):
        raise (
            CliRunner()
            .invoke(command, [str(model), *HERE, "--log", str(tmp_path / "file" / "log")])
            .exception
        )
