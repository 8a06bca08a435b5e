"""The variational autoencoder (Kingma and Welling 2014): its bound, and its training."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.data.dataset import Dataset
from trainables.errors import TrainableError, nearest
from trainables.neural.architecture import LIKELIHOODS
from trainables.neural.checkpoint import loading, write_state
from trainables.neural.determinism import deterministic
from trainables.neural.examples import Examples, batch_sizes
from trainables.neural.image_networks import from_images, to_images
from trainables.neural.player import Player
from trainables.neural.randomness import OwnRandomness
from trainables.pictures import draw_grid

__all__ = ["Autoencoder", "Bound", "VariationalTraining", "divergence"]

SMALLEST_LOG_SCALE = -6.0  # of a gaussian pixel: a density may grow without bound on pixels that never change
ACTIVE = 0.01  # variance of a latent unit's mean above which it is in use (Burda et al. 2016, section 2)
PICTURES = 64


class Bound(NamedTuple):
    """The two parts of the negative evidence lower bound, in nats, (rows,) each; their sum is the bound."""

    reconstruction: Tensor
    divergence: Tensor


class Autoencoder(nn.Module):
    """Encoder, decoder, and the likelihood of an image's pixels given its code.

    Args:
        shape: (channels, height, width) of the images, whose pixels are within 0 .. 1.
        latent: numbers of a code, at least 1.
        likelihood: "bernoulli": a pixel's value is taken for a probability; "gaussian": with one deviation for all
            pixels, which is learnt (Rybkin et al. 2021).
        made: architecture, width, depth, norm and activation, as `image_networks` takes them.

    Raises:
        TrainableError: an unknown name, or a size below 1.
    """

    def __init__(self, shape: tuple[int, ...], latent: int, likelihood: str, made: Mapping[str, Any]) -> None:
        super().__init__()
        if likelihood not in LIKELIHOODS:
            raise TrainableError(
                f"there is no model.likelihood {likelihood!r}; {nearest(likelihood, LIKELIHOODS)}"
            )
        if latent < 1:
            raise TrainableError(f"model.latent is at least 1, not {latent}")
        self.latent = latent
        self.encoder = from_images(outputs=2 * latent, shape=shape, **made)
        self.decoder = to_images(inputs=latent, shape=shape, **made)
        self.log_scale = nn.Parameter(torch.zeros(())) if likelihood == "gaussian" else None

    def forward(self, images: Tensor, noise: Tensor) -> Bound:
        """The bound of each image, estimated with one code: the mean plus the deviation times `noise`."""
        means, log_variances = self.encode(images)
        decoded = self.decoder(means + (log_variances / 2).exp() * noise)
        if self.log_scale is None:
            losses = functional.binary_cross_entropy_with_logits(decoded, images, reduction="none")
        else:
            log_scale = self.log_scale.clamp(min=SMALLEST_LOG_SCALE)
            losses = (
                ((images - decoded) * (-log_scale).exp()) ** 2 / 2 + log_scale + math.log(2 * math.pi) / 2
            )
        return Bound(losses.flatten(1).sum(dim=1), divergence(means, log_variances))

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Means and logarithms of the variances of the images' codes, (rows, latent) each."""
        means, log_variances = self.encoder(images).chunk(2, dim=1)
        return means, log_variances

    def decode(self, codes: Tensor) -> Tensor:
        """The images (rows, channels, height, width) that codes (rows, latent) stand for: expected pixels."""
        decoded: Tensor = self.decoder(codes)
        return decoded.sigmoid() if self.log_scale is None else decoded.clamp(0, 1)


