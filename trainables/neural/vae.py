"""The variational autoencoder: codes for images, and images for codes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from trainables.base import Declaration
from trainables.data.dataset import Dataset
from trainables.errors import TrainableError
from trainables.neural.generative import Generative, GenerativeTraining

__all__ = ["VAE"]

SPACE: dict[str, Any] = {
    "model": {
        "architecture": {"values": ["conv", "mlp"]},
        "latent": {"values": [4, 8, 16, 32, 64]},
        "width": {"min": 16, "max": 64, "step": 16},
        "depth": {"min": 1, "max": 3},
        "norm": {"values": ["none", "batch", "layer"]},
        "beta": {"min": 0.25, "max": 2.0, "distribution": "log_uniform_values"},
        "beta_warmup": {"values": [0, 5, 10]},
    },
    "activation": {"values": ["relu", "gelu", "silu"]},
    "lr": {"min": 1e-4, "max": 1e-2, "distribution": "log_uniform_values"},
    "batch_size": {"values": [32, 64, 128]},
}


class VAE(Generative):
    """A variational autoencoder of images (Kingma and Welling 2014); a step is an epoch.

    Options, in brackets their defaults: ``model.architecture`` (conv; mlp) of encoder and decoder, which mirror each
    other; ``model.width`` (32), channels of the first layer (each further one has twice as many), of an mlp units of
    each; ``model.depth`` (2), layers, each halving height and width of a conv; ``model.norm`` (batch; none, layer,
    group, spectral) and ``activation`` (relu) after each; ``model.latent`` (16), numbers of a code;
    ``model.likelihood`` (bernoulli; gaussian: one learnt deviation) of a pixel: bounds under different ones do not
    compare; ``model.beta`` (1), weight of the KL divergence in what is minimised (Higgins et al. 2017), and
    ``model.beta_warmup`` (0), epochs in which it climbs. Training options:
    `generative.GENERATIVE_TRAINING`, with a default of its own for lr (3e-3).

    The metric is the negative bound with beta = 1, whatever beta is, so that a search may vary it. Metrics: see
    `variational.VariationalTraining.epoch`.
    """

    name = "vae"
    architecture: ClassVar[Mapping[str, Any]] = {
        "model.architecture": "conv",
        "model.latent": 16,
        "model.width": 32,
        "model.depth": 2,
        "model.norm": "batch",
        "model.likelihood": "bernoulli",
        "model.beta": 1.0,
        "model.beta_warmup": 0,
        "activation": "relu",
        "lr": 3e-3,
    }
    declared = Declaration(
        metric="val/loss",
        goal="minimize",
        step_unit="epoch",
        max_steps=27,
        parameters=SPACE,
        data="digits",
        clocked=("examples_per_second",),
    )

    def train(
        self, dataset: Dataset, options: Mapping[str, Any], *, seed: int, device: str
    ) -> GenerativeTraining:
        """The autoencoder with its training.

        Raises:
            TrainableError: an option out of its range.
        """
        from trainables.neural.variational import VariationalTraining

        for option in ("model.beta", "model.beta_warmup"):
            if not 0 <= options[option] < float("inf"):
                raise TrainableError(f"vae: {option} is at least 0, not {options[option]}")
        return VariationalTraining(dataset, options, seed=seed, device=device)
