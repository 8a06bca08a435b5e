"""What a run directory holds, sent to its store in the background while a sweep runs.

Three things go their own way, so that a large checkpoint holds up no record: the journal, in segments, about once a
second; checkpoints, the newest of each trial, those in between left out where the store is slower than the steps; and
all other files as they change. A step waits for none of it.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import StorageError
from search.paths import RunPaths
from search.storage.checkpoints import newest_local, put_checkpoint, steps_of
from search.storage.memo import Synced
from search.storage.places import Home
from search.storage.segments import FOLDER, FULL, Segment
from search.storage.store import Item, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Mirror"]

log = logging.getLogger(__name__)

PERIOD = 1.0  # seconds between two looks at what is new
LOOKING = 20  # a look at all files may take 1/20 of the time
GROWTH = 2**20  # a file of so many bytes that goes on growing is sent once a second, a larger one less often
PARALLEL = 4  # checkpoints on their way at the same time
SILENT = 2.0  # seconds that the end of a run sends without saying so
LONGEST_PAUSE = 30.0  # seconds between two tries while the store is away
_LEFT_OUT = {"lock", "tune", "wandb", FOLDER, "checkpoints", "scratch", "lease.json"}


class Mirror:
    """Sends one run directory. An observer of its sweep, so that no record is sent before it is acknowledged.

    Args:
        epoch: this driver's number; None: not the driver, the journal is not sent. run_id: of its lease.
        end: bytes of the journal that the store holds already.
    """

    def __init__(
        self, home: Home, paths: RunPaths, *, epoch: int | None = None, run_id: str = "", end: int = 0
    ) -> None:
        self._home, self._paths, self._epoch, self._run_id = home, paths, epoch, run_id
        self._store = Store(home.url, tries=1)  # tried again at the next look anyway
        self._acknowledged = _size(paths.journal) if epoch is not None else 0
        self._sent, self._begin = end, end
        self._files: dict[
            str, tuple[int, int]
        ] = {}  # size and time of what was sent, by its place in the run
        self._last: dict[str, float] = {}
        self._looked: dict[Path, int] = {}  # when a folder of checkpoints was changed last
        self._steps: dict[str, int] = {}  # newest step in the store, by the key of the trial's folder
        self._under_way: dict[str, Future[None]] = {}
        self._listed = False
        self._away = False
        self._cut_off = False
        self._telling, self._listing = threading.Lock(), threading.Lock()
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="tuneyard-checkpoint")
        loops: list[tuple[str, Callable[[], object]]] = [
            ("files", self._send_files),
            ("checkpoints", self._send_checkpoints),
        ]
        if epoch is not None:
            loops.append(("journal", self._send_journal))
        self._threads = [
            threading.Thread(target=self._loop, args=(send,), name=f"tuneyard-{name}", daemon=True)
            for name, send in loops
        ]
        for thread in self._threads:
            thread.start()

    def on_event(self, record: Mapping[str, Any], history: object) -> None:
        """See `search.sweep.Observer`: the record is on disk, and may be sent."""
        self._acknowledged = _size(self._paths.journal)

    def close(self) -> None:
        """The sweep is over; what is written afterwards (the report) is still sent: see `finish`."""

    def cut_off(self) -> None:
        """Send nothing any more: the run is another driver's now."""
        self._cut_off = True
        self._ended.set()

    def forget(self, home: Home) -> None:
        """What lay below this place was deleted from the store; what comes there is new."""
        with self._listing:
            self._steps = {
                key: step for key, step in self._steps.items() if not key.startswith(f"{home.run}/")
            }
            self._files = {
                place: seen
                for place, seen in self._files.items()
                if not f"{self._home.run}/{place}".startswith(f"{home.run}/")
            }
            self._looked.clear()

    def finish(self) -> bool:
        """Send what is left, and end. False: not all of it has arrived; that was said."""
        self._ended.set()
        began, told = time.monotonic(), threading.Timer(SILENT, self._say)
        told.daemon = True
        told.start()
        try:
            for thread in self._threads:
                thread.join()
            if self._cut_off:
                return False
            self._store = Store(self._home.url)
            if self._epoch is not None:
                self._acknowledged = _size(self._paths.journal)
                self._send_journal()
            for sending in self._under_way.values():
                sending.exception()  # what failed while the store was away is sent again now
            self._under_way.clear()
            self._send_checkpoints()
            for sending in self._under_way.values():
                sending.result()
            self._send_files(last=True)
            return True
        except (StorageError, OSError) as error:
            log.warning("%s", self._left(str(error)))
            return False
        except KeyboardInterrupt:
            log.warning("%s", self._left("interrupted"))
            self._store.hurry()
            return False
        finally:
            told.cancel()
            self._pool.shutdown(wait=False, cancel_futures=True)
            shutil.rmtree(self._paths.outgoing, ignore_errors=True)
            log.debug("%s: the rest took %.1f s", self._home.prefix, time.monotonic() - began)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _say(self) -> None:
        print(f"sending what is left to {self._home.prefix} (Ctrl-C: leave that for later)", file=sys.stderr)

    def _left(self, why: str) -> str:
        later = (
            "the next resume sends it"
            if self._epoch is None
            else f"send it: tuneyard resume {self._home.prefix}"
        )
        return f"not all of {self._home.run} has arrived in its store ({why}). It is kept in {self._paths.root}; {later}"

    def _loop(self, send: Callable[[], object]) -> None:
        pause = PERIOD
        while not self._ended.wait(pause):
            began = time.monotonic()
            try:
                send()
                looking = LOOKING * (time.monotonic() - began) if send != self._send_journal else 0.0
                pause = min(max(PERIOD, looking), LONGEST_PAUSE)
                self._answers()
            except (StorageError, OSError) as error:
                self._stays_away(error)
                pause = min(2 * pause, LONGEST_PAUSE)
            except Exception as error:
                log.warning("%s is not sent to its store any more: %r", self._home.run, error)
                return

    def _stays_away(self, error: Exception) -> None:
        with self._telling:
            if not self._away and not self._ended.is_set():
                log.warning(
                    "%s. The sweep goes on; what is new stays in %s until the store is back",
                    error,
                    self._paths.root,
                )
            self._away = True

    def _answers(self) -> None:
        with self._telling:
            if self._away:
                log.warning("%s is back; what was kept is being sent", self._home.url)
            self._away = False

    def _send_journal(self) -> None:
        """Put the last segment as far as records were acknowledged; it is closed once it is full."""
        while self._sent < self._acknowledged and not self._cut_off:
            with open(self._paths.journal, "rb") as file:
                file.seek(self._begin)
                content = file.read(min(self._acknowledged - self._begin, 16 * FULL))
            content = content[: content.rfind(b"\n") + 1]
            if self._begin + len(content) <= self._sent:
                return
            assert self._epoch is not None
            name = Segment(self._epoch, self._begin, len(content)).name
            self._store.put(f"{self._home.run}/{FOLDER}/{name}", content)
            self._sent = self._begin + len(content)
            if len(content) >= FULL:
                self._begin = self._sent
            Synced(self._epoch, self._sent, self._run_id).write(self._paths)

    def _send_checkpoints(self) -> None:
        self._list_once()
        for key, sending in list(self._under_way.items()):
            if sending.done():
                del self._under_way[key]
                sending.result()
        for folder in _trial_folders(self._paths):
            key = f"{self._home.run}/{folder.relative_to(self._paths.root).as_posix()}"
            changed = _changed(folder / "checkpoints")
            if key in self._under_way or changed == self._looked.get(folder) or self._cut_off:
                continue
            found = newest_local(folder / "checkpoints")
            if found is not None and found[1] > self._steps.get(key, -1):
                self._under_way[key] = self._pool.submit(self._send_checkpoint, key, *found)
            else:
                self._looked[folder] = changed

    def _send_checkpoint(self, key: str, checkpoint: Path, step: int) -> None:
        if put_checkpoint(self._store, key, checkpoint, step, self._paths.outgoing):
            self._steps[key] = step

    def _send_files(self, last: bool = False) -> None:
        """`last`: those that were sent just now, too."""
        self._list_once()
        now = time.monotonic()
        for file, place in _files(self._paths.root, whole=self._epoch is not None):
            if self._cut_off:
                return
            try:
                state = file.stat()
            except OSError:
                continue
            seen = (state.st_size, state.st_mtime_ns)
            wait = max(PERIOD, state.st_size / GROWTH)
            if seen == self._files.get(place) or (not last and now - self._last.get(place, -wait) < wait):
                continue
            if place not in self._files and file.suffix == ".log" and self._is_ahead(place, file):
                continue
            try:
                self._store.put_file(f"{self._home.run}/{place}", file)
            except FileNotFoundError:
                continue
            self._files[place], self._last[place] = seen, now

    def _is_ahead(self, place: str, file: Path) -> bool:
        """Whether the store has a log from another node, which this one has only seen."""
        item = self._store.find(f"{self._home.run}/{place}")
        seen = None if item is None else _same(file, item)
        if seen is not None:
            self._files[place] = seen
        return seen is not None

    def _list_once(self) -> None:
        """What the store holds already is not sent again."""
        with self._listing:
            if self._listed:
                return
            items = self._store.list(self._home.run)
            self._steps = {key: max(steps) for key, steps in steps_of(items).items()}
            for item in items:
                place = item.key.removeprefix(f"{self._home.run}/")
                if (seen := _same(self._paths.root / place, item)) is not None:
                    self._files[place] = seen
            self._listed = True


