"""Every member of the catalogue, and modules of a user's own: equal to the trial alone in lanes, or refused with a reason."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from trainables import CATALOGUE, Host, resolve
from trainables.neural.lanes import Refusal, Shape, Stack, lane_shape

ROOT = Path(__file__).parents[4]
DIGITS = {"source": "digits", "limit": 80}
SMALL: dict[str, dict[str, Any]] = {
    "mlp": {"model": {"width": 8}, "activation": "tanh"},
    "cnn": {"model": {"width": 4, "depth": 1, "norm": "batch"}, "activation": "silu"},
    "resnet": {"model": {"width": 4, "stages": 2, "norm": "group"}, "activation": "silu"},
    "inception": {"model": {"width": 8, "stages": 1}, "activation": "silu"},
    "densenet": {"model": {"stages": 1}, "activation": "silu"},
    "transformer": {"model": {"heads": 2, "head_width": 4, "depth": 1}},
}
REFUSED = {
    "rnn": "takes no stacked weights",
    "finetune": "freezes parts",
    "vae": "not a network of the common training loop",
    "gan": "not a network of the common training loop",
    "classical": "not a network of the common training loop",
    "sphere": "not a network of the common training loop",
}
TOLERANCE = 1e-3


def near(lane: Any, trial: Any, tolerance: float = TOLERANCE) -> None:
    assert isinstance(lane, dict)
    assert lane.keys() == trial.keys()
    for name in ("train/loss", "val/loss", "grad_norm", "lr", "parameters"):
        assert lane[name] == pytest.approx(trial[name], rel=tolerance), name


def compare(ref: Any, configs: list[dict[str, Any]], tmp_path: Path, epochs: int = 2) -> None:
    """A stack against trials alone, then a trial that goes on alone from its lane's files."""
    plug = resolve(ref)
    shape = lane_shape(plug, configs[0])
    assert isinstance(shape, Shape), shape
    stack, hosts = Stack(plug, shape, width=len(configs)), []
    for seed, config in enumerate(configs):
        stack.add(seed, config, seed=seed)
        hosts.append(Host(plug))
        hosts[-1].start(config, seed=seed)
    for _ in range(epochs):
        reports = stack.step()
        for seed, host in enumerate(hosts):
            near(reports[seed], host.advance())
    stack.save(0, tmp_path)
    left = Host(plug)
    left.start(configs[0], seed=0, checkpoint=tmp_path, from_step=epochs)
    near(left.advance(), hosts[0].advance())


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_member_trains_in_lanes_as_alone(name: str, tmp_path: Path) -> None:
    base = {"data": DIGITS, "batch_size": 40, "dropout": 0.0, "optimizer": "sgd", **SMALL[name]}
    if "dropout" not in resolve(name).target.architecture:
        del base["dropout"]
    compare(name, [{**copy.deepcopy(base), "lr": lr} for lr in (0.01, 0.03)], tmp_path, epochs=1)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_member_is_refused_by_name(name: str) -> None:
    refusal = lane_shape(resolve(name), {})
    assert isinstance(refusal, Refusal)
    assert name in refusal.reason
    assert REFUSED[name] in refusal.reason


def test_every_network_of_the_catalogue_is_one_or_the_other() -> None:
    networks = {name for name, place in CATALOGUE.items() if place.startswith("trainables.neural")}
    assert networks <= SMALL.keys() | REFUSED.keys()


def test_augmentation_is_each_lanes_own_and_draws_what_the_trial_draws(tmp_path: Path) -> None:
    base = {"batch_size": 40, "dropout": 0.0, "optimizer": "sgd", **SMALL["cnn"]}
    strengths = (0.0, 0.5, 1.0)
    configs = [
        {**copy.deepcopy(base), "data": {**DIGITS, "augmentation": {"strength": strength}}}
        for strength in strengths
    ]
    plug = resolve("cnn")
    assert len({lane_shape(plug, config) for config in configs}) == 1
    compare("cnn", configs, tmp_path)


