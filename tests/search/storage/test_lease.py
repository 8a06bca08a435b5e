"""One driver among all machines."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading

import pytest

from search.errors import LockedError
from search.storage import lease as lease_module
from search.storage.lease import Lease, holder_of
from search.storage.store import Store


@pytest.fixture
def store(url: str) -> Store:
    return Store(url)


def nobody(_: str) -> None:
    raise AssertionError("the lease was not lost")


def pretend(store: Store, **changes: object) -> None:
    """Change what stands in the lease: another machine's, another process's."""
    store.put("run/lease.json", json.dumps({**json.loads(store.get("run/lease.json")), **changes}).encode())


def test_the_second_driver_is_refused_by_pid_and_host(store: Store) -> None:
    first = Lease(store, "run", lost=nobody)
    assert first.epoch == 1
    assert holder_of(store, "run") == (
        first.run_id,
        f"pid {os.getpid()} on {lease_module.socket.gethostname()}",
    )
    with pytest.raises(
        LockedError, match=rf"/run: pid {os.getpid()} on .* is working on this run.* ends in \d+ s"
    ):
        Lease(store, "run", lost=nobody)
    pretend(store, host="elsewhere", machine="another", pid=7)
    with pytest.raises(LockedError, match="pid 7 on elsewhere"):
        Lease(store, "run", lost=nobody)
    first.release()
    assert [item.key for item in store.list("run")] == ["run/lease.json"], "probes are taken away"


def test_drivers_are_numbered_on(store: Store) -> None:
    first = Lease(store, "run", lost=nobody)
    first.release()
    assert holder_of(store, "run") == (first.run_id, None)
    second = Lease(store, "run", lost=nobody)
    assert (second.epoch, second.run_id) == (2, first.run_id)
    second.release()
    third = Lease(store, "run", after=7, lost=nobody)
    assert third.epoch == 8
    third.release()


def test_a_driver_that_was_killed_on_this_machine_is_followed_at_once(store: Store) -> None:
    dead = multiprocessing.get_context("spawn").Process(target=int)
    dead.start()
    dead.join()
    Lease(store, "run", lost=nobody).release()
    pretend(store, released=False, pid=dead.pid, born=1.0)
    assert holder_of(store, "run")[1] is None
    lease = Lease(store, "run", lost=nobody)
    assert lease.epoch == 2
    lease.release()


def test_one_that_was_killed_elsewhere_is_followed_once_its_lease_has_ended(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lease(store, "run", lost=nobody).release()
    pretend(store, released=False, host="elsewhere", machine="another")
    with pytest.raises(LockedError, match="elsewhere"):
        Lease(store, "run", lost=nobody)
    monkeypatch.setattr(lease_module, "LENGTH", 0.0)
    lease = Lease(store, "run", lost=nobody)
    assert lease.epoch == 2
    lease.release()


def test_who_comes_back_too_late_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "RENEWAL", 0.05)
    told: list[str] = []
    lost = threading.Event()

    def note(driver: str) -> None:
        told.append(driver)
        lost.set()

    lease = Lease(store, "run", lost=note)
    pretend(store, token="another", host="elsewhere", pid=9, epoch=2)
    assert lost.wait(60)
    assert told == ["pid 9 on elsewhere"]
    lease.release()
    assert json.loads(store.get("run/lease.json"))["token"] == "another", "it is the other's now"


def test_a_renewed_lease_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "RENEWAL", 0.05)
    lease = Lease(store, "run", lost=nobody)
    put, renewed = store.put, threading.Semaphore(0)
    monkeypatch.setattr(store, "put", lambda key, content: (put(key, content), renewed.release()))
    assert all(renewed.acquire(timeout=60) for _ in range(3))
    lease.release()
    assert holder_of(store, "run")[1] is None


def test_a_lease_that_does_not_read_keeps_nobody_out(store: Store) -> None:
    store.put("run/lease.json", b"{half")
    assert holder_of(store, "run") == ("", None)
    lease = Lease(store, "run", after=3, lost=nobody)
    assert lease.epoch == 4
    lease.release()
