"""Trainables built on torch; torch itself is imported when a trial is set up, not before.

Members, a short file each: `mlp` (anything as one row of numbers), `cnn`, `resnet`, `inception` and `densenet` (images),
`rnn` and `transformer` (texts and series), `finetune` (weights that were trained elsewhere), `vae` and `gan` (what
generates images); and a module of the user's own (`user_module`). `Supervised` and `Inputs` (supervised) are what the
members that predict are made from; `generative` is that of the two that generate.

- `options`: the training options, their defaults, rules and default space.
- `training`: the loop of what learns to predict; `variational` and `adversarial`: those of vae and gan, whose networks
  are updated by a `player`, and whose images are judged by `image_samples`.
- The parts of any loop: `optimizers`, `schedules`, `initializers`, `examples` (rows, a batch at a time), `augmentation`,
  `losses`, `precision`, `averaging` (of the weights), `early_stopping`, `determinism`, `randomness` (trials that take
  turns in one process do not disturb each other), `devices` and `checkpoint` (a state in a file that executes nothing).
- What architectures share: `activations`, `layers`, `convolution` (images in), `image_networks` (images in and out),
  `steps` (sequences in), `recurrent`, `attention`.
- `pretrained`: weights from a run, a file or a package, and what is done to them before they are trained further.
"""

from trainables.neural.mlp import MLP
from trainables.neural.supervised import Inputs, Supervised

__all__ = ["MLP", "Inputs", "Supervised"]
