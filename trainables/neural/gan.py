"""The generative adversarial network: one network makes images, another one tells them from real ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from trainables.base import Declaration
from trainables.data.dataset import Dataset
from trainables.errors import TrainableError
from trainables.neural.generative import Generative, GenerativeTraining

__all__ = ["GAN"]

SPACE: dict[str, Any] = {
    "loss": {"values": ["non_saturating", "hinge", "wasserstein"]},
    "gradient_penalty": {"min": 0.3, "max": 10.0, "distribution": "log_uniform_values"},
    "model": {
        "architecture": {"values": ["conv", "mlp"]},
        "latent": {"values": [8, 16, 32, 64]},
        "width": {"min": 16, "max": 64, "step": 16},
        "depth": {"min": 1, "max": 2},
        "norm": {"values": ["none", "batch", "layer"]},
        "discriminator_norm": {"values": ["none", "layer", "spectral"]},
    },
    "discriminator_steps": {"min": 1, "max": 3},
    "discriminator_lr": {"min": 0.25, "max": 4.0, "distribution": "log_uniform_values"},
    "lr": {"min": 2e-4, "max": 5e-3, "distribution": "log_uniform_values"},
    "beta1": {"values": [0.0, 0.5, 0.9]},
    "batch_size": {"values": [32, 64, 128]},
    "ema": {"values": [0.0, 0.9, 0.99]},
}


class GAN(Generative):
    """A generative adversarial network of images (Goodfellow et al. 2014); a step is an epoch.

    Options, in brackets their defaults: ``loss`` (non_saturating; hinge, Lim and Ye 2017; wasserstein, Arjovsky et al.
    2017); ``gradient_penalty`` (3), its weight: for wasserstein that of Gulrajani et al. 2017, for the others that of
    Mescheder et al. 2018 at real images (R1), 0 = none; ``model.architecture`` (conv; mlp) of both networks, which
    mirror each other; ``model.latent`` (32), numbers that an image is made of; ``model.width`` (32), channels at the
    images (each layer further away has twice as many), of an mlp units of each layer; ``model.depth`` (2), layers, each
    halving height and width of a conv; ``model.norm`` (batch; layer, group, spectral, none) of the generator and
    ``model.discriminator_norm`` (none; layer, group, spectral, batch); ``activation`` (relu) and
    ``discriminator_activation`` (leaky_relu); ``discriminator_steps`` (1), updates of the discriminator for one of the
    generator; ``discriminator_lr`` (1), its learning rate in those of the generator (Heusel et al. 2017); ``samples``
    (1000), images that the generator is judged by after each epoch, fewer make the metrics noisier. Training options:
    `generative.GENERATIVE_TRAINING`, with defaults of its own for lr (2e-3), beta1 (0.5) and ema (0.98).

    The metric is the kernel distance to the validation images (see `image_samples` for what it can and cannot say).
    Metrics: see `adversarial.AdversarialTraining.epoch`.
    """

    name = "gan"
    architecture: ClassVar[Mapping[str, Any]] = {
        "loss": "non_saturating",
        "gradient_penalty": 3.0,
        "model.architecture": "conv",
        "model.latent": 32,
        "model.width": 32,
        "model.depth": 2,
        "model.norm": "batch",
        "model.discriminator_norm": "none",
        "activation": "relu",
        "discriminator_activation": "leaky_relu",
        "discriminator_steps": 1,
        "discriminator_lr": 1.0,
        "samples": 1000,
        "lr": 2e-3,
        "beta1": 0.5,
        "ema": 0.98,
    }
    declared = Declaration(
        metric="val/kernel_distance",
        goal="minimize",
        step_unit="epoch",
        max_steps=81,
        parameters=SPACE,
        data="digits",
        clocked=("examples_per_second",),
    )

    def train(
        self, dataset: Dataset, options: Mapping[str, Any], *, seed: int, device: str
    ) -> GenerativeTraining:
        """Both networks with their training.

        Raises:
            TrainableError: an option out of its range.
        """
        from trainables.neural.adversarial import AdversarialTraining

        for option, low in (
            ("model.latent", 1),
            ("discriminator_steps", 1),
            ("gradient_penalty", 0),
            ("samples", 2),
        ):
            if not low <= options[option] < float("inf"):
                raise TrainableError(f"gan: {option} is at least {low}, not {options[option]}")
        if not 0 < options["discriminator_lr"] < float("inf"):
            raise TrainableError(f"gan: discriminator_lr is above 0, not {options['discriminator_lr']}")
        return AdversarialTraining(dataset, options, seed=seed, device=device)
