"""Each optimizer, update by update, against torch's own with nothing of ours around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from trainables import TrainableError
from trainables.neural.optimizers import make_optimizer, put_back
from trainables.neural.options import TRAINING, TRAINING_OPTIONS

REFERENCES: dict[str, tuple[dict[str, Any], Callable[..., torch.optim.Optimizer]]] = {
    "sgd": (
        {"optimizer": "sgd", "momentum": 0.0, "lr": 0.1},
        lambda p: torch.optim.SGD(p, lr=0.1),
    ),
    "momentum": (
        {"optimizer": "sgd", "momentum": 0.8, "lr": 0.1, "weight_decay": 0.01},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, weight_decay=0.01),
    ),
    "nesterov": (
        {"optimizer": "sgd", "momentum": 0.8, "nesterov": True, "lr": 0.1},
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
    ),
    "adagrad": (
        {"optimizer": "adagrad", "lr": 0.1, "weight_decay": 0.01},
        lambda p: torch.optim.Adagrad(p, lr=0.1, weight_decay=0.01),
    ),
    "adadelta": (
        {"optimizer": "adadelta", "lr": 1.0, "rho": 0.95, "weight_decay": 0.01},
        lambda p: torch.optim.Adadelta(p, lr=1.0, rho=0.95, weight_decay=0.01),
    ),
    "rmsprop": (
        {"optimizer": "rmsprop", "lr": 0.01, "rho": 0.99, "weight_decay": 0.01},
        lambda p: torch.optim.RMSprop(p, lr=0.01, alpha=0.99, weight_decay=0.01),
    ),
    "adam": (
        {"optimizer": "adam", "lr": 0.01, "beta1": 0.8, "beta2": 0.99, "weight_decay": 0.01},
        lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.99), weight_decay=0.01),
    ),
    "adamw": (
        {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1},
        lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
    ),
    "lbfgs": (
        {"optimizer": "lbfgs", "lr": 1.0, "lbfgs_iterations": 4},
        lambda p: torch.optim.LBFGS(p, lr=1.0, max_iter=4, line_search_fn="strong_wolfe"),
    ),
}


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def updates(module: nn.Module, optimizer: torch.optim.Optimizer, count: int) -> list[torch.Tensor]:
    """All weights in one vector, after each update."""
    draw = torch.Generator().manual_seed(1)
    x, y = torch.randn(count, 16, 3, generator=draw), torch.randn(count, 16, 2, generator=draw)
    seen = []
    for step in range(count):

        def closure(step: int = step) -> torch.Tensor:
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(module(x[step]), y[step])
            loss.backward()
            return loss

        optimizer.step(closure)
        seen.append(nn.utils.parameters_to_vector(module.parameters()).detach().clone())
    return seen


@pytest.mark.parametrize("name", REFERENCES)
def test_it_is_torchs_update_by_update(name: str) -> None:
    options, reference = REFERENCES[name]
    ours, theirs = network(), network()
    rows = updates(ours, make_optimizer(ours.parameters(), {**TRAINING, **options}), 12)
    expected = updates(theirs, reference(theirs.parameters()), 12)
    for row, wanted in zip(rows, expected, strict=True):
        torch.testing.assert_close(row, wanted, rtol=2e-5, atol=1e-6)
    assert not torch.allclose(rows[0], rows[-1], atol=1e-3)


def test_every_optimizer_has_a_reference() -> None:
    tested = {options["optimizer"] for options, _ in REFERENCES.values()}
    assert tested == set(TRAINING_OPTIONS["optimizer"].choices)


def test_parts_may_have_rates_of_their_own() -> None:
    module = network()
    groups = [{"params": module[0].parameters(), "lr": 0.0}, {"params": module[2].parameters()}]
    first = module[0].weight.detach().clone()
    updates(module, make_optimizer(groups, {**TRAINING, "optimizer": "sgd", "lr": 0.1}), 3)
    assert torch.equal(module[0].weight, first)


def test_an_unknown_one() -> None:
    with pytest.raises(TrainableError, match="no optimizer 'adagard'; did you mean adagrad"):
        make_optimizer(network().parameters(), {**TRAINING, "optimizer": "adagard"})


def test_what_is_put_back_keeps_the_rates_of_the_config_and_takes_the_moments() -> None:
    """A copy in a population goes on from its parent's moments, with rates of its own."""

    def made(lr: float, decay: float) -> tuple[torch.nn.Parameter, torch.optim.Optimizer]:
        weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        return weight, torch.optim.AdamW([weight], lr=lr, weight_decay=decay, betas=(0.8, 0.9))

    weight, parent = made(0.1, 0.01)
    for _ in range(3):
        weight.grad = torch.tensor([0.5, -1.0])
        parent.step()
    other, copy = made(0.02, 0.3)
    put_back(copy, parent.state_dict())
    assert (copy.param_groups[0]["lr"], copy.param_groups[0]["weight_decay"]) == (0.02, 0.3)
    assert torch.equal(copy.state[other]["exp_avg"], parent.state[weight]["exp_avg"])
    assert int(copy.state[other]["step"]) == 3
