"""What the tests of the sources share: reading by a section's options, and files to be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trainables.data.records import Records
from trainables.data.section import read_section
from trainables.data.sources import read_records

Read = Callable[..., Records]
Write = Callable[..., Path]


@pytest.fixture
def read() -> Read:
    """Read a source, with a section's options by their dotted names."""

    def read_source(source: Path | str, options: dict[str, Any] | None = None) -> Records:
        return read_records(read_section({"source": str(source), **(options or {})}))

    return read_source


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write lines into a file of the test's own folder."""

    def write_lines(*lines: str, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_lines
