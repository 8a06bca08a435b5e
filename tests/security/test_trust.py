"""Only a directory of one's own that nobody else can write to is gone on with: a resume executes what it names."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from search.api import Sweep, resume
from search.confirmation import confirm
from search.errors import TrustError
from search.journal import RunLock, encode, lock_holder, read_journal
from search.paths import RunPaths
from search.report import build_report
from search.run import Run
from search.trust import require_own, unwritable_by_others
from tuneyard.__main__ import main

TRAIN = """
    class Model:
        def setup(self, config, *, seed, device):
            self.x, self.done = config["x"], 0

        def step(self):
            self.done += 1
            return {"loss": self.x / self.done}

        def save(self, directory):
            (directory / "done").write_text(str(self.done))

        def load(self, directory):
            self.done = int((directory / "done").read_text())
"""
NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")


def made(folder: Path) -> RunPaths:
    """A finished run in `folder`/runs, to be given another trial."""
    (folder / "train.py").write_text(dedent(TRAIN))
    sweep = Sweep(
        "train.py:Model",
        metric="loss",
        parameters={"x": {"min": 0.0, "max": 1.0}},
        max_steps=2,
        run_cap=3,
        name="mine",
        base=folder,
        storage=str(folder / "runs"),
    )
    found = sweep.run(runner="inline")
    assert found.paths is not None
    return found.paths


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    return made(tmp_path_factory.mktemp("original"))


@pytest.fixture
def run(original: RunPaths, tmp_path: Path) -> RunPaths:
    """A copy for each test to spoil."""
    shutil.copytree(original.root, tmp_path / "runs" / "mine")
    return RunPaths(tmp_path / "runs" / "mine")


def more(run: RunPaths, **options: Any) -> Run:
    return resume(run.root, add_trials=1, **options)


def test_ones_own_run_is_gone_on_with(run: RunPaths) -> None:
    require_own(run)
    assert len(more(run).history.trials) == 4


PLACES: dict[str, Callable[[RunPaths], Path]] = {
    "the run": lambda run: run.root,
    "the journal": lambda run: run.journal,
    "the settings": lambda run: run.settings,
    "the folder of the trials": lambda run: run.trials,
    "a checkpoint": lambda run: next(run.checkpoints(0).rglob("done")),
    "its manifest": lambda run: next(run.checkpoints(0).rglob("manifest.json")),
    "the folder of the reports": lambda run: run.report,
    "the folder above": lambda run: run.root.parent,
    "the one above that": lambda run: run.root.parent.parent,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("bits", "who"), [(stat.S_IWOTH, "everybody"), (stat.S_IWGRP, "the group")])
def test_what_others_can_write_to_is_refused(run: RunPaths, place: str, bits: int, who: str) -> None:
    path = PLACES[place](run)
    os.chown(path, -1, _shared_group())
    path.chmod(path.stat().st_mode | bits)
    before = run.journal.read_bytes()
    for attempt in (more, lambda run: confirm(run.root, top=1, seeds=2)):
        with pytest.raises(TrustError, match=f"{who}.* can write to {path}.*--trust") as caught:
            attempt(run)
        assert "\n" not in str(caught.value)
    assert run.journal.read_bytes() == before
    assert not run.confirmation.root.exists()
    if place == "a checkpoint":
        assert len(more(run, trust=True).history.trials) == 4


def _shared_group() -> int:
    """A group of several people; the tests of a user who is in none besides his own can only say everybody's."""
    if os.geteuid() == 0:
        return 100  # users
    others = [gid for gid in os.getgroups() if gid != os.getgid()]
    return others[0] if others else os.getgid()


def test_the_command_says_what_to_do(run: RunPaths, capfd: pytest.CaptureFixture[str]) -> None:
    run.journal.chmod(0o666)
    assert main(["resume", "mine", "--add-trials", "1"]) == 2
    said = capfd.readouterr().err
    assert f"everybody can write to {run.journal}" in said
    assert f"chmod -R go-w {run.root}" in said
    assert main(["resume", "mine", "--add-trials", "1", "--trust", "--runner", "inline"]) == 0
    subprocess.run(["chmod", "-R", "go-w", str(run.root)], check=True)
    assert main(["resume", "mine", "--add-trials", "1", "--runner", "inline"]) == 0


@root_only
@pytest.mark.parametrize("place", ["the run", "the journal", "a checkpoint"])
def test_what_belongs_to_somebody_else_is_refused(run: RunPaths, place: str) -> None:
    path = PLACES[place](run)
    os.chown(path, NOBODY, -1)
    with pytest.raises(TrustError, match=f"{path} belongs to nobody"):
        more(run)


@root_only
def test_a_user_is_not_fooled_by_the_owner_of_a_folder_above(run: RunPaths) -> None:
    """As nobody: the run is one's own, the folder above it is somebody else's, who can put another in its place."""
    with tempfile.TemporaryDirectory(prefix="tuneyard-test-", dir="/tmp") as folder:
        home = Path(folder)
        copy = RunPaths(home / "runs" / "mine")
        shutil.copytree(run.root, copy.root)
        home.chmod(0o755)
        for path in [home, *home.rglob("*")]:
            os.chown(path, NOBODY, NOBODY)
        with _as_nobody():
            require_own(copy)
        os.chown(home, 2, -1)
        with (
            _as_nobody(),
            pytest.raises(TrustError, match=f"{home} belongs to bin, who can put something else"),
        ):
            require_own(copy)
        os.chown(home, 0, -1)  # root could do anything anyway
        with _as_nobody():
            require_own(copy)


