"""The reader's side of `tuneyard fetch`: files of a run on a cluster, checked, into its copy here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shlex
import shutil
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from search.errors import LockedError, RunnerError
from search.journal import lock_holder
from search.paths import RunPaths
from search.submission.channel import Done, FilePiece, JournalLine, read_line
from search.submission.client import Cluster
from search.submission.copy import Origin, safe_path
from search.submission.probe import with_clusters_python
from search.submission.selection import What, selected
from search.submission.submitting import stop_and_wait

__all__ = ["ask_files", "fetch", "visible_here"]


def fetch(cluster: Cluster, origin: Origin, paths: RunPaths, what: What) -> tuple[int, int]:
    """Bring the files here; returns how many, and their bytes.

    A file that is there is replaced as a whole once all of the new one has arrived and its SHA-256 is right. From a
    storage that this machine sees, too, they are copied; else they come through the log of a job of a few seconds.

    Raises RunnerError: no such run there, a file that arrived damaged or whose name leads out of the run;
    ClusterLostError; LockedError: another process is following the run.
    """
    if lock_holder(paths.lock) is not None:
        raise LockedError(
            f"{paths.root}: another process here is following this run. Let go of it (Ctrl-C), then fetch"
        )
    seen = visible_here(origin, paths)
    if seen is not None:
        return _copy(seen, paths, what)
    with contextlib.closing(ask_files(cluster, origin, what)) as said:
        count = total = 0
        for file, size in _received(said, paths.root):
            del file
            count, total = count + 1, total + size
    return count, total


def visible_here(origin: Origin, paths: RunPaths) -> RunPaths | None:
    """The run itself, where the storage of the cluster is a folder that this machine sees, too."""
    if "://" in origin.storage:
        return None
    there = RunPaths(Path(origin.storage) / origin.name)
    try:
        with open(there.journal, "rb") as theirs, open(paths.journal, "rb") as ours:
            return there if theirs.readline() == ours.readline() else None
    except OSError:
        return None


def ask_files(
    cluster: Cluster, origin: Origin, what: str, names: Sequence[str] = ()
) -> Generator[FilePiece | Done]:
    """The files, piece by piece, as a job on the head reads them. `what`: of `sending`; `names`: with "only".

    Raises RunnerError: no such run there. ClusterLostError: the connection broke.
    """
    word, job = secrets.token_hex(8), f"tuneyard-fetch-{secrets.token_hex(4)}"
    asked = [origin.storage, origin.name, word, what, *names]
    arguments = shlex.join(["-P", "-m", "search.submission.sending", *asked])
    cluster.submit(job, with_clusters_python(arguments))
    printed: list[str] = []
    try:
        with contextlib.closing(cluster.follow_log(job)) as lines:
            for line in lines:
                said = read_line(word, line)
                if said is None:
                    printed = [*printed[-5:], line.strip()]
                elif not isinstance(said, JournalLine):
                    yield said
                if isinstance(said, Done):
                    return
        raise RunnerError(
            f"{cluster.url} sent no files: {next(filter(None, reversed(printed)), 'no reason given')}"
        )
    finally:
        with contextlib.suppress(RunnerError):
            stop_and_wait(cluster, job)  # lets it empty its log
            cluster.forget(job)


def _received(said: Iterator[FilePiece | Done], root: Path) -> Iterator[tuple[Path, int]]:
    """(file, bytes) of each that has arrived whole."""
    for each in said:
        if isinstance(each, Done):
            continue
        target = safe_path(root, each.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}.fetching")
        try:
            digest = hashlib.sha256()
            with open(unfinished, "wb") as file:
                piece, path = each, each.path
                while True:
                    file.write(piece.data)
                    digest.update(piece.data)
                    if file.tell() >= each.size:
                        break
                    following = next(said, None)
                    if not isinstance(following, FilePiece) or (following.path, following.offset) != (
                        path,
                        file.tell(),
                    ):
                        raise RunnerError(f"{path} arrived cut off. Fetch again")
                    piece = following
            if digest.hexdigest() != each.sha256:
                raise RunnerError(
                    f"{path} arrived damaged: its SHA-256 is not the one it was sent with. Fetch again"
                )
            os.replace(unfinished, target)
        finally:
            unfinished.unlink(missing_ok=True)
        yield target, each.size


def _copy(there: RunPaths, paths: RunPaths, what: What) -> tuple[int, int]:
    count = total = 0
    for source in selected(there, what):
        target = safe_path(paths.root, source.relative_to(there.root).as_posix())
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_name(f".{target.name}.{os.getpid()}.fetching")
        try:
            shutil.copyfile(source, unfinished)
            os.replace(unfinished, target)
        except FileNotFoundError:  # a checkpoint of a sweep that runs on, for which there is a newer one
            continue
        finally:
            unfinished.unlink(missing_ok=True)
        count, total = count + 1, total + target.stat().st_size
    return count, total
