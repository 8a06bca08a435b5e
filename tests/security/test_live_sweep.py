"""A real sweep on Ray, looked at while it runs: who listens, who is let in, who is asked; and what became of the secrets."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

from contracts.command_line import Done, finish, start, tuneyard, wait_for_records
from contracts.watched import Event, watch, watched
from search.paths import RunPaths

pytestmark = [pytest.mark.ray, pytest.mark.slow, pytest.mark.timeout(600)]

MARK = "TUNEYARD_TEST_SECURITY"
TRAIN = """
    import os
    import time


    class Model:
        def setup(self, config, *, seed, device):
            self.x, self.done = config["x"], 0
            self.number = seed % 5

        def step(self):
            self.done += 1
            while self.done == 3 and not os.path.exists("go"):
                time.sleep(0.05)
            if self.x < 0.5 and self.done == 4:
                raise ConnectionError(
                    "401 for https://reader:" + os.environ["DB_PASSWORD"] + "@db.example/sales?token="
                    + os.environ["SERVICE_TOKEN"] + " with key " + os.environ["AWS_SECRET_ACCESS_KEY"]
                )
            return {"loss": self.x / self.done}

        def save(self, directory):
            (directory / "done").write_text(str(self.done))

        def load(self, directory):
            self.done = int((directory / "done").read_text())
"""
SWEEP = """
    trainable: train.py:Model
    metric: loss
    method: grid
    max_steps: 5
    parameters:
      x: {values: [0.1, 0.9, 0.2, 0.8]}
    failure: {retries: 1}
    mirrors:
      wandb: {mode: offline}
"""
SECRETS = (
    "AWS_SECRET_ACCESS_KEY",
    "WANDB_API_KEY",
    "SERVICE_TOKEN",
    "DB_PASSWORD",
    "PGPASSWORD",
    "OPENAI_API_KEY",
)
CLOUD = "169.254.169.254"
"""Where Ray's head, with ray[default] installed, asks the machine in which cloud it runs; it cannot be told not to."""
PLAIN = ("FAVOURITE_COLOUR", "LC_CANARY")
"""Variables that no name gives away: they would only be written where somebody writes all of them."""


@dataclass
class Live:
    """What was seen. `listening`: addresses, `address` of the cluster, `refused`: what one without the token was told."""

    project: Path
    canaries: Mapping[str, str]
    listening: set[str] = field(default_factory=set)
    connected: set[str] = field(default_factory=set)
    token_mode: int = 0
    folder_mode: int = 0
    refused: list[str] = field(default_factory=list)
    done: Done | None = None
    events: list[Event] = field(default_factory=list)

    @property
    def run(self) -> RunPaths:
        return RunPaths(self.project / "runs" / "sweep")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    pytest.importorskip(
        "wandb", reason="the mirror to Weights & Biases needs wandb: pip install 'tuneyard[wandb]'"
    )
    project = tmp_path_factory.mktemp("project")
    (project / "train.py").write_text(dedent(TRAIN))
    (project / "sweep.yaml").write_text(dedent(SWEEP))
    found = Live(project, {name: secrets.token_hex(20) for name in (*SECRETS, *PLAIN)})
    mark = secrets.token_hex(8)
    env = {**found.canaries, **watch(project / "watch"), MARK: mark, "PYTHONDONTWRITEBYTECODE": ""}
    process = start("run", "sweep.yaml", "-j", "2", cwd=project, env=env)
    try:
        wait_for_records(process, found.run.journal, "result", 4)  # two trials wait in their third step
        _look(found, mark)
    finally:
        (project / "go").touch()
        found.done = finish(process)
    found.events = watched(project / "watch")
    return found


def _look(live: Live, mark: str) -> None:
    family = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(MARK) == mark:
                family.append(process)
    assert {"raylet", "gcs_server"} <= {process.name() for process in family}
    for process in family:
        with contextlib.suppress(psutil.Error):
            for each in process.net_connections(kind="inet"):
                if each.status == psutil.CONN_LISTEN or (each.type.name == "SOCK_DGRAM" and not each.raddr):
                    live.listening.add(each.laddr.ip)
                elif each.raddr:
                    live.connected.add(each.raddr.ip)
    gcs = next(process for process in family if process.name() == "gcs_server")
    token = Path(gcs.environ()["RAY_AUTH_TOKEN_PATH"])
    live.token_mode, live.folder_mode = token.stat().st_mode & 0o777, token.parent.stat().st_mode & 0o777
    raylet = next(process for process in family if process.name() == "raylet")
    gcs_address = re.search(r"--gcs-address=(127\.0\.0\.1:[1-9]\d*)", " ".join(raylet.cmdline()))
    assert gcs_address is not None, raylet.cmdline()
    address = gcs_address[1]
    (live.project / "intruder.yaml").write_text(
        "trainable: sphere\nmetric: value\nrun_cap: 1\nmax_steps: 1\nparameters: {x: {min: 0, max: 1}}\n"
    )
    # Without it Ray would look for the cluster at this machine's outer address, where nobody listens.
    loopback = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    for attempt in ({"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0" * 64}):
        told = tuneyard(
            "run", "intruder.yaml", "--address", address, cwd=live.project, env=attempt | loopback
        )
        assert told.code == 1, told.out + told.err
        live.refused.append(told.err)


