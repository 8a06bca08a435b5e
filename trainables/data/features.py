"""The last stages on the way to features: products of columns; then selection, scaling, principal components."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainables.data.cleaning import Filler, Outliers
from trainables.data.dataset import Array, Repair
from trainables.data.scaling import fit_scaler
from trainables.data.section import Section, Task
from trainables.data.selection import Selection, components
from trainables.errors import DataError

__all__ = ["PRODUCTS_LIMIT", "Features", "Numbers", "Products"]

PRODUCTS_LIMIT = 10_000
"""Features that products of columns may come to."""


class Products:
    """Products of columns up to degree `features.polynomial`, beside the columns themselves."""

    def __init__(self, section: Section) -> None:
        self._degree: int = section["features.polynomial"]
        self._model: Any = None
        self.names: tuple[str, ...] = ()

    def fit_transform(self, x: Array, names: tuple[str, ...]) -> Array:
        """The training rows with their products.

        Raises:
            DataError: there would be more than `PRODUCTS_LIMIT` features.
        """
        self.names = names
        if self._degree == 1 or not x.shape[1]:
            return x
        count = math.comb(x.shape[1] + self._degree, self._degree) - 1
        if count > PRODUCTS_LIMIT:
            raise DataError(
                f"data.features.polynomial: degree {self._degree} of {x.shape[1]} columns is {count} features, "
                f"at most {PRODUCTS_LIMIT}; lower it, or list columns under columns.ignore"
            )
        from sklearn.preprocessing import PolynomialFeatures

        self._model = PolynomialFeatures(self._degree, include_bias=False).fit(x)
        self.names = tuple(str(name) for name in self._model.get_feature_names_out(list(names)))
        return self.transform(x)

    def transform(self, x: Array) -> Array:
        """Other rows with their products."""
        return x if self._model is None else np.asarray(self._model.transform(x))


class Numbers:
    """Number columns: outliers, then missing values, then products."""

    def __init__(self, section: Section) -> None:
        self._outliers, self._filler, self._products = Outliers(section), Filler(section), Products(section)

    def fit_transform(
        self, x: Array, names: tuple[str, ...], times: Array | None = None
    ) -> tuple[Array, Array]:
        """The training rows that stay, without NaN, and which they are (rows,) bool."""
        x, stay = self._outliers.fit_transform(x)
        times = None if times is None else times[stay]
        filled, whole = self._filler.fit_transform(x[stay], times)
        kept = filled[whole]
        stay[stay] = whole
        return self._products.fit_transform(kept, names + self._outliers.names), stay

    def transform(self, x: Array, times: Array | None = None) -> Array:
        """Other rows, all of them."""
        return self._products.transform(self._filler.transform(self._outliers.transform(x), times))

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of what comes out."""
        return self._products.names

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """Training rows that went."""
        said = (
            ("training rows with outlying values, left out", self._outliers.dropped),
            ("training rows with missing numbers, left out", self._filler.dropped),
        )
        return tuple(Repair(what, count) for what, count in said if count)


class Features:
    """All features of a row: selection, then scaling, then principal components.

    `scaling`: in place of the section's.
    """

    def __init__(self, section: Section, task: Task, scaling: str = "") -> None:
        self._selection = Selection(section, task)
        self._scaling: str = scaling or section["scaling"]
        self._share: float = section["features.pca"]
        self._components: Any = None
        self.names: tuple[str, ...] = ()

    def fit_transform(self, x: Array, y: Array, names: tuple[str, ...]) -> Array:
        """The training rows' features (rows, features).

        Raises:
            DataError: products of large numbers are too large to be numbers.
        """
        if not np.isfinite(x).all():
            raise DataError("data.features.polynomial: products of the columns are too large; lower it to 1")
        x = self._selection.fit_transform(x, y)
        if self._selection.kept is not None:
            names = tuple(names[index] for index in self._selection.kept)
        self._scaler = fit_scaler(x, self._scaling)
        x = self._scaler.apply(x)
        if self._share < 1:
            self._components = components(self._share)
            x = np.asarray(self._components.fit_transform(x))
            names = tuple(f"component {index + 1}" for index in range(x.shape[1]))
        self.names = names
        return x

    def transform(self, x: Array) -> Array:
        """Other rows' features."""
        x = self._scaler.apply(self._selection.transform(x))
        return x if self._components is None else np.asarray(self._components.transform(x))
