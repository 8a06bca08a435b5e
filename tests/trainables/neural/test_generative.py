"""VAE and GAN: the contract, their closed forms, what they beat, and what they need of their data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, distributions, nn
from torch.nn import functional

from contracts.trainable import Case, LearnerContract
from trainables import CheckpointError, DataError, Host, TrainableError, resolve
from trainables.data import load
from trainables.neural.adversarial import discriminator_loss, generator_loss, gradient_penalty
from trainables.neural.generative import pixels
from trainables.neural.image_samples import judge_of
from trainables.neural.variational import Autoencoder, divergence

SMALL = {"data": {"source": "digits", "limit": 160}}
DIVERGING = {"optimizer": "sgd", "lr": 1e30}
MADE = {"architecture": "conv", "width": 4, "depth": 2, "norm": "batch", "activation": "relu"}


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def images(limit: int = 0) -> tuple[Any, Tensor, Tensor]:
    """Digits as a generative model sees them: the data set, training and validation images."""
    section = {"source": "digits", "task": "generation", "scaling": "none", "limit": limit}
    dataset = pixels(load(section, "images"))
    return dataset, torch.tensor(dataset.train_x), torch.tensor(dataset.valid_x)


def independent_pixels(limit: int) -> float:
    """The negative log likelihood of a validation image where each pixel has its training mean: no code at all."""
    _, train, valid = images(limit)
    means = train.mean(dim=0, keepdim=True).clamp(1e-3, 1 - 1e-3).expand_as(valid)
    return float(functional.binary_cross_entropy(means, valid, reduction="sum") / len(valid))


def lifeless(limit: int) -> dict[str, dict[str, float]]:
    """What the judge says of images that need no learning."""
    dataset, train, _ = images(limit)
    judge = judge_of(dataset)
    generator = torch.Generator().manual_seed(0)
    draws = torch.randint(len(train), (1000, *train.shape[1:]), generator=generator)
    shuffled = train.gather(0, draws)
    mean = train.mean(dim=0, keepdim=True).expand(1000, -1, -1, -1)
    return {"mean image": judge.scores(mean), "independent pixels": judge.scores(shuffled)}


@pytest.fixture(scope="module")
def trivial() -> dict[str, float]:
    """Of each model's metric, the best that something without learning reaches."""
    scores = lifeless(160).values()
    return {"vae": independent_pixels(160), "gan": min(each["val/kernel_distance"] for each in scores)}


VAE = Case(
    "vae",
    SMALL,
    steps=5,
    diverging=DIVERGING,
    seeded=True,
    learning={"batch_size": 16},
    budget=25,
    beats=0.015,  # 160 images do not teach much, and of the bound most is the entropy of grey pixels
)
GAN = Case(
    "gan",
    {**SMALL, "samples": 200},
    steps=5,
    diverging={**DIVERGING, "gradient_penalty": 1.0},
    seeded=True,
    learning={"batch_size": 16},
    budget=25,
    beats=0.7,
)


class TestGenerative(LearnerContract):
    """Both under the contract of what learns."""

    @pytest.fixture(params=[VAE, GAN], ids=str)
    def case(self, request: pytest.FixtureRequest, trivial: dict[str, float]) -> Case:
        case: Case = request.param
        return replace(case, trivial=trivial[str(case)])


def start(name: str, config: dict[str, Any], **more: Any) -> Host:
    host = Host(resolve(name))
    host.start({**SMALL, **config}, **{"seed": 0, **more})
    return host


@pytest.mark.parametrize(
    ("name", "config", "rule"),
    [
        ("vae", {"model": {"latent": 0}}, "model.latent is at least 1, not 0"),
        ("vae", {"model": {"likelihood": "gausian"}}, "did you mean gaussian"),
        ("vae", {"model": {"beta": -1.0}}, "model.beta is at least 0, not -1.0"),
        ("vae", {"model": {"architecture": "cnn"}}, "no model.architecture 'cnn'"),
        ("vae", {"model": {"depth": 0}}, "at least 1, not 32 and 0"),
        ("vae", {"mixup": 0.2}, "vae has no option 'mixup'"),
        ("vae", {"optimizer": "lbfgs"}, "lbfgs compares losses along a line"),
        ("gan", {"loss": "hing"}, "no loss 'hing'; did you mean hinge"),
        ("gan", {"gradient_penalty": -1.0}, "gradient_penalty is at least 0"),
        ("gan", {"discriminator_steps": 0}, "discriminator_steps is at least 1, not 0"),
        ("gan", {"discriminator_lr": 0.0}, "discriminator_lr is above 0"),
        ("gan", {"lr": -1.0}, "gan: lr is at least 0, not -1.0"),
        ("gan", {"model": {"norm": "instance"}}, "no model.norm 'instance'"),
    ],
)
def test_wrong_options(name: str, config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=rule):
        start(name, config)


