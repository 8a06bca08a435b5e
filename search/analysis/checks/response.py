"""How the value depends on the parameters, by a model small enough for some tens of trials.

The values enter as normal scores (van der Waerden 1952): only their order counts, so that one that is very bad bends
nothing. Each number enters by its place on the unit interval of its own scale and that place's square, each choice by
an indicator; the terms add up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from search.analysis.ranking import best_score
from search.history import History
from search.trial import Trial
from spaces import Float, Integer, Parameter

__all__ = ["Response", "Term", "clipped", "normal_scores", "response", "unambiguous"]

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Term:
    """What one parameter has in the model. `at`: its places in [0, 1]; `columns`: (trials, k), centred."""

    parameter: Parameter
    at: Array
    columns: Array

    @property
    def number(self) -> bool:
        """Whether it is on a scale: its columns are the place from the middle, and its square."""
        return isinstance(self.parameter.domain, Float | Integer)


@dataclass(frozen=True)
class Response:
    """The fitted model: `scores` (trials,) as they entered, `terms` that entered, `freedom` of the residuals."""

    trials: Sequence[Trial]
    scores: Array
    terms: Sequence[Term]
    freedom: int

    def design(self, without: Term | None = None) -> Array:
        """A column of ones and the columns of every term but one."""
        blocks = [term.columns for term in self.terms if term is not without]
        return np.hstack([np.ones((len(self.scores), 1)), *blocks])

    def residual(self, columns: Array) -> float:
        """Sum of squared residuals of the scores on these columns."""
        solved = np.linalg.lstsq(columns, self.scores, rcond=None)[0]
        return float(np.sum((self.scores - columns @ solved) ** 2))

    def slope(self, term: Term, at: float) -> tuple[float, float]:
        """How the score changes with the place of a number at the place `at`, and p of its being >= 0.

        The number's own square enters in any case: a bowl must not pass for a slope.
        """
        columns, freedom = self.design(), self.freedom
        first = 1 + sum(t.columns.shape[1] for t in self.terms[: self.terms.index(term)])
        square = first + 1
        if term.columns.shape[1] == 1:
            columns = np.column_stack([columns, (term.at - 0.5) ** 2])
            square, freedom = columns.shape[1] - 1, len(self.scores) - int(np.linalg.matrix_rank(columns))
        wanted = np.zeros(columns.shape[1])
        wanted[first], wanted[square] = 1.0, 2 * (at - 0.5)
        inverse = np.linalg.pinv(columns.T @ columns)
        slope = float(wanted @ inverse @ columns.T @ self.scores)
        error = float(np.sqrt(wanted @ inverse @ wanted * self.residual(columns) / freedom))
        if error == 0:
            return slope, 0.0 if slope < 0 else 1.0
        return slope, float(stats.t.cdf(slope / error, freedom))


def normal_scores(values: Sequence[float]) -> Array:
    """Smallest first: the normal quantiles of the ranks, equal for equal values."""
    ranks = stats.rankdata(values)
    return np.asarray(special.ndtri(ranks / (len(ranks) + 1)), dtype=np.float64)


def clipped(values: Sequence[float]) -> Array:
    """The values, none worse than the third quartile by more than three times its distance from the best.

    Divided by the largest magnitude, so that their squares are finite.
    """
    found = np.asarray(values, dtype=np.float64)
    found = found / (np.abs(found).max() or 1.0)
    quartile = float(np.quantile(found, 0.75, method="lower"))
    return np.asarray(np.minimum(found, quartile + 3 * (quartile - found.min())), dtype=np.float64)


def response(
    history: History, trials: Sequence[Trial], spelled: Callable[[Sequence[float]], Array] = normal_scores
) -> Response:
    """The model of these trials, which have a value that counts; parameters active in all of them enter.

    `spelled`: how the values enter; `clipped` keeps their distances. The fewer trials there are, the plainer the model: squares enter where each column has five trials.
    """
    scores = spelled([best_score(trial) or 0.0 for trial in trials])
    parameters = [p for p in unambiguous(history) if all(p.name in trial.config for trial in trials)]
    terms = _terms(parameters, trials, squares=True)
    if len(trials) < 5 * sum(term.columns.shape[1] for term in terms):
        terms = _terms(parameters, trials, squares=False)
    model = Response(trials, scores, terms, 0)
    freedom = len(trials) - int(np.linalg.matrix_rank(model.design()))
    return Response(trials, scores, terms, freedom)


def unambiguous(history: History) -> list[Parameter]:
    """The searched parameters whose name has one domain, not one for each branch."""
    searched = history.problem.space.searched
    names = [parameter.name for parameter in history.problem.space.parameters]
    return [parameter for parameter in searched if names.count(parameter.name) == 1]


def _terms(parameters: Sequence[Parameter], trials: Sequence[Trial], squares: bool) -> list[Term]:
    terms = []
    for parameter in parameters:
        at = np.array([parameter.domain.to_unit(trial.config[parameter.name]) for trial in trials])
        if len(set(at)) < 2:
            continue
        if isinstance(parameter.domain, Float | Integer):
            place = at - 0.5
            blocks = [place, place**2] if squares and len(set(at)) > 2 else [place]
            columns = np.column_stack(blocks)
        else:
            columns = np.column_stack([at == each for each in sorted(set(at))[1:]]).astype(np.float64)
        terms.append(Term(parameter, at, columns))
    return terms
