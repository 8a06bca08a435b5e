"""Where to look next: the expected improvement, and a search for its highest point over any space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import erfcx, ndtr
from scipy.stats import qmc

from search.searchers.surrogate.encoding import Encoding, Rows

__all__ = ["highest", "log_improvement"]

Array = npt.NDArray[np.float64]

_COVER = 1024  # points all over the cube
_AROUND = 96  # points around each of the best configs so far
_KEPT = 8  # places from which the search goes on
_CHILDREN = 40  # new points around each place, each round
_ROUNDS = 7
_FOUND = 500  # points that are returned at most


def log_improvement(mean: Array, deviation: Array, best: float) -> Array:
    """log E[max(best - f, 0)] for f ~ N(mean, deviation**2), without loss of digits far from the best (Ament et al. 2023)."""
    z = (best - mean) / deviation
    near = np.maximum(z, -1.0)
    density = np.exp(-0.5 * near**2) / np.sqrt(2.0 * np.pi)
    close = np.log(density + near * ndtr(near))
    far = np.minimum(z, -1.0)
    ratio = -far * np.sqrt(np.pi / 2.0) * erfcx(-far / np.sqrt(2.0))
    tail = np.where(far > -1e3, np.log1p(-np.minimum(ratio, 1.0 - 1e-15)), -2.0 * np.log(-far))
    distant = -0.5 * far**2 - 0.5 * np.log(2.0 * np.pi) + tail
    return np.asarray(np.where(z > -1.0, close, distant) + np.log(deviation))


def highest(
    value: Callable[[Rows], Array],
    encoding: Encoding,
    best: Rows,
    rng: np.random.Generator,
) -> Rows:
    """Points of the space by their value, the best first: found from a cover of the cube, from around the `best` configs
    (shape (k, parameters)), and by a local search with shrinking steps from the best of these. All are distinct.
    """
    cover = qmc.Sobol(encoding.width, scramble=True, rng=rng).random(_COVER)
    around = _children(
        np.repeat(best, _AROUND, axis=0),
        10.0 ** rng.uniform(-2.5, -0.3, (_AROUND * len(best), 1)),
        encoding,
        rng,
    )
    points = encoding.snapped(np.vstack([cover, best, around]))
    points, values = _best(points, value(points), _FOUND)
    step = 0.2
    for _ in range(_ROUNDS):
        parents = np.repeat(points[:_KEPT], _CHILDREN, axis=0)
        children = encoding.snapped(_children(parents, np.full((len(parents), 1), step), encoding, rng))
        points, values = _best(
            np.vstack([points, children]), np.concatenate([values, value(children)]), _FOUND
        )
        step *= 0.5
    return points


def _children(parents: Rows, step: Array, encoding: Encoding, rng: np.random.Generator) -> Rows:
    """Each parent with some of its parameters changed, at least one: numbers by `step`, categories to any value."""
    changed = rng.random(parents.shape) < np.maximum(
        1.0 / encoding.width, rng.random((len(parents), 1)) * 0.7
    )
    changed[np.arange(len(parents)), rng.integers(encoding.width, size=len(parents))] = True
    moved = parents + step * rng.normal(size=parents.shape)
    moved = np.where(moved < 0, -moved, moved)
    moved = np.where(moved > 1, 2 - moved, moved)
    drawn = np.where(encoding.categories > 0, rng.random(parents.shape), np.clip(moved, 0.0, 1.0))
    return np.where(changed, drawn, parents)


def _best(points: Rows, values: Array, keep: int) -> tuple[Rows, Array]:
    """The best `keep` of the points by their value, each once, the best first."""
    prints = np.round(points @ np.cos(np.arange(1.0, points.shape[1] + 1)), 11)  # equal rows have equal ones
    _, first = np.unique(prints, return_index=True)
    order = first[np.argsort(-values[first], kind="stable")][:keep]
    return points[order], values[order]