@pytest.mark.parametrize("name", ["vae", "gan"])
def test_data_that_cannot_be_used(name: str) -> None:
    with pytest.raises(DataError, match=r"data.scaling: .* 'zscore' is not possible"):
        resolve(name).declaration({"source": "digits", "scaling": "zscore"})
    with pytest.raises(DataError, match=f"{name} reads images"):
        resolve(name).declaration({"source": "wine"})


def test_pixels_are_brought_within_bounds_by_one_map() -> None:
    dataset, train, _ = images()
    assert pixels(dataset).train_x is dataset.train_x, "nothing is copied that fits"
    far = replace(dataset, train_x=100 * dataset.train_x - 7, valid_x=200 * dataset.valid_x - 7)
    back = pixels(far)
    torch.testing.assert_close(torch.tensor(back.train_x), train / train.max())
    assert back.valid_x.min() == 0
    assert back.valid_x.max() == 1, "a brighter validation pixel is clipped"
    flat = pixels(replace(dataset, train_x=np.full_like(dataset.train_x, 9.0)))
    assert np.isfinite(flat.train_x).all()


def test_the_divergence_is_torchs() -> None:
    generator = torch.Generator().manual_seed(0)
    means, log_variances = torch.randn(2, 50, 7, generator=generator).double()
    code = distributions.Normal(means, (log_variances / 2).exp())
    expected = distributions.kl_divergence(code, distributions.Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(divergence(means, log_variances), expected)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_the_bound_is_that_of_torchs_distributions(likelihood: str) -> None:
    torch.manual_seed(0)
    network = Autoencoder((2, 7, 5), 3, likelihood, MADE).eval()
    batch, noise = torch.rand(6, 2, 7, 5).round(), torch.randn(6, 3)
    if network.log_scale is not None:
        with torch.no_grad():
            network.log_scale.fill_(-0.7)
    means, log_variances = network.encode(batch)
    decoded = network.decoder(means + (log_variances / 2).exp() * noise)
    pixel = (
        distributions.Bernoulli(logits=decoded)
        if likelihood == "bernoulli"
        else distributions.Normal(decoded, math.exp(-0.7))
    )
    bound = network(batch, noise)
    torch.testing.assert_close(bound.reconstruction, -pixel.log_prob(batch).sum(dim=(1, 2, 3)))
    torch.testing.assert_close(bound.divergence, divergence(means, log_variances))


def test_the_metric_does_not_depend_on_the_weight_of_the_divergence() -> None:
    """val/loss is the bound itself; with the rate at 0 nothing but beta differs."""
    rows = [start("vae", {"lr": 0.0, "model": {"beta": beta}}).advance() or {} for beta in (0.1, 4.0)]
    assert rows[0]["val/loss"] == rows[1]["val/loss"]
    assert rows[0]["train/loss"] < rows[1]["train/loss"]
    for row in rows:
        assert row["val/loss"] == pytest.approx(row["val/reconstruction"] + row["val/kl"])


def test_a_warm_up_raises_the_weight_of_the_divergence() -> None:
    def losses(beta: float, warmup: int) -> list[float]:
        host = start(
            "vae",
            {"lr": 0.0, "batch_size": 0, "model": {"beta": beta, "beta_warmup": warmup, "norm": "none"}},
        )
        return [(host.advance() or {})["train/loss"] for _ in range(4)]

    without, full, rising = losses(0.0, 0), losses(1.0, 0), losses(1.0, 2)
    shares = [(r - w) / (f - w) for r, w, f in zip(rising, without, full, strict=True)]
    assert shares == pytest.approx([1 / 3, 2 / 3, 1.0, 1.0], abs=1e-3)


def test_a_gaussian_autoencoder_learns_its_deviation() -> None:
    host = start("vae", {"model": {"likelihood": "gaussian"}, "batch_size": 16})
    rows = [host.advance() or {} for _ in range(15)]
    pixels_of_an_image = 64
    # a deviation that stayed at 1 could not come below its constant
    assert (
        rows[-1]["val/reconstruction"]
        < 0.5 * math.log(2 * math.pi) * pixels_of_an_image
        < rows[0]["val/loss"]
    )


@pytest.mark.parametrize("kind", ["non_saturating", "hinge", "wasserstein"])
def test_the_losses_of_a_game(kind: str) -> None:
    real, made = torch.tensor([[2.0], [0.3]]), torch.tensor([[-1.5], [0.4]])
    loss, other = discriminator_loss(kind, real, made), generator_loss(kind, made)
    if kind == "non_saturating":
        one, zero = torch.ones(2, 1), torch.zeros(2, 1)
        entropy = functional.binary_cross_entropy_with_logits
        torch.testing.assert_close(loss, entropy(real, one) + entropy(made, zero))
        torch.testing.assert_close(other, entropy(made, one))
    else:
        assert float(other) == pytest.approx(0.55)
        assert float(loss) == pytest.approx({"hinge": 0.35 + 0.7, "wasserstein": -0.55 - 1.15}[kind])


def test_gradient_penalties_of_a_linear_discriminator() -> None:
    """Its gradient is its weights, wherever one looks."""
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))
    with torch.no_grad():
        discriminator[1].weight.copy_(torch.tensor([[3.0, 0.0, 4.0, 0.0]]))
    real, made = torch.rand(2, 5, 1, 2, 2)
    for kind, expected in (("wasserstein", 16.0), ("hinge", 12.5), ("non_saturating", 12.5)):
        penalty = gradient_penalty(kind, discriminator, real, made)
        assert float(penalty.detach()) == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["non_saturating", "hinge", "wasserstein"])
