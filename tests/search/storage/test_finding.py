"""Runs of a store by name, and what the next sweep's file says of where they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import RunNotFoundError, SettingsError
from search.next.places import placed
from search.paths import RunPaths
from search.storage import claim, find_run, list_runs, split_reference


def test_a_url_names_its_storage_itself() -> None:
    assert split_reference("runs", "digits") == ("runs", "digits")
    assert split_reference("runs", "s3://b/p/digits/") == ("s3://b/p", "digits")
    with pytest.raises(SettingsError, match="names no run"):
        split_reference("runs", "s3://digits")


def test_a_run_that_is_not_there(url: str) -> None:
    with pytest.raises(
        RunNotFoundError, match=rf"no run in {url} yet. Start one: tuneyard run FILE --storage {url}"
    ):
        find_run(url, "last")
    assert list_runs(url) == []


def test_a_folder_is_a_folder(tmp_path: Path) -> None:
    run = RunPaths(tmp_path / "runs" / "digits")
    run.root.mkdir(parents=True)
    run.journal.touch()
    assert find_run("runs", "digits").root == run.root
    assert [each.name for each in list_runs(Path("runs"))] == ["digits"]


def test_the_next_sweep_is_kept_where_the_last_one_was(url: str, tmp_path: Path) -> None:
    run = claim(url) / "digits"
    run.mkdir()
    keys = placed({}, name="digits", base=tmp_path, run=run, ignore=[], folder=tmp_path)
    assert keys == {"name": "digits-next", "warm_start": "digits", "storage": url}
