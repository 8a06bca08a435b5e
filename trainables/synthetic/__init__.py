"""Trainables that train nothing, and of which everything is known.

`KnownFunction` (known): a function with its optimum, as a trainable.
`branin`, `hartmann6`, `sphere`, `rosenbrock`, `ackley`, `rastrigin` (functions): continuous ones.
`mixed`, `conditional`, `noisy` (structured): kinds and whole numbers, conditions, noise.
`Curves`, `curve_loss` (curves): learning curves whose final order is known.
"""

from trainables.synthetic.curves import Curves, curve_loss
from trainables.synthetic.functions import ackley, branin, hartmann6, rastrigin, rosenbrock, sphere
from trainables.synthetic.known import KnownFunction
from trainables.synthetic.structured import conditional, mixed, noisy

__all__ = [
    "Curves",
    "KnownFunction",
    "ackley",
    "branin",
    "conditional",
    "curve_loss",
    "hartmann6",
    "mixed",
    "noisy",
    "rastrigin",
    "rosenbrock",
    "sphere",
]
