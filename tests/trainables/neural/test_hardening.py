"""Adversarial training: off it changes nothing, on it resists an attack that the plain network does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables import resolve
from trainables.data import load
from trainables.errors import TrainableError
from trainables.neural.attack import Ball, pgd
from trainables.neural.hardening import Hardening
from trainables.neural.lanes import Refusal, lane_shape

DATA = {"source": "digits", "limit": 400}


def _trained(epochs: int = 2, **options: Any) -> Any:
    trainable = resolve("mlp").target()
    trainable.setup({"data": DATA, "lr": 0.003, **options}, seed=0, device="cpu")
    trainable.history = [trainable.step() for _ in range(epochs)]
    return trainable


def _plain(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name != "examples_per_second"}


def test_off_it_changes_no_bit() -> None:
    without = _trained()
    off = _trained(adversarial={"strength": 0.0, "steps": 4, "share": 1.0})
    assert [_plain(each) for each in without.history] == [_plain(each) for each in off.history]


def test_on_it_resists_an_attack_better() -> None:
    data = load(DATA)
    x, y = torch.as_tensor(data.valid_x[:150], dtype=torch.float32), torch.as_tensor(data.valid_y[:150])
    low, high = (
        torch.as_tensor(each, dtype=torch.float32) for each in (data.train_x.min(0), data.train_x.max(0))
    )
    ball = Ball("linf", 0.3, torch.ones(x.shape[1]), torch.minimum(low, x), torch.maximum(high, x))

    def loss(outputs: Tensor, y: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, y, reduction="none")

    def attacked(trainable: Any) -> float:
        moved = pgd(trainable.module, x, y, loss, ball)
        return float((trainable.module(moved).argmax(dim=1) == y).double().mean())

    plain, hard = _trained(12), _trained(12, adversarial={"strength": 0.3, "steps": 3, "share": 1.0})
    assert attacked(hard) > attacked(plain) + 0.1
    assert hard.history[-1]["val/accuracy"] > 0.8


def test_it_repeats_and_resumes_exactly(tmp_path: Path) -> None:
    options = {"adversarial": {"strength": 0.2}}
    whole, half = _trained(4, **options), _trained(2, **options)
    half.save(tmp_path)
    resumed = resolve("mlp").target()
    resumed.setup({"data": DATA, "lr": 0.003, **options}, seed=0, device="cpu")
    resumed.load(tmp_path)
    later = [_plain(resumed.step()) for _ in range(2)]
    assert later == [_plain(each) for each in whole.history[2:]]


def test_only_its_share_moves_and_every_part_keeps_its_mode() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    module.train()
    module[1].eval()
    x, y = torch.randn(8, 3), torch.randint(2, (8,))
    train_x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    train_x[:, 2] = train_x[:, 2] > 0
    options = {"adversarial.strength": 0.1, "adversarial.steps": 2, "adversarial.share": 0.5}
    before = module[1].running_mean.clone()
    moved = Hardening(options, train_x, torch.device("cpu"))(module, x, y, functional.cross_entropy)
    assert torch.equal(moved[4:], x[4:])
    assert not torch.equal(moved[:4, 0], x[:4, 0])
    assert torch.equal(moved[:, 2], x[:, 2])  # a label
    assert [part.training for part in module] == [True, False, True]
    assert torch.equal(before, module[1].running_mean)
    assert all(parameter.grad is None for parameter in module.parameters())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"strength": -0.1}, "at least 0"),
        ({"strength": 0.1, "steps": 0}, "at least 1"),
        ({"strength": 0.1, "share": 1.5}, "at most 1"),
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(TrainableError, match=f"adversarial.*{said}"):
        _trained(adversarial=options)


def test_what_cannot_be_attacked_refuses_it_by_name() -> None:
    with pytest.raises(TrainableError, match=r"adversarial\.strength"):
        _trained(optimizer="lbfgs", adversarial={"strength": 0.1})
    refused = lane_shape(resolve("mlp"), {"data": DATA, "adversarial": {"strength": 0.1}})
    assert isinstance(refused, Refusal)
    assert "adversarial.strength" in refused.reason


def test_words_have_no_small_steps(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    lines = [
        f"{'good fine' if row % 2 else 'bad poor'} word{row},{'yes' if row % 2 else 'no'}"
        for row in range(60)
    ]
    file.write_text("\n".join(["text,label", *lines]))
    data = {"source": str(file), "target": "label", "modality": "text"}
    with pytest.raises(TrainableError, match=r"none between words; adversarial\.strength: 0"):
        resolve("rnn").target().setup({"data": data, "adversarial": {"strength": 0.1}}, seed=0, device="cpu")