def test_texts_of_different_lengths(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    lines = ["text,label"]
    for row in range(120):
        words = [f"word{number}" for number in generator.integers(0, 20, generator.integers(1, 15))]
        lines.append(f"{' '.join([*words, ('dreadful', 'wonderful')[row % 2]])},{('bad', 'good')[row % 2]}")
    (tmp_path / "reviews.csv").write_text("\n".join(lines))
    data = {
        "source": str(tmp_path / "reviews.csv"),
        "modality": "text",
        "target": "label",
        "columns": {"text": "text"},
    }
    (tmp_path / "saved").mkdir()
    base = {"data": data, "batch_size": 16, "dropout": 0.0, **SMALL["transformer"]}
    compare("transformer", [{**base, "lr": lr} for lr in (1e-3, 3e-3)], tmp_path / "saved")


class Plain(nn.Module):
    """A user's: tied weights, a parameter that is never used, one that is frozen, a lone number, and a buffer."""

    def __init__(self, inputs: int, outputs: int, width: int = 6, dropout: float = 0.0) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, width)
        self.second = nn.Linear(width, width)
        self.third = nn.Linear(width, width)
        self.third.weight = self.second.weight
        self.unused = nn.Parameter(torch.ones(2))
        self.frozen = nn.Parameter(torch.full((width,), 0.5), requires_grad=False)
        self.register_buffer("shift", torch.ones(width))
        self.dropout = nn.Dropout(dropout)
        self.scale = nn.Parameter(torch.tensor(1.5))
        self.head = nn.Linear(width, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.second(torch.tanh(self.first(x))) * self.frozen + self.shift * self.scale
        return torch.as_tensor(self.head(self.dropout(torch.tanh(self.third(x)))))


class Counting(nn.Module):
    """A user's that keeps something outside its tensors."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)
        self.calls = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return torch.as_tensor(self.layer(x)) * self.calls


class Drawing(nn.Module):
    """A user's that draws by itself."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.layer(nn.functional.dropout(x, 0.5, self.training)))


class Choosing(nn.Module):
    """A user's whose computation depends on the numbers."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.as_tensor(self.layer(x))
        return y * 2 if float(y.sum()) > 0 else y


class Leaking(nn.Module):
    """A user's whose dropout is no chance of dropping."""

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.2) -> None:
        super().__init__()
        self.layer, self.dropout = nn.Linear(inputs, outputs), dropout

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(self.layer(x)) * (1 - self.dropout)


class Listed(nn.Module):
    """A user's with an option that is a list, and a layer in two places."""

    def __init__(self, inputs: int, outputs: int, widths: Sequence[int] = (4,), dropout: float = 0.1) -> None:
        super().__init__()
        self.drop = self.again = nn.Dropout(dropout)
        sizes = [inputs, *widths, outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.tanh(layer(self.again(x)))
        return x


def test_a_users_option_may_be_a_list() -> None:
    data, plug = {"source": "wine"}, resolve(Listed)
    shapes = [
        lane_shape(plug, {"data": data, "model": {"widths": each, **more}})
        for each, more in (([4, 6], {}), ([4, 6], {"dropout": 0.3}), ([6, 4], {}))
    ]
    assert all(isinstance(shape, Shape) for shape in shapes), shapes
    assert shapes[0] == shapes[1] != shapes[2]


def test_a_users_module_trains_in_lanes_as_alone(tmp_path: Path) -> None:
    base = {"data": {"source": "wine"}, "batch_size": 32, "optimizer": "adam", "weight_decay": 0.01}
    compare(Plain, [{**base, "lr": lr} for lr in (1e-3, 1e-2)], tmp_path)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (Counting, "outside its tensors"),
        (Drawing, "random"),
        (Choosing, "item"),
        (Leaking, "another model.dropout changes its outputs"),
    ],
)
def test_a_users_module_that_cannot_is_refused_with_the_reason(module: Any, reason: str) -> None:
    refusal = lane_shape(resolve(module), {"data": {"source": "wine"}})
    assert isinstance(refusal, Refusal)
    assert module.__name__ in refusal.reason
    assert reason in refusal.reason


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"optimizer": "lbfgs"}, "lbfgs"),
        ({"precision": "bfloat16"}, "bfloat16"),
        ({"nonsense": 1}, "nonsense"),
        ({"lr": -1.0}, "lr"),
    ],
)
def test_a_config_is_refused_by_its_option(config: dict[str, Any], reason: str) -> None:
    refusal = lane_shape(resolve("mlp"), config)
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason


def test_a_shape_is_what_changes_the_computation() -> None:
    plug = resolve("mlp")

    def shape(**options: Any) -> Any:
        return lane_shape(plug, {"data": {"source": "digits"}, **options})

    same = shape()
    assert isinstance(same, Shape)
    for own in (
        {"lr": 0.1},
        {"beta1": 0.5},
        {"dropout": 0.4},
        {"schedule": "cosine"},
        {"l1": 0.1},
        {"epochs": 3},
    ):
        assert shape(**own) == same, own
    assert shape(data="digits") == same
    assert shape(data={"source": "digits", "augmentation": {"strength": 0.5}}) == same
    for other in (
        {"dropout": 0.0},
        {"batch_size": 8},
        {"optimizer": "sgd"},
        {"model": {"width": 64}},
        {"ema": 0.9},
    ):
        assert shape(**other) != same, other
    assert shape(optimizer="sgd", momentum=0.5) != shape(optimizer="sgd", momentum=0.0)
    assert shape(momentum=0.0) == same  # Adam does not read it
    assert "mlp" in str(same)
    assert "width 128" in str(same)


def test_a_plan_learns_the_shape_of_a_catalogues_member_without_torch() -> None:
    ask = (
        "import sys; from trainables import resolve; from trainables.neural.lanes import Shape, lane_shape; "
        "found = lane_shape(resolve('mlp'), {'data': {'source': 'digits'}}); "
        "print(isinstance(found, Shape), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=120, cwd=ROOT
    )
    assert done.stdout.split() == ["True", "False"], done.stderr
