"""The training of a generative adversarial network: two networks, each with a loss that the other one changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from trainables.data.dataset import Dataset
from trainables.errors import TrainableError, nearest
from trainables.neural.architecture import LOSSES
from trainables.neural.checkpoint import loading, write_state
from trainables.neural.determinism import deterministic
from trainables.neural.examples import Examples, batch_sizes
from trainables.neural.image_networks import from_images, to_images
from trainables.neural.image_samples import judge_of
from trainables.neural.player import Player
from trainables.neural.randomness import OwnRandomness
from trainables.pictures import draw_grid

__all__ = ["AdversarialTraining", "discriminator_loss", "generator_loss", "gradient_penalty"]

PICTURES = 64


class AdversarialTraining:
    """Trains a generator and a discriminator on one set of images.

    Args:
        dataset: of view "images", pixels within 0 .. 1; where it has classes, a classifier of them judges.
        options: of the model and of training, checked.
        seed: of the weights, the order of the rows, and the noise.
        device: "cpu", "cuda" or "cuda:N".

    Attributes:
        epochs: done so far.

    Raises:
        TrainableError: an unknown loss.
    """

    def __init__(self, dataset: Dataset, options: Mapping[str, Any], *, seed: int, device: str) -> None:
        if options["loss"] not in LOSSES:
            raise TrainableError(f"there is no loss {options['loss']!r}; {nearest(options['loss'], LOSSES)}")
        self.epochs = 0
        self._options = options
        self._judge = judge_of(dataset)
        place = torch.device(device)
        self._random = OwnRandomness(seed, place)
        self._train = Examples(dataset.train_x, dataset.train_y, place)
        self._sizes = batch_sizes(len(self._train), options["batch_size"])
        self._generated = 0  # batches since the generator's last update
        made = {"architecture": options["model.architecture"], "width": options["model.width"]}
        made |= {"depth": options["model.depth"], "shape": dataset.shape}
        with self._random.lent():
            generator = to_images(
                inputs=options["model.latent"],
                norm=options["model.norm"],
                activation=options["activation"],
                **made,
            ).append(nn.Sigmoid())
            discriminator = from_images(
                outputs=1,
                norm=options["model.discriminator_norm"],
                activation=options["discriminator_activation"],
                **made,
            )
            updates = max(1, len(self._sizes) // options["discriminator_steps"])
            self._generator = Player(generator.to(place), options, updates)
            faster = {**options, "lr": options["lr"] * options["discriminator_lr"], "ema": 0.0}
            self._discriminator = Player(discriminator.to(place), faster, len(self._sizes))
            # the same in every epoch: a change of the distance is then a change of the generator
            self._codes = self._noise(max(options["samples"], PICTURES))

    def epoch(self) -> dict[str, float]:
        """Show the discriminator every image once, in a fresh order, and measure.

        Returns:
            of `samples` generated images and the validation images: "val/kernel_distance", "val/frechet_distance" and,
            where the images have classes, "val/class_score" and "val/classifier_accuracy", which says what the judge
            is worth and never changes (`image_samples`); "train/discriminator_loss" (with its penalty) and
            "train/generator_loss", means over the epoch; "train/discriminator_accuracy", share of real and generated
            training images told apart; "lr", "grad_norm" and "discriminator_grad_norm" (2-norms, last updates),
            "examples_per_second" (real ones).
        """
        with self._random.lent(), deterministic(self._options["deterministic"]):
            started = time.perf_counter()
            rate = self._generator.rate
            metrics = self._fit()
            seconds = time.perf_counter() - started
            metrics |= self._judge.scores(self._samples(self._options["samples"]))
            self.epochs += 1
            for player in (self._generator, self._discriminator):
                player.epoch(metrics["val/kernel_distance"])
        metrics |= {
            "lr": rate,
            "grad_norm": float(self._generator.gradient_norm),
            "discriminator_grad_norm": float(self._discriminator.gradient_norm),
            "examples_per_second": len(self._train) / max(seconds, 1e-9),
        }
        return metrics

    def draw(self, directory: Path) -> None:
        """Write samples.png: images of the same codes every time."""
        draw_grid(directory, "samples", self._samples(PICTURES).numpy(), low=0.0, high=1.0)

    def save(self, directory: Path) -> None:
        """Write both networks, their optimizers and schedules, and the generators of random numbers."""
        state = {
            "epochs": self.epochs,
            "generated": self._generated,
            "generator": self._generator.state_dict(),
            "discriminator": self._discriminator.state_dict(),
            "random": self._random.states,
        }
        write_state(directory, state)

    def load(self, directory: Path) -> None:
        """Read what `save` wrote.

        Raises:
            CheckpointError: the file is missing, cut, or of another architecture.
        """
        with loading(directory) as state:
            self._generator.load_state_dict(state["generator"])
            self._discriminator.load_state_dict(state["discriminator"])
            self._random.states = list(state["random"])
            self._generated, self.epochs = int(state["generated"]), int(state["epochs"])

    def _fit(self) -> dict[str, float]:
        generator = self._generator.network.train()
        discriminator = self._discriminator.network.train()
        kind, weight = self._options["loss"], self._options["gradient_penalty"]
        place = self._train.device
        total, right = torch.zeros((), device=place), torch.zeros((), device=place)
        generator_total, updates = torch.zeros((), device=place), 0
        for real, _ in self._train.shuffled(self._sizes, torch.randperm(len(self._train))):
            with torch.no_grad():
                made = generator(self._noise(len(real)))
            said_real, said_made = discriminator(real), discriminator(made)
            loss = discriminator_loss(kind, said_real, said_made)
            if weight:
                loss = loss + weight * gradient_penalty(kind, discriminator, real, made)
            self._discriminator.descend(loss)
            total += loss.detach() * len(real)
            right += ((said_real > 0).sum() + (said_made < 0).sum()).detach() / 2
            self._generated += 1
            if self._generated == self._options["discriminator_steps"]:
                self._generated = 0
                loss = generator_loss(kind, discriminator(generator(self._noise(len(real)))))
                self._generator.descend(loss)
                generator_total += loss.detach()
                updates += 1
        return {
            "train/discriminator_loss": float(total) / len(self._train),
            "train/generator_loss": float(generator_total) / updates if updates else float("nan"),
            "train/discriminator_accuracy": float(right) / len(self._train),
        }

    @torch.no_grad()
    def _samples(self, count: int) -> Tensor:
        """Images of the first codes, on the CPU."""
        samples: Tensor = self._generator.averaged.eval()(self._codes[:count])
        return samples.cpu()

    def _noise(self, rows: int) -> Tensor:
        return torch.randn(rows, self._options["model.latent"], device=self._train.device)


def discriminator_loss(kind: str, real: Tensor, made: Tensor) -> Tensor:
    """What the discriminator minimises, given what it says of real and of generated images, (rows, 1) each."""
    if kind == "non_saturating":  # cross entropy of the logits (Goodfellow et al. 2014, equation 1)
        return functional.softplus(-real).mean() + functional.softplus(made).mean()
    if kind == "hinge":
        return functional.relu(1 - real).mean() + functional.relu(1 + made).mean()
    return made.mean() - real.mean()


def generator_loss(kind: str, made: Tensor) -> Tensor:
    """What the generator minimises, given what the discriminator says of its images, (rows, 1)."""
    if kind == "non_saturating":  # -log D rather than log(1 - D), whose gradient vanishes (section 3)
        return functional.softplus(-made).mean()
    return -made.mean()


def gradient_penalty(kind: str, discriminator: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """How steep the discriminator is: for wasserstein, the mean squared departure of the gradient's norm from 1 at
    random points between real and generated images (Gulrajani et al. 2017, equation 3); for the others, half of the
    mean squared norm at the real images (Mescheder et al. 2018, equation 9)."""
    if kind == "wasserstein":
        where = torch.lerp(real, made, torch.rand(len(real), 1, 1, 1, device=real.device))
    else:
        where = real
    where = where.detach().requires_grad_()
    (slope,) = torch.autograd.grad(discriminator(where).sum(), where, create_graph=True)
    squares = slope.flatten(1).square().sum(dim=1)
    if kind == "wasserstein":
        return ((squares + 1e-12).sqrt() - 1).square().mean()
    return squares.mean() / 2
