"""Parquet files."""

from __future__ import annotations

from pathlib import Path

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.frames import check_names, records_of_frame, type_frame
from trainables.data.sources.origin import Origin
from trainables.errors import DataError

__all__ = ["read_parquet"]


def read_parquet(path: Path, section: Section) -> Records:
    """Read a Parquet file; its types say what a column holds, and missing is what is null.

    Raises:
        DataError: it is no Parquet file, or a column or cell cannot be used; rows count from 1.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            table = file.read()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    check_names([name.strip() for name in table.column_names], str(path))
    origin = Origin(str(path))
    frame, repairs = type_frame(table.to_pandas(ignore_metadata=True), section, origin)
    return records_of_frame(frame, section, origin, repairs=repairs)
