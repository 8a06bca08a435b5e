"""What is minimised: cross entropy of classes, squared error of numbers that are standardised for it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trainables.data.dataset import Array, Dataset

__all__ = ["Targets"]


class Targets:
    """The targets of a data set: as a network learns them, its loss, and its outputs in the targets' own unit.

    Classes are learnt by cross entropy. Numbers are standardised with mean and deviation of the training rows, each
    value of a forecast for itself, and learnt by mean squared error: a network starts near 0 and 1, whatever the unit.

    Args:
        dataset: of any task that has right answers.
        smoothing: share of a class's probability that is spread over all classes, in the training loss only.
    """

    def __init__(self, dataset: Dataset, smoothing: float) -> None:
        self.classes = dataset.n_classes
        self._smoothing = smoothing
        self._middle, self._deviation = np.zeros(1), np.ones(1)
        if not self.classes:
            train = dataset.train_y.reshape(len(dataset.train_y), -1).astype(np.float64)
            deviation = train.std(axis=0)
            self._middle, self._deviation = train.mean(axis=0), np.where(deviation > 0, deviation, 1.0)

    @property
    def middle(self) -> Array:
        """(values,) what is subtracted from targets that are numbers."""
        return self._middle

    @property
    def deviation(self) -> Array:
        """(values,) what they are divided by; never 0."""
        return self._deviation

    def encode(self, y: Array) -> Array:
        """Targets as the loss wants them: (rows,) classes, or (rows, values) standardised."""
        if self.classes:
            return y
        return np.asarray((y.reshape(len(y), -1) - self._middle) / self._deviation)

    def decode(self, outputs: Tensor) -> Array:
        """Outputs as the scores want them: probabilities (rows, classes), or (rows, values) in the target's unit.

        There may be further axes before the rows.
        """
        numbers = outputs.double()
        if self.classes:
            return np.asarray(numbers.softmax(dim=-1).cpu().numpy())
        return np.asarray(numbers.cpu().numpy() * self._deviation + self._middle)

    def loss(self, outputs: Tensor, y: Tensor, *, training: bool = True) -> Tensor:
        """The mean loss of a batch."""
        if self.classes:
            smoothing = self._smoothing if training else 0.0
            return functional.cross_entropy(outputs, y, label_smoothing=smoothing)
        return functional.mse_loss(outputs, y)

    def mixed_loss(self, outputs: Tensor, y: Tensor, other: Tensor, share: float) -> Tensor:
        """The loss of blended inputs: `share` of their targets is `y`, the rest `other` (equation 1 of mixup)."""
        if self.classes:
            return share * self.loss(outputs, y) + (1 - share) * self.loss(outputs, other)
        return self.loss(outputs, torch.lerp(other, y, share))