def test_nothing_listens_off_loopback(live: Live) -> None:
    assert live.listening
    assert all(_is_loopback(ip) for ip in live.listening), live.listening


def test_the_token_is_the_users_alone(live: Live) -> None:
    assert live.token_mode == 0o600
    assert live.folder_mode == 0o700


def test_nobody_is_let_in_without_the_token(live: Live) -> None:
    """With no token, and with another one."""
    assert len(live.refused) == 2
    assert all("it wants a token" in said for said in live.refused), live.refused


def test_nobody_outside_is_asked_for_anything(live: Live) -> None:
    """No usage statistics, no look for updates: neither by a socket that was open, nor by any that Python connected."""
    assert all(_is_loopback(ip) for ip in live.connected), live.connected
    asked = [event for event in live.events if event.kind in ("socket.connect", "socket.sendto")]
    assert asked, "the watch slept"
    for event in asked:
        if event.what[0] in ("2", "10"):  # IPv4, IPv6: not a socket that is a file
            host = event.what[1].strip("()").split(",")[0].strip("'\"")
            assert _is_loopback(host) or host == CLOUD, event


def _is_loopback(host: str) -> bool:
    return host == "localhost" or ipaddress.ip_address(host.removeprefix("::ffff:")).is_loopback


def test_no_secret_is_written_anywhere(live: Live) -> None:
    """Not by us, by Ray Tune, by TensorBoard or the mirror; not although the trainable said them in an exception."""
    assert live.done is not None
    assert live.done.code == 3, live.done.err  # two trials raised
    files = [path for path in live.run.root.rglob("*") if path.is_file()]
    assert len(files) > 40
    assert any("wandb" in path.parts for path in files)
    leaks = [f"{name} in {path}" for path in files for name in _told(path.read_bytes(), live.canaries)]
    leaks += [
        f"{name} on the console" for name in _told((live.done.out + live.done.err).encode(), live.canaries)
    ]
    assert not leaks


def test_what_the_trainable_said_is_told_without_them(live: Live) -> None:
    failures = [path.read_text() for path in live.run.trials.glob("*/failure-1.txt")]
    assert len(failures) == 2
    for text in failures:
        assert (
            "ConnectionError: 401 for https://reader:[hidden]@db.example/sales?token=[hidden] with key [hidden]"
            in text
        )


def test_what_is_made_of_the_run_holds_none(live: Live, tmp_path: Path) -> None:
    run = str(live.run.root)
    for arguments in (
        ("show", run),
        ("logs", f"{run}/t00000", "--stderr"),
        ("report", run),
        ("export", run, "--to", "optuna", "-o", "study.db"),
        ("export", run, "--to", "deepcave", "-o", "deepcave"),
        ("compare", run, run, "-o", "comparison"),
        ("doctor", run, "--json"),
    ):
        told = tuneyard(*arguments, cwd=tmp_path, env=live.canaries)
        assert told.code == 0, told.err
        assert not list(_told((told.out + told.err).encode(), live.canaries)), arguments
    written = [path for path in [*tmp_path.rglob("*"), *live.run.report.iterdir()] if path.is_file()]
    assert len(written) > 8
    assert not [path for path in written if list(_told(path.read_bytes(), live.canaries))]


def test_a_password_of_a_data_base_is_named_and_not_written(tmp_path: Path) -> None:
    canaries = {"PGPASSWORD": secrets.token_hex(20)}
    url = "postgresql://reader:${PGPASSWORD}@127.0.0.1:9/sales"
    data = json.dumps({"source": url, "query": "SELECT * FROM sales", "target": "sold"})
    (tmp_path / "sweep.yaml").write_text(f"trainable: mlp\nmax_steps: 1\nrun_cap: 1\ndata: {data}\n")
    for command in ("plan", "run", "data"):
        told = tuneyard(command, "sweep.yaml", cwd=tmp_path, env=canaries)
        assert told.code == 2, told.err
        assert "reader:***@127.0.0.1" in told.err
        assert not list(_told((told.out + told.err).encode(), canaries))
    (tmp_path / "sweep.yaml").write_text(
        f"trainable: mlp\ndata: {data.replace('${PGPASSWORD}', 'in-the-clear')}\n"
    )
    told = tuneyard("plan", "sweep.yaml", cwd=tmp_path)
    assert told.code == 2
    assert "a password would be written to the run directory" in told.err
    assert "in-the-clear" not in told.err + told.out


def _told(content: bytes, canaries: Mapping[str, str]) -> Iterator[str]:
    """The canaries in some bytes: as they are, in hexadecimal (Ray writes pickles so), and in base 64 at any offset."""
    for name, value in canaries.items():
        raw = value.encode()
        coded = [base64.b64encode(b"\0" * i + raw)[4:-4] for i in range(3)]
        if raw in content or raw.hex().encode() in content or any(each in content for each in coded):
            yield name
