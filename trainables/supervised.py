"""What all trainables that learn from a `Dataset` have in common: their metric follows from the task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trainables.base import Declaration
from trainables.data import task_of

__all__ = ["declaration_for"]


def declaration_for(declared: Declaration, data: Mapping[str, Any] | None) -> Declaration:
    """The declaration for this data: a regression minimises "val/rmse" instead.

    Raises:
        DataError: the data cannot be read.
    """
    if data is None or task_of(data) == "classification":
        return declared
    return replace(declared, metric="val/rmse", goal="minimize")
