"""Files of installed packages, found without importing the package."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from trainables.data.sources.catalogue import BUILT_IN
from trainables.errors import DataError

__all__ = ["package_file"]


def package_file(name: str, module: str, *parts: str) -> Path:
    """The path of a file that holds a built-in set.

    Args:
        name: of the built-in set, for messages.
        module: the package's top module.
        parts: the file's path inside of it.

    Raises:
        DataError: the package is not installed, or this version of it has no such file; says how to get it.
    """
    spec = importlib.util.find_spec(module)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    for folder in folders:
        if (file := folder.joinpath(*parts)).is_file():
            return file
    known = BUILT_IN[name]
    held = f"has no file {'/'.join(parts)}" if folders else "is not installed"
    raise DataError(
        f"data.source: {name} comes with the package {known.package or 'scikit-learn'}, which {held}; "
        f"get it: {known.install}"
    )
