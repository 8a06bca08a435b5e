"""Whose sweep a name on a cluster is, what is done about it, and what the head finds in its storage."""

from __future__ import annotations

import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from search.api import Sweep
from search.errors import LockedError, RunExistsError
from search.journal import RunLock
from search.paths import RunPaths
from search.submission.client import Job
from search.submission.identity import differences, fingerprint, submitter
from search.submission.onsite import Site
from search.submission.package import Package
from search.submission.request import Request
from search.submission.submitting import standing


def settings(base: Path, **changes: Any) -> dict[str, Any]:
    return Sweep("curves", name="one", run_cap=3, base=str(base), **changes).resolved.to_dict()


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "sweep.yaml").write_text("trainable: curves\n")
    return Request("one", "sweep.yaml", Package(folder), "/runs", fingerprint(settings(folder)), "me@here")


def job(request: Request, state: str, exit_code: int | None = None, **metadata: str) -> Job:
    return Job("one", state, exit_code=exit_code, metadata={**request.metadata(), **metadata})


@pytest.mark.parametrize(
    ("state", "exit_code", "what"),
    [
        ("pending", None, "attach"),
        ("running", None, "attach"),
        ("succeeded", 0, "attach"),
        ("failed", 3, "attach"),
        ("failed", 1, "again"),
        ("failed", -9, "again"),
        ("failed", None, "again"),
        ("stopped", None, "again"),
    ],
)
def test_what_is_done_about_ones_own(request_: Request, state: str, exit_code: int | None, what: str) -> None:
    assert standing(job(request_, state, exit_code), request_) == what
    edited = job(request_, state, exit_code, folder="0" * 64)
    assert standing(edited, request_) == what, "files that changed are one's own business"


def test_a_name_that_nobody_has_is_new(request_: Request) -> None:
    assert standing(None, request_) == "new"


@pytest.mark.parametrize("state", ["running", "succeeded", "stopped"])
def test_another_sweep_keeps_its_name(request_: Request, state: str) -> None:
    for by in ("me@here", "you@there"):
        with pytest.raises(RunExistsError, match=f"one on this cluster is another sweep: {by} submitted it"):
            standing(job(request_, state, sweep="0" * 64, by=by), request_)
    with pytest.raises(RunExistsError, match="other files beside it: you@there"):
        standing(job(request_, state, folder="0" * 64, by="you@there"), request_)
    assert standing(job(request_, "running", by="you@there"), request_) == "attach", "the very same"
    with pytest.raises(RunExistsError, match="tuneyard did not submit"):
        standing(replace(job(request_, state), metadata={}), request_)


def test_one_that_never_began_makes_room(request_: Request) -> None:
    assert standing(job(request_, "failed", 2, sweep="0" * 64), request_) == "again"
    with pytest.raises(RunExistsError):
        standing(job(request_, "failed", 2, sweep="0" * 64, by="you@there"), request_)


def test_the_same_sweep_elsewhere_is_the_same(tmp_path: Path) -> None:
    one, other = settings(tmp_path / "one"), settings(tmp_path / "other", workers=3)
    assert fingerprint(one) == fingerprint(other)
    assert differences(one, other) == []
    longer = settings(tmp_path / "one", max_steps=5)
    assert fingerprint(one) != fingerprint(longer)
    assert differences(one, longer) == ["max_steps"]


def test_who_submits_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    assert submitter().startswith("ada@")


def test_the_command_is_one_shell_word_each(request_: Request) -> None:
    asked = replace(
        request_, arguments=("--set", "metric=it's; rm -rf /"), storage="/runs here", word="ab" * 8
    )
    assert asked.entrypoint("/opt/py thon") == (
        "exec '/opt/py thon' -m tuneyard run sweep.yaml --set 'metric=it'\"'\"'s; rm -rf /' --name one "
        f"--storage '/runs here' --address auto --submitted {'ab' * 8}"
    )
    assert json.loads(json.dumps(asked.shown()))["submission_id"] == "one"
    assert shlex.split(asked.command) == ["sweep.yaml", "--set", "metric=it's; rm -rf /"]
    assert replace(request_, file="sub/sweep.yaml").command == "sub/sweep.yaml --working-dir ."


def test_the_head_keeps_the_folder_beside_the_runs(tmp_path: Path) -> None:
    folder, site = tmp_path / "uploaded", Site(str(tmp_path / "runs"), "one")
    folder.mkdir()
    for content in ("first", "second"):
        (folder / "train.py").write_text(content)
        kept = site.keep_sources(folder)
        assert (kept / "train.py").read_text() == content
    assert kept == tmp_path / "runs" / ".sources" / "one"
    assert [path.name for path in kept.parent.iterdir()] == ["one"]
    lock = RunLock(RunPaths(tmp_path / "runs" / "one").lock)
    with pytest.raises(LockedError, match="is working on this run"):
        site.keep_sources(folder)
    lock.release()


def test_the_head_goes_on_with_its_own_run_only(tmp_path: Path) -> None:
    storage, folder = tmp_path / "runs", tmp_path / "folder"
    folder.mkdir()
    site, wanted = Site(str(storage), "one"), settings(folder)
    assert not site.begun(wanted)
    Sweep("curves", name="one", run_cap=3, base=str(folder), storage=str(storage)).run(runner="inline")
    assert site.begun(wanted)
    with pytest.raises(RunExistsError, match=r"another sweep \(it differs in max_steps\)"):
        site.begun(settings(folder, max_steps=7))
    with pytest.raises(RunExistsError, match="was begun with its folder in"):
        site.begun(settings(tmp_path / "moved"))


def test_of_an_object_store_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    url, folder = f"file://{tmp_path}/store", tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "store").mkdir()
    site = Site(url, "one")
    wanted = settings(site.keep_sources(folder))
    assert not site.begun(wanted)
    Sweep("curves", name="one", run_cap=2, base=wanted["base"], storage=url).run(runner="inline")
    with pytest.raises(RunExistsError, match="another sweep"):
        site.begun(wanted)
    assert site.begun({**wanted, "run_cap": 2})
    shutil.rmtree(tmp_path / "cache")
    assert Site(url, "one").begun({**wanted, "run_cap": 2}), "another head finds it in the store"


def test_what_a_driver_left_that_never_wrote_a_record_is_cleared_away(tmp_path: Path) -> None:
    site, paths = Site(str(tmp_path), "one"), RunPaths(tmp_path / "one")
    paths.root.mkdir()
    paths.settings.write_text("")
    paths.journal.write_text('{"type":"swe')
    assert not site.begun(settings(tmp_path))
    assert not paths.root.exists()
    paths.trials.mkdir(parents=True)
    with pytest.raises(OSError, match="not empty"):
        site.begun(settings(tmp_path))
