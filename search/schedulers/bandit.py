"""How a copy in a population differs from its parent, by what the population has learnt: PB2, the bandit variant.

Parker-Holder et al. 2020, "Provably Efficient Online Hyperparameter Optimization with Population-Based Bandits"
(arXiv 2002.02518): what a member gained between two judgements is an observation of its hyperparameters at that time. A
Gaussian process over both, in which older observations count for less, proposes those of the next copy by its upper
confidence bound, and copies of one generation spread out (Desautels et al. 2014).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.history import History
from search.schedulers.explore import Explorer, told_changes
from search.searchers.surrogate.process import Process, fitted
from search.trial import Trial
from spaces import Float, Integer, Parameter
from spaces.values import Value

__all__ = ["Bandit"]

Array = npt.NDArray[np.float64]

_FEWEST = (
    4  # gains that a process is made of; with fewer a copy is changed as in plain population based training
)
_NEWEST = 200  # gains that it is made of at most: its cost grows with their cube
_ANYWHERE, _NEAR = 1024, 256  # proposals that are compared: all over the cube, and around the parent
_SPREAD = 0.1  # of those around the parent, in the unit cube


@dataclass(frozen=True)
class Bandit:
    """Numbers by the process, all other parameters as `explorer` changes them. `interval`: steps between judgements."""

    explorer: Explorer
    interval: int

    def explore(
        self, history: History, parent: Trial, step: int, rng: np.random.Generator
    ) -> tuple[dict[str, Value], str]:
        """The config of a copy of `parent` made at `step`, and in words what changed."""
        active = self.explorer.active(parent.config)
        numbers = [each for each in active if isinstance(each.domain, Float | Integer)]
        gains = self._gains(history, numbers)
        if not numbers or len(gains.change) < _FEWEST:
            return self.explorer.explore(parent.config, rng)
        at = dict(history.scores_at(step))
        copied = [
            [*_places(numbers, each.config), at[each.parent]]
            for each in history.trials
            if each.parent is not None and each.from_step == step
        ]
        rest = {
            each.name: self.explorer.change(each, parent.config[each.name], rng)
            for each in active
            if each not in numbers
        }
        mine = np.array(_places(numbers, parent.config))
        near = np.clip(mine + _SPREAD * rng.normal(size=(_NEAR, len(numbers))), 0.0, 1.0)
        points = np.vstack([rng.random((_ANYWHERE, len(numbers))), near])
        for place in gains.order(points, at[parent.number], copied, step // self.interval):
            drawn = {
                e.name: e.domain.from_unit(float(u)) for e, u in zip(numbers, points[place], strict=True)
            }
            config = {**parent.config, **rest, **drawn}
            if self.explorer.space.feasible(config):
                return config, told_changes(parent.config, config)
        return self.explorer.explore(parent.config, rng)

    def _gains(self, history: History, numbers: list[Parameter]) -> _Gains:
        rows, when, change = [], [], []
        for step in range(self.interval, history.problem.max_steps, self.interval):
            before = dict(history.scores_at(step))
            for number, score in history.scores_at(step + self.interval):
                trial = history.trials[number]
                origin = trial.parent if trial.parent is not None and trial.from_step == step else number
                if origin in before:
                    rows.append([*_places(numbers, trial.config), before[origin]])
                    when.append(step // self.interval)
                    change.append(score - before[origin])
        kept = slice(-_NEWEST, None)
        return _Gains(
            np.array(rows[kept]).reshape(-1, len(numbers) + 1),
            np.array(when[kept], float),
            np.array(change[kept], float),
        )


@dataclass(frozen=True)
class _Gains:
    """What members gained between two judgements: `x` shape (n, numbers + 1), places of the numbers and the score before;
    `when`: the judgement that it began at; `change` of the score, less is better."""

    x: Array
    when: Array
    change: Array

    def order(self, points: Array, score: float, copied: list[list[float]], now: int) -> npt.NDArray[np.int_]:
        """Which of the points, for a member of that score, promise most now, the best first, once those of `copied` have
        come out as expected."""
        low, width = float(self.x[:, -1].min()), float(np.ptp(self.x[:, -1])) or 1.0

        def levelled(rows: Array) -> Array:
            return np.hstack([rows[:, :-1], (rows[:, -1:] - low) / width])

        x, spread = levelled(self.x), float(self.change.std()) or 1.0
        y, categories = (self.change - self.change.mean()) / spread, np.zeros(x.shape[1], int)
        others = levelled(np.array(copied).reshape(-1, x.shape[1]))
        process = Process(fitted(x, self.when, y, categories), x, self.when, y, categories)
        alike = np.full((len(points), 1), score)
        mean, deviation = process.imagining(others, now).predict(levelled(np.hstack([points, alike])), now)
        daring = math.sqrt(
            max(0.0, 0.2 + math.log(0.4 * (len(y) + len(others))))
        )  # as the authors' code has it
        return np.argsort(mean - daring * deviation, kind="stable")


def _places(numbers: list[Parameter], config: Mapping[str, Value]) -> list[float]:
    """The values of these parameters in the unit cube; of one that the config does not have, the middle."""
    return [each.domain.to_unit(config[each.name]) if each.name in config else 0.5 for each in numbers]
