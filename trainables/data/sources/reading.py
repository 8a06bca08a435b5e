"""From a data section to the records it names: which kind of source it is, who reads it, and what is kept."""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from trainables.data.records import Records
from trainables.data.section import COLUMN_KINDS, Section
from trainables.data.sources.catalogue import BUILT_IN, BuiltIn
from trainables.errors import DataError, nearest

__all__ = ["FORMATS", "READ_BY", "read_records", "source_version"]

_HERE = "trainables.data.sources"

FORMATS: dict[str, str] = {
    ".csv": f"{_HERE}.delimited:read_delimited",
    ".tsv": f"{_HERE}.delimited:read_delimited",
    ".txt": f"{_HERE}.delimited:read_delimited",
    ".csv.gz": f"{_HERE}.delimited:read_delimited",
    ".tsv.gz": f"{_HERE}.delimited:read_delimited",
    ".jsonl": f"{_HERE}.jsonl:read_jsonl",
    ".ndjson": f"{_HERE}.jsonl:read_jsonl",
    ".parquet": f"{_HERE}.parquet:read_parquet",
    ".npz": f"{_HERE}.archive:read_archive",
}
"""Endings of files, and who reads them: a function of the path and the section."""

_DATABASES = (".db", ".sqlite", ".sqlite3")
_CODE = re.compile(r"(?P<place>[^:]+):(?P<function>[^\W\d][\w.]*)")
_KEPT = 4
READ_BY = (
    "source",
    "query",
    "modality",
    "task",
    "target",
    "features.side",
    "split.group",
    "split.time",
    *(f"columns.{kind}" for kind in COLUMN_KINDS),
)
"""The options that decide what is read; the others change only what becomes of it."""

_read: OrderedDict[tuple[object, ...], Records] = OrderedDict()
_reading = threading.RLock()  # data sets may be prepared in several threads: each source is read once


def read_records(section: Section) -> Records:
    """The rows of the source that a data section names, as they are found there.

    The last few sources are kept in the process: the same section gives the same object until the source
    has another version. A database that runs as a server, and a function that is installed, are read once.

    Raises:
        DataError: the source cannot be found or read; names it, the row and the column.
    """
    with _reading:
        return _records(section)


def _records(section: Section) -> Records:
    key = (source_version(section), *(section[option] for option in READ_BY))
    if key in _read:
        _read.move_to_end(key)
        return _read[key]
    records = _reader(section)()
    records = replace(records, task=section["task"] or records.task)
    for array in (records.array, records.targets):
        if array is not None:
            array.setflags(write=False)
    _read[key] = records
    while len(_read) > _KEPT:
        _read.popitem(last=False)
    return records


def source_version(section: Section) -> str:
    """A text that changes when the source does, as far as can be told without reading it.

    Of files: their sizes and times of change. Of a built-in set, a database server and an installed function:
    always the same.

    Raises:
        DataError: there is no such source.
    """
    source = section["source"]
    if source in BUILT_IN:
        return "built-in"
    if "://" in source:
        from trainables.data.sources.database import database_file

        file = database_file(source)
        return _version_of(file) if file is not None else "database"
    code = _CODE.fullmatch(source)
    if code and not Path(source).exists():
        file = Path(code["place"])
        return _version_of(file) if file.suffix == ".py" and file.is_file() else "code"
    return _version_of(_existing(source))


def _reader(section: Section) -> Callable[[], Records]:
    source = section["source"]
    if section["query"] is not None and "://" not in source and not source.lower().endswith(_DATABASES):
        raise DataError(f"data.query: only a database has one, and {source} is none; leave query out")
    if source in BUILT_IN:
        return lambda: _built_in(source, section)
    if "://" in source:
        return lambda: _function(f"{_HERE}.database:read_database")(source, section)
    if _CODE.fullmatch(source) and not Path(source).exists():
        return lambda: _function(f"{_HERE}.code:read_code")(source, section)
    path = _existing(source)
    if path.is_dir():
        return lambda: _function(f"{_HERE}.folders:read_folder")(path, section)
    name = path.name.lower()
    if name.endswith(_DATABASES):
        return lambda: _function(f"{_HERE}.database:read_database")(f"sqlite:///{path}", section)
    for ending, reader in FORMATS.items():
        if name.endswith(ending):
            return lambda: _function(reader)(path, section)
    raise DataError(f"data.source: cannot tell what {source} holds; a file ends in {', '.join(FORMATS)}")


def _built_in(name: str, section: Section) -> Records:
    known = BUILT_IN[name]
    if known.target is None:  # arrays and texts, which have no columns
        given = {"target": section["target"], "modality": section["modality"]} | {
            f"columns.{kind}": column for column, kind in section.columns().items()
        }
        for option, value in given.items():
            if value not in (None, known.modality):
                raise DataError(f"data.{option}: {name} is {_known(known)}; leave {option} out")
    records = _function(known.reader)(section)
    return replace(records, task=known.task) if section["target"] in (None, known.target) else records


def _known(known: BuiltIn) -> str:
    return f"known ({known.modality}, {known.task}, its targets beside it)"


def _function(reference: str) -> Callable[..., Records]:
    module, _, name = reference.partition(":")
    function: Callable[..., Records] = getattr(importlib.import_module(module), name)
    return function


def _existing(source: str) -> Path:
    path = Path(source).expanduser()
    try:
        if path.exists():
            return path
    except OSError as error:
        raise _unreadable(source, error) from error
    if path.suffix or "/" in source:
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        near = nearest(path.name, beside) if beside else f"there is no folder {path.parent} either"
        raise DataError(f"data.source: cannot read {source}: there is no such file or folder; {near}")
    raise DataError(
        f"data.source: there is no data set {source!r}; {nearest(source, BUILT_IN)} "
        f"Of one's own it is a file ({', '.join(FORMATS)}), a folder, a database URL or module:function."
    )


def _unreadable(source: object, error: OSError) -> DataError:
    return DataError(
        f"data.source: cannot read {source}: {error.strerror}; see that it and its folders may be read"
    )


def _version_of(path: Path) -> str:
    try:
        return _changed(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _changed(path: Path) -> str:
    if path.is_dir():
        return hashlib.sha256(
            "\n".join(sorted(_states(path, ""))).encode(errors="surrogateescape")
        ).hexdigest()
    stat = path.stat()
    return f"{stat.st_mtime_ns}-{stat.st_size}"


def _states(folder: Path | str, name: str) -> Iterator[str]:
    """Name, time and size of every file below a folder; links to folders are not followed. A million files take seconds."""
    try:
        entries = list(os.scandir(folder))
    except PermissionError:  # its reader says so, if it matters
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _states(entry.path, f"{name}{entry.name}/")
        elif entry.is_file():
            stat = entry.stat()
            yield f"{name}{entry.name}\0{stat.st_mtime_ns}\0{stat.st_size}"
