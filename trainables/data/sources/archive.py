"""NumPy archives."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.arrays import records_of_arrays
from trainables.data.sources.origin import Origin
from trainables.errors import DataError

__all__ = ["read_archive"]


def read_archive(path: Path, section: Section) -> Records:
    """Read an .npz archive: arrays by name (`records_of_arrays`). One that holds Python objects is refused.

    Raises:
        DataError: it cannot be read, or its arrays cannot be used.
    """
    arrays = {}
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            for name in archive.files:
                arrays[name] = archive[name]
    except TypeError as error:
        raise DataError(
            f"cannot read {path}: it holds one array without a name; np.savez writes them"
        ) from error
    except (OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"cannot read {path}: {error}") from error
    except ValueError as error:
        said = (
            "holds Python objects"
            if "allow_pickle" in str(error) or "Object arrays" in str(error)
            else str(error)
        )
        raise DataError(
            f"cannot read {path}: {said}; write labels as an array of str: np.savez(..., y=np.array(y, dtype=str))"
        ) from error
    return records_of_arrays(arrays, section, Origin(str(path)))
