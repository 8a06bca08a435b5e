"""How an estimator of scikit-learn is trained step by step: by rows, by members, or by epochs.

Step k of K stands for the share k/K of the whole training, and at step K the model is the one that scikit-learn fits
in one go. A checkpoint needs no pickle: rows and members are fitted again at the next step, from the same data and
seed, which gives the same model; an estimator trained in epochs writes its coefficients.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from trainables.classical.measure import Floats
from trainables.errors import CheckpointError

__all__ = ["Columns", "Epochs", "Growing", "Members", "Rows"]

Ints = npt.NDArray[np.int64]
LEAST_ROWS = 20
COEFFICIENTS = "coefficients.npz"


class Growing(ABC):
    """An estimator on its way to the whole training.

    `reach(step)` is called with rising steps, though not with each; `model` is what was fitted last.

    Args:
        make: gives an unfitted estimator.
        x: (rows, features), the training rows.
        y: (rows,) or (rows, values).
        steps: K, at least 1.
    """

    def __init__(self, make: Callable[[], Any], x: Floats, y: npt.NDArray[Any], steps: int) -> None:
        self.make, self.x, self.y, self.steps = make, x, y, steps
        self.model: Any = None

    @abstractmethod
    def reach(self, step: int) -> None:
        """Train up to the share `step` / K, 1 <= step <= K."""

    def rows(self, step: int) -> Ints | slice:
        """Which training rows the model has seen by then."""
        return slice(None)

    def save(self, directory: Path) -> None:  # noqa: B027 - most have nothing to write
        """Write what cannot be fitted again; nothing, in general."""

    def load(self, directory: Path) -> None:  # noqa: B027
        """Read what `save` wrote.

        Raises:
            CheckpointError: it is missing or cut.
        """


class Rows(Growing):
    """Fitted anew at each step, on a growing part of the training rows; at step K on all, in their order.

    The parts are nested and drawn with the trial's seed; classes have about the same shares in each, and each class
    at least one row.

    Args:
        fewest: rows of the first part, at least.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        x: Floats,
        y: npt.NDArray[Any],
        steps: int,
        *,
        seed: int,
        fewest: int = LEAST_ROWS,
    ) -> None:
        super().__init__(make, x, y, steps)
        self._fewest = max(fewest, LEAST_ROWS)
        self._order = _spread(y, np.random.default_rng(seed))

    def reach(self, step: int) -> None:
        rows = self.rows(step)
        self.model = self.make()
        with _quiet():
            self.model.fit(self.x[rows], self.y[rows])

    def rows(self, step: int) -> Ints:
        count = max(_part(len(self.x), step, self.steps), self._fewest)
        return np.sort(self._order[:count])


