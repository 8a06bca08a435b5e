"""FGSM and PGD: within their ball, to the number as the Adversarial Robustness Toolbox computes them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.neural.attack import Ball, Norm, fgsm, pgd

ROWS, INPUTS, CLASSES = 12, 6, 3


def _loss(outputs: Tensor, y: Tensor) -> Tensor:
    return functional.cross_entropy(outputs, y, reduction="none")


def _network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(INPUTS, 16), nn.Tanh(), nn.Linear(16, CLASSES)).eval()


def _rows() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(ROWS, INPUTS, generator=generator), torch.randint(CLASSES, (ROWS,), generator=generator)


def _ball(norm: Norm, radius: float, low: float = 0.0, high: float = 1.0) -> Ball:
    every = torch.ones(INPUTS)
    return Ball(norm, radius, every, low * every, high * every)


@pytest.mark.parametrize(("norm", "radius"), [("linf", 0.1), ("l2", 0.4)])
def test_no_attack_leaves_its_ball_or_the_data(norm: Norm, radius: float) -> None:
    network, (x, y) = _network(), _rows()
    ball = _ball(norm, radius)
    found = [
        fgsm(network, x, y, _loss, ball),
        pgd(network, x, y, _loss, ball),
        pgd(network, x, y, _loss, ball, starts=3, generator=torch.Generator().manual_seed(0)),
        ball.anywhere(x, torch.Generator().manual_seed(0)),
    ]
    for moved in found:
        far = (moved - x).abs().amax(dim=1) if norm == "linf" else (moved - x).norm(dim=1)
        assert float(far.max()) <= radius + 1e-6
        assert float(moved.min()) >= 0
        assert float(moved.max()) <= 1
        assert not torch.equal(moved, x)


def test_more_steps_and_more_starts_do_more_harm() -> None:
    network, (x, y) = _network(), _rows()
    ball = _ball("linf", 0.3)

    def harm(moved: Tensor) -> float:
        return float(_loss(network(moved), y).detach().sum())

    one = harm(fgsm(network, x, y, _loss, ball))
    many = harm(pgd(network, x, y, _loss, ball))
    starts = harm(pgd(network, x, y, _loss, ball, starts=4, generator=torch.Generator().manual_seed(0)))
    assert harm(x) < one <= many + 1e-4
    assert starts >= many - 1e-2


def test_an_input_without_scale_stays_and_units_count() -> None:
    network, (x, y) = _network(), _rows()
    scale = torch.tensor([0.0, 1.0, 2.0, 1.0, 1.0, 1.0])
    wide = 100 * torch.ones(INPUTS)
    for attack in (fgsm, pgd):
        moved = attack(network, x, y, _loss, Ball("linf", 0.1, scale, -wide, wide))
        far = (moved - x).abs().amax(dim=0)
        assert float(far[0]) == 0
        assert float(far[1]) == pytest.approx(0.1, abs=1e-5)
        assert float(far[2]) == pytest.approx(0.2, abs=1e-5)


def test_radius_zero_moves_nothing_and_gradients_of_the_network_are_left_alone() -> None:
    network, (x, y) = _network(), _rows()
    assert torch.equal(fgsm(network, x, y, _loss, _ball("linf", 0.0)), x)
    assert torch.equal(pgd(network, x, y, _loss, _ball("l2", 0.0)), x)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_a_start_is_drawn_evenly_from_the_ball() -> None:
    x = torch.zeros(4000, 2)
    wide = 10 * torch.ones(2)
    round_ = Ball("l2", 1.0, torch.ones(2), -wide, wide).anywhere(x, torch.Generator().manual_seed(0))
    assert float((round_.norm(dim=1) < 0.5).double().mean()) == pytest.approx(0.25, abs=0.03)
    cube = Ball("linf", 1.0, torch.ones(2), -wide, wide).anywhere(x, torch.Generator().manual_seed(0))
    assert float((cube.abs().amax(dim=1) < 0.5).double().mean()) == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(
    ("norm", "order", "radius", "low", "high"),
    [("linf", np.inf, 0.15, 0.0, 1.0), ("l2", 2, 0.5, -9.0, 9.0)],
)
def test_agrees_with_the_adversarial_robustness_toolbox(
    norm: Norm, order: float, radius: float, low: float, high: float
) -> None:
    reason = "adversarial-robustness-toolbox is the oracle of this test alone; pip install it"
    evasion = pytest.importorskip("art.attacks.evasion", reason=reason)
    from art.estimators.classification import PyTorchClassifier

    network, (x, y) = _network(), _rows()
    oracle = PyTorchClassifier(
        network, nn.CrossEntropyLoss(), (INPUTS,), CLASSES, clip_values=(low, high), device_type="cpu"
    )
    ball = _ball(norm, radius, low, high)
    one = evasion.FastGradientMethod(oracle, norm=order, eps=radius).generate(x.numpy(), y.numpy())
    assert fgsm(network, x, y, _loss, ball).numpy() == pytest.approx(one, abs=1e-5)
    many = evasion.ProjectedGradientDescentPyTorch(
        oracle, norm=order, eps=radius, eps_step=0.04, max_iter=15, num_random_init=0, verbose=False
    ).generate(x.numpy(), y.numpy())
    assert pgd(network, x, y, _loss, ball, steps=15, step=0.04).numpy() == pytest.approx(many, abs=1e-5)
