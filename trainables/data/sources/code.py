"""Data that a function of the user's gives: a frame, arrays, or texts."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.arrays import records_of_arrays
from trainables.data.sources.frames import records_of_frame, type_frame
from trainables.data.sources.origin import Origin
from trainables.errors import DataError, PlugError
from trainables.importing import find_attribute, import_file, import_name

__all__ = ["read_code"]


def read_code(source: str, section: Section) -> Records:
    """Call ``package.module:function`` or ``path/file.py:function``, without arguments.

    A file in a package (beside an ``__init__.py``) is imported as the module of that package, so that it may import
    its neighbours as the package does, wherever the process was started.

    It returns a pandas DataFrame or Series (an index of dates becomes a column), ``(x, y)`` arrays, ``x``
    alone, or a mapping of arrays by name as an .npz archive holds them (`trainables.data.sources.arrays`).

    Raises:
        DataError: it cannot be found, it raises, or what it returns is none of those.
    """
    import pandas as pd

    place, _, name = source.rpartition(":")
    try:
        module = _module(place, source)
        function = find_attribute(module, name, source)
    except PlugError as error:
        raise DataError(f"data.source: {error}") from error
    if not callable(function):
        raise DataError(f"data.source: {source} is a {type(function).__name__}, not a function")
    try:
        found = function()
    except DataError:
        raise
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        at = [each for each in frames if each.filename == module.__file__][-1:] or frames[-1:]
        raise DataError(
            f"{source}: {at[0].filename}:{at[0].lineno}: {type(error).__name__}: {error}"
        ) from error
    origin = Origin(source)
    if isinstance(found, pd.Series):
        found = found.to_frame(str(found.name or "value"))
    if isinstance(found, pd.DataFrame):
        frame, repairs = type_frame(_with_dates(found), section, origin)
        return records_of_frame(frame, section, origin, repairs=repairs)
    if isinstance(found, np.ndarray):
        found = {"x": found}
    if isinstance(found, tuple) and len(found) == 2:
        found = {"x": found[0], "y": found[1]}
    if isinstance(found, Mapping) and all(isinstance(name, str) for name in found):
        return records_of_arrays(
            {name: _array(source, name, value) for name, value in found.items()}, section, origin
        )
    raise DataError(
        f"{source}: returned a {type(found).__name__}; return a pandas DataFrame, (x, y) arrays, "
        "or a dict of arrays by name: x, y"
    )


def _module(place: str, source: str) -> ModuleType:
    if not place.endswith(".py"):
        return import_name(Path(), place, source)
    file = Path(place).expanduser().resolve()
    root, names = file.parent, [] if file.stem == "__init__" else [file.stem]
    while (root / "__init__.py").is_file():
        root, names = root.parent, [root.name, *names]
    if root == file.parent or not all(name.isidentifier() for name in names):
        return import_file(Path(), place)
    module = import_name(root, ".".join(names), source)
    # another package of that name may be installed, or imported before
    return module if Path(module.__file__ or "").resolve() == file else import_file(Path(), place)


def _with_dates(frame: Any) -> Any:
    """The index as a column where it holds dates; else it is only a numbering."""
    if frame.index.dtype.kind == "M":
        return frame.rename_axis(index=frame.index.name or "date").reset_index()
    return frame.reset_index(drop=True)


def _array(source: str, name: str, value: Any) -> Any:
    try:
        return np.asarray(value)
    except ValueError as error:
        raise DataError(f"{source}: {name} is no array: {error}") from error
