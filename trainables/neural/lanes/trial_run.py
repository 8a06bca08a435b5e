"""A module of the user's own, tried in two lanes before trials are: it may do what lanes cannot."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from trainables.neural.examples import tensor
from trainables.neural.lanes.network import StackedNetwork
from trainables.neural.supervised import Supervised

__all__ = ["why_not"]

ROWS = 4  # of each lane's batch
CLOSE = 1e-3  # of the largest output: rounding is far below, another computation far above


def why_not(trainable: Supervised, config: Mapping[str, Any]) -> str | None:
    """Why the module of a config cannot train in lanes; None where it can.

    Two lanes of the same weights have to give gradients, and in evaluation what the module itself gives.
    """
    try:
        prepared = trainable.prepare(config, "cpu")
        generators = torch.get_rng_state()
        try:
            module = trainable.build(prepared.inputs, prepared.options)
        finally:
            torch.set_rng_state(generators)
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
            alone = module.eval()(batch)
        network.train(False)
        found = network.evaluate(batch, lanes)
    except Exception as error:  # whatever the user's code raises where it is not run as it expects
        return f"{trainable.name}: tried in two lanes: {type(error).__name__}: {_first_line(error)}"
    distance = float((found - alone).abs().max())
    if not distance <= CLOSE * max(float(alone.abs().max()), 1.0):
        return f"{trainable.name}: in two lanes its outputs are not its own; it keeps something outside its tensors"
    return None


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")[:160]
