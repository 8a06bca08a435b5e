"""Checkpoints in a store: whole or not taken, two kept, and the newest that is not ahead of what was reported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.paths import RunPaths
from search.storage import Home, Store, claim, resume_point
from search.storage import checkpoints as module
from search.storage.checkpoints import fetch_checkpoint, newest_local, put_checkpoint, steps_of
from trainables.checkpoint import MANIFEST, prune, read_checkpoint, write_checkpoint

TRIAL = "run/trials/t00000"


@pytest.fixture
def store(url: str) -> Store:
    return Store(url)


def written(folder: Path, step: int, text: str = "") -> Path:
    def save(directory: Path) -> None:
        (directory / "deep").mkdir()
        (directory / "deep" / "weights").write_text(text or f"after {step}")

    return write_checkpoint(folder, save, step)


def put(store: Store, folder: Path, step: int) -> None:
    assert put_checkpoint(store, TRIAL, written(folder, step), step, folder.parent / "outgoing")


def steps(store: Store) -> set[int]:
    return steps_of(store.list("run")).get(TRIAL, set())


def test_there_and_back_it_is_the_same_and_two_are_kept(store: Store, tmp_path: Path) -> None:
    for step in (1, 2, 3):
        put(store, tmp_path / "here", step)
    assert steps(store) == {2, 3}
    found = fetch_checkpoint(store, TRIAL, tmp_path / "there")
    assert found is not None
    path, step = found
    assert step == read_checkpoint(path) == 3
    assert (path / "deep" / "weights").read_text() == "after 3"
    earlier = fetch_checkpoint(store, TRIAL, tmp_path / "there", at_most=2)
    assert earlier is not None
    assert earlier[1] == 2
    assert fetch_checkpoint(store, TRIAL, tmp_path / "there", at_most=1) is None
    assert not list((tmp_path / "outgoing").iterdir())


def test_one_that_never_became_whole_is_not_taken(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path / "here", 1)
    store.put(f"{TRIAL}/checkpoints/step-00000002-00000001/deep/weights", b"half")
    assert steps(store) == {1}
    found = fetch_checkpoint(store, TRIAL, tmp_path / "there")
    assert found is not None
    assert found[1] == 1
    put(store, tmp_path / "here", 3)
    assert not store.exists(f"{TRIAL}/checkpoints/step-00000002-00000001/deep/weights"), (
        "it is cleared away later"
    )


def test_a_damaged_one_is_passed_over(store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    put(store, tmp_path / "here", 1)
    put(store, tmp_path / "here", 2)
    (weights,) = (i.key for i in store.list("run") if "step-00000002" in i.key and i.key.endswith("weights"))
    store.put(weights, b"after 9")
    found = fetch_checkpoint(store, TRIAL, tmp_path / "there")
    assert found is not None
    assert found[1] == 1
    assert "is passed over" in caplog.text


def test_a_manifest_that_names_a_way_out_writes_nothing_there(store: Store, tmp_path: Path) -> None:
    manifest = {"format": 1, "step": 4, "files": {"../../../../evil": {"sha256": "0" * 64, "bytes": 1}}}
    store.put(f"{TRIAL}/checkpoints/step-00000004-0001/{MANIFEST}", json.dumps(manifest).encode())
    assert fetch_checkpoint(store, TRIAL, tmp_path / "there") is None
    assert [path.name for path in tmp_path.rglob("*")] == ["there"] or not list(
        (tmp_path / "there").iterdir()
    )


def test_what_a_later_writer_left_is_not_pruned_by_an_earlier_one(store: Store, tmp_path: Path) -> None:
    put(store, tmp_path / "zombie", 50)
    put(store, tmp_path / "zombie", 51)
    for step in (9, 10, 11):
        put(store, tmp_path / "here", step)
    assert steps(store) == {10, 11, 50, 51}


def test_the_trial_may_delete_it_while_it_is_sent(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "here"
    checkpoint = written(folder, 1)
    real = store.put_file

    def slowly(key: str, file: Path) -> None:
        for step in (2, 3):
            written(folder, step)
            prune(folder)
        assert not checkpoint.exists()
        real(key, file)

    monkeypatch.setattr(store, "put_file", slowly)
    assert put_checkpoint(store, TRIAL, checkpoint, 1, tmp_path / "outgoing")
    assert steps(store) == {1}
    assert not put_checkpoint(store, TRIAL, checkpoint, 1, tmp_path / "outgoing"), "gone before it was linked"
    newest = newest_local(folder)
    assert newest is not None
    assert newest[1] == 3


def test_a_trial_goes_on_from_the_newer_of_both(
    store: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(url, "run")
    paths = RunPaths(claim(url) / "run")
    put(store, tmp_path / "elsewhere", 3)
    written(paths.checkpoints(0), 2)

    def found(reported: int) -> int | None:
        point = resume_point(paths, 0, reported, home=home)
        return point and point[1]

    assert found(0) is None
    assert found(2) == 2
    assert found(1) is None
    assert found(3) == 3
    assert found(7) == 3
    written(paths.checkpoints(0), 5)
    assert found(7) == 5
    monkeypatch.setattr(module, "open_store", lambda _: _Away())
    assert found(7) == 5, "a store that is away is done without"


class _Away:
    def list(self, _: str) -> None:
        from search.errors import StorageError

        raise StorageError("away")


def test_one_that_is_on_its_way_is_waited_for(
    store: Store, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, paths = Home(url, "run"), RunPaths(claim(url) / "run")
    put(store, tmp_path / "elsewhere", 3)
    waited: list[float] = []

    def arrive(seconds: float) -> None:
        waited.append(seconds)
        put(store, tmp_path / "elsewhere", 6)

    monkeypatch.setattr(module.time, "sleep", arrive)
    monkeypatch.setattr(module, "UNDER_WAY", 600.0)
    point = resume_point(paths, 0, 6, home=home, every=1)
    assert point is not None
    assert point[1] == 6
    assert len(waited) == 1
