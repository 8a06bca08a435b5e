"""Gaussian-process Bayesian optimisation of Optuna."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, final

from search.history import History, Observation
from search.problem import Problem
from search.searchers.capabilities import Capabilities, Option
from search.searchers.fidelity import comparable, newest
from search.searchers.optuna_study import new_study, propose, quiet, stand_in, told
from search.searchers.priors import belongs
from search.searchers.window import notice, window
from search.seeds import searcher_rng
from spaces.errors import SpaceError
from spaces.translate import optuna as translate

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

__all__ = ["GP"]

_TAIL = 2.0  # distances from the best to the median; chosen among 2, 5 and 20, see docs/searchers.md
_MOST = 1_000_000  # values of a stepped parameter


@final
class GP:
    """Fits a Gaussian process (Matern 5/2, one length scale a parameter) and proposes where log expected improvement is best.

    Ament et al. 2023; with several objectives by the expected gain of hypervolume, and outcome constraints have models of
    their own. A fit costs the cube of the observations, so the model sees `window` of them: the best half and the
    newest. It is fitted to scores of one fidelity: full trials, or, while early stopping leaves too few, the highest step
    that enough trials reached (Falkner et al. 2018). Scores far above the median are pulled in, as one diverged
    trial would flatten all the others. A parameter that is not active has its middle value in the model. Where
    the best point breaks a constraint, TPE proposes instead.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="Gaussian process (Optuna): the fewest trials on numbers; each proposal costs a fit",
        learns=True,
        stopped="curve",
        conditions="native",
        categories="native",
        constraints="redraw",
        parallel=True,
        several=True,
        outcomes=True,
        options={
            "startup_trials": Option(
                "observations before the model proposes; until then at random", 10, int, 1
            ),
            "window": Option("observations that the model is fitted to", 200, int, 20),
            "deterministic": Option("true: the scores carry no noise", False, bool),
        },
    )

    def __init__(
        self, problem: Problem, *, startup_trials: int = 10, window: int = 200, deterministic: bool = False
    ) -> None:
        self._distributions = translate.to_optuna(problem.space)
        self._middle = {
            each.key: translate.encode(each.domain, each.domain.from_unit(0.5))
            for each in problem.space.searched
        }
        for each in problem.space.searched:
            if (each.domain.size or 0) > _MOST:
                raise SpaceError(
                    f"{each.name}: {each.domain.size} values are too many for gp, which lists them (at most {_MOST}); "
                    f"give it a step, or use tpe",
                    where=each.name,
                )
        self._problem, self._startup, self._window = problem, startup_trials, window
        self._deterministic = deterministic
        self._windowed = False

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`."""
        space = self._problem.space
        belonging = [each for each in history.observations if belongs(space, each)]
        several, counts = bool(self._problem.secondary), self._problem.objective.counts
        known = newest(belonging) if several else comparable(belonging, self._startup, counts)
        if len(known) < self._startup:
            return space.sample(searcher_rng(self._problem.seed, number))
        self._windowed = len(known) > self._window
        with quiet():
            study = new_study(len(self._problem.objectives))
            for observation in _pulled_in(window(known, self._window)):
                study.add_trial(self._everywhere(told(space, observation, {})))
            for trial in history.pending:
                study.add_trial(self._everywhere(stand_in(space, trial)))
            return propose(study, self._problem, history, number, self._sampler).config

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`."""
        return notice(self._window) if self._windowed else None

    def _sampler(self, seed: int, attempt: int) -> BaseSampler:
        from optuna.samplers import GPSampler, TPESampler

        if attempt > 0:  # the model's optimum would come again; TPE, on the same trials, spreads its draws
            return TPESampler(seed=seed, n_startup_trials=self._startup)
        return GPSampler(
            seed=seed,
            n_startup_trials=self._startup,
            deterministic_objective=self._deterministic,
            warn_independent_sampling=False,
        )

    def _everywhere(self, trial: FrozenTrial) -> FrozenTrial:
        """The same trial with a value of every parameter: the middle one, where a parameter is not active."""
        trial.params = {**self._middle, **trial.params}
        trial.distributions = self._distributions
        return trial


def _pulled_in(observations: Sequence[Observation]) -> list[Observation]:
    """The same, with no score further above the median than `_TAIL` times what the best lies below it."""
    if not observations:
        return []
    columns = list(zip(*(each.scores for each in observations), strict=True))
    highest = [_highest(column) for column in columns]
    pulled = [tuple(map(min, each.scores, highest)) for each in observations]
    return [
        replace(each, score=scores[0], secondary=scores[1:])
        for each, scores in zip(observations, pulled, strict=True)
    ]


def _highest(scores: Sequence[float]) -> float:
    median = statistics.median(scores)
    reach = median - min(scores)
    return median + _TAIL * reach if reach > 0 else max(scores)
