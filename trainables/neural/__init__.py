"""Trainables built on torch; torch itself is imported when a trial is set up, not before.

Members, a short file each: `mlp` (anything as one row of numbers), `cnn`, `resnet`, `inception` and `densenet` (images),
`rnn` and `transformer` (texts and series), `vae` and `gan` (what generates images); and a module of the user's own
(`user_module`). `Supervised` and `Inputs` (supervised) are what the members that predict are made from.

- `options`: the training options, their defaults, rules and default space.
- `training`: the loop of what learns to predict. Its parts serve any other loop as well: `optimizers`,
  `schedules`, `initializers`, `examples` (rows, a batch at a time), `augmentation`, `losses`, `precision`,
  `early_stopping`, `determinism`, `randomness` (trials that take turns in one process do not disturb each other) and
  `checkpoint` (a state in a file that executes nothing).
- `activations`, `layers`: what architectures share.
"""

from trainables.neural.mlp import MLP
from trainables.neural.supervised import Inputs, Supervised

__all__ = ["MLP", "Inputs", "Supervised"]
