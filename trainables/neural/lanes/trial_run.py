"""A module of the user's own, tried in two lanes before trials are: it may do what lanes cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from trainables.neural.examples import tensor
from trainables.neural.lanes.network import StackedNetwork
from trainables.neural.supervised import Prepared, Supervised

__all__ = ["why_not"]

ROWS = 4  # of each lane's batch
CLOSE = 1e-3  # of the largest output: rounding is far below, another computation far above


def why_not(trainable: Supervised, config: Mapping[str, Any]) -> str | None:
    """Why the module of a config cannot train in lanes; None where it can.

    Two lanes of the same weights have to give gradients, and in evaluation what the module itself gives; and so has the
    module with another `model.dropout`, which is each lane's own.
    """
    try:
        prepared = trainable.prepare(config, "cpu")
        module = _built(trainable, prepared, {})
        network = StackedNetwork(module, 2, torch.device("cpu"))
        for row in (0, 1):
            network.put(row, module)
        batch = tensor(prepared.dataset.train_x[:ROWS])
        lanes = slice(0, 2)
        leaves = network.leaves(lanes)
        network.train(True)
        draws = [torch.ones(2, *site.shape) for site in network.sites(batch)]
        outputs = network.forward(torch.stack([batch, batch]), lanes, leaves, draws)
        torch.autograd.grad(outputs.sum(), leaves, allow_unused=True)
        for row in (0, 1):
            network.put(row, module)  # what training does to buffers is undone
        with torch.no_grad():
            alone = other = module.eval()(batch)
            if isinstance(rate := prepared.options.get("model.dropout"), float):
                twin = _built(trainable, prepared, {"model.dropout": rate / 2})
                twin.load_state_dict(module.state_dict())
                other = twin.eval()(batch)
        network.train(False)
        found = network.evaluate(batch, lanes)
    except (
        Exception,
        SystemExit,
    ) as error:  # whatever the user's code raises where it is not run as it expects
        return f"{trainable.name}: tried in two lanes: {type(error).__name__}: {_first_line(error)}"
    if not _near(found, alone):
        return f"{trainable.name}: in two lanes its outputs are not its own; it keeps something outside its tensors"
    if not _near(other, alone):
        return f"{trainable.name}: another model.dropout changes its outputs in evaluation; name the option otherwise"
    return None


def _near(outputs: Tensor, alone: Tensor) -> bool:
    return float((outputs - alone).abs().max()) <= CLOSE * max(float(alone.abs().max()), 1.0)


def _built(trainable: Supervised, prepared: Prepared, others: Mapping[str, Any]) -> nn.Module:
    """The module of a config with some options otherwise; the global generator is left as it was."""
    generators = torch.get_rng_state()
    try:
        return trainable.build(prepared.inputs, {**prepared.options, **others})
    finally:
        torch.set_rng_state(generators)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).strip().splitlines()), "")[:160]
