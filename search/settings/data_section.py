"""The `data` section: settings of a data set, any of which may be a parameter of the space."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from spaces.leaf import LEAF_MARKS

__all__ = [
    "absolute_source",
    "branches_of",
    "constants",
    "is_leaf",
    "map_source",
    "missing_file",
    "parameters_of",
]

_TABLES = frozenset(
    [
        ".csv",
        ".tsv",
        ".parquet",
        ".arrow",
        ".feather",
        ".npz",
        ".npy",
        ".json",
        ".jsonl",
        ".txt",
        ".db",
        ".sqlite",
        ".xlsx",
    ]
)


def is_leaf(value: object) -> bool:
    """Whether a mapping describes one parameter, rather than a group of settings."""
    return isinstance(value, Mapping) and any(mark in value for mark in LEAF_MARKS)


def branches_of(value: Any) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """(a setting's value or parameter, where it stands in it): one, or one for each branch of a conditional parameter."""
    if isinstance(value, (list, tuple)) and len(value) > 0 and all(map(is_leaf, value)):
        yield from ((leaf, (number,)) for number, leaf in enumerate(value))
    else:
        yield value, ()


def parameters_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """`data` in the spelling of parameters: a plain list (columns to use, say) is one constant."""
    return {key: _parameter(value) for key, value in data.items()}


def constants(data: Mapping[str, Any]) -> dict[str, Any]:
    """What stands fixed in `data`: what a trainable's declaration may depend on."""
    fixed: dict[str, Any] = {}
    for key, value in data.items():
        if is_leaf(value):
            if "value" in value:
                fixed[key] = value["value"]
        elif isinstance(value, Mapping):
            fixed[key] = constants(value)
        else:
            fixed[key] = value
    return fixed


def absolute_source(data: Mapping[str, Any], base: Path) -> dict[str, Any]:
    """`data` with a `source` that is a file below `base` given by its absolute path."""
    return map_source(data, lambda source: str(base / source) if _is_file(source, base) else source)


def missing_file(data: Mapping[str, Any], base: Path) -> str | None:
    """A `source` that must mean a file (`sales.csv`) and is none."""
    missing: list[str] = []

    def look(source: str) -> str:
        looks = os.path.splitext(source)[1].lower() in _TABLES and "://" not in source
        if looks and not _is_file(source, base):
            missing.append(source)
        return source

    map_source(data, look)
    return missing[0] if missing else None


def map_source(data: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """`data` with another `source`; where it is a parameter, with each of its values changed."""
    source = data.get("source")
    if isinstance(source, str):
        return {**data, "source": change(source)}
    if isinstance(source, Mapping):
        changed = dict(source)
        if isinstance(source.get("value"), str):
            changed["value"] = change(source["value"])
        if isinstance(source.get("values"), list):
            changed["values"] = [change(each) if isinstance(each, str) else each for each in source["values"]]
        return {**data, "source": changed}
    return dict(data)


def _is_file(source: str, base: Path) -> bool:
    return "://" not in source and (base / source).is_file()


def _parameter(value: Any) -> Any:
    if isinstance(value, Mapping):
        return value if is_leaf(value) else parameters_of(value)
    branches = any(where for _, where in branches_of(value))
    return value if branches or isinstance(value, (bool, int, float, str)) else {"value": value}
