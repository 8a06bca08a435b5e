"""Foreign names as names that a space, and a file system, can carry."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["legal_names", "run_name"]


def legal_names(names: Iterable[str]) -> dict[str, str]:
    """Each name -> a legal and unique parameter name: itself where it is one already.

    Letters, digits, `_` and `-` stay, anything else becomes `_`. Dots stay as the sign of a group, unless a name would be
    a group and a parameter at once.
    """
    given = list(dict.fromkeys(names))
    legal: dict[str, str] = {}
    for name in sorted(given, key=lambda each: each.count(".")):  # so that a group gives way to a parameter
        candidate = _legal(name)
        if _clashes(candidate, legal.values()):
            base = candidate = candidate.replace(".", "_")
            number = 2
            while _clashes(candidate, legal.values()):
                candidate, number = f"{base}_{number}", number + 1
        legal[name] = candidate
    return {name: legal[name] for name in given}


def _clashes(name: str, taken: Iterable[str]) -> bool:
    return any(
        name == other or name.startswith(f"{other}.") or other.startswith(f"{name}.") for other in taken
    )


def run_name(text: str) -> str:
    """A run name made of any text: `../My study` -> `My-study`."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip(".-")[:60].strip(".-")
    return name if name and name != "last" else "imported"


def _legal(name: str) -> str:
    parts = [re.sub(r"[^\w-]", "_", part) for part in name.split(".")]
    legal = ".".join(part for part in parts if part) or "_"
    return legal if re.match(r"[^\W\d]", legal) else f"_{legal}"
