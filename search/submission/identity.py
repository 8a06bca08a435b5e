"""Whether two sweeps of one name are the same sweep, wherever each of them lies."""

from __future__ import annotations

import getpass
import hashlib
import json
import socket
from collections.abc import Mapping
from typing import Any

__all__ = ["differences", "fingerprint", "submitter"]

# Of the settings: where the sweep lies and who looks at it, and what a resume may change.
_PLACE = ("base", "storage", "name", "workers", "mirrors")


def fingerprint(settings: Mapping[str, Any]) -> str:
    """Of resolved settings (`ResolvedSettings.to_dict`); equal for the same sweep in another folder or machine."""
    text = json.dumps(_comparable(settings), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Keys in which two sweeps differ, sorted; [] for the same sweep."""
    a, b = _comparable(one), _comparable(other)
    return sorted(key for key in a.keys() | b.keys() if a.get(key) != b.get(key))


def submitter() -> str:
    """Who is at work here: user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for this user
        user = "somebody"
    return f"{user}@{socket.gethostname()}"


def _comparable(settings: Mapping[str, Any]) -> dict[str, Any]:
    base = str(settings.get("base") or "")

    def moved(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(base, "<folder>") if len(base) > 1 else value
        if isinstance(value, Mapping):
            return {str(key): moved(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [moved(item) for item in value]
        return value

    return {key: moved(value) for key, value in settings.items() if key not in _PLACE}
