"""The optimizers by name: torch's own, with the options of a config."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from trainables.errors import TrainableError, nearest
from trainables.neural.options import TRAINING_OPTIONS

__all__ = ["make_optimizer", "put_back"]

FUSED = ("sgd", "adagrad", "adam", "adamw")


def make_optimizer(
    parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]], options: Mapping[str, Any]
) -> torch.optim.Optimizer:
    """The optimizer that the options ask for.

    Of small networks the calls are the cost, not the arithmetic, so it is one fused call for all parameters where torch
    has it. The others are left to torch, which goes by lists of parameters on a GPU and one by one on a CPU, where
    lists are slower (docs/decisions/training-loop.md).

    Args:
        parameters: what is trained, or groups of it as torch takes them (``{"params": ..., "lr": ...}``).
        options: `TRAINING` options; read are optimizer, lr, momentum, nesterov, beta1, beta2, rho, weight_decay and
            lbfgs_iterations.

    Raises:
        TrainableError: an unknown optimizer, or an option that it refuses.
    """
    name = options["optimizer"]
    known = TRAINING_OPTIONS["optimizer"].choices
    if name not in known:
        raise TrainableError(f"there is no optimizer {name!r}; {nearest(str(name), known)}")
    given: dict[str, Any] = {"lr": options["lr"]}
    if name in FUSED:
        given["fused"] = True
    if name != "lbfgs":
        given["weight_decay"] = options["weight_decay"]
    try:
        match name:
            case "sgd":
                nesterov = options["nesterov"]
                return torch.optim.SGD(parameters, momentum=options["momentum"], nesterov=nesterov, **given)
            case "adagrad":
                return torch.optim.Adagrad(parameters, **given)
            case "adadelta":
                return torch.optim.Adadelta(parameters, rho=options["rho"], **given)
            case "rmsprop":
                return torch.optim.RMSprop(parameters, alpha=options["rho"], **given)
            case "adam":
                return torch.optim.Adam(parameters, betas=(options["beta1"], options["beta2"]), **given)
            case "adamw":
                return torch.optim.AdamW(parameters, betas=(options["beta1"], options["beta2"]), **given)
            case _:
                iterations = options["lbfgs_iterations"]
                return torch.optim.LBFGS(
                    parameters, max_iter=iterations, line_search_fn="strong_wolfe", **given
                )
    except ValueError as error:
        raise TrainableError(f"{name}: {error}") from error


def put_back(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Go back to an optimizer's `state_dict()`: its moments and counts. Rates, decay and betas stay those of the config: a
    copy in a population goes on with others than its parent had.
    """
    own = [{key: each for key, each in group.items() if key != "params"} for group in optimizer.param_groups]
    optimizer.load_state_dict(dict(state))
    for group, kept in zip(optimizer.param_groups, own, strict=True):
        group.update(kept)
