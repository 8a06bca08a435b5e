"""Following a sweep on a cluster: its records into the copy here, its live view onto the screen, until it is over."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from search.errors import RunnerError
from search.history import History
from search.journal import read_journal
from search.paths import RunPaths
from search.submission.channel import Done, JournalLine, is_machine_line, read_line
from search.submission.client import Cluster, ClusterLostError, Job
from search.submission.copy import LocalCopy
from search.views.console import ConsoleView

__all__ = ["Follower", "follow", "for_people", "of_last_driver"]

_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between two attempts to come back; the last one again and again."""

_OF_RAY = re.compile(r"^(Running entrypoint for job |.*\tINFO job_manager\.py:\d+ -- )")
_PATIENCE = 900.0  # seconds without the cluster, after which following ends


class Follower:
    """Takes the lines of a job's log: into `copy`, and, new records, to `view`.

    `word`: of the submission that is followed.
    """

    def __init__(self, copy: LocalCopy, word: str, view: ConsoleView | None = None) -> None:
        self.copy, self.word, self.view = copy, word, view
        self._histories: dict[str, History] = {}
        self._shown: str | None = None

    def take(self, line: str, *, silently: bool = False) -> None:
        """One line of the log. `silently`: it is old, and nobody is to be shown it."""
        said = read_line(self.word, line)
        if said is None or isinstance(said, Done):
            return
        record = self.copy.take(said)
        if record is None or not isinstance(said, JournalLine) or self.view is None:
            return
        if silently:
            self._histories.pop(said.path, None)  # read from the copy when something new comes
            return
        self._show(said.path, record)

    def leave(self) -> None:
        """Give the terminal back."""
        if self.view is not None:
            self.view.leave()

    def _over(self) -> None:
        """A sweep is over: its verdict. A confirmation may follow."""
        if self.view is not None and self._shown is not None:
            self._shown = None
            self.view.close()

    def _show(self, path: str, record: Mapping[str, Any]) -> None:
        assert self.view is not None
        root = (self.copy.paths.root / path).parent
        history = self._histories.get(path)
        if history is None:  # the copy holds this record already
            history = self._histories[path] = History.from_records(read_journal(RunPaths(root).journal))
        else:
            history.apply(record)
        begins = self._shown != path
        if begins:
            self._over()
            self._shown = path
        if begins or "about" in record:  # the view is to name the copy, not the place on the cluster
            record = {**record, "about": {**record.get("about", {}), "path": str(root)}}
        self.view.on_event(record, history)
        if record["type"] == "end":
            self._over()


def follow(
    cluster: Cluster,
    name: str,
    follower: Follower,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Job:
    """Follow the job until it is over; a connection that breaks is made again.

    `say`: tells that the cluster is away, and that it is back.

    Raises ClusterLostError: it stays away. RunnerError: it no longer knows the job (its head was restarted).
    """
    attempts, away, lost = 0, 0.0, False
    while True:
        try:
            for line in cluster.follow_log(name):
                if lost:
                    say(f"{cluster.url} is back")
                    lost = False
                attempts, away = 0, 0.0
                follower.take(line)
            job = cluster.job(name)
            if job is None:
                raise RunnerError(
                    f"{cluster.url} no longer knows {name}: its head was restarted. Run the same command again: it goes "
                    "on from what lies in the storage"
                )
            if job.over:
                return job
        except ClusterLostError as error:
            if not lost:
                say(f"{error}; trying again. The sweep goes on without being looked at")
            lost = True
            if away > _PATIENCE:
                raise
        pause = _PAUSES[min(attempts, len(_PAUSES) - 1)]
        sleep(pause)
        attempts, away = attempts + 1, away + pause


def for_people(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a job's log without those that are for programs, and without what Ray says of its own."""
    return (line for line in lines if not is_machine_line(line) and not _OF_RAY.search(line))


def of_last_driver(lines: Sequence[str]) -> Sequence[str]:
    """The lines since the job of that name was started last; its log goes on in the same file."""
    starts = [i for i, line in enumerate(lines) if line.startswith("Running entrypoint for job ")]
    return lines[starts[-1] :] if starts else lines
