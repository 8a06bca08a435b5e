"""The head of the cluster: a driver cannot do without it, and Ray would end it without a word that helps."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["PATIENCE", "RECONNECT", "answers", "head_watched"]

RECONNECT = "RAY_gcs_rpc_server_reconnect_timeout_s"
PATIENCE = 5.0
"""Seconds without an answer after which a head counts as gone. Where the cluster's own head may come back (a head that
keeps its state in Redis), set `RAY_gcs_rpc_server_reconnect_timeout_s` for the driver: it then waits
five seconds less than that."""
_AHEAD = 5.0  # seconds that we are ahead of Ray, which ends the process without a word
_OFTEN = 1.0  # seconds between two tries
_ANSWER = 2.0  # seconds that the head has for one


@contextlib.contextmanager
def head_watched(ray: Any, run: str) -> Iterator[None]:
    """While this is open, this process ends, saying how to go on, once the head has not answered for `PATIENCE`.

    Ray's own calls wait for the head within its C++ part, from where no exception comes back; after its own patience it
    ends the process as well. The journal holds every result that was decided on, as after any crash.
    """
    given = os.environ.get(RECONNECT)
    limit = max(1.0, float(given) - _AHEAD) if given else PATIENCE
    if ray.util.client.ray.is_connected():  # outside the cluster, where its head cannot be asked
        yield
        return
    host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
    done = threading.Event()
    thread = threading.Thread(
        target=_watch, args=(host.strip("[]"), int(port), run, limit, done), name="head", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        done.set()


def _watch(host: str, port: int, run: str, limit: float, done: threading.Event) -> None:
    heard = time.monotonic()
    while not done.wait(_OFTEN):
        if answers(host, port):
            heard = time.monotonic()
        elif time.monotonic() - heard > limit and not done.is_set():
            said = (
                f"tuneyard: the head of the Ray cluster at {host}:{port} is gone, and the trials with it. What they "
                f"reported is safe.\nnext: tuneyard resume {run}    (once there is a cluster again)\n"
            )
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(said)
                sys.stderr.flush()
            os._exit(1)


def answers(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=_ANSWER).close()
    except OSError:
        return False
    return True
