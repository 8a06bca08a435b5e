"""At most one driver for a run of a store, whatever machine it is on: a lease that its holder renews.

    <run>/lease.json    {"epoch": 3, "pid": 4711, "host": "trainer-2", "token": ..., "released": false, ...}

How old a lease is is read off the store's own clock, so that clocks of machines may differ. A driver that was killed
leaves a lease that ends by itself; on the same machine it is seen at once that its process is gone.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from search.errors import LockedError, StorageError
from search.storage.store import Store

__all__ = ["LENGTH", "RENEWAL", "Lease", "holder_of"]

log = logging.getLogger(__name__)

LENGTH = 60.0  # seconds after its last renewal at which a lease ends
RENEWAL = 15.0  # seconds between two renewals
SETTLE = 0.3  # seconds after which a lease that was taken over is read again: another driver may have done the same


_held: set[str] = set()  # tokens of this process


@dataclass(frozen=True)
class _Holder:
    """`machine`: boot and process namespace, within which a pid means something. `born`: when the process began.
    `run_id`: drawn by the run's first driver; another run of the same name, later, has another.
    """

    epoch: int
    token: str
    pid: int
    host: str
    machine: str
    born: float
    run_id: str
    released: bool = False

    @property
    def name(self) -> str:
        return f"pid {self.pid} on {self.host}"


class Lease:
    """Held from its making to `release`.

    Args:
        store: of the run. run: its place in it.
        after: the driver's number is higher than this.
        lost: called once, from another thread, with the name of who took the lease over while the store was away.

    Raises:
        LockedError: another driver holds it; names its pid and host.
        StorageError: the store is away.
    """

    def __init__(self, store: Store, run: str, *, after: int = 0, lost: Callable[[str], None]) -> None:
        self._store, self._key, self._lost = store, f"{run}/lease.json", lost
        self._run = run
        self._ended = threading.Event()
        before = self._read()
        if before is not None and (age := self._age_of(before)) is not None:
            raise LockedError(_refusal(store, run, before, age))
        epoch = max(after, before.epoch if before else 0) + 1
        run_id = before.run_id if before else secrets.token_hex(8)
        self._mine = _Holder(
            epoch,
            secrets.token_hex(8),
            os.getpid(),
            socket.gethostname(),
            _machine(),
            _born(os.getpid()),
            run_id,
        )
        _held.add(self._mine.token)
        self._take(fresh=before is None and not store.exists(self._key))
        self._thread = threading.Thread(target=self._renew, name="tuneyard-lease", daemon=True)
        self._thread.start()

    @property
    def epoch(self) -> int:
        """Number of this driver among those of the run, from 1."""
        return self._mine.epoch

    @property
    def run_id(self) -> str:
        """Tells the run from another of the same name that was deleted from the store."""
        return self._mine.run_id

    def release(self) -> None:
        """Let the next driver in. A store that is away is told nothing."""
        self._ended.set()
        _held.discard(self._mine.token)
        self._thread.join(timeout=SETTLE)  # unless the store is away: the lease then ends by itself
        store = Store(self._store.url, tries=1)
        with contextlib.suppress(StorageError):
            now = _read(store, self._key)
            if now is not None and now.token == self._mine.token:
                store.put(self._key, _encoded(_Holder(**{**asdict(self._mine), "released": True})))

    def _take(self, fresh: bool) -> None:
        if fresh:
            try:
                if self._store.create(self._key, _encoded(self._mine)):
                    return
            except StorageError as error:  # a server that knows no conditional writes
                log.debug("the lease could not be created: %s", error)
                fresh = False
        if not fresh:
            self._store.put(self._key, _encoded(self._mine))
            time.sleep(SETTLE)
        now = self._read()
        if now is None or now.token != self._mine.token:
            raise LockedError(_refusal(self._store, self._run, now or self._mine, 0.0))

    def _renew(self) -> None:
        while not self._ended.wait(RENEWAL):
            try:
                now = self._read()
                if now is not None and now.token != self._mine.token:
                    self._lost(now.name)
                    return
                self._store.put(self._key, _encoded(self._mine))
            except StorageError as error:
                log.debug("the lease was not renewed: %s", error)

    def _read(self) -> _Holder | None:
        return _read(self._store, self._key)

    def _age_of(self, holder: _Holder) -> float | None:
        """Seconds since the last renewal; None: it is over."""
        if holder.released or _is_dead(holder):
            return None
        return _age(self._store, self._key)


def holder_of(store: Store, run: str) -> tuple[str, str | None]:
    """(id of the run, who drives it now: "pid 123 on host"), as far as the store tells; ("", None): nothing.

    Raises StorageError.
    """
    key = f"{run}/lease.json"
    holder = _read(store, key)
    if holder is None:
        return "", None
    if holder.released or _is_dead(holder) or _age(store, key) is None:
        return holder.run_id, None
    return holder.run_id, holder.name


def _read(store: Store, key: str) -> _Holder | None:
    try:
        return _Holder(**json.loads(store.get(key)))
    except KeyError:
        return None
    except (ValueError, TypeError):  # nobody's: another version's, or damaged
        return None


def _age(store: Store, key: str) -> float | None:
    """Seconds since an object was written, both times by the store's clock; None: longer than a lease is."""
    probe = f"{key}.{secrets.token_hex(4)}"
    written = store.find(key)
    store.put(probe, b"")
    try:
        now = store.find(probe)
    finally:
        store.delete([probe])
    if written is None or now is None:
        return None
    age = max(0.0, now.modified - written.modified)
    return age if age < LENGTH else None


def _refusal(store: Store, run: str, holder: _Holder, age: float) -> str:
    return (
        f"{store.url}/{run}: {holder.name} is working on this run. Wait for it, or stop it, then resume; if that machine "
        f"is gone, its lease ends in {max(1, round(LENGTH - age))} s"
    )


def _encoded(holder: _Holder) -> bytes:
    return json.dumps(asdict(holder), indent=1).encode()


def _machine() -> str:
    """Two processes that see the same one see each other's pids."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()} {boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:  # not Linux
        return socket.gethostname()


def _born(pid: int) -> float:
    """When a process began, by a clock that goes on from boot; 0.0 where it is gone."""
    import psutil

    try:
        return round(psutil.Process(pid).create_time(), 1)
    except psutil.Error:
        return 0.0


def _is_dead(holder: _Holder) -> bool:
    """Whether it is known that the holder's process is gone. Of another machine nothing is known."""
    if holder.machine != _machine():
        return False
    if holder.pid == os.getpid():
        return holder.token not in _held
    born = _born(holder.pid)
    return not born or abs(born - holder.born) > 2.0
