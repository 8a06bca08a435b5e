"""`tuneyard serve --runner uvicorn` in a process of its own, with a real model."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pandas as pd
import pytest

from contracts.exported_penguins import GENTOO, Server, exported, serving
from deploy.registry import Registry

pytestmark = pytest.mark.slow

HERE = ("--runner", "uvicorn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("penguins")


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    return exported(folder)


@pytest.fixture(scope="module")
def server(model: Path, folder: Path) -> Iterator[Server]:
    with serving(model, *HERE, "--log", folder / "log", cwd=folder) as server:
        yield server


RAW = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 100,
    "a head that never ends": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"a" * 200_000,
    "a thousand headers": b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 20_000 + b"\r\n",
    "a null byte in a header": b"GET / HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
    "no host": b"GET /schema HTTP/1.1\r\n\r\n",
    "two lengths": b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    "a length and chunks": (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "chunks that are none": (
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n"
    ),
    "an upgrade": (
        b"GET /predict HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ),
    "a path up": b"GET /../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    "an address of elsewhere": b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
}


@pytest.mark.parametrize("name", RAW)
def test_bytes_that_are_no_request_do_no_harm(server: Server, name: str) -> None:
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        answer = b""
        try:
            connection.sendall(RAW[name])
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except ConnectionError:
            pass  # broken off: that is an answer, too
    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert b"Traceback" not in answer
    assert b"root:" not in answer
    assert httpx.post(f"{server.url}/predict", json=GENTOO).status_code == 200


def test_a_body_that_stops_half_way_is_no_failure(server: Server) -> None:
    address = urlsplit(server.url)
    head = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(head)
    metrics = httpx.get(f"{server.url}/metrics").text
    assert 'status="500"' not in metrics


def test_it_answers_and_names_neither_software_nor_version(server: Server) -> None:
    answer = httpx.post(f"{server.url}/predict", json=[GENTOO] * 3)
    assert [each["label"] for each in answer.json()["predictions"]] == ["Gentoo"] * 3
    assert "server" not in answer.headers
    told = httpx.post(f"{server.url}/explain", json=GENTOO).json()
    assert {each["field"] for each in told["explanations"][0]["differences"]} == set(GENTOO)


def test_what_is_asked_when_it_ends_is_answered_and_logged(model: Path, tmp_path: Path) -> None:
    statuses: list[int] = []
    with serving(model, *HERE, "--log", "log", cwd=tmp_path) as server:
        begun = threading.Barrier(5)

        def ask() -> None:
            with httpx.Client(timeout=60) as client:
                client.get(f"{server.url}/healthz")
                begun.wait()
                try:
                    while True:
                        statuses.append(client.post(f"{server.url}/predict", json=GENTOO).status_code)
                except httpx.TransportError:
                    return  # it listens no more

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun.wait()
        while len(statuses) < 20:
            pass
        done = server.stop(signal.SIGTERM)
        for thread in threads:
            thread.join()
    assert done.code == 0, done.err
    assert "everything that was asked was answered" in done.err
    assert not done.noise
    assert set(statuses) <= {200, 503}
    (kept,) = (tmp_path / "log").glob("predictions-*.parquet")
    frame = pd.read_parquet(kept)
    assert (frame["status"] == 200).sum() >= statuses.count(200)


def test_a_promotion_reaches_the_server_under_load_without_a_failed_request(
    model: Path, folder: Path, tmp_path: Path
) -> None:
    registry = Registry.create(tmp_path / "penguins")
    registry.promote(registry.add(model).name)
    with serving(tmp_path / "penguins", *HERE, "--no-log", cwd=tmp_path) as server:
        stop, answers = threading.Event(), []

        def ask() -> None:
            with httpx.Client(timeout=60) as client:
                while not stop.is_set():
                    answers.append(client.post(f"{server.url}/predict", json=GENTOO))

        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        registry.promote(registry.add(exported(folder, seed=1)).name)
        while not httpx.get(f"{server.url}/readyz").json()["version"].startswith("v2-"):
            assert server.process.poll() is None
        enough = len(answers) + 10
        while len(answers) < enough:
            pass
        stop.set()
        for thread in threads:
            thread.join()
        assert server.stop(signal.SIGINT).code == 0
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["version"][:3] for answer in answers} == {"v1-", "v2-"}
