"""Amounts of memory as people write them: `2GiB`, `512MiB`, `1.5 GB`."""

from __future__ import annotations

import re

__all__ = ["parse_size"]

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS |= {f"{letter}i": 2 ** (10 * power) for power, letter in enumerate("KMGT", start=1)}
_PATTERN = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]i?|)B?", re.I)


def parse_size(value: float | str) -> int:
    """Bytes, at least 1. A bare number is bytes; `GiB` counts in 1,024s, `GB` in 1,000s.

    Raises ValueError: anything else, with the spellings that are read.
    """
    size = 0.0
    if isinstance(value, str) and (match := _PATTERN.fullmatch(value.strip())):
        unit = match.group(2)
        size = float(match.group(1)) * _UNITS[unit[:1].upper() + unit[1:].lower()]
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and 1 <= value < float("inf"):
        size = float(value)
    if not 1 <= size < 2**63:
        raise ValueError(f"must be an amount of memory: 2GiB, 512MiB, or a number of bytes; got {value!r}")
    return int(size)
