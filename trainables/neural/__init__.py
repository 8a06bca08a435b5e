"""Trainables built on torch; torch itself is imported when a trial is set up, not before.

`MLP` (mlp): a perceptron for tables and small images.
Under it, importing torch: `Training` (training), an epoch a step for any module; `OwnRandomness`
(randomness), so that trials which take turns in one process do not disturb each other.
"""

from trainables.neural.mlp import MLP

__all__ = ["MLP"]
