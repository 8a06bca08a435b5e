"""The verbs of a store, on a real S3 server and on a folder through fsspec."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from contracts.s3 import Server
from search.errors import SettingsError, StorageError
from search.storage import Store, check_url, home_of, is_remote, local_root
from search.storage import store as store_module
from search.storage.places import claim
from search.storage.store import safe_key


@pytest.fixture(params=["s3", "file", "memory"])
def store(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Store:
    if request.param == "s3":
        return Store(url)
    if request.param == "file":
        return Store(f"file://{tmp_path}/objects")
    return Store(f"memory://{tmp_path.name}/{request.node.name}")


def test_what_is_put_can_be_got_listed_replaced_and_deleted(store: Store, tmp_path: Path) -> None:
    assert store.list() == []
    assert store.folders() == []
    store.put("a/one.txt", b"1")
    (tmp_path / "two").write_bytes(b"22")
    store.put_file("a/b/two.txt", tmp_path / "two")
    store.put("a/one.txt", b"one")
    assert store.get("a/one.txt") == b"one"
    assert [(item.key, item.size) for item in store.list("a")] == [("a/b/two.txt", 2), ("a/one.txt", 3)]
    assert store.folders() == ["a"]
    assert store.folders("a") == ["b"]
    store.get_file("a/b/two.txt", tmp_path / "deep" / "two")
    assert (tmp_path / "deep" / "two").read_bytes() == b"22"
    found = store.find("a/one.txt")
    assert found is not None
    assert found.modified > 1e9
    store.delete(["a/one.txt", "a/one.txt", "never/was"])
    assert not store.exists("a/one.txt")
    assert store.find("a/one.txt") is None
    with pytest.raises(KeyError):
        store.get("a/one.txt")


def test_an_object_is_created_once(store: Store) -> None:
    assert store.create("lease", b"mine")
    assert not store.create("lease", b"yours")
    assert store.get("lease") == b"mine"


def test_a_bucket_that_is_not_there_is_named(reach: Server) -> None:
    for call in (lambda s: s.list(), lambda s: s.folders(), lambda s: s.get("a"), lambda s: s.put("a", b"")):
        with pytest.raises(
            StorageError, match=r"s3://nobody-made-it/x: cannot .*Make the bucket 'nobody-made-it' first"
        ):
            call(Store("s3://nobody-made-it/x"))


def test_missing_credentials_are_named_at_once(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(store_module.time, "sleep", _never)
    with pytest.raises(StorageError, match="set AWS_PROFILE, or AWS_ACCESS_KEY_ID"):
        Store(url).put("a", b"")


def _never(_: float) -> None:
    raise AssertionError("an answer that stays the same is not waited for")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nix://a/b", "no storage is known by nix://"),
        ("gs://a/b", "pip install 'gcsfs'"),
    ],
)
def test_a_protocol_that_cannot_be_used_says_what_to_do(url: str, said: str) -> None:
    if url.startswith("gs:") and "gcsfs" in sys.modules:
        pytest.skip("gcsfs is installed here")
    with pytest.raises(StorageError, match=said):
        Store(url)


def test_a_store_that_comes_back_is_waited_for_with_growing_pauses(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(store_module.time, "sleep", pauses.append)
    monkeypatch.setattr(store_module.random, "uniform", lambda _, most: most)
    real, left = store._fs.cat_file, [ConnectionError("reset"), TimeoutError(), OSError("503 slow down")]

    def shaky(path: str) -> object:
        if left:
            raise left.pop()
        return real(path)

    store.put("a", b"x")
    monkeypatch.setattr(store._fs, "cat_file", shaky)
    assert store.get("a") == b"x"
    assert pauses == [0.25, 0.5, 1.0]


def test_one_that_stays_away_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(store_module.time, "sleep", pauses.append)

    def away(*_: object, **__: object) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr(store._fs, "cat_file", away)
    with pytest.raises(
        StorageError, match=r"cannot read a: ConnectionError: refused. It was tried 7 times; try again"
    ):
        store.get("a")
    assert len(pauses) == 6
    store.hurry()
    with pytest.raises(StorageError):
        store.get("a")
    assert len(pauses) == 6


@pytest.mark.parametrize(
    "key", ["../a", "a/../../b", "/etc/passwd", "a//b", "", ".", "a\\..\\b", "a\nb", "a\0b", "x" * 256]
)
def test_no_name_of_a_foreign_store_leads_out(key: str) -> None:
    assert not safe_key(key)


@pytest.mark.parametrize("key", ["a", "trials/t00001/stdout.log", "a b/ü.txt", "..."])
def test_plain_names_are_plain(key: str) -> None:
    assert safe_key(key)


def test_hostile_keys_are_not_listed(url: str) -> None:
    store = Store(url)
    store.put("run/good", b"")
    store._fs.pipe_file(f"{store._root}/run/../../../evil", b"")
    store._fs.pipe_file(f"{store._root}/run//etc/passwd", b"")
    assert [item.key for item in store.list("run")] == ["run/good"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://me:secret@bucket/x", "holds no password"),
        ("s3://bucket/x?token=abc", "ends with its path"),
        ("s3://", "names no place"),
        ("s3:///", "names no place"),
    ],
)
def test_a_url_is_refused_without_showing_a_secret(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        check_url(url)
    assert "secret" not in str(refused.value)
    assert "abc" not in str(refused.value)


def test_each_url_has_a_folder_of_its_own(reach: Server, tmp_path: Path) -> None:
    assert is_remote("s3://a/b")
    assert not is_remote("runs")
    assert not is_remote(Path("s3:/a/b"))
    assert local_root("s3://a/b") == local_root("s3://a/b/")
    assert len({local_root(url) for url in ("s3://a/b", "s3://a-b", "gs://a/b", "s3://a/b/c")}) == 4
    root = claim("s3://a/b")
    assert root.stat().st_mode & 0o777 == 0o700
    (root / "digits" / "confirm").mkdir(parents=True)
    from search.paths import RunPaths

    home = home_of(RunPaths(root / "digits"))
    assert home is not None
    assert (home.url, home.run, home.prefix) == ("s3://a/b", "digits", "s3://a/b/digits")
    nested = home_of(RunPaths(root / "digits").confirmation)
    assert nested is not None
    assert nested.run == "digits/confirm"
    assert home_of(RunPaths(tmp_path / "runs" / "digits")) is None


def test_a_mark_that_came_with_a_foreign_run_is_not_believed(reach: Server, tmp_path: Path) -> None:
    from search.paths import RunPaths

    (tmp_path / "foreign" / "digits").mkdir(parents=True)
    (tmp_path / "foreign" / ".store").write_text("s3://evil/bucket\n")
    assert home_of(RunPaths(tmp_path / "foreign" / "digits")) is None
