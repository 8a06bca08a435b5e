"""Whose run directory it is: going on with a run trains what its journal names, so that has to be one's own.

A resume imports the module that stands in the journal's header, loads checkpoints, and writes files. Who can write to
the journal, to a checkpoint, or to a folder above them, can have any code run as the user who resumes. Reading commands
need none of this: they execute nothing of a run.
"""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from search.errors import TrustError
from search.journal import iterate_journal
from search.paths import RunPaths

__all__ = ["require_own", "unwritable_by_others"]

# Ray Tune's and Weights & Biases' own: a new driver makes a directory of its own there and reads no other. The latter
# links to its logs in the user's cache.
_NOT_READ = frozenset(["tune", "wandb"])


def require_own(paths: RunPaths) -> None:
    """Refuse a run directory that somebody else could have put something into.

    Everything in it belongs to this user or to root and can be written by nobody else, no link leads out of it, and
    nobody else can put another in its place: the folders above it are such, too, or sticky as /tmp is. A group of which
    this user is the only member counts as this user. Where root asks, the folders above may be anybody's: a container
    that works as root has its folders mounted from a user's. Nor may the code that the journal names lie inside.

    Imports nothing. Raises TrustError: the first thing that is not so, and what to do. JournalError: there is no header.
    """
    root = paths.root.absolute()
    command = f"chmod -R go-w {root}"
    for place in dict.fromkeys([*root.parents, *root.resolve().parents]):
        _check_above(place, root)
    for path, status in _inside(root.resolve()):
        if stat.S_ISLNK(status.st_mode):
            if not path.resolve().is_relative_to(root.resolve()):
                raise _refused(
                    root, f"{path} leads out of it, to {path.resolve()}", "Put what it means in its place"
                )
        elif not (stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode)):
            raise _refused(root, f"{path} is no plain file", "Remove it")
        elif status.st_uid not in (os.geteuid(), 0):
            raise _refused(
                root, f"{path} belongs to {_user(status.st_uid)}", f"Make it yours (chown -R), if {_KNOWN}"
            )
        elif (who := _writers(status)) is not None:
            raise _refused(root, f"{who} can write to {path}", f"If {_KNOWN}: {command}")
    settings = next(iterate_journal(paths.journal)).get("about", {}).get("settings", {})
    for named in _code(settings):
        if (Path(settings.get("base") or ".") / named).resolve().is_relative_to(root.resolve()):
            raise _refused(
                root, f"the code that it names lies inside it: {named}", "Keep code outside of runs"
            )


@contextmanager
def unwritable_by_others() -> Iterator[None]:
    """What this process, and those that it starts, write meanwhile is no group's to write: else it could not be resumed."""
    before = os.umask(0o022)
    os.umask(before | 0o022)
    try:
        yield
    finally:
        os.umask(before)


_KNOWN = "you know what is in it"


def _code(settings: Mapping[str, Any]) -> Iterator[Path]:
    """Where the modules lie that a run names as its trainable or its data, from the folder that they start from."""
    data = settings.get("data")
    for named in (settings.get("trainable"), data.get("source") if isinstance(data, Mapping) else data):
        place = named.rpartition(":")[0] if isinstance(named, str) else ""
        if place.endswith(".py"):
            yield Path(place).expanduser()
        elif place and all(part.isidentifier() for part in place.split(".")):
            yield Path(*place.split("."))


def _refused(root: Path, what: str, remedy: str) -> TrustError:
    return TrustError(
        f"{root} is not resumed: {what}, and going on with a run executes what it names. {remedy}; "
        "or say that you trust it: --trust"
    )


def _check_above(place: Path, root: Path) -> None:
    status = os.stat(place)
    who = _writers(status)
    if who is not None and not status.st_mode & stat.S_ISVTX:
        raise _refused(
            root,
            f"{who} can write to {place}, and so put something else in its place",
            "Move it below a folder of your own",
        )
    if os.geteuid() != 0 and status.st_uid not in (os.geteuid(), 0):
        raise _refused(
            root,
            f"{place} belongs to {_user(status.st_uid)}, who can put something else in its place",
            "Move it below a folder of your own",
        )


def _inside(root: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """The root and everything in it, links themselves and not what they mean; only the folder of what is not read."""
    yield root, os.lstat(root)
    left = [root]
    while left:
        folder = left.pop()
        try:
            names = os.listdir(folder)
        except FileNotFoundError:  # its driver is at work
            continue
        for path in (folder / name for name in names):
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                continue
            yield path, status
            if stat.S_ISDIR(status.st_mode) and not (folder == root and path.name in _NOT_READ):
                left.append(path)


def _writers(status: os.stat_result) -> str | None:
    """Who beside the owner can write; None where nobody can."""
    if status.st_mode & stat.S_IWOTH:
        return "everybody"
    if status.st_mode & stat.S_IWGRP and not _is_private(status.st_gid, os.geteuid()):
        return f"the group {_group(status.st_gid)}"
    return None


@functools.cache
def _is_private(gid: int, uid: int) -> bool:
    """Whether a group is this user's alone, as many systems make one for each user (then umask is 002 there)."""
    import grp
    import pwd

    try:
        group, user = grp.getgrgid(gid), pwd.getpwuid(uid)
    except KeyError:
        return False
    return user.pw_gid == gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def _user(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _group(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
