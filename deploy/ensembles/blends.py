"""How the predictions of several models become one: means, votes, and a model over models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from deploy.errors import DeployError
from trainables.data.dataset import Array

__all__ = ["Blend", "Mean", "Stack", "Vote", "blend_of"]

_LEAST = 1e-7  # a probability below counts as this one, of which a logarithm can be taken


class Blend(Protocol):
    """Makes one prediction of those of several members."""

    @property
    def weights(self) -> tuple[float, ...]:
        """What each member weighs, in their order; they add up to 1."""

    def apply(self, outputs: Array) -> Array:
        """The outputs of all members (members, rows, ...) as those of one (rows, ...)."""

    def to_json(self) -> dict[str, Any]:
        """What `blend_of` reads."""


@dataclass(frozen=True)
class Mean:
    """The weighted mean of probabilities, or of values.

    Attributes:
        weights: (members,), at least 0, adding up to 1.
    """

    weights: tuple[float, ...]

    def apply(self, outputs: Array) -> Array:
        """See `Blend`."""
        return np.asarray(np.tensordot(np.asarray(self.weights), outputs, axes=1))

    def to_json(self) -> dict[str, Any]:
        """See `Blend`."""
        return {"kind": "mean", "weights": list(self.weights)}


@dataclass(frozen=True)
class Vote:
    """Of classes the share of the members that put it first; of values the median.

    Attributes:
        members: how many vote.
        classes: whether they vote for classes.
    """

    members: int
    classes: bool

    @property
    def weights(self) -> tuple[float, ...]:
        """All alike."""
        return (1 / self.members,) * self.members

    def apply(self, outputs: Array) -> Array:
        """See `Blend`. Where as many vote for one class as for another, their mean probability decides."""
        if not self.classes:
            return np.asarray(np.median(outputs, axis=0))
        votes = np.eye(outputs.shape[2])[outputs.argmax(axis=2)].mean(axis=0)
        tied = votes + 1e-6 * outputs.mean(axis=0)
        return np.asarray(tied / tied.sum(axis=1, keepdims=True))

    def to_json(self) -> dict[str, Any]:
        """See `Blend`."""
        return {"kind": "vote", "members": self.members, "classes": self.classes}


@dataclass(frozen=True, eq=False)
class Stack:
    """A linear model over the members' outputs: softmax over logarithms of probabilities, or a sum of values.

    Attributes:
        matrix: (classes, members * classes) of classes; (members,) of values.
        offset: (classes,) of classes; () of values.
    """

    matrix: Array
    offset: Array

    @property
    def weights(self) -> tuple[float, ...]:
        """The share of each member in the absolute coefficients."""
        sizes = np.abs(self.matrix)
        if self.matrix.ndim == 2:
            sizes = sizes.reshape(len(self.offset), -1, len(self.offset)).sum(axis=(0, 2))
        total = float(sizes.sum())
        return tuple(float(size) / total if total else 1 / len(sizes) for size in sizes)

    @staticmethod
    def features(outputs: Array) -> Array:
        """What the linear model sees of classes: (rows, members * classes), centred logarithms of probabilities."""
        logs = np.log(np.clip(outputs, _LEAST, 1.0))
        logs = logs - logs.mean(axis=2, keepdims=True)
        return np.asarray(logs.transpose(1, 0, 2).reshape(outputs.shape[1], -1))

    def apply(self, outputs: Array) -> Array:
        """See `Blend`."""
        if self.matrix.ndim == 1:
            return np.asarray(np.tensordot(self.matrix, outputs, axes=1) + self.offset)
        scores = self.features(outputs) @ self.matrix.T + self.offset
        grown = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True))

    def to_json(self) -> dict[str, Any]:
        """See `Blend`."""
        return {"kind": "stack", "matrix": self.matrix.tolist(), "offset": self.offset.tolist()}


def blend_of(found: Mapping[str, Any]) -> Blend:
    """What `Blend.to_json` gave.

    Raises:
        DeployError: it describes no blend.
    """
    try:
        if found["kind"] == "mean":
            weights = tuple(float(weight) for weight in found["weights"])
            if not weights or min(weights) < 0 or abs(sum(weights) - 1) > 1e-6:
                raise ValueError("weights are at least 0 and add up to 1")
            return Mean(weights)
        if found["kind"] == "vote":
            return Vote(int(found["members"]), bool(found["classes"]))
        if found["kind"] == "stack":
            matrix, offset = np.asarray(found["matrix"], np.float64), np.asarray(found["offset"], np.float64)
            if (matrix.ndim, offset.ndim) not in ((1, 0), (2, 1)) or not np.isfinite(matrix).all():
                raise ValueError(f"a matrix of shape {matrix.shape} with an offset of shape {offset.shape}")
            return Stack(matrix, offset)
        raise ValueError(f"there is no kind {found['kind']!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise DeployError(
            f"this is no blend: {error}. Make the ensemble again: tuneyard ensemble RUN"
        ) from None
