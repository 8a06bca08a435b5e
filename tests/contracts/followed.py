"""A finished run of a sweep file whose values a function gives, to be followed by another: no runner, no clock, no files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from search.history import History
from search.run import Run
from search.settings import Settings
from search.settings.document import Document

__all__ = ["Values", "followed", "trained"]

Values = Callable[[Mapping[str, Any], np.random.Generator], Sequence[float] | None]
"""(flat config, generator) -> the loss step by step; a NaN at the end: it diverged; None: it raised."""


def trained(
    value: Callable[[Mapping[str, Any]], float], steps: int = 6, speed: float = 2.0, luck: float = 0.01
) -> Values:
    """Comes down to `value`, by a factor of e in 1/`speed` steps."""

    def values(config: Mapping[str, Any], rng: np.random.Generator) -> Sequence[float]:
        end = value(config) + luck * float(rng.standard_normal())
        return [end + math.exp(-speed * step) for step in range(1, steps + 1)]

    return values


def followed(
    keys: Mapping[str, Any],
    values: Values,
    trials: int = 60,
    *,
    seed: int = 0,
    written: bool = True,
    ended: bool = True,
    configs: Sequence[Mapping[str, Any]] = (),
    about: Mapping[str, Any] = {},
) -> Run:
    """The run `digits` of a sweep file with `trials` random configs.

    `keys`: without `trainable` it is `sphere`, which nobody calls; the metric is `loss`. `written`: whether its journal
    keeps the file as written. `ended` False: it was killed after its last trial. `configs`: tried before the random ones.
    """
    document = Document({"trainable": "sphere", "metric": "loss", "method": "random", **keys})
    settings = Settings.from_document(document, Path.cwd(), "digits").resolved()
    problem = settings.problem()
    about = {"settings": settings.to_dict(), **({"written": document.data} if written else {}), **about}
    history = History.from_records([{"type": "sweep", "problem": problem.to_json(), "about": about}])
    rng = np.random.default_rng(seed)
    for number in range(trials):
        config = configs[number] if number < len(configs) else problem.space.sample(rng)
        told = values(config, rng)
        head = {"trial": number, "now": float(number)}
        history.apply({"type": "ask", **head, "config": config, "seed": number, "origin": "searcher"})
        history.apply({"type": "start", **head, "attempt": 1, "node": "node", "pid": 1, "from_step": 0})
        for step, value in enumerate(told or [], start=1):
            history.apply({"type": "result", **head, "step": step, "metrics": {"loss": value}})
        close: dict[str, Any] = {"outcome": "completed"}
        if told is None:
            close = {"outcome": "failed", "failure": {"kind": "raised", "message": "it broke", "log": None}}
        elif not math.isfinite(told[-1]):
            close = {"outcome": "failed", "failure": {"kind": "bad metric", "message": "nan", "log": None}}
        history.apply({"type": "close", **head, **close})
    if ended:
        history.apply(
            {"type": "end", "now": float(trials), "reason": "the budget is spent", "finished": True}
        )
    return Run(history, None, "digits")
