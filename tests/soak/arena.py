"""Where the soak takes place: a disk that can be filled, a clock that can jump, and a driver of `tuneyard` on a cluster."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from search.history import History
from search.journal import read_journal
from search.paths import RunPaths

__all__ = ["NAME", "Clock", "Disk", "Driver", "disk", "write_sweep"]

NAME = "soak"
DISK = 384 * 2**20  # bytes; an hour needs about 100 MiB
_SWEEP = """\
name: {name}
trainable: model.py:Walk
metric: {{name: loss, goal: minimize}}
parameters:
  x: {{min: 0.0, max: 1.0}}
  kind: {{values: [calm, rough]}}
  spread: {{min: 0.001, max: 0.1, when: {{kind: rough}}}}
  delay: {delay}
  truth: {truth}
method: tpe
early_terminate: {{type: asha, min_iter: 3, eta: 3}}
max_steps: 27
time_budget: {seconds}s
failure: {{retries: 1000, stop_after: null}}
seed: {seed}
"""


def write_sweep(folder: Path, seconds: int, delay: float, seed: int) -> Path:
    """The folder of a user's project: the sweep file, and the model it names."""
    shutil.copy(Path(__file__).with_name("model.py"), folder)
    file = folder / "sweep.yaml"
    truth = folder / "truth.jsonl"
    file.write_text(_SWEEP.format(name=NAME, delay=delay, truth=truth, seconds=seconds, seed=seed))
    return file


class Disk:
    """The storage of the run. `limited`: a file system of its own, so that it can be full; what was on it is then
    found in `kept`."""

    def __init__(self, folder: Path, limited: bool) -> None:
        self.folder, self.limited = folder, limited
        self.run = RunPaths(folder / NAME)
        self.kept = RunPaths(folder.with_name("kept") / NAME) if limited else self.run
        self._ballast = folder / ".ballast"

    def fill(self) -> None:
        """Take every byte that is left."""
        file = os.open(self._ballast, os.O_WRONLY | os.O_CREAT)
        try:
            size = 0
            for chunk in (2**20, 2**12):
                while _taken(file, size, chunk):
                    size += chunk
        finally:
            os.close(file)

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)

    def swap_trials(self) -> None:
        """Put a plain file where the folder of all trials is, so that nothing can be read or written there; or undo it.

        In one step: no process finds a moment to make a folder of its own between the two.
        """
        beside = self.run.trials.with_name(".away")
        if not beside.exists():
            beside.touch()
        exchange = 2
        here, there = os.fsencode(self.run.trials), os.fsencode(beside)
        if ctypes.CDLL(None, use_errno=True).renameat2(-100, here, -100, there, exchange):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        if beside.is_file():
            beside.unlink()

    def history(self) -> History:
        """What the journal tells at this moment."""
        return History.from_records(read_journal(self.run.journal))


def _taken(file: int, offset: int, size: int) -> bool:
    try:
        os.posix_fallocate(file, offset, size)
        return True
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


@contextlib.contextmanager
def disk(folder: Path) -> Iterator[Disk]:
    """A small file system in memory where that may be mounted; else a plain folder, which is never full."""
    folder.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder))
    mount = shutil.which("mount")
    mounted = mount is not None and subprocess.run([mount, *options], capture_output=True).returncode == 0
    try:
        yield Disk(folder, mounted)
    finally:
        if mounted:
            with contextlib.suppress(OSError):  # it never came to a run
                shutil.copytree(folder / NAME, folder.with_name("kept") / NAME)
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Clock:
    """The wall clock as a driver's Python sees it. `env`: what makes a process see it; empty where there is no compiler."""

    def __init__(self, folder: Path) -> None:
        self.env: Mapping[str, str] = {}
        library, shift = folder / "clock.so", folder / "clock"
        compiler = shutil.which("cc")
        source = Path(__file__).with_name("clock.c")
        shift.write_bytes(struct.pack("q", 0))
        self._file = os.open(shift, os.O_WRONLY)
        if (
            compiler
            and not subprocess.run(
                [compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], capture_output=True
            ).returncode
        ):
            self.env = {"LD_PRELOAD": str(library), "SOAK_CLOCK": str(shift)}

    def shift(self, seconds: int) -> None:
        """Off the true time by so much, from now on."""
        os.pwrite(self._file, struct.pack("q", seconds), 0)

    def close(self) -> None:
        os.close(self._file)


class Driver:
    """`tuneyard run` once, then `tuneyard resume` as often as it takes; what they say is appended to one file."""

    def __init__(self, sweep: Path, disk: Disk, address: str, env: Mapping[str, str]) -> None:
        self._sweep, self._disk, self._address = sweep, disk, address
        self._env = {**os.environ, **env}
        self.said = sweep.with_name("driver.log")
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        what = ("resume", NAME) if self._disk.run.journal.exists() else ("run", str(self._sweep))
        self.starts += 1
        with self.said.open("ab") as said:
            said.write(f"--- {self.starts}: tuneyard {what[0]}\n".encode())
            said.flush()
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tuneyard", *what),
                    *("--storage", str(self._disk.folder), "--address", self._address, "--json"),
                ],
                cwd=self._sweep.parent,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                env=self._env,
            )

    def code(self) -> int | None:
        """Its exit code; None while it runs, negative after a signal."""
        assert self._process is not None
        return self._process.poll()

    def kill(self) -> bool:
        """SIGKILL to it and to nothing else; whether it was alive."""
        assert self._process is not None
        alive = self._process.poll() is None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return alive

    def last_words(self) -> str:
        """What the newest driver said."""
        return self.said.read_text(errors="replace").rpartition("\n--- ")[2]