def divergence(means: Tensor, log_variances: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)) summed over the last dimension, in nats (Kingma and Welling, appendix B)."""
    return (means.square() + log_variances.exp() - log_variances - 1).sum(dim=-1) / 2


class VariationalTraining:
    """Trains one autoencoder on one set of images.

    Args:
        dataset: of view "images", pixels within 0 .. 1.
        options: of the model and of training, checked.
        seed: of the weights, the order of the rows, and the noise.
        device: "cpu", "cuda" or "cuda:N".

    Attributes:
        epochs: done so far.
    """

    def __init__(self, dataset: Dataset, options: Mapping[str, Any], *, seed: int, device: str) -> None:
        self.epochs = 0
        self._options = options
        place = torch.device(device)
        self._random = OwnRandomness(seed, place)
        self._train = Examples(dataset.train_x, dataset.train_y, place)
        self._valid = Examples(dataset.valid_x, dataset.valid_y, place)
        self._sizes = batch_sizes(len(self._train), options["batch_size"])
        names = ("architecture", "width", "depth", "norm", "activation")
        made = {name: options[f"model.{name}" if name != "activation" else name] for name in names}
        with self._random.lent():
            network = Autoencoder(dataset.shape, options["model.latent"], options["model.likelihood"], made)
            self._player = Player(network.to(place), options, len(self._sizes))
            # the same in every epoch: a change of the bound is then a change of the model
            self._valid_noise = torch.randn(len(self._valid), network.latent).to(place)
            self._codes = torch.randn(PICTURES, network.latent).to(place)

    def epoch(self) -> dict[str, float]:
        """Train on every image once, in a fresh order, and measure.

        Returns:
            "train/loss": mean over the epoch of what was minimised, with `beta` and its warm-up; of the validation
            images, per image: "val/loss", the negative bound (beta = 1, whatever `beta` is), "val/reconstruction"
            and "val/kl", its parts, in nats; "val/mse", squared error of a pixel of the image decoded from the mean
            code; "val/active_units", latent units in use; "lr", "grad_norm" (2-norm, last update),
            "examples_per_second" (trained).
        """
        with self._random.lent(), deterministic(self._options["deterministic"]):
            started = time.perf_counter()
            rate = self._player.rate
            total = self._fit()
            seconds = time.perf_counter() - started
            metrics = {"train/loss": total / len(self._train), **self._validate()}
            self.epochs += 1
            self._player.epoch(metrics["val/loss"])
        metrics |= {"lr": rate, "grad_norm": float(self._player.gradient_norm)}
        metrics["examples_per_second"] = len(self._train) / max(seconds, 1e-9)
        return metrics

    @torch.no_grad()
    def draw(self, directory: Path) -> None:
        """Write samples.png, decoded from random codes, and reconstructions.png: validation images, each row of them
        above a row of what comes back."""
        network = self._averaged()
        draw_grid(directory, "samples", network.decode(self._codes).cpu().numpy(), low=0.0, high=1.0)
        images = self._valid.x[: PICTURES // 2].to(self._codes.device)
        back = network.decode(network.encode(images)[0])
        pairs = [
            part for pair in zip(torch.split(images, 8), torch.split(back, 8), strict=True) for part in pair
        ]
        draw_grid(directory, "reconstructions", torch.cat(pairs).cpu().numpy(), low=0.0, high=1.0)

    def save(self, directory: Path) -> None:
        """Write weights, optimizer, schedule and generators."""
        write_state(
            directory,
            {"epochs": self.epochs, "player": self._player.state_dict(), "random": self._random.states},
        )

    def load(self, directory: Path) -> None:
        """Read what `save` wrote.

        Raises:
            CheckpointError: the file is missing, cut, or of another architecture.
        """
        with loading(directory) as state:
            self._player.load_state_dict(state["player"])
            self._random.states = list(state["random"])
            self.epochs = int(state["epochs"])

    def _fit(self) -> float:
        network = self._player.network.train()
        latent = self._options["model.latent"]
        weight = self._options["model.beta"] * min(
            1.0, (self.epochs + 1) / (self._options["model.beta_warmup"] + 1)
        )
        order = torch.randperm(len(self._train))
        total = torch.zeros((), device=self._train.device)
        for images, _ in self._train.shuffled(self._sizes, order):
            bound = network(images, torch.randn(len(images), latent, device=images.device))
            loss = (bound.reconstruction + weight * bound.divergence).mean()
            self._player.descend(loss)
            total += loss.detach() * len(images)
        return float(total)

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        network = self._averaged()
        sizes = batch_sizes(len(self._valid), 1024)
        bounds, means, errors = [], [], []
        for (images, _), noise in zip(
            self._valid.in_order(sizes), torch.split(self._valid_noise, sizes), strict=True
        ):
            bounds.append(network(images, noise))
            means.append(network.encode(images)[0])
            errors.append((network.decode(means[-1]) - images).square().flatten(1).mean(dim=1))
        reconstruction = float(torch.cat([bound.reconstruction for bound in bounds]).double().mean())
        kl = float(torch.cat([bound.divergence for bound in bounds]).double().mean())
        return {
            "val/loss": reconstruction + kl,
            "val/reconstruction": reconstruction,
            "val/kl": kl,
            "val/mse": float(torch.cat(errors).double().mean()),
            "val/active_units": float((torch.cat(means).var(dim=0) > ACTIVE).sum()),
        }

    def _averaged(self) -> Autoencoder:
        network = self._player.averaged.eval()
        assert isinstance(network, Autoencoder)
        return network
