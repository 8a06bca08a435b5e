"""SQL: an SQLite file, and a PostgreSQL server that is started here and stopped in the end."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from contracts.ports import free_port
from trainables.data.records import Records
from trainables.data.section import read_section
from trainables.data.sources import source_version
from trainables.errors import DataError

pytest.importorskip("sqlalchemy", reason="databases are read through SQLAlchemy: pip install 'tuneyard[sql]'")

Read = Callable[..., Records]

PASSWORD = "s3cret-Pass"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE sales (day TEXT, item TEXT, price REAL, sold INTEGER, paid NUMERIC)")
        rows = [(f"2020-01-{9 - i:02}", "ab"[i % 2], None if i == 3 else i / 4, i, str(i)) for i in range(8)]
        connection.executemany("INSERT INTO sales VALUES (?, ?, ?, ?, ?)", rows)
    return path


def test_a_query_of_an_sqlite_file(read: Read, shop: Path) -> None:
    query = "SELECT day, item, price, sold FROM sales WHERE sold > 1 ORDER BY sold DESC"
    records = read(f"sqlite:///{shop}", {"query": query, "target": "item"})
    assert records.frame is not None
    assert records.frame["sold"].tolist() == [7, 6, 5, 4, 3, 2]
    assert [str(records.frame[name].dtype) for name in records.frame.columns] == [
        "datetime64[us]",
        "object",
        "float64",
        "int64",
    ]
    assert records.frame["price"].isna().sum() == 1
    assert records.target == "item"
    assert [r.what for r in records.repairs] == ["columns that hold dates as text, read as dates"]
    by_path = read(shop, {"query": query, "target": "item"})
    assert by_path.fingerprint == records.fingerprint


def test_rows_without_an_order_get_one(read: Read, shop: Path) -> None:
    records = read(shop, {"query": "SELECT sold, item FROM sales"})
    reverse = read(shop, {"query": "SELECT sold, item FROM sales ORDER BY sold DESC"})
    assert records.frame is not None
    assert records.frame["sold"].tolist() == list(range(8))
    assert [r.what for r in records.repairs] == [
        "rows put in the order of their columns, as the query has no ORDER BY"
    ]
    assert not reverse.repairs
    shuffled = read(shop, {"query": "SELECT sold, item FROM (SELECT * FROM sales) AS s WHERE 1 = 1"})
    assert shuffled.fingerprint == records.fingerprint != reverse.fingerprint


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("SELECT * FROM sale", "no such table: sale"),
        ("DELETE FROM sales", "attempt to write a readonly database"),
        ("PRAGMA user_version = 1", "readonly database"),
        ("SELECT sold, sold FROM sales", "columns 1 and 2 are both named 'sold'"),
        ("SELECT sold FROM sales WHERE sold > 99", "holds no rows"),
        ("SELECT x'00ff' AS raw", "row 1, column 'raw': holds a bytes"),
        ("SELECT 9e999 AS big", "row 1, column 'big': inf is not finite"),
        ("", "data.query: "),
    ],
)
def test_a_query_that_cannot_be_used(read: Read, shop: Path, query: str, rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        read(f"sqlite:///{shop}", {"query": query})
    with closing(sqlite3.connect(shop)) as connection:
        assert connection.execute("SELECT count(*) FROM sales").fetchone() == (8,)
        assert connection.execute("PRAGMA user_version").fetchone() == (0,)


def test_a_colon_and_a_percent_sign_are_plain_text(read: Read, shop: Path) -> None:
    query = "SELECT item || ' :x' AS tag, sold FROM sales WHERE item LIKE 'a%' ORDER BY sold"
    frame = read(shop, {"query": query}).frame
    assert frame is not None
    assert frame["tag"].tolist() == ["a :x"] * 4


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("sqlite:///nowhere.db", "there is no SQLite file nowhere.db"),
        ("delphi://x/y", "SQLAlchemy knows no 'delphi'; write postgresql://"),
        ("mysql+pymysql://u:p@h/d", "its driver 'pymysql' is not installed"),
        ("://x", "is no database URL; write postgresql://user@host/database"),
        ("postgresql://u:${TUNEYARD_NO_SUCH}@h/d", "the environment variable TUNEYARD_NO_SUCH, which is not"),
    ],
)
def test_a_url_that_cannot_be_used(read: Read, source: str, rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        read(source, {"query": "SELECT 1"})
    assert not Path("nowhere.db").exists()


def test_a_database_needs_a_query(read: Read, shop: Path) -> None:
    with pytest.raises(DataError, match=r"data\.query: is missing"):
        read(shop)


def test_the_version_of_an_sqlite_file_is_its_own(shop: Path) -> None:
    section = read_section({"source": f"sqlite:///{shop}", "query": "SELECT 1"})
    first = source_version(section)
    with closing(sqlite3.connect(shop)) as connection, connection:
        connection.execute("CREATE TABLE more AS SELECT * FROM sales")
    assert source_version(section) != first


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL, with a password in it, of a PostgreSQL server of these tests' own."""
    pytest.importorskip("psycopg", reason="PostgreSQL is read through psycopg: pip install 'tuneyard[sql]'")
    places = [Path(found).parent for found in [shutil.which("initdb")] if found]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folder = next((place for place in places if (place / "initdb").exists()), None)
    if folder is None:
        pytest.skip("no PostgreSQL server is installed (Debian: apt-get install postgresql)")
    as_user: list[str] = []
    if os.geteuid() == 0:  # initdb refuses root
        if shutil.which("setpriv") is None:
            pytest.skip("PostgreSQL does not run as root, and there is no setpriv to become somebody else")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    port = free_port()
    root = Path(tempfile.mkdtemp(prefix="tuneyard-postgres-", dir="/tmp"))  # short: it holds a socket's path
    try:
        (root / "password").write_text(f"{PASSWORD}\n", encoding="ascii")
        if as_user:
            for path in (root, root / "password"):
                shutil.chown(path, "postgres", "postgres")
        data, options = str(root / "data"), f"-p {port} -k {root} -c listen_addresses=127.0.0.1 -c fsync=off"
        make = ["--pgdata", data, "--username", "reader", "--auth", "scram-sha-256", "--encoding", "UTF8"]
        _run([*as_user, folder / "initdb", *make, "--no-sync", "--pwfile", root / "password"])
        control = [*as_user, folder / "pg_ctl", "--pgdata", data, "--wait"]
        _run([*control, "--log", root / "log", "--options", options, "start"])
        try:
            yield f"postgresql://reader:{PASSWORD}@127.0.0.1:{port}/postgres"
        finally:
            _run([*control, "--mode", "immediate", "stop"])
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        cwd="/",
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"


