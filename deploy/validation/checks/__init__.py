"""The checks of `tuneyard validate`, one a file: a function of a `Subject` that gives a `Result`."""

from deploy.validation.checks.attacks import attacks
from deploy.validation.checks.calibration import calibration
from deploy.validation.checks.explanations import explanations
from deploy.validation.checks.robustness import robustness
from deploy.validation.checks.shift import shift
from deploy.validation.checks.slices import slices

__all__ = ["attacks", "calibration", "explanations", "robustness", "shift", "slices"]
