"""What a driver tells comes out here, byte for byte, however often it is read and wherever it breaks off."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from search.api import Sweep, resume
from search.errors import JournalError, LockedError, RunExistsError, RunnerError
from search.paths import RunPaths
from search.run import Run
from search.runners.base import StopSignal
from search.submission.channel import file_lines, journal_line, read_line
from search.submission.copy import LocalCopy, Origin, origin_of, safe_path
from search.submission.follow import Follower, for_people, of_last_driver
from search.submission.telling import Teller

WORD = "0123456789abcdef"
ORIGIN = Origin("http://head:8265", "one", "/mnt/runs", "me@here", "sweep.yaml")


def told(storage: Path) -> tuple[RunPaths, list[str]]:
    """(a run, what its driver said)."""
    stream = io.StringIO()
    sweep = Sweep(
        "curves", name="one", run_cap=3, max_steps=3, storage=str(storage), confirm={"top": 1, "seeds": 2}
    )
    run = sweep.run(runner="inline", observers=[Teller(WORD, stream)])
    assert run.paths is not None
    return run.paths, stream.getvalue().splitlines(keepends=True)


def feed(follower: Follower, lines: Iterable[str]) -> None:
    for line in lines:
        follower.take(line)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunPaths, list[str]]:
    return told(tmp_path_factory.mktemp("cluster"))


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[LocalCopy]:
    made = LocalCopy(RunPaths(tmp_path / "runs" / "one"), ORIGIN)
    yield made
    made.close()


def test_the_copy_is_the_run(there: tuple[RunPaths, list[str]], copy: LocalCopy) -> None:
    paths, lines = there
    follower = Follower(copy, WORD)
    feed(follower, ["of the driver\n", *lines, "Finished\n"])
    assert copy.paths.journal.read_bytes() == paths.journal.read_bytes()
    assert copy.paths.confirmation.journal.read_bytes() == paths.confirmation.journal.read_bytes()
    assert copy.paths.settings.read_bytes() == paths.settings.read_bytes()
    assert copy.complete
    assert Run.open(copy.paths.root).report().is_file()


def test_read_again_from_the_beginning_nothing_changes(
    there: tuple[RunPaths, list[str]], tmp_path: Path
) -> None:
    paths, lines = there
    target = RunPaths(tmp_path / "runs" / "one")
    for length in range(0, len(lines), 7):  # cut off there, and attached to again
        again = LocalCopy(target, ORIGIN)
        feed(Follower(again, WORD), lines[:length])
        again.close()
    with open(target.journal, "ab") as file:
        file.write(b'{"type":"res')  # the copy itself was cut off
    last = LocalCopy(target, ORIGIN)
    follower = Follower(last, WORD)
    feed(follower, lines)
    assert target.journal.read_bytes() == paths.journal.read_bytes()
    last.close()


def test_a_driver_that_resumes_tells_all_of_it(tmp_path: Path, copy: LocalCopy) -> None:
    stop = StopSignal()
    stop.request("enough")
    sweep = Sweep("curves", name="one", run_cap=3, max_steps=3, storage=str(tmp_path / "cluster"))
    begun = sweep.run(runner="inline", stop=stop)
    assert begun.paths is not None
    stream = io.StringIO()
    resume(begun.paths.root, runner="inline", observers=[Teller(WORD, stream)], trust=True)
    follower = Follower(copy, WORD)
    feed(follower, stream.getvalue().splitlines(keepends=True))
    assert copy.paths.journal.read_bytes() == begun.paths.journal.read_bytes()


def breaks(config: dict[str, float]) -> Iterator[dict[str, float]]:
    yield {"loss": config["x"]}
    raise ValueError("of the user's own")


def test_the_traceback_of_a_trial_that_failed_comes_along(tmp_path: Path, copy: LocalCopy) -> None:
    stream = io.StringIO()
    space = {"x": {"min": 0.0, "max": 1.0}}
    sweep = Sweep(
        breaks,
        name="one",
        parameters=space,
        metric="loss",
        run_cap=1,
        max_steps=3,
        storage=str(tmp_path / "cluster"),
    )
    run = sweep.run(runner="inline", observers=[Teller(WORD, stream)])
    assert run.paths is not None
    feed(Follower(copy, WORD), stream.getvalue().splitlines(keepends=True))
    assert copy.paths.failure(0, 1).read_bytes() == run.paths.failure(0, 1).read_bytes()
    assert "of the user's own" in copy.paths.failure(0, 1).read_text()


def test_records_that_are_missing_are_noticed(there: tuple[RunPaths, list[str]], copy: LocalCopy) -> None:
    follower = Follower(copy, WORD)
    records = [line for line in there[1] if " record journal.jsonl " in line]
    feed(follower, [*records[:2], *records[3:]])
    assert not copy.complete
    assert len(copy.paths.journal.read_bytes().splitlines()) == 2


def test_another_submissions_lines_are_none_of_ours(
    there: tuple[RunPaths, list[str]], copy: LocalCopy
) -> None:
    follower = Follower(copy, "f" * 16)
    feed(follower, there[1])
    assert not copy.paths.journal.exists()


def test_a_run_that_was_begun_anew_there_is_not_mixed_in(
    there: tuple[RunPaths, list[str]], tmp_path: Path, copy: LocalCopy
) -> None:
    follower = Follower(copy, WORD)
    feed(follower, there[1])
    before = copy.paths.journal.read_bytes()
    _, other = told(tmp_path / "again")
    with pytest.raises(RunExistsError, match="begun anew there"):
        feed(follower, other)
    assert copy.paths.journal.read_bytes() == before


def test_a_damaged_record_is_refused(there: tuple[RunPaths, list[str]], copy: LocalCopy) -> None:
    line = next(line for line in there[1] if " record journal.jsonl 0 " in line)
    with pytest.raises(JournalError, match="damaged record"):
        Follower(copy, WORD).take(line.replace('"now":0.0', '"now":9.0'))


@pytest.mark.parametrize(
    "path",
    [
        "../other/journal.jsonl",
        "/etc/passwd",
        "a/../../b",
        ".ssh/id",
        "a//b",
        "a\\b",
        "..",
        "",
        "a/.hidden",
        "link/x",
        "a/" * 20 + "b",
    ],
)
def test_no_name_leads_out_of_the_run(copy: LocalCopy, tmp_path: Path, path: str) -> None:
    (copy.paths.root / "link").symlink_to(tmp_path)
    with pytest.raises(RunnerError, match="no name in a run directory"):
        safe_path(copy.paths.root, path)
    if path and " " not in path:
        file = tmp_path / "content"
        file.write_text("x")
        with pytest.raises(RunnerError):
            feed(Follower(copy, WORD), file_lines(WORD, path, file))
    assert sorted(each.name for each in tmp_path.iterdir()) in (["runs"], ["content", "runs"])


def test_files_come_whole_or_not_at_all(copy: LocalCopy, tmp_path: Path) -> None:
    file = tmp_path / "failure-1.txt"
    file.write_bytes(bytes(range(256)) * 2000)
    lines = list(file_lines(WORD, "trials/t00000/failure-1.txt", file))
    assert len(lines) == 3
    said = [read_line(WORD, line) for line in lines]
    assert b"".join(each.data for each in said if each is not None) == file.read_bytes()  # type: ignore[union-attr]
    follower = Follower(copy, WORD)
    follower.take(lines[0])
    assert not (copy.paths.trial(0)).exists(), "larger files are fetched"
    file.write_bytes(b"Traceback")
    (line,) = file_lines(WORD, "trials/t00000/failure-1.txt", file)
    follower.take(line.replace("VHJh", "VHJi"))
    assert not copy.paths.failure(0, 1).exists(), "its SHA-256 is another"
    follower.take(line)
    assert copy.paths.failure(0, 1).read_bytes() == b"Traceback"


def test_a_copy_takes_no_other_runs_place(tmp_path: Path, copy: LocalCopy) -> None:
    own = Sweep("curves", name="two", run_cap=1, storage=str(tmp_path / "runs")).run(runner="inline")
    assert own.paths is not None
    with pytest.raises(RunExistsError, match="is a run of this machine"):
        LocalCopy(own.paths, ORIGIN)
    elsewhere = Origin("http://head:8265", "one", "/mnt/others", "me@here", "sweep.yaml")
    with pytest.raises(RunExistsError, match="in /mnt/runs of http://head:8265, not of /mnt/others"):
        LocalCopy(copy.paths, elsewhere)
    with pytest.raises(LockedError):
        LocalCopy(copy.paths, ORIGIN)
    assert origin_of(copy.paths) == ORIGIN
    assert origin_of(own.paths) is None
    copy.paths.cluster.write_text('{"url": 1}')
    assert origin_of(copy.paths) is None


def test_a_copy_says_how_it_stands_and_is_not_resumed(
    there: tuple[RunPaths, list[str]], tmp_path: Path
) -> None:
    target = RunPaths(tmp_path / "runs" / "one")
    copy = LocalCopy(target, ORIGIN)
    follower = Follower(copy, WORD)
    feed(follower, there[1][:8])
    assert Run.open(target.root).state == "running", "somebody follows it"
    copy.close()
    assert Run.open(target.root).state == "detached"
    with pytest.raises(Exception, match="copy of a run on a cluster, where it lives"):
        resume(target.root, runner="inline")


def test_lines_for_people() -> None:
    lines = [
        "2026-01-01 10:00:00,000\tINFO job_manager.py:581 -- Runtime env is setting up.\n",
        "Running entrypoint for job one: exec python\n",
        "first\n",
        "Running entrypoint for job one: exec python\n",
        journal_line(WORD, "journal.jsonl", 0, b"{}\n"),
        "second @@ line\n",
    ]
    assert list(for_people(lines)) == ["first\n", "second @@ line\n"]
    assert list(for_people(of_last_driver(lines))) == ["second @@ line\n"]


@pytest.mark.parametrize(
    "line",
    [
        "@@0123456789abcdef file a 0 5 " + "0" * 64 + " !!!!\n",
        "@@0123456789abcdef file a 0 5 short YQ==\n",
        "@@0123456789abcdef done . 1 many\n",
        "@@0123456789abcdef other a 0 x\n",
        "@@0123456789ABCDEF record a 0 x\n",
        "",
    ],
)
def test_what_is_no_line_of_the_channel_is_for_people(line: str) -> None:
    assert read_line(WORD, line) is None
