"""A series to be forecast: windows of past values, and the values that follow them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.data.columns import Columns
from trainables.data.dataset import Array, Repair, View
from trainables.data.features import Features, Products
from trainables.data.preparation import Preparation
from trainables.data.scaling import fit_scaler
from trainables.data.section import Section
from trainables.data.steps import Steps
from trainables.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Windows", "targets_at", "window_starts"]


def window_starts(y: Array, part: Array, window: int, horizon: int) -> tuple[Array, int]:
    """Where forecasts begin whose targets all lie in a part, and how many were left out.

    Args:
        y: (steps,), NaN where the series has a gap.
        part: int64, the steps of the part: consecutive.
        window: steps that a forecast looks back, beyond the beginning of the part too.
        horizon: steps ahead.

    Returns:
        The steps of the first targets, int64; and the number of those left out because a target is missing.
    """
    if not len(part):
        return part, 0
    first, last = max(int(part[0]), window), int(part[-1]) + 1 - horizon
    starts = np.arange(first, last + 1, dtype=np.int64)
    whole = ~np.isnan(y[starts[:, None] + np.arange(horizon)]).any(axis=1)
    return starts[whole], int((~whole).sum())


def targets_at(y: Array, starts: Array, horizon: int) -> Array:
    """The targets of forecasts: (starts,), or (starts, horizon) where it is more than one step."""
    if horizon == 1:
        return y[starts]
    return y[starts[:, None] + np.arange(horizon)]


class Windows(Preparation):
    """The steps of a frame as windows: float32 (rows, window, channels), or their values as features.

    The target's own past is the first channel; the other columns of numbers and labels follow. A window's values are
    cleaned and scaled by what was fitted on the training steps, and no value looks ahead.
    """

    def __init__(self, section: Section, view: View, target: str, name: str) -> None:
        self._target, self._name = target, name
        self._window: int = section["features.window"]
        self._flat = view == "features"
        self._scaling: str = section["scaling"]
        self._steps, self._products = Steps(section), Products(section)
        self._features = Features(section, "forecasting")
        self._section = section
        self._columns: Columns | None = None

    @property
    def columns(self) -> dict[str, str]:
        others = {} if self._columns is None else self._columns.kinds
        return {self._target: "number", **others}

    @property
    def window(self) -> int:
        """Steps that a forecast looks back, those included that smooth its first ones: with fewer of them a step would be
        another one than in training."""
        return self._window + self._steps.memory

    def fit_transform(self, raw: Any, y: Array) -> tuple[Array, Array]:
        """All windows of the training steps that are followed by a step, as `fit_windows` gives them."""
        starts = np.arange(self._window, len(raw), dtype=np.int64)
        return self.fit_windows(raw, starts, y[starts])

    def fit_windows(self, raw: pd.DataFrame, starts: Array, y: Array) -> tuple[Array, Array]:
        """Fit on the training steps, and the windows before `starts`.

        Args:
            raw: the training steps.
            starts: int64, the first targets of the forecasts; each at least the window's length.
            y: the targets of these forecasts.

        Returns:
            The windows that stay, and which they are (starts,) bool: with drop, one that holds an outlying or a
            missing value does not.
        """
        channels = self._fit_channels(raw)
        steps, clean = self._steps.fit_transform(channels, self._channels)
        stay = np.array([bool(clean[start - self._window : start].all()) for start in starts], dtype=bool)
        if not stay.any():
            raise DataError(
                "data.cleaning: every training window holds a step that is dropped; shorten features.window or "
                "choose another"
            )
        windows = self._cut(steps, starts[stay])
        if self._flat:
            names = tuple(
                f"{name}[-{self._window - step}]"
                for step in range(self._window)
                for name in self._steps.names
            )
            flat = self._products.fit_transform(windows.reshape(len(windows), -1), names)
            inputs = self._features.fit_transform(flat, y[stay], self._products.names)
            self.names = self._features.names
        else:
            self._scaler = fit_scaler(steps, self._scaling)
            inputs = self._scaler.apply(windows).astype(np.float32)
            self.names = self._steps.names
        gone = int((~stay).sum())
        if gone:
            self.repairs += (Repair("training windows with dropped steps, left out", gone),)
        return inputs, stay

    def transform(self, raw: Any) -> Array:
        """One window for each step that has enough before it, and one for what follows the last step.

        Args:
            raw: a frame of steps in the order of time, at least as many as a forecast looks back (`window`).

        Returns:
            (steps - window + 1, ...); row i is the past of step i + window.

        Raises:
            DataError: there are fewer steps.
        """
        if len(raw) < self.window:
            raise DataError(
                f"{self._name}: a forecast looks at {self.window} steps (features.window, and what smooths its first ones), "
                f"and there are {len(raw)}"
            )
        return self.transform_at(raw, np.arange(self.window, len(raw) + 1))

    def transform_at(self, raw: pd.DataFrame, starts: Array) -> Array:
        """The windows before `starts`."""
        windows = self._cut(self._steps.transform(self._channels_of(raw)), starts)
        if self._flat:
            return self._features.transform(self._products.transform(windows.reshape(len(windows), -1)))
        return self._scaler.apply(windows).astype(np.float32)

    def _fit_channels(self, raw: pd.DataFrame) -> Array:
        dates = tuple(str(name) for name in raw.columns if raw[name].dtype.kind == "M")
        own = raw[[self._target]].to_numpy(dtype=np.float64)
        self._channels: tuple[str, ...] = (self._target,)
        if not set(map(str, raw.columns)) - {self._target, *dates} and not self._section["columns.date"]:
            return own
        self._columns = Columns(self._section, "regression", self._name, (self._target, *dates))
        numbers = self._columns.fit_numbers(raw)
        level = np.nan_to_num(own[:, 0], nan=float(np.nanmean(own)))
        others, names = self._columns.fit_others(raw, level)
        self._channels += (*self._columns.number_names, *names)
        self.repairs = self._columns.repairs
        return np.hstack([own, numbers, others])

    def _channels_of(self, raw: pd.DataFrame) -> Array:
        own = raw[[self._target]].to_numpy(dtype=np.float64)
        if self._columns is None:
            return own
        return np.hstack([own, self._columns.numbers(raw), self._columns.others(raw)])

    def _cut(self, steps: Array, starts: Array) -> Array:
        if not len(starts):
            return np.zeros((0, self._window, steps.shape[1]))
        every = np.lib.stride_tricks.sliding_window_view(steps, self._window, axis=0)
        return np.ascontiguousarray(every[starts - self._window].transpose(0, 2, 1))
