"""Values from Python as a sweep file could hold them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from search.settings.document import KeyPath, spell
from spaces import Domain, Parameter, Space, spell_parameters

__all__ = ["plain"]


def plain(value: Any, path: KeyPath = ()) -> Any:
    """The same as dicts, lists, text, finite numbers, booleans and None.

    Numpy's scalars and arrays, paths, and the domains of `spaces` are turned into those.

    Raises ValueError: anything else; names the place and the type.
    """
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"{spell(path)}: a key must be text, got {key!r}")
        return {str(key): plain(below, (*path, key)) for key, below in value.items()}
    if isinstance(value, (list, tuple, range)):
        return [plain(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, Domain):
        return spell_parameters(Space([Parameter("x", value)]))["x"]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist") and hasattr(value, "dtype"):
        return plain(value.tolist(), path)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, float):
        raise ValueError(f"{spell(path)}: a number must be finite, got {value}; leave it out for no limit")
    raise ValueError(
        f"{spell(path)}: {type(value).__name__} cannot be written to a sweep file; "
        "use numbers, text, booleans, None, and lists and dicts of them"
    )
