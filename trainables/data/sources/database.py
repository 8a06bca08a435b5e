"""SQL databases, through SQLAlchemy: a URL and a query."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainables.data.dataset import Repair
from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.frames import check_names, records_of_frame, type_frame
from trainables.data.sources.origin import Origin
from trainables.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import URL

__all__ = ["database_file", "read_database", "stream_rows"]

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_READ_ONLY = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET TRANSACTION READ ONLY"}
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
"""The driver that the extra `sql` brings, where a URL names none."""


def database_file(source: str) -> Path | None:
    """The file of an SQLite URL; None for a server and for SQLite in memory.

    Raises:
        DataError: it is no database URL, or the file does not exist.
    """
    url = _url(source)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    path = Path(str(url.database))
    if not path.is_file():  # SQLite would make an empty one
        beside = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
        raise DataError(f"data.source: there is no SQLite file {path}; {nearest(path.name, beside)}")
    return path


def read_database(source: str, section: Section) -> Records:
    """The rows of a query, in a transaction that only reads and is rolled back.

    ``${NAME}`` in a URL stands for the environment variable, so that a password need not be written down;
    passwords are left out of every message. Rows of a query without ORDER BY are put in the order of their
    columns, as a database may give them in another one the next time.

    Raises:
        DataError: the driver is not installed, the connection or the query fails, or a column cannot be used.
    """
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    query = section["query"]
    if query is None:
        raise DataError("data.query: is missing; a database needs one: query: SELECT ... FROM ...")
    url = _url(source)
    database_file(source)
    origin = Origin(f"{url.render_as_string(hide_password=True)}: {_short(query)}")
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        with engine.connect().execution_options(no_parameters=True) as connection:
            if guard := _READ_ONLY.get(url.get_backend_name()):
                connection.exec_driver_sql(guard)
            result = connection.exec_driver_sql(query)
            if not result.returns_rows:
                raise DataError(f"data.query: {_short(query)!r} gives no rows; write SELECT ... FROM ...")
            names, rows = [str(name) for name in result.keys()], result.fetchall()  # noqa: SIM118
    except (SQLAlchemyError, ImportError) as error:
        raise DataError(f"{origin.name}: {_reason(error, url)}") from None  # the cause may hold the password
    check_names([name.strip() for name in names], origin.name)
    frame, repairs = type_frame(_frame(names, rows), section, origin)
    if not re.search(r"\border\s+by\b", query, re.IGNORECASE):
        frame = frame.sort_values(list(frame.columns), kind="stable", ignore_index=True)
        what = "rows put in the order of their columns, as the query has no ORDER BY"
        repairs = (*repairs, Repair(what, len(frame)))
    return records_of_frame(frame, section, origin, repairs=repairs)


def stream_rows(source: str, query: str, size: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of a query in its own order, at most `size` at a time, as column name -> value.

    Args:
        source: a database URL, as `read_database` takes it.

    Raises:
        DataError: as `read_database`, for what is wrong with the connection or the query.
    """
    import sqlalchemy
    from sqlalchemy.exc import SQLAlchemyError

    url = _url(source)
    database_file(source)
    name = f"{url.render_as_string(hide_password=True)}: {_short(query)}"
    try:
        engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        with engine.connect().execution_options(no_parameters=True, stream_results=True) as connection:
            if guard := _READ_ONLY.get(url.get_backend_name()):
                connection.exec_driver_sql(guard)
            result = connection.exec_driver_sql(query)
            if not result.returns_rows:
                raise DataError(f"{_short(query)!r} gives no rows; write SELECT ... FROM ...")
            for part in result.mappings().partitions(size):
                yield [{str(column): value for column, value in row.items()} for row in part]
    except (SQLAlchemyError, ImportError) as error:
        raise DataError(f"{name}: {_reason(error, url)}") from None  # the cause may hold the password


def _url(source: str) -> URL:
    try:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError
    except ImportError as error:
        raise DataError(
            "data.source: a database is read through SQLAlchemy, which is not installed; "
            "get it: pip install 'tuneyard[sql]'"
        ) from error

    try:
        url = make_url(source)
    except (ArgumentError, ValueError):
        scheme = source.partition("://")[0]
        raise DataError(
            f"data.source: {scheme}://... is no database URL; write postgresql://user@host/database "
            "or sqlite:///path/to/file.db"
        ) from None
    return url.set(
        drivername=_DRIVERS.get(url.drivername, url.drivername),
        username=_expanded(url.username),
        password=_expanded(str(url.password)) if url.password is not None else None,
        host=_expanded(url.host),
        database=_expanded(url.database),
    )


def _expanded(part: str | None) -> str | None:
    """A part of a URL in which ``${NAME}`` became the variable's value, whatever characters that holds."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise DataError(
                f"data.source: it speaks of the environment variable {found[1]}, which is not set"
            )
        return os.environ[found[1]]

    return None if part is None else _VARIABLE.sub(value, part)


def _frame(names: list[str], rows: Any) -> pd.DataFrame:
    import pandas as pd

    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pd.DataFrame(
        {name: pd.Series(cells, dtype=object) for name, cells in zip(names, columns, strict=True)}
    )


def _reason(error: Exception, url: URL) -> str:
    """What went wrong, in one line and without the password."""
    from sqlalchemy.exc import NoSuchModuleError

    if isinstance(error, ImportError):
        return f"its driver {error.name!r} is not installed; PostgreSQL's comes with: pip install 'tuneyard[sql]'"
    if isinstance(error, NoSuchModuleError):
        return f"SQLAlchemy knows no {url.drivername!r}; write postgresql://, mysql:// or sqlite:///"
    said = " ".join(str(getattr(error, "orig", None) or error).split())
    password = url.password
    return said.replace(str(password), "***") if password else said


def _short(query: str) -> str:
    line = " ".join(query.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
