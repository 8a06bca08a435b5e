"""A real S3 server on loopback, in a process of its own: moto's, which speaks the protocol over HTTP."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

from contracts.ports import free_port

__all__ = ["BUCKET", "Server", "s3_server"]

BUCKET = "bucket"
PATIENCE = 120.0  # seconds for the server to come up, on a busy machine


@dataclass
class Server:
    """`env`: what a process needs to reach it."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def env(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def url(self, *parts: str) -> str:
        """Of a place in the bucket, which is there."""
        return "/".join((f"s3://{BUCKET}", *parts))

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """It answers nothing, though connections to it are taken."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def s3_server() -> Iterator[Server]:
    """The server with one empty bucket; gone afterwards."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        server = Server(port, process)
        _make_bucket(server)
        yield server
    finally:
        process.kill()
        process.wait()


def _make_bucket(server: Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/{BUCKET}", method="PUT")
        request.add_header(
            "Authorization", "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request"
        )
        try:
            with urllib.request.urlopen(request, timeout=20):
                return
        except OSError:
            assert server.process.poll() is None, "the S3 server ended"
            assert time.monotonic() < deadline, "the S3 server does not answer"
            time.sleep(0.1)
