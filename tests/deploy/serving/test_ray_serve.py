"""`tuneyard serve` under Ray Serve: the same app, a replica killed under load, and nothing that others can reach."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from contracts.command_line import PATIENCE
from contracts.exported_penguins import GENTOO, Server, exported, serving
from deploy.monitoring.log import read_log

pytestmark = [pytest.mark.ray, pytest.mark.slow]

pytest.importorskip("ray.serve", reason="needs the extra serve: pip install 'tuneyard[serve]'")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("penguins")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(exported(folder), "--replicas", 2, "--log", folder / "log", cwd=folder) as server:
        yield server
        done = server.stop(signal.SIGTERM)
        assert done.code == 0, done.err
        assert "everything that was asked was answered" in done.err


def replicas(server: Server) -> list[psutil.Process]:
    """The processes of the replicas of this server."""
    found = []
    for process in psutil.Process(server.process.pid).children(recursive=True):
        try:
            if "ServeReplica" in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:  # it ended meanwhile
            continue
    return found


def test_both_replicas_answer_as_one(server: Server) -> None:
    address = urlsplit(server.url)
    assert address.hostname == "127.0.0.1"
    with httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        labels = {client.post("/predict", json=GENTOO).json()["predictions"][0]["label"] for _ in range(30)}
        assert labels == {"Gentoo"}
        assert (
            client.post("/predict", json={**GENTOO, "year": "2008"}).json()["error"]["faults"][0]["field"]
            == "year"
        )
        assert client.get("/schema", headers={"Host": "evil.example"}).status_code == 421
        assert client.get("/nothing").status_code == 404
        counted = [
            line.rpartition(" ")[2]
            for line in client.get("/metrics").text.splitlines()
            if line.startswith('tuneyard_requests_total{path="/predict",status="200"}')
        ]
    assert [float(each) for each in counted] == [30.0], "whichever is asked answers for both"


def test_nothing_listens_where_others_can_reach_it(server: Server) -> None:
    family = [
        psutil.Process(server.process.pid),
        *psutil.Process(server.process.pid).children(recursive=True),
    ]
    listening = set()
    for process in family:
        try:
            listening |= {
                each.laddr.ip for each in process.net_connections("inet") if each.status == "LISTEN"
            }
        except psutil.Error:
            continue
    assert listening
    assert not {ip for ip in listening if not ip.startswith("127.") and ip not in ("::1", "::ffff:127.0.0.1")}


def test_a_replica_that_is_killed_costs_what_it_was_answering_and_no_more(
    server: Server, folder: Path
) -> None:
    stop = threading.Event()
    answers: list[httpx.Response] = []
    broken: list[str] = []

    def ask() -> None:
        with httpx.Client(timeout=PATIENCE) as client:
            while not stop.is_set():
                try:
                    answers.append(client.post(f"{server.url}/predict", json=GENTOO))
                except httpx.TransportError as error:
                    broken.append(repr(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    _until(lambda: len(answers) >= 20)
    victim = replicas(server)[0]
    os.kill(victim.pid, signal.SIGKILL)
    killed_at = len(answers)
    _until(lambda: len(answers) >= killed_at + 60)
    _until(lambda: len({each.pid for each in replicas(server)} - {victim.pid}) == 2)
    stop.set()
    for thread in threads:
        thread.join()
    failed = [answer for answer in answers if answer.status_code != 200]
    assert not broken, "the proxy answers whatever happens to a replica"
    assert len(failed) <= len(threads), Counter(answer.status_code for answer in answers)
    for answer in failed:
        assert answer.status_code in (500, 503)
        assert "Traceback" not in answer.text
        assert ".py" not in answer.text
    served = read_log(folder / "log").rows
    assert (served["status"] == 200).sum() >= len(answers) - len(failed), "what was answered is in the log"


def _until(fact: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while not fact():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)
