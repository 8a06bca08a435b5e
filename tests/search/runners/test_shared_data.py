"""Data sets of a run in Ray's object store: prepared once, read in place, and not lost with a worker."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from trainables.data import Dataset, MemoryStore
from trainables.errors import DataError

pytestmark = [pytest.mark.ray, pytest.mark.slow]

ROWS = 20_000
PATIENCE = 240.0  # seconds; of its own, since the workers import this file


@pytest.fixture(scope="module")
def actor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    from search.paths import RunPaths
    from search.runners.base import Resources
    from search.runners.ray_tune.cluster import cluster
    from search.runners.ray_tune.shared_data import shared_data

    root = tmp_path_factory.mktemp("run")
    with cluster(None, 3, Resources()), shared_data(RunPaths(root), root) as name:
        yield name


def made(log: Path, rows: int = ROWS) -> Dataset:
    """A data set; notes in `log` which process made it."""
    with log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    x, y = np.arange(rows * 8.0).reshape(rows, 8), np.arange(rows) % 3
    return Dataset(
        "classification",
        "table",
        "features",
        *(x, y, x[:9], y[:9]),
        n_classes=3,
        names=tuple("abcdefgh"),
        labels=("x", "y", "z"),
        train_rows=np.arange(rows),
        valid_rows=np.arange(9),
    )


def broken(text: str) -> Dataset:
    raise DataError(text)


def raises_otherwise(log: Path) -> Dataset:
    with log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    raise ZeroDivisionError("not our business")


class Worker:
    """As the process of a trial: it has a store of the run, and tells what it got."""

    def __init__(self, name: str) -> None:
        from search.runners.ray_tune.shared_data import SharedStore

        self.store = SharedStore(name)

    def read(self, key: str, log: Path) -> dict[str, Any]:
        dataset = self.store.get(key, lambda: made(log))
        again = self.store.get(key, lambda: made(log))
        return {
            "pid": os.getpid(),
            "sum": float(dataset.train_x.sum()),
            "writeable": dataset.train_x.flags.writeable,
            "own": dataset.train_x.flags.owndata,
            "same": again is dataset,
        }

    def wrong(self, text: str) -> str:
        try:
            self.store.get(text, lambda: broken(text))
        except DataError as error:
            return str(error)
        return "nothing was raised"

    def fact(self, log: Path) -> str:
        return self.store.fact("fact", lambda: str(made(log, rows=12).modality))

    def otherwise(self, log: Path) -> str:
        try:
            self.store.get("otherwise", lambda: raises_otherwise(log))
        except ZeroDivisionError as error:
            return f"{os.getpid()} {error}"
        return "nothing was raised"


def workers(name: str, count: int) -> list[Any]:
    import ray

    return [ray.remote(num_cpus=0.5)(Worker).remote(name) for _ in range(count)]


def test_a_data_set_is_prepared_once_and_read_in_place(actor: str, tmp_path: Path) -> None:
    import ray

    log = tmp_path / "made"
    crew = workers(actor, 3)
    told = ray.get([each.read.remote("once", log) for each in crew])
    assert len({each["pid"] for each in told}) == 3
    pids = log.read_text().split()
    assert len(pids) == 1
    assert int(pids[0]) not in {os.getpid(), *(each["pid"] for each in told)}
    for each in told:
        assert each["sum"] == made(tmp_path / "mine").train_x.sum()
        assert not each["writeable"]
        assert not each["own"]
        assert each["same"]


def test_a_fact_about_a_source_is_found_out_by_the_actor(actor: str, tmp_path: Path) -> None:
    import ray

    log = tmp_path / "made"
    crew = workers(actor, 2)
    assert ray.get([each.fact.remote(log) for each in crew]) == ["table", "table"]
    pids = {ray.get(each.read.remote("another", tmp_path / "x"))["pid"] for each in crew}
    assert not {int(pid) for pid in log.read_text().split()} & pids


def test_what_is_asked_for_again_is_kept_longest(actor: str, tmp_path: Path) -> None:
    """Trials come back to a data set after trials on many others."""
    import ray

    from search.runners.ray_tune.shared_data import KEPT

    log = tmp_path / "made"
    (one,) = workers(actor, 1)
    for number in range(KEPT):
        ray.get(one.read.remote("again", log))
        ray.get(one.read.remote(f"once {number}", tmp_path / "others"))
        ray.get(one.read.remote(f"once more {number}", tmp_path / "others"))
    assert len(log.read_text().split()) == 1


def test_it_outlives_the_worker_that_asked_for_it(actor: str, tmp_path: Path) -> None:
    import ray

    log = tmp_path / "made"
    first, second = workers(actor, 2)
    ray.get(first.read.remote("outlives", log))
    ray.kill(first)
    assert ray.get(second.read.remote("outlives", log))["sum"] > 0
    assert len(log.read_text().split()) == 1


def test_what_is_wrong_with_the_data_comes_in_the_same_words(actor: str) -> None:
    import ray

    text = "sales.csv, row 18, column 'age': 'x' is no number"
    assert ray.get(workers(actor, 1)[0].wrong.remote(text)) == text


def test_any_other_error_is_raised_where_the_trial_is(actor: str, tmp_path: Path) -> None:
    """With its own traceback, which is what the trial's failure shows."""
    import ray

    log = tmp_path / "made"
    pid, said = ray.get(workers(actor, 1)[0].otherwise.remote(log)).split(" ", 1)
    assert said == "not our business"
    assert log.read_text().split()[-1] == pid


def test_without_the_actor_each_process_has_its_own(actor: str, tmp_path: Path) -> None:
    import ray

    log = tmp_path / "made"
    crew = workers("tuneyard-data-there-is-none", 2)
    told = ray.get([each.read.remote("lost", log) for each in crew])
    assert {int(pid) for pid in log.read_text().split()} == {each["pid"] for each in told}


def wait_until_it_is_back(name: str) -> None:
    import ray

    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            ray.get(ray.get_actor(name).__ray_ready__.remote())
            return
        except (ray.exceptions.RayError, ValueError):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_an_actor_that_dies_comes_back_and_prepares_again(actor: str, tmp_path: Path) -> None:
    import ray

    from search.paths import RunPaths
    from search.runners.ray_tune.shared_data import shared_data

    log = tmp_path / "made"
    with shared_data(RunPaths(tmp_path), tmp_path) as name:
        first, second, third = workers(name, 3)
        before = ray.get(first.read.remote("dies", log))
        owner = psutil.Process(int(log.read_text()))
        ray.kill(ray.get_actor(name), no_restart=False)
        owner.wait(PATIENCE)
        assert ray.get(second.read.remote("dies", log))["sum"] == before["sum"]
        assert ray.get(first.read.remote("dies", log))["sum"] == before["sum"]  # still in its hands
        prepared = log.read_text().split()  # by `second` for itself, if it asked while nobody was there
        wait_until_it_is_back(name)
        assert ray.get(third.read.remote("dies", log))["sum"] == before["sum"]
        assert str(ray.get(third.read.remote("dies", log))["pid"]) not in log.read_text().split()
        assert len(prepared) >= 2


def test_the_store_of_a_process_keeps_the_last_few() -> None:
    store = MemoryStore(size=2)
    calls: list[str] = []

    def make(key: str) -> Dataset:
        calls.append(key)
        return made(Path(os.devnull), rows=12)

    for key in ("a", "b", "a", "c", "b"):
        store.get(key, lambda key=key: make(key))  # type: ignore[misc]
    assert calls == ["a", "b", "c", "b"]