@pytest.fixture(scope="module")
def filled(server: str) -> str:
    import psycopg

    with psycopg.connect(server) as connection:
        connection.execute(
            "CREATE TABLE visits (id serial, moment timestamptz, day date, fee numeric(8,2), weight real, new boolean, "
            "stay interval, kind text, tags text[])"
        )
        connection.execute(
            "INSERT INTO visits (moment, day, fee, weight, new, stay, kind, tags) "
            "SELECT '2020-01-01 12:00+02'::timestamptz + n * interval '1 hour', '2020-01-01'::date + n, "
            "CASE WHEN n % 7 = 0 THEN NULL ELSE n * 1.25 END, n / 2.0, n % 2 = 0, n * interval '1 minute', "
            "CASE WHEN n % 3 = 0 THEN NULL ELSE 'Zürich' END, ARRAY['a'] FROM generate_series(1, 30) AS n"
        )
    return server


def test_a_query_of_a_postgresql_server(read: Read, filled: str) -> None:
    query = "SELECT moment, day, fee, weight, new, stay, kind, id::bigint FROM visits ORDER BY id"
    records = read(filled, {"query": query, "target": "new", "columns.ignore": "id"})
    frame = records.frame
    assert frame is not None
    assert {str(name): str(frame[name].dtype) for name in frame.columns} == {
        **dict.fromkeys(["moment", "day"], "datetime64[us]"),
        **dict.fromkeys(["fee", "weight", "stay"], "float64"),
        **dict.fromkeys(["new", "kind"], "object"),
    }
    assert str(frame["moment"][0]) == "2020-01-01 11:00:00"
    assert frame["fee"].isna().sum() == 4
    assert frame["stay"].tolist()[:2] == [60.0, 120.0]
    assert frame["new"].tolist()[:2] == ["false", "true"]
    assert frame["kind"].tolist()[:3] == ["Zürich", "Zürich", None]
    assert records.rows == 30
    assert PASSWORD not in records.name
    assert source_version(read_section({"source": filled, "query": query})) == "database"


def test_a_password_can_stay_in_the_environment(
    read: Read, filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISITS_PASSWORD", PASSWORD)
    source = filled.replace(PASSWORD, "${VISITS_PASSWORD}")
    assert read(source, {"query": "SELECT count(*) AS n, 'x' AS k FROM visits"}).rows == 1
    monkeypatch.setenv("VISITS_PASSWORD", "p@ss/w:rd")  # no character of it is taken for a part of the URL
    with pytest.raises(DataError, match="password authentication failed") as caught:
        read(source, {"query": "SELECT 1 AS n"})
    assert "w:rd" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("SELECT * FROM visit", 'relation "visit" does not exist'),
        ("SELECT tags FROM visits", "row 1, column 'tags': holds a list"),
        ("DELETE FROM visits", "cannot execute DELETE in a read-only transaction"),
        ("SELECT 'infinity'::float8 AS x", "column 'x': inf is not finite"),
    ],
)
def test_what_the_server_refuses(read: Read, filled: str, query: str, rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)) as caught:
        read(filled, {"query": query})
    assert "postgresql+psycopg://reader:***@127.0.0.1" in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("wrong", ["no-Such-Pass", "p%40ss%2Fword"])
def test_no_message_holds_a_password(read: Read, filled: str, wrong: str) -> None:
    with pytest.raises(DataError, match="password authentication failed for user") as caught:
        read(filled.replace(PASSWORD, wrong), {"query": "SELECT 1 AS x"})
    for secret in (wrong, "p@ss/word"):
        assert secret not in str(caught.value)


def test_a_server_that_is_not_there(read: Read) -> None:
    with pytest.raises(DataError, match=r"reader:\*\*\*@127\.0\.0\.1:9/x: SELECT 1: .*refused"):
        read(f"postgresql://reader:{PASSWORD}@127.0.0.1:9/x", {"query": "SELECT 1"})
