"""What hostile input may do: be read, or be refused in a sentence. Anything else is a finding."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from search.errors import TuneyardError

__all__ = ["Finding", "inner_room", "judge", "sandbox"]

SECONDS = 5.0  # of the processor, for one input; once more is asked for, because the first time may import half of pandas
ENDLESS = 90.0  # after which it is broken off
LONGEST = 2_000  # characters of one line of a message
MOST = 400_000  # characters of a message: a file of 256 KiB may be wrong in every line

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod"),
    *("os.chown", "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile", "shutil.copytree"),
}
_NEVER = {
    *(
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.posix_spawn",
        "os.spawn",
        "os.fork",
        "pickle.find_class",
    ),
    *("socket.connect", "socket.bind", "urllib.Request", "ctypes.dlopen"),
}


@dataclass(frozen=True)
class Finding:
    """An input that did what it may not. `kind`: what and where, the same for inputs that find the same."""

    target: str
    kind: str
    detail: str
    input: bytes


class _Hang(BaseException):
    """An input took more of the processor than any may."""


@dataclass
class _Watch:
    root: str | None = None
    seen: list[str] | None = None


_watch = _Watch()


def _on_event(event: str, arguments: tuple[Any, ...]) -> None:
    if _watch.root is None or _watch.seen is None:
        return
    if event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITES:
            _note(event, path)
    elif event in _CHANGES:
        for path, folder in _places(event, arguments):
            _note(event, path if folder < 0 else os.path.join(f"/proc/self/fd/{folder}", os.fsdecode(path)))
    elif event in _NEVER:
        _watch.seen.append(f"{event}: {arguments[:1]!r:.200}")


def _places(event: str, arguments: tuple[Any, ...]) -> list[tuple[Any, int]]:
    """(path, descriptor of the folder that it starts from or -1) of each place that an event changes."""
    match event:
        case "os.rename" | "os.link":
            return [(arguments[0], arguments[2]), (arguments[1], arguments[3])]
        case "shutil.move" | "shutil.copyfile" | "shutil.copytree":
            return [(arguments[1], -1)]
        case "os.symlink":
            return [(arguments[1], arguments[2])]
        case "os.mkdir" | "os.chmod":
            return [(arguments[0], arguments[2])]
        case "os.remove" | "os.rmdir":
            return [(arguments[0], arguments[1])]
        case _:
            return [(arguments[0], -1)]


def _note(event: str, path: object) -> None:
    """Keep a change of what lies outside the root. Python's own cache of modules is none of the input's doing."""
    if not isinstance(path, str | bytes | os.PathLike):
        return  # a descriptor that is open already
    assert _watch.root is not None
    assert _watch.seen is not None
    text = os.fsdecode(path)
    place = os.path.realpath(text)
    if event != "open":  # which changes a link, where there is one, and not what it leads to
        place = os.path.join(os.path.realpath(os.path.dirname(text) or "."), os.path.basename(text))
    if place.startswith(_watch.root) or place == os.devnull or "__pycache__" in place:
        return
    _watch.seen.append(f"{event}: {place}")


def inner_room(folder: Path) -> Path:
    """A root below `folder`, so deep that an input that climbs (`..`) finds empty folders, not a million files of others."""
    room = folder / "outer" / "middle" / "inner" / "room"
    room.mkdir(parents=True)
    return room


@contextlib.contextmanager
def sandbox(root: Path) -> Iterator[list[str]]:
    """While this is open, every change outside `root` is noted in the list, and everything that is executed.

    `root` is the home folder, too: a million files there are none of the input's doing.
    """
    if not getattr(sys, "_tuneyard_fuzz", False):
        sys.addaudithook(_on_event)  # for the life of the process
        sys._tuneyard_fuzz = True  # type: ignore[attr-defined]
    home = os.environ.get("HOME")
    os.environ["HOME"] = str(root)
    _watch.root, _watch.seen = str(root.resolve()), []
    try:
        yield _watch.seen
    finally:
        _watch.root = None
        del os.environ["HOME"]
        if home is not None:
            os.environ["HOME"] = home


def judge(target: str, call: Callable[[bytes, Path], None], data: bytes, root: Path) -> Finding | None:
    """Give an input to a target. None: it was read, or refused as it has to be."""
    began = time.process_time()
    finding = _judged(target, call, data, root)
    if finding is None and time.process_time() - began > SECONDS:
        began = time.process_time()
        finding = _judged(target, call, data, root)
        if finding is None and (took := time.process_time() - began) > SECONDS:
            return Finding(target, "slow", f"{took:.1f} s", data)
    return finding


def _judged(target: str, call: Callable[[bytes, Path], None], data: bytes, root: Path) -> Finding | None:

    def found(kind: str, detail: str) -> Finding:
        return Finding(target, kind, detail[-4000:], data)

    with sandbox(root) as seen, _limited():
        try:
            call(data, root)
        except (TuneyardError, click.ClickException) as error:
            said = error.format_message() if isinstance(error, click.ClickException) else str(error)
            if len(said) > MOST or max(map(len, said.splitlines()), default=0) > LONGEST:
                longest = max(said.splitlines(), key=len)
                return found(f"a message of {_order(len(longest))} characters a line", longest[:500])
            if not said.strip():
                return found(f"{type(error).__name__} without a word", "")
        except _Hang:
            return found("hang", traceback.format_exc())
        except (Exception, SystemExit) as error:
            return found(f"{type(error).__name__} {_place(error)}", traceback.format_exc())
    if seen:
        return found(f"outside the root: {seen[0].partition(':')[0]}", "\n".join(seen))
    return None


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """A signal after so much of the processor: a busy machine makes nothing a hang."""

    def stop(_number: int, _frame: object) -> None:
        raise _Hang

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, ENDLESS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _place(error: BaseException) -> str:
    """The last line of ours that the error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if "/site-packages/" not in f.filename and "/tests/" not in f.filename]
    last = ours[-1] if ours else frames[-1]
    return f"at {Path(last.filename).name}:{last.lineno} in {last.name}"


def _order(number: int) -> str:
    return f"10**{len(str(number)) - 1}"
