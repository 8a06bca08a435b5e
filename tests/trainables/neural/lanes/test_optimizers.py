"""Stacked optimizers against torch's, update by update, each lane with hyperparameters of its own."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from trainables.neural.lanes.optimizers import STACKED
from trainables.neural.optimizers import make_optimizer
from trainables.neural.options import TRAINING, TRAINING_OPTIONS

SHAPES = ((5, 3), (5,), ())
LANES: tuple[dict[str, Any], ...] = (
    {"lr": 1e-3, "momentum": 0.9, "beta1": 0.9, "beta2": 0.999, "rho": 0.9, "weight_decay": 0.0},
    {"lr": 0.1, "momentum": 0.5, "beta1": 0.5, "beta2": 0.9, "rho": 0.5, "weight_decay": 0.1},
    {"lr": 0.5, "momentum": 0.99, "beta1": 0.0, "beta2": 0.99, "rho": 0.99, "weight_decay": 1e-3},
)


def gradients(update: int, lane: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1000 * update + lane)
    return [10.0 ** (lane - 1) * torch.randn(shape, generator=generator) for shape in SHAPES]


@pytest.mark.parametrize(
    "common",
    [
        *({"optimizer": name} for name in TRAINING_OPTIONS["optimizer"].choices if name != "lbfgs"),
        {"optimizer": "sgd", "nesterov": True},
        {"optimizer": "sgd", "momentum": 0.0},
    ],
    ids=str,
)
def test_every_lane_is_updated_as_by_torch(common: dict[str, Any]) -> None:
    """Lane 2 begins five updates later than the others, in a row that another lane had before."""
    options = [{**TRAINING, **lane, **common} for lane in LANES]
    stacked = [torch.zeros(4, *shape) for shape in SHAPES]
    optimizer = STACKED[common["optimizer"]](stacked, options[0])
    alone: dict[int, tuple[list[torch.nn.Parameter], torch.optim.Optimizer]] = {}

    def begin(row: int, lane: int) -> None:
        start = gradients(-1, lane)
        for weights, value in zip(stacked, start, strict=True):
            weights[row] = value
        optimizer.put(row, options[lane])
        own = [torch.nn.Parameter(value.clone()) for value in start]
        alone[lane] = own, make_optimizer(own, options[lane])

    for row in range(3):
        begin(row, row)
    for update in range(12):
        if update == 5:
            begin(2, 2)
        given = [gradients(update, lane) for lane in range(3)]
        kept = [[each.clone() for each in lane] for lane in given]
        slopes = [torch.stack(parts) for parts in zip(*given, strict=True)]
        rates = torch.tensor([[each["lr"] / (1 + update)] for each in options], dtype=torch.float64)
        optimizer.update(slopes, rates, slice(0, 3))
        for lane, (own, torchs) in alone.items():
            torchs.param_groups[0]["lr"] = options[lane]["lr"] / (1 + update)
            for parameter, slope in zip(own, kept[lane], strict=True):
                parameter.grad = slope
            torchs.step()
            for parameter, weights in zip(own, stacked, strict=True):
                torch.testing.assert_close(weights[lane], parameter.detach(), rtol=2e-5, atol=2e-6)
    assert all(bool((weights[3] == 0).all()) for weights in stacked)  # a row that nobody asked for stays


def test_the_state_has_the_names_of_torchs() -> None:
    for name, kind in STACKED.items():
        parameter = torch.nn.Parameter(torch.ones(3))
        torchs = make_optimizer([parameter], {**TRAINING, "optimizer": name})
        parameter.grad = torch.ones(3)
        torchs.step()
        kept = set(torchs.state_dict()["state"][0])
        assert set(kind.slots) | ({"step"} if kind.counts else set()) == kept, name


def test_an_update_does_not_write_into_gradients() -> None:
    """Autograd may hand out one tensor for two parameters."""
    for name, kind in STACKED.items():
        options = {**TRAINING, "optimizer": name, "weight_decay": 0.1}
        stacked = [torch.ones(2, 3), torch.ones(2, 3)]
        optimizer = kind(stacked, options)
        for row in (0, 1):
            optimizer.put(row, options)
        shared = torch.full((2, 3), 0.5)
        optimizer.update([shared, shared], torch.full((2, 1), 0.1, dtype=torch.float64), slice(0, 2))
        assert bool((shared == 0.5).all()), name
        assert torch.equal(stacked[0], stacked[1])
