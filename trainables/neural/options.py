"""The options that every neural model has: how it is trained. What it is made of is the model's own matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainables.errors import TrainableError
from trainables.options import Rule

__all__ = ["TRAINING", "TRAINING_OPTIONS", "TRAINING_SPACE", "TrainingOption", "check_training"]

OPTIMIZERS = ("sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw", "lbfgs")
SCHEDULES = ("constant", "step", "linear", "exponential", "cosine", "one_cycle", "plateau")
PRECISIONS = ("float32", "bfloat16", "float16")
INITIALIZERS = ("default", "uniform", "normal", "xavier", "he", "orthogonal")


@dataclass(frozen=True)
class TrainingOption(Rule):
    """One option and its rule.

    Attributes:
        default: its value where the config leaves it out; its type is the option's.
        help: one line, for the documentation.
    """

    default: Any
    help: str


TRAINING_OPTIONS: dict[str, TrainingOption] = {
    # the optimizer
    "optimizer": TrainingOption("adam", "how gradients become updates", choices=OPTIMIZERS),
    "lr": TrainingOption(1e-3, "learning rate; a schedule starts from it, or peaks at it", low=0.0),
    "momentum": TrainingOption(0.9, "sgd: share of the last update that is kept", low=0.0, below=1.0),
    "nesterov": TrainingOption(False, "sgd: look ahead along the momentum"),
    "beta1": TrainingOption(0.9, "adam, adamw: decay of the mean gradient", low=0.0, below=1.0),
    "beta2": TrainingOption(0.999, "adam, adamw: decay of the mean squared gradient", low=0.0, below=1.0),
    "rho": TrainingOption(0.9, "rmsprop, adadelta: decay of the mean squared gradient", low=0.0, below=1.0),
    "lbfgs_iterations": TrainingOption(
        20, "lbfgs: iterations of an epoch, each a full-batch gradient or more", low=1
    ),
    "weight_decay": TrainingOption(
        0.0,
        "pull of the weights towards 0: decoupled for adamw, an L2 term of the gradient for the others",
        low=0.0,
    ),
    "l1": TrainingOption(0.0, "weight of the sum of the weights' magnitudes in what is minimised", low=0.0),
    # the batches
    "batch_size": TrainingOption(64, "rows of a batch; 0 = all of them", low=0),
    "accumulate": TrainingOption(
        1, "batches whose gradients make one update, as one large batch would", low=1
    ),
    "mixup": TrainingOption(
        0.0, "alpha of mixup (Zhang et al. 2018): rows of a batch are blended; 0 = off", low=0.0
    ),
    "adversarial.strength": TrainingOption(
        0.0,
        "adversarial training: how far an input may be moved, in its deviation over the training rows; 0 = off",
        low=0.0,
    ),
    "adversarial.steps": TrainingOption(
        1, "of an attack: 1 = FGSM from a random start (Wong et al. 2020), more = PGD", low=1
    ),
    "adversarial.share": TrainingOption(0.5, "share of each batch that is attacked", low=0.0, high=1.0),
    "label_smoothing": TrainingOption(0.0, "probability spread over all classes", low=0.0, below=1.0),
    "clip": TrainingOption(
        0.0, "largest 2-norm of an update's gradient, larger ones are shortened; 0 = off", low=0.0
    ),
    # the learning rate over time
    "schedule": TrainingOption("constant", "how the learning rate changes", choices=SCHEDULES),
    "schedule_epochs": TrainingOption(27, "epochs until linear, cosine and one_cycle have come down", low=1),
    "schedule_every": TrainingOption("epoch", "when the rate changes", choices=("epoch", "batch")),
    "schedule_factor": TrainingOption(
        0.1, "step and plateau multiply by it; linear and cosine end at this share of lr", low=0.0, high=1.0
    ),
    "schedule_step": TrainingOption(9, "step: epochs between two steps", low=1),
    "schedule_patience": TrainingOption(3, "plateau: epochs without a better val/loss before a step", low=1),
    "schedule_decay": TrainingOption(0.95, "exponential: factor of an epoch", low=0.0, high=1.0),
    "warmup": TrainingOption(0, "epochs in which the rate climbs to lr, before the schedule begins", low=0),
    # the weights
    "initializer": TrainingOption(
        "default", "first weights; default: as torch draws them", choices=INITIALIZERS
    ),
    "initializer_scale": TrainingOption(0.05, "uniform: largest magnitude; normal: deviation", low=0.0),
    "ema": TrainingOption(
        0.0, "decay of the weights' moving average, which is validated; 0 = off", low=0.0, below=1.0
    ),
    # the end, the machine
    "early_stopping": TrainingOption(
        0,
        "epochs without a better val/loss after which the best weights are restored and the trial ends; 0 = off",
        low=0,
    ),
    "epochs": TrainingOption(0, "epochs after which the trial is over; 0 = when it is stopped", low=0),
    "precision": TrainingOption("float32", "of the arithmetic; the weights stay float32", choices=PRECISIONS),
    "deterministic": TrainingOption(False, "only operations that repeat exactly on a GPU; slower"),
    "threads": TrainingOption(
        0, "torch's threads, for the whole process; 0 = OMP_NUM_THREADS, else 1", low=0
    ),
}

TRAINING: dict[str, Any] = {name: option.default for name, option in TRAINING_OPTIONS.items()}
"""The defaults by name."""

TRAINING_SPACE: dict[str, Any] = {
    "optimizer": {"values": ["sgd", "adam", "adamw"]},
    "momentum": {"min": 0.5, "max": 0.99, "when": {"optimizer": "sgd"}},
    "lr": {"min": 1e-4, "max": 1e-1, "distribution": "log_uniform_values"},
    "weight_decay": {"min": 1e-6, "max": 1e-2, "distribution": "log_uniform_values"},
    "batch_size": {"values": [32, 64, 128]},
    "schedule": {"values": ["constant", "cosine", "one_cycle"]},
}
"""What of it is worth searching for any model, in good ranges."""


def check_training(options: Mapping[str, Any], owner: str) -> None:
    """Check the values of all training options.

    Args:
        options: every option by name, of its default's type (`read_options`).
        owner: the trainable's name, for messages.

    Raises:
        TrainableError: a value against its rule, or two options against each other.
    """
    for name, option in TRAINING_OPTIONS.items():
        if (refusal := option.refusal(options[name])) is not None:
            raise TrainableError(f"{owner}: {name} {refusal}")
    if options["optimizer"] == "lbfgs":
        for name, off in (("clip", 0.0), ("accumulate", 1), ("mixup", 0.0), ("adversarial.strength", 0.0)):
            if options[name] != off:
                raise TrainableError(
                    f"{owner}: optimizer lbfgs searches along a line of the full batch's loss, which {name} "
                    f"would change on the way; leave {name} at {off}, or take another optimizer"
                )
        if options["precision"] == "float16":
            raise TrainableError(f"{owner}: optimizer lbfgs cannot scale its loss for float16; take bfloat16")
    if options["schedule"] == "plateau" and options["schedule_every"] == "batch":
        raise TrainableError(
            f"{owner}: schedule plateau looks at val/loss, once an epoch; schedule_every: epoch"
        )
    if options["nesterov"] and options["optimizer"] == "sgd" and not options["momentum"]:
        raise TrainableError(f"{owner}: nesterov needs a momentum above 0")
