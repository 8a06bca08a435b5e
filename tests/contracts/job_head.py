"""A Ray cluster with a job server, as `ray start --head` makes one on a machine that has ray[default], and a token."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from contracts.ports import free_port

__all__ = ["JobHead", "job_head"]

MARK = "TUNEYARD_TEST_NODE"
PATIENCE = 180.0  # seconds for a node to come up, on a busy machine
TRIES = 3


@dataclass(frozen=True)
class JobHead:
    """`url` of the job server. `env`: what a client needs to be let in. `home`: the home directory on the head."""

    url: str
    env: Mapping[str, str]
    home: Path
    mark: str

    def kill(self) -> None:
        """SIGKILL to all of it, the jobs included."""
        remains = self.processes()
        for process in remains:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(remains, timeout=20)

    def processes(self, *words: str) -> list[psutil.Process]:
        """Those that this head or a job of it started, and whose command line contains all `words`."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                line = " ".join(process.cmdline())
                if process.environ().get(MARK) == self.mark and all(word in line for word in words):
                    found.append(process)
        return found


@contextlib.contextmanager
def job_head() -> Iterator[JobHead]:
    """The head, which has two CPUs; whatever came up of it is gone afterwards.

    Not of two nodes: on one machine they would share, and take from each other, the folders that Ray unpacks for jobs.
    """
    # Not below a test's own folder: the paths of Ray's sockets may be 107 bytes long.
    with (
        tempfile.TemporaryDirectory(prefix="ty-", ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryDirectory(prefix="ty-home-", ignore_cleanup_errors=True) as home,
    ):
        token = Path(home, "token")
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(32))
        env = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_USAGE_STATS_ENABLED": "0"}
        port, gcs = free_port(), free_port()
        head = JobHead(f"http://127.0.0.1:{port}", env, Path(home), secrets.token_hex(8))
        try:
            _start(
                head,
                *(
                    "--head",
                    f"--port={gcs}",
                    f"--temp-dir={folder}",
                    f"--ray-client-server-port={free_port()}",
                ),
                *("--include-dashboard=true", "--dashboard-host=127.0.0.1", f"--dashboard-port={port}"),
            )
            yield head
        finally:
            head.kill()


def _start(head: JobHead, *options: str) -> None:
    """Ray gives a node 30 seconds to come up, which on a busy machine is too little now and then: it is tried again."""
    for _ in range(TRIES):
        done = _started(head, *options)
        if done.returncode == 0:
            return
        head.kill()
    raise AssertionError(done.stdout)


def _started(head: JobHead, *options: str) -> subprocess.CompletedProcess[str]:
    ports = (
        *("object-manager-port", "node-manager-port", "metrics-export-port", "runtime-env-agent-port"),
        *("dashboard-agent-listen-port", "dashboard-agent-grpc-port"),
    )
    return subprocess.run(
        [
            *(sys.executable, "-m", "ray.scripts.scripts", "start", "--node-ip-address=127.0.0.1"),
            *("--num-cpus=2", f"--object-store-memory={80 * 2**20}", "--disable-usage-stats"),
            *(f"--{name}={free_port()}" for name in ports),
            *options,
        ],
        env={**os.environ, **head.env, MARK: head.mark, "HOME": str(head.home), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