@contextmanager
def _as_nobody() -> Iterator[None]:
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_sticky_folder_above_is_no_danger(run: RunPaths) -> None:
    run.root.parent.chmod(0o1777)
    assert len(more(run).history.trials) == 4


@pytest.mark.parametrize("name", ["trials", "report", "tensorboard", "lock", "tune"])
def test_links_out_of_the_directory_are_refused(run: RunPaths, name: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (run.root / name).rename(outside) if (run.root / name).exists() else outside.mkdir()
    (run.root / name).symlink_to(outside)
    with pytest.raises(TrustError, match=f"{name} leads out of it, to {outside}"):
        more(run)


def test_links_within_it_and_a_pipe(run: RunPaths) -> None:
    (run.root / "latest").symlink_to("report")
    require_own(run)
    os.mkfifo(run.root / "pipe")
    with pytest.raises(TrustError, match="pipe is no plain file"):
        require_own(run)


@pytest.mark.parametrize(
    "named",
    [
        {"trainable": "train.py:Model", "base": "{root}"},
        {"trainable": "{root}/trials/t00000/train.py:Model"},
        {"trainable": "trials.train:Model", "base": "{root}"},
        {"data": {"source": "{root}/data.py:load"}},
        {"data": "../runs/mine/data.py:load"},
    ],
)
def test_code_that_lies_in_the_run_itself_is_not_executed(
    run: RunPaths, named: dict[str, Any], tmp_path: Path
) -> None:
    """As in an archive that somebody sent: unpacked, all of it is one's own."""
    records = read_journal(run.journal)
    settings = records[0]["about"]["settings"] | {"base": str(tmp_path / "x")}
    filled = {key: _filled(value, str(run.root)) for key, value in named.items()}
    records[0]["about"]["settings"] = settings | filled
    run.journal.write_bytes(b"".join(map(encode, records)))
    with pytest.raises(TrustError, match="the code that it names lies inside it"):
        more(run)


def _filled(value: Any, root: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, root) for key, each in value.items()}
    return value.replace("{root}", root)


@pytest.mark.parametrize("umask", [0o002, 0o000, 0o077])
def test_what_a_sweep_writes_can_be_resumed_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        paths = made(tmp_path)
        confirm(paths.root, top=1, seeds=2)
        assert os.umask(umask) == umask, "the user's own umask is not given back"
    finally:
        os.umask(before)
    for path in [paths.root, paths.root.parent, *paths.root.rglob("*")]:
        assert not path.stat().st_mode & 0o022, path
    if umask == 0o077:
        assert not paths.root.stat().st_mode & 0o077
    require_own(paths)


def test_the_umask_is_restored_where_something_fails() -> None:
    before = os.umask(0o002)
    try:
        with pytest.raises(KeyError), unwritable_by_others():
            raise KeyError
        assert os.umask(0o002) == 0o002
    finally:
        os.umask(before)


def test_a_link_in_the_place_of_the_lock_is_not_followed(run: RunPaths, tmp_path: Path) -> None:
    victim = tmp_path / "bashrc"
    victim.write_text("mine\n")
    run.lock.unlink(missing_ok=True)
    run.lock.symlink_to(victim)
    assert lock_holder(run.lock) is None
    with pytest.raises(TrustError, match="lock is a link"):
        RunLock(run.lock)
    with pytest.raises(TrustError, match="lock is a link"):
        more(run, trust=True)
    assert victim.read_text() == "mine\n"


@pytest.mark.parametrize(
    "make", [os.mkfifo, lambda path: path.write_bytes(b"\xff\xfe"), lambda path: path.mkdir()]
)
def test_an_odd_lock_neither_hangs_nor_breaks_a_reader(run: RunPaths, make: Callable[[Path], object]) -> None:
    run.lock.unlink(missing_ok=True)
    make(run.lock)
    assert Run.open(run.root).state == "finished"


def test_a_report_is_not_written_through_a_link(
    run: RunPaths, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    victim = tmp_path / "ssh"
    victim.mkdir()
    for path in run.report.iterdir():
        path.unlink()
    run.report.rmdir()
    run.report.symlink_to(victim)
    assert main(["report", str(run.root)]) == 1
    assert f"leads out of the run directory, to {victim}" in capfd.readouterr().err
    assert list(victim.iterdir()) == []
    build_report(Run.open(run.root), tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "index.html").exists()


def test_files_of_a_report_replace_links_and_do_not_follow_them(run: RunPaths, tmp_path: Path) -> None:
    victim = tmp_path / "bashrc"
    victim.write_text("mine\n")
    for name in ("index.html", "report.json", "report.md", "trials.csv"):
        (run.report / name).unlink()
        (run.report / name).symlink_to(victim)
    build_report(Run.open(run.root))
    assert victim.read_text() == "mine\n"
    assert not (run.report / "index.html").is_symlink()
