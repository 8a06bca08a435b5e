"""Functions of the user's that give data."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainables.data.records import Records
from trainables.data.section import read_section
from trainables.data.sources import source_version
from trainables.errors import DataError

Read = Callable[..., Records]
Write = Callable[..., Path]

CODE = """
import numpy as np
import pandas as pd

LIMIT = 3


def frame():
    return pd.DataFrame({"x": [1.0, None, 3.0], "kind": pd.Categorical(["a", "b", "a"]), 7: [True, False, True]}, index=[5, 6, 7])


def dated():
    index = pd.date_range("2020-01-05", periods=4, freq="W", name="week")
    return pd.Series([1.0, 2.0, np.nan, 4.0], index=index, name="sales")


def pair():
    return [[1, 2], [3, 4]], ["a", "b"]


def alone():
    return np.zeros((5, 4, 4, 3), dtype=np.uint8)


def named():
    return {"x": np.arange(6.0).reshape(3, 2), "y": np.array([0, 1, 1]), "site": np.array(["n", "s", "s"])}


def ragged():
    return [[1, 2], [3]], [0, 1]


def listed():
    return [1, 2, 3]


def fails():
    return frame()["y"]


def needs(path):
    return frame()
"""


@pytest.fixture
def code(write: Write) -> Path:
    return write(CODE, name="mine.py")


def test_a_frame(read: Read, code: Path) -> None:
    records = read(f"{code}:frame", {"target": "kind"})
    assert records.frame is not None
    assert list(records.frame.columns) == ["x", "kind", "7"]
    assert records.frame["kind"].tolist() == ["a", "b", "a"]
    assert records.frame["7"].tolist() == ["true", "false", "true"]
    assert records.frame.index.tolist() == [0, 1, 2]
    assert (records.modality, records.target, records.name) == ("table", "kind", f"{code}:frame")


def test_a_series_with_dates(read: Read, code: Path) -> None:
    records = read(f"{code}:dated", {"target": "sales"})
    assert (records.modality, records.task) == ("series", "forecasting")
    assert records.frame is not None
    assert [str(records.frame[name].dtype) for name in ("week", "sales")] == ["datetime64[us]", "float64"]


def test_arrays(read: Read, code: Path) -> None:
    pair = read(f"{code}:pair")
    assert pair.array is not None
    assert pair.array.tolist() == [[1, 2], [3, 4]]
    assert pair.targets is not None
    assert pair.targets.tolist() == ["a", "b"]
    alone = read(f"{code}:alone")
    assert (alone.modality, alone.targets) == ("images", None)
    named = read(f"{code}:named", {"split.group": "site"})
    assert named.extra is not None
    assert named.extra["site"].tolist() == ["n", "s", "s"]
    np.testing.assert_array_equal(named.targets, [0, 1, 1])


def test_a_module_beside_the_working_directory(
    read: Read, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(CODE, name="tuneyard_test_module_of_mine.py")
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    assert read("tuneyard_test_module_of_mine:pair").rows == 2


def test_an_edited_file_is_called_again(read: Read, code: Path) -> None:
    section = read_section({"source": f"{code}:pair"})
    first = source_version(section)
    code.write_text(CODE.replace('["a", "b"]', '["a", "b", "c"]').replace("[3, 4]]", "[3, 4], [5, 6]]"))
    assert source_version(section) != first
    assert read(f"{code}:pair").rows == 3


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("pears", "did you mean pair"),
        ("LIMIT", "is a int, not a function"),
        ("ragged", "x is no array: "),
        ("listed", "returned a list; return a pandas DataFrame, (x, y) arrays, or a dict of arrays by name"),
        ("fails", "KeyError: 'y'"),
        ("needs", "TypeError: needs() missing 1 required positional argument"),
    ],
)
def test_what_cannot_be_used(read: Read, code: Path, name: str, rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)) as caught:
        read(f"{code}:{name}")
    assert "mine.py" in str(caught.value)


def test_an_error_names_the_users_line(read: Read, code: Path) -> None:
    line = CODE.splitlines().index('    return frame()["y"]') + 1
    with pytest.raises(DataError, match=re.escape(f"mine.py:{line}: KeyError")):
        read(f"{code}:fails")


def test_there_is_no_such_file(read: Read) -> None:
    with pytest.raises(DataError, match=r"data\.source: there is no file .*absent\.py"):
        read("absent.py:load")


def test_a_module_of_a_package_imports_its_neighbours(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by its file, wherever the process runs: relative imports, and those by the package's name, work."""
    package = tmp_path / "kept_rows"
    package.mkdir()
    (package / "sizes.py").write_text("ROWS = 12\n")
    (package / "__init__.py").write_text("from kept_rows.inner import table as everything\n")
    (package / "inner.py").write_text(
        "import pandas as pd\nfrom .sizes import ROWS\nfrom kept_rows import sizes\n\n\n"
        "def table():\n    return pd.DataFrame({'x': range(ROWS), 'y': ['a', 'b'] * (sizes.ROWS // 2)})\n"
    )
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for source in ("inner.py:table", "__init__.py:everything"):
        assert read(f"{package}/{source}", {"target": "y"}).rows == 12


def test_a_package_of_the_same_name_elsewhere_is_not_mistaken_for_it(read: Read, tmp_path: Path) -> None:
    package = tmp_path / "json"  # like the one of the standard library
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "decoder.py").write_text(
        "import pandas as pd\n\n\ndef table():\n    return pd.DataFrame({'x': range(12), 'y': ['a', 'b'] * 6})\n"
    )
    assert read(f"{package}/decoder.py:table", {"target": "y"}).rows == 12