class Members(Growing):
    """An ensemble with more members at each step, on all training rows.

    Args:
        size: members at step K.
        parameter: what scikit-learn calls their number.
        warm: whether those there are are kept; else the larger ensemble is fitted anew.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        x: Floats,
        y: npt.NDArray[Any],
        steps: int,
        *,
        size: int,
        parameter: str,
        warm: bool,
    ) -> None:
        super().__init__(make, x, y, steps)
        self._size, self._parameter, self._warm, self._done = size, parameter, warm, 0

    def reach(self, step: int) -> None:
        size = _part(self._size, step, self.steps)
        if size == self._done:
            return
        if self.model is None or not self._warm:
            self.model = self.make()
        with _quiet():
            self.model.set_params(**{self._parameter: size}).fit(self.x, self.y)
        self._done = size


class Epochs(Growing):
    """Passes of stochastic gradient descent over the training rows, each in an order of its own.

    A model whose coefficients overflow has diverged: they stay NaN, and nothing is raised.

    Args:
        epochs: passes at step K.
        seed: decides the order of every epoch.
        classes: 0 .. n - 1; None where values are predicted.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        x: Floats,
        y: npt.NDArray[Any],
        steps: int,
        *,
        epochs: int,
        seed: int,
        classes: Ints | None,
    ) -> None:
        super().__init__(make, x, y, steps)
        self._epochs, self._seed, self._done = epochs, seed, 0
        self._more = {} if classes is None else {"classes": classes}

    def reach(self, step: int) -> None:
        if self.model is None:
            self.model = self.make()
        while self._done < _part(self._epochs, step, self.steps):
            order = np.random.default_rng([self._seed, self._done]).permutation(len(self.x))
            self._done += 1
            try:
                with _quiet(), np.errstate(over="ignore", invalid="ignore"):
                    self.model.partial_fit(self.x[order], self.y[order], **self._more)
            except ValueError as error:
                if "overflow" not in str(error):
                    raise
                self._diverge()

    def save(self, directory: Path) -> None:
        if self.model is None:
            return
        arrays: dict[str, Any] = {"epochs": np.array(self._done)}
        for index, model in enumerate(self._models):
            for name in ("coef_", "intercept_", "t_"):
                arrays[f"{index}.{name}"] = np.asarray(getattr(model, name))
        np.savez(directory / COEFFICIENTS, **arrays)

    def load(self, directory: Path) -> None:
        file = directory / COEFFICIENTS
        try:
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                state = {name: arrays[name] for name in arrays.files}
            done = int(state["epochs"])
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise CheckpointError(f"{file} cannot be read: {error}") from error
        self.model = self.make()
        with _quiet():
            self.model.partial_fit(
                self.x[:1], self.y[:1], **self._more
            )  # gives the coefficients their shapes
        try:
            for index, model in enumerate(self._models):
                model.coef_[...] = state[f"{index}.coef_"]
                model.intercept_[...] = state[f"{index}.intercept_"]
                model.t_ = float(state[f"{index}.t_"])
        except (KeyError, ValueError) as error:
            raise CheckpointError(f"{file} is of another model: {error}") from error
        self._done = done

    @property
    def _models(self) -> list[Any]:
        return self.model.models if isinstance(self.model, Columns) else [self.model]

    def _diverge(self) -> None:
        for model in self._models:
            model.coef_[...] = np.nan
        self._done = self._epochs


class Columns:
    """One estimator for each of several values, where scikit-learn's own predicts but one.

    Args:
        make: gives the estimator of one value.
        count: how many values there are.
    """

    def __init__(self, make: Callable[[], Any], count: int) -> None:
        self.models = [make() for _ in range(count)]

    def set_params(self, **parameters: Any) -> Columns:
        """Set them in every estimator."""
        for model in self.models:
            model.set_params(**parameters)
        return self

    def fit(self, x: Floats, y: Floats) -> Columns:
        """Fit each to its column of `y` (rows, count)."""
        for model, column in zip(self.models, y.T, strict=True):
            model.fit(x, column)
        return self

    def partial_fit(self, x: Floats, y: Floats) -> Columns:
        """One more epoch of each."""
        for model, column in zip(self.models, y.T, strict=True):
            model.partial_fit(x, column)
        return self

    def predict(self, x: Floats) -> Floats:
        """(rows, count)."""
        return np.column_stack([model.predict(x) for model in self.models])


def _part(whole: int, step: int, steps: int) -> int:
    """The share step/steps of a whole number, rounded up, and at most all of it."""
    return min(whole, -(-whole * step // steps))


def _spread(y: npt.NDArray[Any], rng: np.random.Generator) -> Ints:
    """The rows in an order any beginning of which has the classes in about their shares, one of each first."""
    order = rng.permutation(len(y))
    if y.ndim > 1 or not np.issubdtype(y.dtype, np.integer):
        return order
    place = np.empty(len(y))
    for label in np.unique(y):
        rows = order[y[order] == label]
        place[rows] = (np.arange(len(rows)) + 0.5) / len(rows)
        place[rows[0]] = 0.0
    return order[np.argsort(place[order], kind="stable")]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings that tell a person to raise a limit: here the limits are options, and searched."""
    from scipy.linalg import LinAlgWarning
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", LinAlgWarning)
        warnings.filterwarnings(
            "ignore", "The least populated class", UserWarning
        )  # in the folds of stacking
        warnings.filterwarnings("ignore", "Number of classes in training fold", RuntimeWarning)
        yield
