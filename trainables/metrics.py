"""What a trainable reported, made into metrics that the rest of the project can rely on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from trainables.errors import nearest

__all__ = ["MAX_KEY_LENGTH", "MAX_METRICS", "clean_metrics"]

MAX_METRICS = 1000
MAX_KEY_LENGTH = 200


def clean_metrics(raw: Any, objective: str) -> tuple[dict[str, float], str | None]:
    """Keep the numbers of a result, and judge its objective.

    Numbers are int, float, bool, Decimal, Fraction, and arrays or tensors of one element; infinities and
    NaN are kept, since a view may show them. Everything else is dropped, as are keys longer than
    `MAX_KEY_LENGTH` and, after the objective, those beyond the first `MAX_METRICS`.

    Args:
        raw: what the trainable returned or yielded, of any type.
        objective: the name of the metric that the sweep optimises.

    Returns:
        the metrics as floats, and None, or a sentence why the result is bad: the objective is missing, no
        number, or not finite.
    """
    if not isinstance(raw, Mapping):
        return {}, f"a result is a mapping from metric names to numbers, not a {type(raw).__name__}"
    metrics: dict[str, float] = {}
    if (value := _number(raw.get(objective))) is not None:
        metrics[objective] = value
    for name, item in raw.items():
        if len(metrics) >= MAX_METRICS:
            break
        if isinstance(name, str) and len(name) <= MAX_KEY_LENGTH and (number := _number(item)) is not None:
            metrics[name] = number
    return metrics, _problem(raw, metrics, objective)


def _problem(raw: Mapping[Any, Any], metrics: dict[str, float], objective: str) -> str | None:
    if objective in metrics:
        value = metrics[objective]
        return None if math.isfinite(value) else f"{objective} is {value}"
    if objective not in raw:
        if not metrics:
            return (
                f"{objective} is missing: the step gave no metrics (a mapping such as {{{objective!r}: 0.5}})"
            )
        return f"{objective} is missing: {nearest(objective, metrics)}"
    value = raw[objective]
    shown = repr(value)
    return f"{objective} is no number but a {type(value).__name__}: {shown[:60]}{'...' if len(shown) > 60 else ''}"


def _number(value: Any) -> float | None:
    """The value as a float, None where it is not one number."""
    if not isinstance(value, (int, float, Decimal, Fraction)):  # bool is an int
        shape = getattr(value, "shape", None)
        if shape is None or math.prod(shape) != 1 or not callable(getattr(value, "item", None)):
            return None
        value = value.item()
        if not isinstance(value, (int, float)):
            return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except ValueError:  # a signalling Decimal NaN
        return math.nan
