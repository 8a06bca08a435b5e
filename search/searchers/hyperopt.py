"""Hyperopt's TPE and annealing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, cast, final

from search.history import History, Observation
from search.problem import Problem
from search.searchers.capabilities import Capabilities, Option
from search.searchers.feasible import drawn_back
from search.searchers.fidelity import comparable
from search.searchers.priors import belongs
from search.searchers.window import notice, window
from search.seeds import searcher_rng
from search.trial import Trial
from spaces.translate import hyperopt as translate

__all__ = ["Hyperopt"]

_ATTEMPTS = 10  # draws that break a constraint before one is drawn back
_PRIORS = 10**9  # trials of earlier runs are numbered from -this, so that they are the oldest


@final
class Hyperopt:
    """Asks one of Hyperopt's algorithms, over documents made of the history anew for each proposal.

    `tpe` (Bergstra et al. 2011, 2013): every parameter is modelled by itself, with its own densities of good and of bad
    values. `anneal`: a random step from one of the best trials, shorter as trials are more. Both learn from scores of one
    fidelity (see `comparable`): Hyperopt knows no trials that were stopped. Running trials count as bad.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(
        summary="Hyperopt: TPE with independent parameters, or annealing",
        learns=True,
        stopped="curve",
        conditions="native",
        categories="native",
        constraints="redraw",
        parallel=True,
        options={
            "algorithm": Option("tpe or anneal", "tpe", str, choices=("tpe", "anneal")),
            "startup_trials": Option(
                "observations before the model proposes; until then at random", 20, int, 1
            ),
            "candidates": Option("tpe: values among which the best ratio is taken", 24, int, 1),
            "window": Option("observations that it learns from: the best half and the newest", 2000, int, 50),
        },
    )

    def __init__(
        self,
        problem: Problem,
        *,
        algorithm: str = "tpe",
        startup_trials: int = 20,
        candidates: int = 24,
        window: int = 2000,
    ) -> None:
        from hyperopt.base import Domain

        self._problem, self._startup = problem, startup_trials
        self._window, self._windowed = window, False
        self._suggest = _algorithm(algorithm, startup_trials, candidates)
        expressions = translate.to_hyperopt(problem.space)
        self._domain = Domain(None, expressions) if expressions else None  # Hyperopt has no empty space
        self._history: History | None = None
        self._drawn: dict[int, dict[str, Any]] = {}

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """See `Searcher.ask`."""
        from hyperopt.base import trials_from_docs

        space = self._problem.space
        if self._domain is None:
            return space.from_unit([])
        if history is not self._history:
            self._history, self._drawn = history, {}
        known = self._learned(history)
        if len(known) < self._startup:
            return space.sample(searcher_rng(self._problem.seed, number))
        trials = trials_from_docs(self._documents(known, history.pending), validate=False)
        for attempt in range(_ATTEMPTS):
            seed = int(searcher_rng(self._problem.seed, number, attempt).integers(2**31))
            (drawn,) = self._suggest([number], self._domain, trials, seed)
            config = translate.decode(space, drawn["misc"]["vals"])
            if space.feasible(config):
                return config
        return drawn_back(self._problem, history, number, config, _ATTEMPTS)

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`."""
        return notice(self._window) if self._windowed else None

    def _documents(self, known: list[Observation], pending: list[Trial]) -> list[dict[str, Any]]:
        """What is known of the trials, in Hyperopt's form."""
        documents = []
        for place, observation in enumerate(known):
            number = place - _PRIORS if observation.number is None else observation.number
            documents.append(self._document(number, observation.config, observation.score))
        documents.extend(self._document(trial.number, trial.config, None) for trial in pending)
        return documents

    def _learned(self, history: History) -> list[Observation]:
        belonging = [each for each in history.observations if belongs(self._problem.space, each)]
        known = comparable(belonging, self._startup, self._problem.objective.counts)
        self._windowed = len(known) > self._window
        return window(known, self._window)

    def _document(self, number: int, config: Mapping[str, Any], loss: float | None) -> dict[str, Any]:
        """One trial; without a loss: a running one."""
        from hyperopt.base import JOB_STATE_DONE, JOB_STATE_RUNNING, STATUS_OK, STATUS_RUNNING

        return {
            "tid": number,
            "state": JOB_STATE_RUNNING if loss is None else JOB_STATE_DONE,
            "result": {"status": STATUS_RUNNING} if loss is None else {"status": STATUS_OK, "loss": loss},
            "misc": self._values(number, config),
            "spec": None,
            "exp_key": None,
        }

    def _values(self, number: int, config: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a trial's parameters; those of the sweep's own trials are kept for the next proposal."""
        if number in self._drawn:
            return self._drawn[number]
        values = translate.encode(self._problem.space, config)
        places = {key: [number] * len(value) for key, value in values.items()}
        drawn = {"tid": number, "cmd": None, "idxs": places, "vals": values}
        if number >= 0:
            self._drawn[number] = drawn
        return drawn


def _algorithm(name: str, startup_trials: int, candidates: int) -> Callable[..., list[dict[str, Any]]]:
    from hyperopt import anneal, tpe

    if name == "anneal":
        return cast(Callable[..., list[dict[str, Any]]], anneal.suggest)
    return partial(tpe.suggest, n_startup_jobs=startup_trials, n_EI_candidates=candidates, verbose=False)
