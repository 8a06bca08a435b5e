"""Is the length of the training searched as a parameter? It should be the number of steps, which a scheduler can cut."""

from __future__ import annotations

from search.analysis.axes import axes_of
from search.analysis.checks.base import Finding, passed
from search.analysis.numbers import number
from search.history import History

__all__ = ["NAMES", "is_length", "steps_parameter"]

_UNITS = ("epoch", "epochs", "step", "steps", "iter", "iters", "iteration", "iterations")
_PREFIXES = ("", "n", "num", "nb", "max", "total", "train", "training", "number_of")
NAMES = frozenset(
    [f"{prefix}_{unit}".removeprefix("_") for prefix in _PREFIXES for unit in _UNITS]
    + ["num_train_epochs", "num_boost_round", "num_boost_rounds", "n_boost_round", "boosting_rounds"]
) - {"step", "iter"}
"""Names that mean the length of the training, in lower case. `n_estimators` is not one: of a forest it is the size."""


def steps_parameter(history: History) -> list[Finding]:
    """Warns of each searched number whose name (the last part of it, `_` and `-` alike) is one of `NAMES`."""
    found = [
        Finding(
            "steps_parameter",
            "warn",
            f"{axis.name} is the length of the training, searched as a parameter from {number(axis.low)} to "
            f"{number(axis.high)}: configs then compare different amounts of training, a longer one mostly wins, "
            "and no scheduler can stop a trial early.",
            about=axis.name,
            evidence={"low": axis.low, "high": axis.high},
            next=f"Take {axis.name} out of the parameters and set max_steps to the longest training worth paying for.",
        )
        for axis in axes_of(history)
        if axis.scale != "choice" and is_length(axis.name)
    ]
    return found or [
        passed("steps_parameter", "No searched parameter is the length of the training by its name.")
    ]


def is_length(name: str) -> bool:
    """Whether a parameter of this name is the length of the training."""
    return name.rsplit(".", 1)[-1].replace("-", "_").lower() in NAMES
