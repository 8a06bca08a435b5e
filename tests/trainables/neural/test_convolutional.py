"""What the convolutional networks share: the contract, shapes on any image, sizes that the papers print, gradients."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from contracts.trainable import Case, LearnerContract
from trainables import Host, TrainableError, resolve
from trainables.neural.cnn import CNN
from trainables.neural.convolution import CutAndPad, Residual, shrinking
from trainables.neural.densenet import DenseNet
from trainables.neural.inception import Inception, shares
from trainables.neural.resnet import ResNet
from trainables.neural.supervised import Inputs, Supervised

MODELS: tuple[type[Supervised], ...] = (CNN, ResNet, Inception, DenseNet)
SMALL = {"data": {"source": "digits", "limit": 160}}
DIVERGING = {"optimizer": "sgd", "lr": 1e30}
MANY_UPDATES = {"batch_size": 16}  # 160 rows are ten updates an epoch then
CASES = [
    Case(
        name,
        SMALL,
        steps=5,
        diverging=DIVERGING,
        seeded=True,
        learning=MANY_UPDATES,
        budget=8,
    )
    for name in ("cnn", "resnet", "inception", "densenet")
]


class TestConvolutional(LearnerContract):
    """All four under the contract of what learns."""

    @pytest.fixture(params=CASES, ids=str)
    def case(self, request: pytest.FixtureRequest) -> Case:
        case: Case = request.param
        return case


def build(model: type[Supervised], shape: tuple[int, ...], outputs: int = 10, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    dotted = {name.replace("__", "."): value for name, value in options.items()}
    return model().build(Inputs("images", shape, outputs), {**model.architecture, **dotted})


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 32, 32), (3, 17, 23), (4, 1, 9), (1, 1, 1)])
@pytest.mark.parametrize("stages", [1, 4])
def test_any_image_fits(model: type[Supervised], shape: tuple[int, ...], stages: int) -> None:
    module = build(model, shape, 3, model__stages=stages).eval()
    assert module(torch.randn(2, *shape)).shape == (2, 3)


@pytest.mark.parametrize(
    ("model", "options"),
    [
        *((CNN, {"model__shrink": shrink, "model__pool": "flatten"}) for shrink in ("max", "average", "stride")),
        *((CNN, {"model__pool": pool, "model__stride": 3, "dropconnect": 0.5}) for pool in ("average", "max")),
        *((CNN, {"model__norm": norm, "model__kernel": 5}) for norm in ("none", "batch", "layer", "group")),
        *((ResNet, {"model__block": block}) for block in ("postactivation", "preactivation", "bottleneck")),
        *((ResNet, {"model__block": b, "model__shortcut": "padding"}) for b in ("preactivation", "bottleneck")),
        (ResNet, {"drop_path": 0.5, "model__norm": "none", "model__depth": 2}),
        (Inception, {"model__factorise": True, "model__norm": "layer", "model__depth": 2}),
        (DenseNet, {"model__bottleneck": True, "layer_dropout": 0.2, "model__norm": "group"}),
    ],
    ids=str,
)  # fmt: skip
def test_gradients_reach_every_parameter(model: type[Supervised], options: dict[str, Any]) -> None:
    module = build(model, (2, 12, 10), 5, **options).train()
    outputs = module(torch.randn(16, 2, 12, 10))
    nn.functional.cross_entropy(outputs, torch.arange(16) % 5).backward()
    still = [name for name, p in module.named_parameters() if p.grad is None or not p.grad.abs().sum()]
    assert not still


def test_resnets_of_cifar_have_the_published_sizes() -> None:
    """He et al. 2016a, table 6: 0.27 M, 0.46 M, 0.66 M, 0.85 M, 1.7 M parameters for 20, 32, 44, 56, 110 layers."""
    sizes = {
        6 * n + 2: size(build(ResNet, (3, 32, 32), model__depth=n, model__shortcut="padding"))
        for n in (3, 5, 7, 9, 18)
    }
    assert sizes[20] == 269_722
    assert {layers: round(n / 1e6, 2) for layers, n in sizes.items()} == {
        20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.73,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "millions"),
    [
        ({"model__depth": 12, "model__growth": 12, "model__width": 16, "model__compression": 1.0}, 1.0),
        ({"model__depth": 16, "model__growth": 12, "model__bottleneck": True}, 0.8),
    ],
)
def test_densenets_of_cifar_have_the_published_sizes(options: dict[str, Any], millions: float) -> None:
    """Huang et al. 2017, table 2: DenseNet (L = 40, k = 12) and DenseNet-BC (L = 100, k = 12)."""
    module = build(DenseNet, (3, 32, 32), model__stages=3, **options)
    assert round(size(module) / 1e6, 1) == millions
    layers = [m for m in module.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == {1.0: 40, 0.8: 100}[millions]


def test_inception_3a_has_the_published_size() -> None:
    """Szegedy et al. 2015, table 1: 192 channels in, 64 + 128 + 32 + 32 out, 96 and 16 inside; 159 K weights."""
    from trainables.neural.inception import inception_module

    assert shares(256) == (64, 128, 32, 32)
    options = {**Inception.architecture, "model.reduce": 0.75}
    weights = [m.weight for m in inception_module(192, 256, options).modules() if isinstance(m, nn.Conv2d)]
    exact = 192 * 64 + 192 * 96 + 9 * 96 * 128 + 192 * 24 + 25 * 24 * 32 + 192 * 32
    assert sum(weight.numel() for weight in weights) == exact
    # the paper reduces to 16 before 5 x 5, half of what follows, and to 96 before 3 x 3, three quarters
    assert exact - 8 * (192 + 25 * 32) == 159.5 * 1024


@pytest.mark.parametrize("outputs", [*range(8, 40), 100])
def test_an_inception_module_gives_what_was_asked(outputs: int) -> None:
    assert sum(shares(outputs)) == outputs
    assert min(shares(outputs)) >= 1


def test_maps_stop_shrinking_at_two_pixels() -> None:
    assert shrinking(8, 8, 5, 2) == [1, 2, 2, 1, 1]
    assert shrinking(32, 32, 3, 4) == [1, 4, 4]
    assert shrinking(28, 28, 4, 2) == [1, 2, 2, 2]
    assert shrinking(3, 100, 3, 2) == [1, 1, 1]
    assert shrinking(8, 8, 3, 1) == [1, 1, 1]


@pytest.mark.parametrize("side", range(2, 40))
@pytest.mark.parametrize("shrink", ["max", "average", "stride"])
def test_flatten_counts_the_pixels_of_the_last_map(side: int, shrink: str) -> None:
    shape = (1, side, side + 3)
    module = build(CNN, shape, model__stages=3, model__pool="flatten", model__width=4, model__shrink=shrink)
    assert module.eval()(torch.randn(1, *shape)).shape == (1, 10)


def test_a_residual_block_that_learns_nothing_passes_x_on() -> None:
    x = torch.randn(4, 3, 5, 5)
    nothing = nn.Conv2d(3, 3, 1)
    for parameter in nothing.parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(Residual(nothing, nn.Identity(), nn.Identity())(x), x)


def test_a_skipped_block_is_made_up_for_by_those_that_are_kept() -> None:
    """In training the mean over draws is the sum that evaluation takes; five deviations of a binomial."""
    torch.manual_seed(0)
    block = Residual(nn.Identity(), nn.Identity(), nn.Identity(), drop=0.25)
    out = block.train()(torch.ones(100_000, 1, 1, 1))
    assert out.unique().tolist() == [1.0, pytest.approx(1 + 4 / 3)]
    assert float(out.mean()) == pytest.approx(2.0, abs=5 * (4 / 3) * (0.25 * 0.75 / 100_000) ** 0.5)
    assert torch.equal(block.eval()(torch.ones(2, 1, 1, 1)), torch.full((2, 1, 1, 1), 2.0))


def test_the_shortcut_without_weights_cuts_pixels_and_adds_channels() -> None:
    x = torch.arange(32.0).reshape(1, 2, 4, 4)
    out: Tensor = CutAndPad(2, 2)(x)
    assert out.shape == (1, 4, 2, 2)
    assert torch.equal(out[:, 1:3], x[:, :, ::2, ::2])
    assert not out[:, 0].any()
    assert not out[:, 3].any()


def test_a_dense_block_keeps_what_came_in() -> None:
    from trainables.neural.densenet import dense_layer

    x = torch.randn(2, 6, 4, 4)
    out = dense_layer(6, DenseNet.architecture)(x)
    assert out.shape == (2, 6 + DenseNet.architecture["model.growth"], 4, 4)
    assert torch.equal(out[:, :6], x)


@pytest.mark.parametrize(
    ("name", "config", "rule"),
    [
        ("cnn", {"model": {"kernel": 4}}, "cnn: model.kernel is odd and at least 1 .*, not 4"),
        ("cnn", {"model": {"depth": 0}}, "cnn: model.depth is at least 1, not 0"),
        ("cnn", {"model": {"stride": 0}}, "cnn: model.stride is at least 1, not 0"),
        ("cnn", {"model": {"growth": 0.5}}, "cnn: model.growth is at least 1, not 0.5"),
        ("cnn", {"model": {"shrink": "strided"}}, "no model.shrink 'strided'; did you mean stride"),
        ("cnn", {"model": {"pool": "flat"}}, "no model.pool 'flat'; did you mean flatten"),
        ("cnn", {"model": {"norm": "bach"}}, "no norm 'bach'; did you mean batch"),
        ("cnn", {"dropout": 1.0}, "dropout is at least 0 and below 1, not 1.0"),
        ("cnn", {"dropconnect": -0.1}, "dropconnect is at least 0 and below 1, not -0.1"),
        ("resnet", {"model": {"block": "pre"}}, "no model.block 'pre'"),
        ("resnet", {"drop_path": 1.0}, "drop_path is at least 0 and below 1, not 1.0"),
        ("inception", {"model": {"width": 4}}, "model.width is at least 8"),
        ("inception", {"model": {"reduce": 0.0}}, "model.reduce is above 0 and at most 1, not 0.0"),
        ("densenet", {"model": {"compression": 1.5}}, "model.compression is above 0 and at most 1, not 1.5"),
        ("densenet", {"layer_dropout": 1.0}, "layer_dropout is at least 0 and below 1, not 1.0"),
    ],
)
def test_wrong_options(name: str, config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        Host(resolve(name)).start({"data": "digits", **config}, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cnn", "resnet", "inception", "densenet"])
def test_at_their_defaults_they_read_digits(name: str) -> None:
    host = Host(resolve(name))
    host.start({"data": "digits"}, seed=0)
    assert max((host.advance() or {})["val/accuracy"] for _ in range(12)) >= 0.975
