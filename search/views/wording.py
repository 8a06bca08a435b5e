"""How values are written on a terminal: short, on one line, and harmless whatever a user called them."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from search.front import values_of

if TYPE_CHECKING:
    from search.history import History
    from search.problem import Problem
    from search.trial import Trial

__all__ = [
    "broken_line",
    "clean",
    "config_line",
    "counted",
    "duration",
    "number",
    "seen",
    "sparkline",
    "values_line",
]

_UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, bidi marks, lone surrogates, line separators
_BLOCKS, _ASCII_BLOCKS = "▁▂▃▄▅▆▇█", "_.-~=*#"


def clean(text: str, limit: int = 200, *, ascii_only: bool = False) -> str:
    """`text` on one line, at most `limit` characters, with everything that could steer a terminal spelt out.

    `ascii_only`: for a terminal that shows nothing else.
    """
    ellipsis = "..." if ascii_only else "…"
    if len(text) > limit:
        text = text[: limit - len(ellipsis)] + ellipsis
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        repr(char)[1:-1]
        if unicodedata.category(char) in _UNSAFE
        else ascii(char)[1:-1]
        if ascii_only
        else char
        for char in text
    )


def number(value: float | None) -> str:
    """Four significant digits, whole numbers as they are; `-` where there is none."""
    if value is None:
        return "-"
    if isinstance(value, int) or (math.isfinite(value) and value.is_integer() and abs(value) < 1e6):
        return str(int(value))
    return f"{value:.4g}"


def counted(count: int, noun: str) -> str:
    """`1 trial`, `2 trials`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def seen(problem: Problem, step: int) -> str:
    """What a value is of: `at step 3`, or `over 3 folds` where steps are whole trainings."""
    plan = problem.repeats
    return f"at step {step}" if plan is None else f"over {counted(step, plan.over.removesuffix('s'))}"


def values_line(history: History, trial: Trial, *, ascii_only: bool = False) -> str:
    """The values of all objectives that count of a trial: `val/accuracy 0.95, parameters 1200`."""
    pairs = zip(history.problem.objectives, values_of(history, trial), strict=False)
    return ", ".join(
        f"{clean(each.metric, 40, ascii_only=ascii_only)} {number(value)}" for each, value in pairs
    )


def broken_line(history: History, trial: Trial, *, ascii_only: bool = False) -> str:
    """The outcome constraints that a trial breaks; empty where it breaks none."""
    excess = trial.best.excess if trial.best is not None else ()
    pairs = zip(history.problem.outcome_constraints, excess, strict=False)
    return ", ".join(clean(each.text, 60, ascii_only=ascii_only) for each, beyond in pairs if beyond > 0)


def duration(seconds: float | None) -> str:
    """`8.2 s`, `3 min 12 s`, `2 h 05 min`, `3 d 04 h`; `-` where there is none."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600:02d} h"


def config_line(config: Mapping[str, Any], limit: int = 200, *, ascii_only: bool = False) -> str:
    """`lr=0.0012  optimizer=adam`."""
    parts = (f"{name}={number(v) if type(v) in (int, float) else v}" for name, v in config.items())
    return clean("  ".join(parts), limit, ascii_only=ascii_only)


def sparkline(points: Sequence[tuple[int, float]], end: int, width: int, *, ascii_only: bool = False) -> str:
    """A step function as `width` characters: `points` are (position, value from there on), positions up to `end`.

    The lowest value is the lowest block. Empty without points.
    """
    if not points:
        return ""
    blocks = _ASCII_BLOCKS if ascii_only else _BLOCKS
    low, high = min(value for _, value in points), max(value for _, value in points)
    scale = (len(blocks) - 1) / (high - low) if high > low else 0.0
    first, cursor, line = points[0][0], 0, []
    for column in range(width):
        position = first + (end - first) * column / max(1, width - 1)
        while cursor + 1 < len(points) and points[cursor + 1][0] <= position:
            cursor += 1
        line.append(blocks[round((points[cursor][1] - low) * scale)])
    return "".join(line)
