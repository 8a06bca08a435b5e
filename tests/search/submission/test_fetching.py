"""Which files are fetched, that they arrive as they are, and that nothing else is touched."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.api import Sweep
from search.errors import RunnerError, RunNotFoundError
from search.paths import RunPaths
from search.run import Run
from search.submission import fetching
from search.submission.channel import Done, FilePiece, file_lines, read_line
from search.submission.copy import Origin
from search.submission.fetching import visible_here
from search.submission.selection import selected
from search.submission.sending import tell_files
from trainables.checkpoint import newest_valid

WORD = "0123456789abcdef"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    storage = tmp_path_factory.mktemp("cluster")
    made = Sweep("curves", name="one", method="random", run_cap=3, max_steps=2, storage=str(storage)).run(
        runner="inline"
    )
    assert made.paths is not None
    (made.paths.tune / "g001").mkdir(parents=True)
    (made.paths.tune / "g001" / "state.json").write_text("{}")
    made.paths.trial(1).joinpath("large.bin").write_bytes(os.urandom(500_000))
    made.paths.trial(1).joinpath("leads-out").symlink_to("/etc/hostname")
    return made.paths


def pieces(text: str) -> Iterator[FilePiece | Done]:
    for line in text.splitlines(keepends=True):
        said = read_line(WORD, line)
        assert isinstance(said, FilePiece | Done)
        yield said


def receive(text: str, root: Path) -> list[str]:
    return [file.relative_to(root).as_posix() for file, _ in fetching._received(pieces(text), root)]


def told(run: RunPaths, capsys: pytest.CaptureFixture[str], what: str, *names: str) -> str:
    tell_files(str(run.root.parent), run.name, WORD, what, names)
    return capsys.readouterr().out


def test_the_winners_checkpoints_come_along(run: RunPaths) -> None:
    best = Run.open(run.root).best
    assert best is not None
    names = [path.relative_to(run.root).as_posix() for path in selected(run, "winner")]
    assert {"journal.jsonl", "sweep.yaml", "report/index.html", "trials/t00001/large.bin"} <= set(names)
    assert {name.split("/")[1] for name in names if "/checkpoints/" in name} == {best.trial}
    assert not {"lock", "tune/g001/state.json", "trials/t00001/leads-out"} & set(names)
    every = selected(run, "checkpoints")
    assert {path.parts[-4] for path in every if "checkpoints" in path.parts} == {"t00000", "t00001", "t00002"}
    assert run.tune / "g001" / "state.json" in selected(run, "all")
    assert run.trial(1) / "leads-out" not in selected(run, "all")


def test_what_is_sent_arrives_as_it_is(
    run: RunPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = receive(told(run, capsys, "checkpoints"), tmp_path)
    assert len(names) == len(selected(run, "checkpoints"))
    for name in names:
        assert (tmp_path / name).read_bytes() == (run.root / name).read_bytes()
    assert newest_valid(RunPaths(tmp_path).checkpoints(0)) is not None
    assert not list(tmp_path.rglob(".*"))


def test_single_files_by_a_pattern(run: RunPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = told(run, capsys, "only", "trials/t00001/*.bin", "trials/t00001/none.txt")
    assert receive(text, tmp_path) == ["trials/t00001/large.bin"]
    with pytest.raises(RunnerError, match="no name in a run directory"):
        tell_files(str(run.root.parent), run.name, WORD, "only", ["../../x"])
    with pytest.raises(RunNotFoundError, match="there is no run two"):
        tell_files(str(run.root.parent), "two", WORD, "winner")


def test_what_is_cut_off_or_altered_leaves_the_old_file(
    run: RunPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = told(run, capsys, "only", "trials/t00001/large.bin")
    first, second, third, done = text.splitlines(keepends=True)
    target = tmp_path / "trials" / "t00001" / "large.bin"
    target.parent.mkdir(parents=True)
    target.write_text("old")
    for broken in (first + second + done, first, first + third + second + done):
        with pytest.raises(RunnerError, match="cut off"):
            receive(broken, tmp_path)
    with pytest.raises(RunnerError, match="damaged: its SHA-256"):
        receive(first + second.replace(second[-40:-30], "A" * 10) + third + done, tmp_path)
    assert [path.read_text() for path in target.parent.iterdir()] == ["old"]
    assert receive(text, tmp_path) == ["trials/t00001/large.bin"]


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/outside", "a/../../outside", ".bashrc", "trials/link/outside"]
)
def test_nothing_is_written_outside_of_the_run(tmp_path: Path, name: str) -> None:
    root = tmp_path / "runs" / "one"
    (root / "trials").mkdir(parents=True)
    (root / "trials" / "link").symlink_to(tmp_path)
    content = tmp_path / "content"
    content.write_text("x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunnerError, match="no name in a run directory"):
        receive("".join(file_lines(WORD, name, content)), root)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_storage_that_this_machine_sees_is_known_by_its_journal(run: RunPaths, tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "one")
    paths.root.mkdir()
    origin = Origin("http://head:8265", "one", str(run.root.parent), "me@here", "sweep.yaml")
    assert visible_here(origin, paths) is None, "there is nothing here to know it by"
    paths.journal.write_bytes(run.journal.read_bytes().splitlines(keepends=True)[0])
    assert visible_here(origin, paths) == run
    paths.journal.write_text("{}\n")
    assert visible_here(origin, paths) is None
    assert visible_here(Origin("u", "one", "s3://bucket/runs", "me@here", "sweep.yaml"), paths) is None
