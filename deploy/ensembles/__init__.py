"""Ensembles of a run's trials.

- `members`: the best trials, opened again, and what they predict for the validation rows
- `blends`: how several predictions become one; `greedy`, `stacking`: how that is learnt
- `crossfit`: what it is worth, on rows that had no part in it
- `ensemble`: all of it, written beside the run; `Ensemble`, opened again
"""

from deploy.ensembles.ensemble import METHODS, Ensemble, Made, Method, ensemble

__all__ = ["METHODS", "Ensemble", "Made", "Method", "ensemble"]
