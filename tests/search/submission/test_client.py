"""The job server's client: what it says when it cannot begin, and that it leaves the environment as it was."""

from __future__ import annotations

import http.server
import os
import sys
import threading
from collections.abc import Iterator

import pytest

from search.errors import RunnerError, SettingsError
from search.submission.client import Cluster, ClusterLostError


class _Answer(http.server.BaseHTTPRequestHandler):
    """A server that is no job server: it answers everything with what its test set."""

    status, text = 200, "{}"

    def do_GET(self) -> None:
        body = type(self).text.encode()
        self.send_response(type(self).status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    made = http.server.HTTPServer(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (404, "", "is not the job server of a Ray cluster"),
        (200, "<html>", "is not the job server of a Ray cluster"),
        (500, "", "is not the job server of a Ray cluster"),
        (401, "Unauthorized", "wants a token, and none was sent"),
        (403, "Forbidden", "does not accept the token that was sent"),
    ],
)
def test_what_another_server_answers(
    server: str, monkeypatch: pytest.MonkeyPatch, status: int, text: str, said: str
) -> None:
    pytest.importorskip(
        "aiohttp", reason="Ray's job client needs ray[default]: pip install 'tuneyard[cluster]'"
    )
    monkeypatch.setattr(_Answer, "status", status)
    monkeypatch.setattr(_Answer, "text", text)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    with pytest.raises(RunnerError, match=said):
        Cluster(server)
    assert os.environ["RAY_ADDRESS"] == "10.0.0.1:6379"


def test_without_the_extra_it_is_named(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(
        RunnerError, match=r"aiohttp is not installed here: pip install 'tuneyard\[cluster\]'"
    ):
        Cluster(server)


def test_nobody_there() -> None:
    with pytest.raises(ClusterLostError, match=r"nobody answers at http://127\.0\.0\.1:1 "):
        Cluster("http://127.0.0.1:1")


def test_a_password_does_not_go_into_the_url() -> None:
    with pytest.raises(SettingsError, match="no password in the URL") as raised:
        Cluster("http://me:hunter2@head:8265")
    assert "hunter2" not in str(raised.value)
