"""The learning rate over time, as a share of `lr` in closed form.

Torch's own schedulers multiply rate upon rate, know no warm-up before a plateau, rise again (cosine) or raise
(one-cycle) past their end, and warn where a gradient scaler skips the first update. A closed form has none of that,
and nothing to save but a count. The rates agree with torch's, change by change: a test holds it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

__all__ = ["Rated", "Schedule", "share"]

WARMUP_START = 0.1  # share of lr that a warm-up begins with
CYCLE_START, CYCLE_END, CYCLE_CLIMB = 1 / 25, 1 / 25e4, 0.3  # Smith and Topin 2018, as torch has them
BETTER = 1 - 1e-4  # a loss that is to count as better than the best lies below this share of it


class Rated(Protocol):
    """What has learning rates: an optimizer of torch."""

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Groups of parameters, each with its rate under "lr"."""


class Schedule:
    """Sets the learning rates of an optimizer, per batch or per epoch.

    The constructor sets the rate of the first update; `batch` is to be called after every update of the weights,
    `epoch` after every epoch, behind the last `batch`.

    constant; step: times ``schedule_factor`` every ``schedule_step`` epochs; linear, cosine: from lr down to
    ``schedule_factor`` times lr in ``schedule_epochs``, and then staying there; exponential: times ``schedule_decay``
    an epoch; one_cycle: from lr / 25 up to lr and down to lr / 250,000 in ``schedule_epochs``, the way up taking
    30 % of them; plateau: times ``schedule_factor`` after more than ``schedule_patience`` epochs without a better
    val/loss. A ``warmup`` climbs linearly from lr / 10 to lr in so many epochs, and only then the schedule begins: it
    has come down after ``warmup`` + ``schedule_epochs``. (Of one_cycle, ``warmup`` is the way up, inside the cycle.)
    Where the rate changes with every batch, the same curves are cut as fine.

    Args:
        optimizer: whose parameter groups are changed, each from its own rate.
        options: `TRAINING` options; read are schedule, schedule_* and warmup.
        updates: of the weights in an epoch, at least 1.
    """

    def __init__(self, optimizer: Rated, options: Mapping[str, Any], updates: int) -> None:
        self._optimizer = optimizer  # its list of groups is another after a load
        self._rates = [float(group["lr"]) for group in optimizer.param_groups]
        self._options = options
        self._unit = updates if options["schedule_every"] == "batch" else 1
        self._count = 0  # of changes
        self._best, self._bad, self._drops = math.inf, 0, 0
        self._set()

    @property
    def rate(self) -> float:
        """The rate of the next update, of the first parameter group."""
        return float(self._optimizer.param_groups[0]["lr"])

    def batch(self) -> None:
        """After an update of the weights."""
        if self._unit > 1:
            self._count += 1
            self._set()

    def epoch(self, loss: float) -> None:
        """After an epoch, with its val/loss."""
        if self._unit > 1:
            return
        if self._options["schedule"] == "plateau" and self._count >= self._options["warmup"]:
            self._watch(loss)
        self._count += 1
        self._set()

    def state_dict(self) -> dict[str, Any]:
        """All that changes."""
        return {"count": self._count, "best": self._best, "bad": self._bad, "drops": self._drops}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to where `state_dict` was called."""
        self._count, self._best = int(state["count"]), float(state["best"])
        self._bad, self._drops = int(state["bad"]), int(state["drops"])
        self._set()

    def _set(self) -> None:
        now = share(self._count / self._unit, self._options, self._unit)
        now *= self._options["schedule_factor"] ** self._drops
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * now

    def _watch(self, loss: float) -> None:
        if loss < self._best * BETTER:
            self._best, self._bad = loss, 0
            return
        self._bad += 1
        if self._bad > self._options["schedule_patience"]:
            self._bad, self._drops = 0, self._drops + 1


def share(epoch: float, options: Mapping[str, Any], unit: int = 1) -> float:
    """The share of lr at a time, for every schedule but plateau, whose share is 1.

    Args:
        epoch: epochs done, at least 0; a fraction within one.
        options: `TRAINING` options.
        unit: changes of the rate in an epoch.
    """
    name: str = options["schedule"]
    warmup: int = options["warmup"]
    if name == "one_cycle":
        return _one_cycle(epoch * unit, options["schedule_epochs"] * unit, warmup * unit)
    if epoch < warmup:
        return WARMUP_START + (1 - WARMUP_START) * epoch / warmup
    epoch -= warmup
    end, done = options["schedule_factor"], min(epoch / options["schedule_epochs"], 1.0)
    match name:
        case "step":
            # a fraction that should be whole may have come out just below it
            return float(end ** math.floor(epoch / options["schedule_step"] + 1e-9))
        case "linear":
            return float(1 + (end - 1) * done)
        case "exponential":
            return float(options["schedule_decay"] ** epoch)
        case "cosine":
            return float(end + (1 - end) * (1 + math.cos(math.pi * done)) / 2)
        case _:
            return 1.0


def _one_cycle(change: float, changes: int, climb: int) -> float:
    """Two half cosines. Fewer than three changes make no cycle, so there are at least three."""
    changes = max(changes, 3)
    top = (
        max(climb or CYCLE_CLIMB * changes, 2.0) - 1
    )  # torch counts so: the peak is the last change of the climb
    last = max(changes - 1.0, top + 1)
    if change <= top:
        start, end, done = CYCLE_START, 1.0, change / top
    else:
        start, end, done = 1.0, CYCLE_END, min((change - top) / (last - top), 1.0)
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
