"""Where an Optuna study lies: a SQLite file, a journal file or a database, opened for reading and left as it is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from search.errors import SettingsError
from search.settings.secrets import redact
from spaces.errors import nearest

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.study import Study

__all__ = ["is_optuna", "open_study"]

_SQLITE = b"SQLite format 3\0"


def is_optuna(source: str) -> bool:
    """Whether a text is a database URL, or the path of a file that begins like an Optuna storage."""
    if "://" in source:
        return True
    try:
        with open(source, "rb") as file:
            start = file.read(200)
    except OSError:
        return False
    return start.startswith(_SQLITE) or (start.startswith(b"{") and b'"op_code"' in start)


@contextmanager
def open_study(source: str, name: str | None) -> Iterator[Study]:
    """The study of that name, or the only one. Raises SettingsError: no storage, no such study, or several."""
    import optuna

    storage, shown = _opened(source), redact(source)
    try:
        names = list(optuna.study.get_all_study_names(storage))
        if name is None and len(names) != 1:
            listed = ", ".join(map(repr, names[:12]))
            raise SettingsError(
                f"{shown}: holds {len(names)} studies ({listed}). Say which: --study NAME"
                if names
                else f"{shown}: holds no study"
            )
        if name is not None and name not in names:
            raise SettingsError(f"{shown}: holds no study {name!r}{nearest(name, names)}")
        yield optuna.load_study(study_name=name or names[0], storage=storage)
    finally:
        if isinstance(storage, optuna.storages.RDBStorage):
            storage.remove_session()
            storage.engine.dispose()


def _opened(source: str) -> BaseStorage:
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    path = _path_of(source)
    try:
        if path is None:
            return RDBStorage(source, skip_table_creation=True)
        with open(path, "rb") as file:
            start = file.read(len(_SQLITE))
        if start != _SQLITE:
            _check_journal(path)
            return JournalStorage(JournalFileBackend(str(path)))
        _check_tables(path)
        return RDBStorage(f"sqlite:///file:{_uri(path)}?mode=ro&uri=true", skip_table_creation=True)
    except SettingsError:
        raise
    except Exception as error:  # of SQLAlchemy, a driver or Optuna: all mean that the storage cannot be used
        cause = str(error).strip().splitlines()
        raise SettingsError(
            f"{redact(source)}: cannot be opened as an Optuna storage ({type(error).__name__}: "
            f"{cause[0] if cause else 'no reason given'})"
        ) from None


def _path_of(source: str) -> Path | None:
    """The file that a source means, None for a database elsewhere. Raises SettingsError: there is none."""
    text = source.removeprefix("sqlite:///")
    if "://" in text:
        return None
    path = Path(text)
    if not path.is_file():
        raise SettingsError(
            f"{source}: no such file. An Optuna storage is a file, or a URL such as sqlite:///study.db"
        )
    return path


def _check_tables(path: Path) -> None:
    connection = sqlite3.connect(f"file:{_uri(path)}?mode=ro", uri=True)
    try:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
    finally:
        connection.close()
    if "studies" not in tables:
        held = ", ".join(sorted(tables)[:6]) or "no table"
        raise SettingsError(f"{path}: is a SQLite file, but no Optuna storage: it holds {held}")


def _check_journal(path: Path) -> None:
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                record = json.loads(line)
                if not isinstance(record, dict) or "op_code" not in record:
                    raise ValueError("it has no op_code")
            except ValueError as error:
                if not line.endswith(b"\n"):
                    return  # Optuna is writing it
                raise SettingsError(f"{path}:{number}: is no line of an Optuna journal ({error})") from None


def _uri(path: Path) -> str:

    return quote(str(path.resolve()))
