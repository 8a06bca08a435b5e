"""A real S3 server for the tests of this folder, and a cache of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from contracts.s3 import Server, s3_server
from search.storage.store import open_store

_NUMBERS = count()


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with s3_server() as made:
        yield made


@pytest.fixture
def reach(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """The server, with this process let in, and a cache that nobody else uses."""
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    open_store.cache_clear()
    return server


@pytest.fixture
def url(reach: Server) -> str:
    """An empty place in the bucket."""
    return reach.url(f"runs-{next(_NUMBERS)}")
