"""The only place that knows a file name of a run directory."""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from search.errors import RunNotFoundError, SettingsError
from search.trial import trial_id

__all__ = ["RunPaths", "check_name", "find_run", "list_runs", "write_atomic"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class RunPaths:
    """The files of one run directory; see the README for what each holds."""

    root: Path

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def settings(self) -> Path:
        return self.root / "sweep.yaml"

    @property
    def journal(self) -> Path:
        return self.root / "journal.jsonl"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def trials(self) -> Path:
        return self.root / "trials"

    @property
    def tensorboard(self) -> Path:
        return self.root / "tensorboard"

    @property
    def tune(self) -> Path:
        return self.root / "tune"

    @property
    def data(self) -> Path:
        """The data card, see `trainables.data.card`."""
        return self.root / "data.json"

    @property
    def wandb(self) -> Path:
        """What Weights & Biases writes, see `search.views.wandb`."""
        return self.root / "wandb"

    @property
    def report(self) -> Path:
        return self.root / "report"

    @property
    def model(self) -> Path:
        return self.root / "model"

    def validation(self, name: str) -> Path:
        """Directory of what `tuneyard validate` found about one trial. `name`: `t00012`, `confirm-t00003`."""
        return self.root / "validation" / name

    @property
    def ensemble(self) -> Path:
        """What `tuneyard ensemble` made of the trials, see `deploy.ensembles`."""
        return self.root / "ensemble.json"

    @property
    def cluster(self) -> Path:
        """In the copy of a run that is driven on a cluster: where that is, see `search.submission.copy`."""
        return self.root / "cluster.json"

    @property
    def synced(self) -> Path:
        """What is known to lie in the run's store, too, see `search.storage.memo`."""
        return self.root / ".synced.json"

    @property
    def exchanging(self) -> Path:
        """Locked while the directory is brought in line with its store, see `search.storage.fetching`."""
        return self.root / ".exchanging"

    @property
    def outgoing(self) -> Path:
        """Links to checkpoints on their way into the store, see `search.storage.mirror`."""
        return self.root / ".outgoing"

    @property
    def run_id(self) -> Path:
        """Which run the directory of a cluster's node is of, see `search.storage.outpost`."""
        return self.root / ".run-id"

    @property
    def confirmation(self) -> RunPaths:
        """The run directory of the confirmation, inside this one."""
        return RunPaths(self.root / "confirm")

    def trial(self, number: int) -> Path:
        """Directory of one trial."""
        return self.trials / trial_id(number)

    def checkpoints(self, number: int) -> Path:
        """Directory that holds the checkpoints of one trial (see trainables.checkpoint)."""
        return self.trial(number) / "checkpoints"

    def scratch(self, number: int) -> Path:
        """Directory that holds the checkpoints of one trial within a step that is a whole training (see trainables.repeats)."""
        return self.trial(number) / "scratch"

    def pictures(self, number: int) -> Path:
        """Directory that holds the drawings of one trial, each in a folder named for its step (see search.pictures)."""
        return self.trial(number) / "pictures"

    def stdout(self, number: int) -> Path:
        return self.trial(number) / "stdout.log"

    def stderr(self, number: int) -> Path:
        return self.trial(number) / "stderr.log"

    def failure(self, number: int, attempt: int) -> Path:
        """Traceback of the failure that ended attempt `attempt` (from 1)."""
        return self.trial(number) / f"failure-{attempt}.txt"

    def own_file(self, path: Path) -> Path | None:
        """`path` if it is a plain file in this directory, wherever its links lead; else None.

        For what is read of a run that may be anybody's: a link to a private file, or a pipe that never ends.
        """
        inside = path.resolve().is_relative_to(self.root.resolve())
        return path if inside and path.is_file() else None

    def relative(self, path: Path) -> str:
        """`path` as it is written in the journal: relative to the run directory."""
        return path.relative_to(self.root).as_posix()


def check_name(name: str, what: str = "run name") -> str:
    """`name` if it may be used as a file name: 1-64 of letters, digits, `.`, `_`, `-`, no leading dot or dash.

    A leading dash would be an option on the command line; `last` means the run written to last.
    """
    if name == "last":
        raise SettingsError(f"{what} must not be 'last', which means the run written to last. Try 'final'")
    if not _NAME.fullmatch(name):
        fixed = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:64] or "sweep"
        raise SettingsError(
            f"{what} must be 1 to 64 letters, digits, '.', '_' or '-', without a leading dot or dash; got {name!r}. "
            f"Try {fixed!r}"
        )
    return name


def list_runs(storage: Path) -> list[RunPaths]:
    """Runs below `storage`, the one written to last coming last; [] where there is no such directory."""
    if not storage.is_dir():
        return []
    written = []
    for path in storage.resolve().iterdir():
        run = RunPaths(path)
        try:
            written.append((run.journal.stat().st_mtime_ns, run.name, run))
        except OSError:  # no run, or one that is being removed
            continue
    return [run for _, _, run in sorted(written, key=lambda each: each[:2])]


def find_run(storage: Path, reference: str) -> RunPaths:
    """The run that `reference` means: a name, a unique prefix of one, a path, or `last`.

    Raises RunNotFoundError: none or several match (they are listed).
    """
    runs = list_runs(storage)
    if reference == "last":
        if runs:
            return runs[-1]
        raise RunNotFoundError(f"no run in {storage} yet. Start one: tuneyard run FILE")
    by_name = {run.name: run for run in runs}
    if reference in by_name:
        return by_name[reference]
    if RunPaths(Path(reference)).journal.is_file():
        return RunPaths(Path(reference).resolve())
    matches = sorted(name for name in by_name if reference and name.startswith(reference))
    if len(matches) == 1:
        return by_name[matches[0]]
    if matches:
        raise RunNotFoundError(
            f"{reference!r} is the beginning of {len(matches)} runs: {', '.join(matches[:8])}"
        )
    import difflib

    near = difflib.get_close_matches(reference, by_name, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else "list them: tuneyard ls"
    raise RunNotFoundError(f"no run {reference!r} in {storage}; {hint}")


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part; parents are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if error.filename is None:  # a disk that is full does not say of what
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)
