"""How numbers are spelled where people read them: significant digits, thousands separators, units of time."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["count", "decimals_for", "duration", "number", "percent", "plural"]


def number(value: float | None, digits: int = 4, decimals: int | None = None) -> str:
    """`value` with `digits` significant digits, or with fixed `decimals`; an en dash for None.

    >>> number(0.97222), number(12345.678), number(0.0000123), number(3.0, decimals=2)
    ('0.9722', '12,346', '1.23e-05', '3.00')
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "−inf"
    size = abs(value)
    if decimals is not None:
        text = f"{value:,.{decimals}f}"
    elif size != 0 and (size < 1e-4 or size >= 1e9):
        text = _short_exponent(f"{value:.{digits - 1}e}")
    else:
        order = math.floor(math.log10(size)) if size else 0
        text = f"{value:,.{max(0, digits - 1 - order)}f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
    return "−" + text[1:] if text.startswith("-") else text


def decimals_for(values: Iterable[float | None], digits: int = 4) -> int | None:
    """Decimals with which a column of `values` lines up and its two smallest distances from the first stay visible.

    None where one number of decimals does not suit all of them (many orders of magnitude): spell each on its own.
    """
    finite = [v for v in values if v is not None and math.isfinite(v)]
    sizes = [abs(v) for v in finite if v != 0]
    if not sizes or max(sizes) >= 1e7 or max(sizes) < 1e-3:
        return None if sizes else 0
    decimals = max(0, digits - max(0, math.floor(math.log10(max(sizes))) + 1))
    if sorted(sizes)[len(sizes) // 2] < 10 ** (-decimals):
        return None
    while decimals < digits + 3 and len(finite) > 1 and finite[0] != finite[1]:
        if round(finite[0], decimals) != round(finite[1], decimals):
            break
        decimals += 1
    if finite[0] != 0 and abs(finite[0]) < 10 ** (1 - decimals):  # not two digits of the first would be left
        return None
    return decimals


def count(value: int) -> str:
    """A whole number with thousands separators: `12,345`."""
    return f"{value:,}"


def plural(value: int, noun: str) -> str:
    """`1 trial`, `1,200 trials`."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"


def percent(share: float) -> str:
    """A share in [0, 1] as per cent: `7.5 %`, `42 %`; never rounded to 0 % or 100 % unless it is."""
    value = 100 * share
    if 0 < value < 0.1:
        return "< 0.1 %"
    if 99.9 < value < 100:
        return "> 99.9 %"
    return f"{value:.1f} %" if value < 10 and value != round(value) else f"{value:.0f} %"


def duration(seconds: float | None) -> str:
    """Seconds in the two units that matter: `0.42 s`, `12 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return f"{number(seconds, 2)} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    return f"{hours // 24} d {hours % 24} h"


def _short_exponent(text: str) -> str:
    mantissa, exponent = text.split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent):+03d}"
