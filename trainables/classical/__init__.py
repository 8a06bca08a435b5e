"""Trainables of scikit-learn; it is imported when a trial is set up, not before.

`Boosting` (boosting): gradient boosting on histograms, a few rounds a step.
"""

from trainables.classical.boosting import Boosting

__all__ = ["Boosting"]
