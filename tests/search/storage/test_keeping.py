"""A sweep whose run lives in a store: what is there afterwards, and what another machine makes of it.

Another machine is another cache directory: nothing else of this one is looked at.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from contracts.journals import plain
from contracts.s3 import Server
from search.api import Sweep, resume
from search.errors import LockedError, RunExistsError, StorageError
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from search.run import Run
from search.runners import StopSignal
from search.storage import Store, fetch, local_root
from search.storage import store as store_module
from search.storage.checkpoints import steps_of
from trainables.checkpoint import newest_valid


class Bowl:
    """Counts its steps in a file, so that it can be seen which were run, and by whom."""

    ran: ClassVar[list[tuple[float, int]]] = []
    before_step: ClassVar[Callable[[int], None] | None] = None

    def setup(self, config: Mapping[str, float], *, seed: int, device: str) -> None:
        print("hello from", seed)
        self.x, self.done = config["x"], 0

    def step(self) -> dict[str, float]:
        if Bowl.before_step is not None:
            Bowl.before_step(self.done + 1)
        self.done += 1
        Bowl.ran.append((self.x, self.done))
        return {"loss": (self.x - 0.3) ** 2 + 1.0 / self.done}

    def save(self, directory: Path) -> None:
        (directory / "done").write_text(str(self.done))

    def load(self, directory: Path) -> None:
        self.done = int((directory / "done").read_text())


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    Bowl.ran, Bowl.before_step = [], None


@pytest.fixture(autouse=True)
def no_report(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing it takes longer than all the rest; one test looks that it arrives."""
    if "returns" not in request.node.name:
        monkeypatch.setattr("search.api.write_report", lambda run: None)
        monkeypatch.setattr("search.confirmation.confirming.write_report", lambda run: None)


@pytest.fixture
def another_machine(reach: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    def move(name: str) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))

    return move


def sweep(url: str, **keys: Any) -> Sweep:
    given = {"name": "bowls", "run_cap": 4, "max_steps": 5, "method": "random", "seed": 3, **keys}
    space = {"x": {"min": 0.0, "max": 1.0}}
    return Sweep(Bowl, metric="loss", parameters=space, runner="inline", storage=url, **given)


class StopAt(StopSignal):
    """Asked to stop by the journal's own count of results."""

    def __init__(self, results: int) -> None:
        super().__init__()
        self.left = results

    def on_event(self, record: Mapping[str, Any], history: History) -> None:
        self.left -= record["type"] == "result"
        if not self.left:
            self.request("enough")

    def close(self) -> None:
        """Nothing to let go of."""


