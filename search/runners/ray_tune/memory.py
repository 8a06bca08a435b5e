"""A trial's memory: the limit that it asked for, and letting go of what it held once it is over."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import sys
import threading
import time

import psutil
import ray
from ray.experimental import internal_kv

__all__ = ["MemoryLimit", "release", "taken_account"]

log = logging.getLogger(__name__)

_OFTEN = 0.1  # seconds between two looks at the process
_CHILDREN = 1.0  # seconds between two looks at its children, which takes a walk through all processes
_LONG = 2.0  # seconds from which on a trial is worth a collection, which takes 0.1 s of a worker with torch
_SPACE = b"tuneyard"


class MemoryLimit:
    """Ends this process once it and its children hold more memory than the trial in it may have.

    What counts is resident memory that is not shared: reserved address space costs nothing, and the data sets that all
    trials of a node share are not this trial's. The kernel has no such limit for one process, hence the thread.
    It kills rather than raises: memory that a library holds on to is free for the next trial only then.
    """

    def __init__(self) -> None:
        self._limit: int | None = None
        self._thread: threading.Thread | None = None

    def set(self, limit: int | None) -> None:
        """For the trial that now begins; bytes, None = no limit."""
        self._limit = limit
        if limit is not None and self._thread is None:
            self._thread = threading.Thread(target=self._watch, name="memory limit", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        process, theirs, looked_at = psutil.Process(), 0, 0.0
        while True:
            time.sleep(_OFTEN)
            limit, now = self._limit, time.monotonic()
            if limit is None:
                continue
            if now - looked_at > _CHILDREN:
                theirs, looked_at = _held_by_children(process), now
            held = _held(process) + theirs
            if held > limit:
                _end(process, f"it held {_mib(held)}, and resources.memory is {_mib(limit)}")


def taken_account(node: str, pid: int) -> str | None:
    """What a process that was ended by its limit left to say, on the node whose id begins so; None: it was not."""
    with contextlib.suppress(ray.exceptions.RayError, ConnectionError):
        said = internal_kv._internal_kv_get(_key(node, pid), namespace=_SPACE)
        if said is not None:
            internal_kv._internal_kv_del(_key(node, pid), namespace=_SPACE)
            return bytes(said).decode()
    return None


def release(seconds: float) -> None:
    """Let go of what a trial that ran for so long held, cycles of objects included, and give its GPU memory back.

    Another process on the same GPU can have it then: torch keeps what it once had for itself.
    """
    torch = sys.modules.get(
        "torch"
    )  # without it there is no GPU memory, and importing it here would cost seconds
    on_gpu = torch is not None and torch.cuda.is_initialized()
    if not on_gpu and seconds < _LONG:
        return
    gc.collect()
    if on_gpu:
        assert torch is not None
        torch.cuda.empty_cache()


def _end(process: psutil.Process, said: str) -> None:
    with contextlib.suppress(Exception):  # without a word then, but it ends
        node = ray.get_runtime_context().get_node_id()[:8]
        internal_kv._internal_kv_put(_key(node, process.pid), said.encode(), namespace=_SPACE)
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    os.kill(process.pid, signal.SIGKILL)


def _key(node: str, pid: int) -> bytes:
    return f"memory:{node}:{pid}".encode()


def _held(process: psutil.Process) -> int:
    memory = process.memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


def _held_by_children(process: psutil.Process) -> int:
    total = 0
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            total += child.memory_full_info().uss
    return total


def _mib(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
