"""Functions with a known optimum over spaces that have more than floats: kinds, conditions, noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from trainables.synthetic.functions import branin
from trainables.synthetic.known import KnownFunction

__all__ = ["conditional", "mixed", "noisy"]

BEST_EXPONENT = {"sgd": -1.0, "adam": -3.0, "lion": -4.0}
OPTIMIZER_COST = {"sgd": 0.3, "adam": 0.0, "lion": 0.6}


def _mixed(config: Mapping[str, Any]) -> float:
    """Each optimizer has its own best learning rate; units are best at 32; residual connections help."""
    optimizer = config["optimizer"]
    lr = (math.log10(config["lr"]) - BEST_EXPONENT[optimizer]) ** 2
    units = (math.log2(config["units"]) - 5) ** 2 / 9
    return lr / 2 + units + OPTIMIZER_COST[optimizer] + (0.0 if config["residual"] else 0.25)


mixed = KnownFunction(
    value=_mixed,
    parameters={
        "optimizer": {"values": ["sgd", "adam", "lion"]},
        "lr": {"min": 1e-5, "max": 1.0, "distribution": "log_uniform_values"},
        "units": {"min": 4, "max": 256},
        "residual": {"values": [False, True]},
    },
    optimum=0.0,
    minimisers=({"optimizer": "adam", "lr": 1e-3, "units": 32, "residual": True},),
)


def _conditional(config: Mapping[str, Any]) -> float:
    """Trees are at best 0.2; networks reach 0, and only with two layers or more and the right dropout."""
    if config["model"] == "tree":
        return 0.2 + float((config["tree"]["depth"] - 5) / 10) ** 2
    network = config["network"]
    value = (math.log10(network["lr"]) + 3) ** 2 / 4 + float(network["layers"] - 3) ** 2 / 20
    return value + (float(network["dropout"] - 0.25) ** 2 if network["layers"] >= 2 else 0.5)


conditional = KnownFunction(
    value=_conditional,
    parameters={
        "model": {"values": ["tree", "network"]},
        "tree": {"when": {"model": "tree"}, "depth": {"min": 1, "max": 12}},
        "network": {
            "when": {"model": "network"},
            "layers": {"min": 1, "max": 4},
            "lr": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"},
            "dropout": {"min": 0.0, "max": 0.5, "when": {"network.layers": ">= 2"}},
        },
    },
    optimum=0.0,
    minimisers=({"model": "network", "network": {"layers": 3, "lr": 1e-3, "dropout": 0.25}},),
)

# a repeated config under another seed gives another loss: what `confirm` and averaging are for
noisy = KnownFunction(
    value=branin.value,
    parameters=branin.parameters,
    optimum=branin.optimum,
    minimisers=branin.minimisers,
    noise=1.0,
)