def wait_until(there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120.0
    while not there():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def keys(url: str) -> set[str]:
    return {item.key for item in Store(url).list()}


def test_everything_is_there_when_the_run_returns(url: str) -> None:
    run = sweep(url).run()
    assert run.paths is not None
    assert run.paths.root == local_root(url) / "bowls"
    store = Store(url)
    segments = list(store.list("bowls/journal"))
    assert b"".join(store.get(item.key) for item in segments) == run.paths.journal.read_bytes()
    there = keys(url)
    assert {"bowls/sweep.yaml", "bowls/report/index.html", "bowls/report/report.json"} <= there
    assert {f"bowls/trials/t0000{n}/stdout.log" for n in range(4)} <= there
    local = {path.relative_to(run.paths.root).as_posix() for path in run.paths.tensorboard.rglob("events*")}
    assert {f"bowls/{place}" for place in local} <= there
    assert steps_of(store.list("bowls")) == {f"bowls/trials/t0000{n}": {5} for n in range(4)} or all(
        5 in steps and len(steps) <= 2 for steps in steps_of(store.list("bowls")).values()
    )
    assert not [key for key in there if "lock" in key or "/." in key or "/tune/" in key]
    assert json.loads(store.get("bowls/lease.json"))["released"]
    assert not run.paths.outgoing.exists()


def test_another_machine_sees_it_and_goes_on_as_if_it_had_been_there(
    url: str, another_machine: Callable[[str], None], tmp_path: Path
) -> None:
    uninterrupted = sweep(str(tmp_path / "runs")).run()
    Bowl.ran.clear()
    stop = StopAt(8)
    first = sweep(url).run(stop=stop, observers=[stop])
    assert first.state == "interrupted"
    assert first.paths is not None
    records = read_journal(first.paths.journal)
    another_machine("laptop")
    seen = Run.open("bowls", url)
    assert seen.state == "interrupted"
    assert seen.paths is not None
    assert seen.paths.root != first.paths.root
    assert read_journal(seen.paths.journal) == records
    assert Run.open(f"{url}/bowls").name == Run.open("last", url).name == Run.open("bo", url).name == "bowls"
    done = resume("bowls", storage=url)
    assert done.state == "finished"
    assert Bowl.ran == [(trial.config["x"], step) for trial in done.history.trials for step in range(1, 6)]
    assert [plain(r) for r in records_of(done) if r["type"] in ("ask", "result", "close")] == [
        plain(r) for r in records_of(uninterrupted) if r["type"] in ("ask", "result", "close")
    ]
    another_machine("third")
    assert records_of(Run.open("bowls", url)) == records_of(done)
    whole = fetch(url, "bowls", files=["*"])
    assert "hello from" in whole.stdout(0).read_text()
    assert (whole.root / "sweep.yaml").is_file()
    assert done.paths is not None
    assert events(whole) == events(done.paths)
    assert newest_valid(whole.checkpoints(0)) is None, "checkpoints are brought where a trial goes on"


def records_of(run: Run) -> list[dict[str, Any]]:
    assert run.paths is not None
    return read_journal(run.paths.journal)


def events(paths: RunPaths) -> dict[str, int]:
    return {
        path.relative_to(paths.root).as_posix(): path.stat().st_size
        for path in paths.tensorboard.rglob("events*")
    }


def test_a_fork_elsewhere_has_what_it_goes_on_from(url: str, another_machine: Callable[[str], None]) -> None:
    stop = StopAt(8)
    sweep(url).run(stop=stop, observers=[stop])
    another_machine("laptop")
    Bowl.ran.clear()
    forked = resume("bowls", storage=url, fork="other")
    assert forked.state == "finished"
    assert Bowl.ran[0][1] == 4, "it goes on from the checkpoint of step 3"
    assert Run.open("bowls", url).state == "interrupted"
    another_machine("third")
    assert Run.open("other", url).state == "finished"


def test_a_name_that_the_store_has_is_taken(url: str, another_machine: Callable[[str], None]) -> None:
    sweep(url, run_cap=1).run()
    another_machine("laptop")
    with pytest.raises(RunExistsError, match=rf"tuneyard resume {url}/bowls"):
        sweep(url).run()


def test_a_driver_on_another_machine_is_kept_out(url: str, another_machine: Callable[[str], None]) -> None:
    refused: list[str] = []

    def look(step: int) -> None:
        if refused or step < 3:
            return
        wait_until(lambda: bool(Store(url).list("bowls/journal")))
        another_machine("laptop")
        assert Run.open("bowls", url).state == "running"
        with pytest.raises(LockedError, match=r"pid \d+ on .* is working on this run") as error:
            resume("bowls", storage=url)
        refused.append(str(error.value))
        another_machine("cache")

    Bowl.before_step = look
    run = sweep(url).run()
    assert [trial.failure for trial in run.history.trials if trial.failure] == []
    assert refused


def test_a_run_that_never_began_leaves_nothing_in_the_store(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no driver")

    monkeypatch.setattr("search.api.drive", broken)
    with pytest.raises(RuntimeError, match="no driver"):
        sweep(url).run()
    assert keys(url) <= {"bowls/lease.json"}
    assert not (local_root(url) / "bowls").exists()


def test_no_run_begins_that_its_store_would_not_take(reach: Server) -> None:
    with pytest.raises(StorageError, match="Make the bucket 'nobody-made-it' first"):
        sweep("s3://nobody-made-it/runs").run()
    assert Bowl.ran == []
    assert not local_root("s3://nobody-made-it/runs").exists()


def test_a_store_that_goes_away_costs_no_step_and_gets_all_of_it_later(
    url: str,
    reach: Server,
    another_machine: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once it answers nothing any more, all steps are run before a single call to it has returned."""
    monkeypatch.setattr(store_module, "HANGS", 1.0)
    monkeypatch.setattr(store_module, "SILENCE", 1.0)
    monkeypatch.setattr(store_module, "TRIES", 2)
    away = reach.away()

    def leave(step: int) -> None:
        if len(Bowl.ran) == 2:
            away.__enter__()

    Bowl.before_step = leave
    caplog.set_level(logging.WARNING)
    try:
        run = sweep(url).run()
        assert len(Bowl.ran) == 20
    finally:
        away.__exit__(None, None, None)
    assert run.state == "finished"
    assert len(Bowl.ran) == 20
    assert run.paths is not None
    (said,) = [line for line in caplog.messages if "has arrived" in line]
    assert f"send it: tuneyard resume {url}/bowls" in said
    assert str(run.paths.root) in said
    written = run.paths.journal.read_bytes()
    done = resume("bowls", storage=url)
    assert Bowl.ran[20:] == [], "nothing was run again"
    assert done.paths is not None
    assert done.paths.journal.read_bytes().startswith(written)
    another_machine("laptop")
    elsewhere = Run.open("bowls", url)
    assert records_of(elsewhere) == records_of(done)


def test_what_went_on_elsewhere_counts_and_the_rest_is_kept(
    url: str, another_machine: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    stop = StopAt(8)
    first = sweep(url).run(stop=stop, observers=[stop])
    assert first.paths is not None
    shutil.copy(first.paths.journal, "reached")
    here_only = resume("bowls", storage=url)  # as if nothing of this had reached the store
    assert here_only.paths is not None
    store = Store(url)
    store.delete([item.key for item in store.list("bowls/journal") if "/000002-" in item.key])
    another_machine("laptop")
    elsewhere = resume("bowls", storage=url)
    another_machine("cache")
    caplog.set_level(logging.WARNING)
    assert records_of(Run.open("bowls", url)) == records_of(elsewhere)
    assert "went on elsewhere" in caplog.text
    (kept,) = here_only.paths.root.glob("journal-here-only-*.jsonl")
    assert kept.read_bytes().count(b"\n") > 5


def test_another_run_of_that_name_is_not_mixed_with_it(
    url: str, another_machine: Callable[[str], None]
) -> None:
    sweep(url, run_cap=2).run()
    another_machine("laptop")
    store = Store(url)
    store.delete([item.key for item in store.list()])
    other = sweep(url, run_cap=3, seed=4).run()
    another_machine("cache")
    assert records_of(Run.open("bowls", url)) == records_of(other)
    gone = list(local_root(url).glob("bowls-gone-*"))
    assert len(Run.open(gone[0]).history.trials) == 2


def test_a_damaged_segment_is_refused_by_name(url: str, another_machine: Callable[[str], None]) -> None:
    from search.errors import JournalError

    sweep(url, run_cap=1).run()
    store = Store(url)
    (item,) = store.list("bowls/journal")
    content = store.get(item.key)
    store.put(item.key, content.replace(b'"loss"', b'"lost"', 1))
    another_machine("laptop")
    with pytest.raises(
        JournalError, match=rf"{item.key}: damaged or gone \(line \d+: its checksum does not fit\)"
    ):
        Run.open("bowls", url)


def test_a_confirmation_is_kept_there_too(url: str, another_machine: Callable[[str], None]) -> None:
    from search.confirmation import confirm, confirmation_of

    sweep(url).run()
    another_machine("laptop")
    confirmed = confirm("bowls", storage=url, top=2, seeds=2, runner="inline", trainable=Bowl)
    assert len(confirmed.history.trials) == 4
    another_machine("third")
    run = Run.open("bowls", url)
    seeds = confirmation_of(run)
    assert seeds is not None
    assert len(seeds.trials) == 4
    assert "confirm/trials/t00000" in {
        key.removeprefix("bowls/") for key in steps_of(Store(url).list("bowls"))
    }
    again = confirm("bowls", storage=url, top=1, seeds=2, runner="inline", trainable=Bowl, afresh=True)
    assert len(again.history.trials) == 2
    assert {key.split("/")[3] for key in keys(url) if key.startswith("bowls/confirm/trials/")} == {
        "t00000",
        "t00001",
    }
