"""What folds or seeds as steps say of the winner, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from search.analysis.numbers import number, plural

__all__ = ["around", "doubts", "told_apart"]

MEANT = 1e-9
"""Below it an interval is rounding."""

NAMED = 5
"""Trials that are named in a sentence."""


def around(found: Mapping[str, Any], decimals: int | None) -> str:
    """The winner's mean, and how sure it is: `0.953 ± 0.012 over 5 folds`.

    Two digits of the half interval, and no more of the mean. `found`: see `repeats`. `decimals`: where there is no interval.
    """
    first = found["configs"][0]
    over = plural(len(first["values"]), found["over"].removesuffix("s"))
    half = 0.0 if first["interval"] is None else (first["interval"][1] - first["interval"][0]) / 2
    if half < MEANT:
        return f"{number(first['mean'], decimals=decimals)} over {over}"
    places = max(0, 1 - math.floor(math.log10(half)))
    return f"{number(first['mean'], decimals=places)} ± {number(half, decimals=places)} over {over}"


def told_apart(found: Mapping[str, Any]) -> list[str]:
    """Whom the winner beats beyond chance over the same folds or seeds, and whom it does not."""
    first, close, over = found["configs"][0], found["close"], found["over"]
    sentences = [f"The ± is the {found['about']}."] if first["interval"] is not None else []
    if not found["pairs"] or found["unvaried"]:
        return sentences
    if not close:
        sentences.append(f"It beats every other config that was seen on the same {over}, beyond chance.")
        return sentences
    named = ", ".join(close[:NAMED])
    more = f" and {len(close) - NAMED:,} more" if len(close) > NAMED else ""
    sentences.append(f"Over the same {over} it cannot be told apart from {named}{more}: take the cheapest.")
    return sentences


def doubts(found: Mapping[str, Any]) -> list[str]:
    """What the intervals do not cover."""
    over, configs = found["over"], found["configs"]
    told = []
    if found["unvaried"] and over == "folds":
        told.append(
            "Every trial had one value on all of its folds: see that the trainable reads data.split.fold, and trains on "
            "all folds but that one."
        )
    elif found["unvaried"]:
        told.append(
            "Every seed gave the same value: this trainable has no randomness, and one seed is enough."
        )
    if len(configs) > 1:
        told.append(
            f"Each interval is of one config; the winner is the best of {len(configs):,} means, so its own is flattered by "
            "chance."
        )
    if over == "seeds":
        told.append(
            "All seeds saw the same rows: how other rows would change the order is not known; folds tell."
        )
    return told
