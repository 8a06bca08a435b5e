"""Times as people write them: `2h`, `90m`, `1h30m`, `45s`."""

from __future__ import annotations

import math
import re

__all__ = ["parse_duration", "spell_duration"]

_UNITS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}
_NUMBER = r"(\d+(?:\.\d+)?)"
_PATTERN = re.compile(r"\s*".join(rf"(?:{_NUMBER}\s*{unit})?" for unit in _UNITS))


def parse_duration(value: float | str) -> float:
    """Seconds, positive and finite. A bare number is seconds.

    Raises ValueError: anything else, with the spellings that are read.
    """
    seconds = 0.0
    if isinstance(value, str):
        text = value.strip().lower()
        if re.fullmatch(_NUMBER, text):
            seconds = float(text)
        elif text and (match := _PATTERN.fullmatch(text)):
            amounts = zip(match.groups(), _UNITS.values(), strict=True)
            seconds = sum(float(amount) * unit for amount, unit in amounts if amount)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = float(value)
    if not (seconds > 0 and math.isfinite(seconds)):
        raise ValueError(
            f"must be a time above zero: 2h, 90m, 1h30m, 45s or a number of seconds; got {value!r}"
        )
    return seconds


def spell_duration(seconds: float) -> float | str:
    """The shortest spelling that `parse_duration` reads back as the same number: `1h30m`, else the number itself."""
    if seconds != int(seconds) or seconds < 1:
        return seconds
    rest, text = int(seconds), ""
    for unit, size in _UNITS.items():
        amount, rest = divmod(rest, int(size))
        text += f"{amount}{unit}" if amount else ""
    return text