def test_a_game_under_every_loss_moves_both_players(loss: str) -> None:
    host = start("gan", {"loss": loss, "discriminator_steps": 2, "batch_size": 16})
    first, second = host.advance() or {}, host.advance() or {}
    for name in ("val/kernel_distance", "train/discriminator_loss", "train/generator_loss", "grad_norm"):
        assert math.isfinite(second[name])
        assert first[name] != second[name], name
    assert first["val/classifier_accuracy"] == second["val/classifier_accuracy"] > 0.8


def test_a_generator_that_waits_for_its_opponent_over_epochs() -> None:
    """With more steps of the discriminator than batches there are epochs without an update of the generator."""
    host = start("gan", {"discriminator_steps": 5, "batch_size": 64, "ema": 0.0})
    rows = [host.advance() or {} for _ in range(3)]
    assert math.isnan(rows[0]["train/generator_loss"])
    assert math.isfinite(rows[1]["train/generator_loss"])
    assert all(math.isfinite(row["val/kernel_distance"]) for row in rows)


@pytest.mark.slow
def test_an_autoencoder_knows_digits_by_their_codes() -> None:
    _, train, valid = images()
    entropy = float(functional.binary_cross_entropy(valid, valid, reduction="sum") / len(valid))
    host = Host(resolve("vae"))
    host.start({"data": "digits"}, seed=0)
    rows = [host.advance() or {} for _ in range(27)]
    # what no model can save is the entropy of the grey values
    assert rows[-1]["val/loss"] - entropy < 0.88 * (independent_pixels(0) - entropy)
    assert rows[-1]["val/mse"] < 0.6 * float((valid - train.mean(dim=0)).square().mean())
    assert rows[-1]["val/active_units"] >= 3


@pytest.mark.slow
def test_a_gan_makes_digits_by_every_score() -> None:
    nothing = lifeless(0)
    host = Host(resolve("gan"))
    host.start({"data": "digits"}, seed=0)
    rows = [host.advance() or {} for _ in range(25)]
    least = min(rows, key=lambda row: row["val/kernel_distance"])
    for scores in nothing.values():
        assert least["val/kernel_distance"] < 0.1 * scores["val/kernel_distance"]
        assert least["val/frechet_distance"] < 0.3 * scores["val/frechet_distance"]
        assert least["val/class_score"] > 1.2 * scores["val/class_score"]
    assert least["val/class_score"] > 6


@pytest.mark.parametrize(
    ("name", "files"), [("gan", {"samples.png"}), ("vae", {"samples.png", "reconstructions.png"})]
)
def test_pictures(name: str, files: set[str], tmp_path: Path) -> None:
    host = start(name, {})
    host.advance()
    host.draw(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == files
    for file in files:
        picture = np.asarray(Image.open(tmp_path / file).convert("L"))
        assert picture.std() > 0


def test_a_checkpoint_of_another_network(tmp_path: Path) -> None:
    for name in ("vae", "gan"):
        (tmp_path / name).mkdir()
        host = start(name, {})
        host.save(tmp_path / name)
        with pytest.raises(CheckpointError, match="size mismatch"):
            start(name, {"model": {"width": 8}}, checkpoint=tmp_path / name)


def test_it_ends_by_itself() -> None:
    host = start("vae", {"epochs": 1})
    assert host.advance() is not None
    assert host.advance() is None


@pytest.mark.parametrize("name", ["vae", "gan"])
def test_a_schedule_is_as_long_as_the_training_and_the_baseline_is_told(name: str) -> None:
    declared = resolve(name).declaration(None)
    assert declared.length == "schedule_epochs"
    assert declared.defaults["schedule_epochs"] == declared.max_steps
    assert declared.defaults["model.latent"] == resolve(name).target.architecture["model.latent"]


@pytest.mark.parametrize("name", ["vae", "gan"])
def test_images_that_cannot_be_split_as_asked_are_refused_before_a_trial(name: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "grey.npz", x=np.zeros((20, 8, 8, 1), np.uint8))
    with pytest.raises(DataError, match=r"data\.split\.valid: .* leaves none for validation; raise it"):
        resolve(name).declaration({"source": str(tmp_path / "grey.npz"), "split": {"valid": 0.01}})
