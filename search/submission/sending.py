"""The head's side of `tuneyard fetch`: a job that puts files of a run into its log, waits to be stopped, and empties it.

    python -m search.submission.sending STORAGE NAME WORD winner|checkpoints|all|only [PATH]...

The log is the one way out of a cluster that needs no further port and no store. It lies on the head's disk while it is
read, a third larger than the files; that is why it is emptied afterwards.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from search.errors import RunNotFoundError, TuneyardError
from search.paths import RunPaths
from search.run import Run
from search.storage import EVERYTHING, Home, bring_checkpoints, find_run, is_remote, open_store
from search.submission.channel import done_line, file_lines
from search.submission.copy import safe_path
from search.submission.selection import selected

__all__ = ["main", "tell_files"]

_PATIENCE = 900.0  # seconds for the reader to say that it has all of it


def tell_files(storage: str, name: str, word: str, what: str, names: Sequence[str] = ()) -> None:
    """Write the files to stdout. Raises RunNotFoundError: there is no such run."""
    paths = _run(storage, name, what, names)
    root = paths.root
    if what == "only":
        files = [found for name in names for found in sorted(_matching(root, name))]
    else:
        files = selected(paths, what)  # type: ignore[arg-type]
    count = total = 0
    for file in files:
        try:
            size = file.stat().st_size
            sys.stdout.writelines(file_lines(word, file.relative_to(root).as_posix(), file))
        except FileNotFoundError:  # a checkpoint of a sweep that runs on, for which there is a newer one
            continue
        count, total = count + 1, total + size
    sys.stdout.write(done_line(word, count, total))
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """The job. Returns its exit code."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    storage, name, word, what, *names = arguments
    try:
        tell_files(storage, name, word, what, names)
    except (TuneyardError, OSError) as error:
        print(error, flush=True)
        return 1
    stopped.wait(_PATIENCE)
    os.ftruncate(sys.stdout.fileno(), 0)  # Ray opened it for appending
    return 0


def _run(storage: str, name: str, what: str, names: Sequence[str]) -> RunPaths:
    """The run directory; one of an object store is brought to the head first."""
    if is_remote(storage):
        paths = find_run(storage, name, files=names if what == "only" else EVERYTHING)
        if what != "only":
            trials = Run.open(paths.root).history.trials
            bring_checkpoints(
                open_store(storage), Home(storage, name), paths, [trial.number for trial in trials]
            )
        return paths
    paths = RunPaths(Path(storage).expanduser() / name)
    if not paths.journal.is_file():
        raise RunNotFoundError(f"there is no run {name} in {storage} on the cluster")
    return paths


def _matching(root: Path, name: str) -> list[Path]:
    """Files by a name, whose last part may hold a `*`."""
    parent = safe_path(root, name.replace("*", "0")).parent
    return [path for path in parent.glob(name.rpartition("/")[2]) if path.is_file()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