def _same(file: Path, item: Item) -> tuple[int, int] | None:
    """Size and time of a file that the store holds as it is, or as it was before it fell behind; None: send it."""
    try:
        here = file.stat()
    except OSError:
        return None
    behind = here.st_mtime <= item.modified and (
        here.st_size == item.size or (file.suffix == ".log" and here.st_size < item.size)
    )
    return (here.st_size, here.st_mtime_ns) if behind else None


def _trial_folders(paths: RunPaths) -> Iterator[Path]:
    for trials in (paths.trials, paths.confirmation.trials):
        try:
            with os.scandir(trials) as entries:
                yield from (Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
        except OSError:
            continue


def _files(root: Path, *, whole: bool) -> Iterator[tuple[Path, str]]:
    """Files and their places in the run. `whole`: all; else those of trials, which are a worker's to send."""
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        inside = here.relative_to(root)
        folders[:] = sorted(each for each in folders if each not in _LEFT_OUT and not each.startswith("."))
        if not whole and inside == Path():
            folders[:] = [each for each in folders if each in ("trials", "confirm")]
        if not whole and inside == Path("confirm"):
            folders[:] = [each for each in folders if each == "trials"]
        for name in sorted(names):
            if name.startswith(".") or name in _LEFT_OUT or (inside == Path() and name == "journal.jsonl"):
                continue
            if not whole and "trials" not in inside.parts:
                continue
            if (file := here / name).is_file() and not file.is_symlink():
                yield file, (inside / name).as_posix()


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
