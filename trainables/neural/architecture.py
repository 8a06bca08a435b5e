"""What the options of an architecture may be: one rule by name, whichever model has the option."""

from __future__ import annotations

from trainables.neural.activations import ACTIVATIONS
from trainables.options import Rule

__all__ = [
    "ARCHITECTURES",
    "ARCHITECTURE_RULES",
    "BLOCKS",
    "CELLS",
    "IMAGE_NORMS",
    "LIKELIHOODS",
    "LOSSES",
    "NORMS",
    "POOLINGS",
    "POOLS",
    "POSITIONS",
    "SHORTCUTS",
    "SHRINKS",
]

NORMS = ("none", "batch", "layer", "group")
IMAGE_NORMS = (*NORMS, "spectral")
SHRINKS = ("max", "average", "stride")
POOLS = ("average", "max", "flatten")
BLOCKS = ("postactivation", "preactivation", "bottleneck")
SHORTCUTS = ("projection", "padding")
CELLS = {"simple": "RNN", "lstm": "LSTM", "gru": "GRU"}  # torch.nn's names
POOLINGS = ("last", "mean", "max")
POSITIONS = ("learned", "sinusoidal", "none")
ARCHITECTURES = ("conv", "mlp")
LIKELIHOODS = ("bernoulli", "gaussian")
LOSSES = ("non_saturating", "hinge", "wasserstein")

_SIZE = Rule(low=1)
_SHARE = Rule(low=0.0, below=1.0)
ARCHITECTURE_RULES: dict[str, Rule] = {
    **dict.fromkeys(
        ("model.width", "model.depth", "model.stages", "model.stride", "model.kernel", "model.latent"), _SIZE
    ),
    **dict.fromkeys(("dropout", "dropconnect", "drop_path", "layer_dropout"), _SHARE),
    **dict.fromkeys(("activation", "discriminator_activation"), Rule(choices=tuple(ACTIVATIONS))),
    "model.norm": Rule(choices=NORMS),
    "model.shrink": Rule(choices=SHRINKS),
    "model.pool": Rule(choices=POOLS),
    "model.block": Rule(choices=BLOCKS),
    "model.shortcut": Rule(choices=SHORTCUTS),
    "model.cell": Rule(choices=tuple(CELLS)),
    "model.pooling": Rule(choices=POOLINGS),
    "model.positions": Rule(choices=POSITIONS),
    "model.architecture": Rule(choices=ARCHITECTURES),
    "model.likelihood": Rule(choices=LIKELIHOODS),
    "loss": Rule(choices=LOSSES),
}
