"""A choice brings its own group: `estimator: svm` searches what the trainable declares below `svm`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.settings.data_section import is_leaf

__all__ = ["groups_of_choices"]


def groups_of_choices(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Declared parameters that the file leaves out although they belong to a choice that it names.

    A parameter belongs to the choice ``estimator: svm`` if its name begins with ``svm.`` and it takes part when
    ``estimator`` is ``svm``. A file that names a single parameter of that group says all that it wants of it.

    Args:
        declared, given: in the spelling of a sweep file, nested or dotted.

    Returns:
        dotted name -> parameter, to be added to the file's.
    """
    fixed, found = _leaves(given), {}
    for name, leaf in _leaves(declared).items():
        group = name.partition(".")[0]
        when = leaf.get("when") if isinstance(leaf, Mapping) else None
        if not isinstance(when, Mapping) or any(own == group or own.startswith(f"{group}.") for own in fixed):
            continue
        if any(wanted == group and group in _values(fixed.get(parent)) for parent, wanted in when.items()):
            found[name] = leaf
    return found


def _leaves(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters by their dotted names; a mapping that describes one parameter stays whole."""
    found: dict[str, Any] = {}
    for name, below in parameters.items():
        if isinstance(below, Mapping) and not is_leaf(below):
            found |= {f"{name}.{inner}": leaf for inner, leaf in _leaves(below).items()}
        else:
            found[name] = below
    return found


def _values(leaf: Any) -> list[Any]:
    """What a parameter of the file may be: its values, or its one value."""
    if isinstance(leaf, Mapping):
        return list(leaf["values"]) if isinstance(leaf.get("values"), list) else [leaf.get("value")]
    return [leaf]
