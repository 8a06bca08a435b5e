"""A history, told to Optuna as a study: what `tpe`, `gp` and `cmaes` have in common.

Optuna's samplers read a study; ours are functions of the history. So the study here is a mirror of the history, kept by
these rules, and only through Optuna's public ask and tell:

- the history's stream of events and observations is played in order, so the study after n entries of the stream is the
  same whoever played them: an object that lived through the sweep or a fresh one;
- an open trial stands in the study as RUNNING; when it closes, that stand-in becomes FAIL, which no sampler looks at,
  and what was observed of it is added: a completed trial as COMPLETE, a stopped one as PRUNED with its curve, a failed
  one as COMPLETE with the worst finite score (as FAIL, TPE walks into the failing region);
- a proposal is drawn from a scratch trial, which becomes FAIL at once. The trial proper enters when the history says it
  was asked for. Given points and trials of earlier runs therefore enter in the same way as the searcher's own.

Every draw gets a sampler of its own, seeded from (sweep seed, trial number, attempt).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from search.history import History, Observation
from search.problem import Problem
from search.searchers.priors import belongs
from search.seeds import searcher_rng
from search.trial import Outcome, Trial
from spaces import Space
from spaces.translate import optuna as translate

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["Draw", "Mirror", "new_study", "propose", "quiet"]

ATTEMPTS = 30  # draws that break a constraint before a random feasible config stands in

SamplerFactory = Callable[[int], "BaseSampler"]
"""seed -> a fresh sampler."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna's log lines and its warnings about experimental features from the user; puts all back afterwards."""
    import optuna  # noqa: F401 - the import sets the level of its logger

    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def new_study() -> Study:
    """An empty study in memory."""
    import optuna

    return optuna.create_study(storage=optuna.storages.InMemoryStorage(), direction="minimize")


def told(space: Space, observation: Observation, attributes: Mapping[str, Any]) -> FrozenTrial | None:
    """An observation as a finished trial; None for one of an earlier run that is no config of this space."""
    from optuna.trial import TrialState, create_trial

    if not belongs(space, observation):
        return None
    stopped = observation.outcome is Outcome.STOPPED and bool(observation.curve)
    return create_trial(
        state=TrialState.PRUNED if stopped else TrialState.COMPLETE,
        value=observation.curve[-1][1] if stopped else observation.score,
        params=translate.params(space, observation.config),
        distributions=translate.distributions(space, observation.config),
        intermediate_values=dict(observation.curve),
        system_attrs=dict(attributes),
    )


def stand_in(space: Space, trial: Trial) -> FrozenTrial:
    """An open trial: its config is known, its score is not."""
    from optuna.trial import TrialState, create_trial

    return create_trial(
        state=TrialState.RUNNING,
        params=translate.params(space, trial.config),
        distributions=translate.distributions(space, trial.config),
    )


@dataclass(frozen=True)
class Draw:
    """A proposed config, what the sampler noted down with it (the state of CMA-ES lives there), and the draws it took."""

    config: Mapping[str, Any]
    attributes: Mapping[str, Any]
    attempts: int


def propose(
    study: Study, problem: Problem, number: int, sampler: SamplerFactory, attempts: int = ATTEMPTS
) -> Draw:
    """Draw a config for trial `number`; what breaks a constraint is drawn again, at last from the space itself."""
    from optuna.trial import TrialState

    space = problem.space
    for attempt in range(attempts if space.constraints else 1):
        rng = searcher_rng(problem.seed, number, attempt)
        study.sampler = sampler(int(rng.integers(2**31)))
        scratch = study.ask()
        config = translate.suggest(space, scratch)
        noted = study.tell(scratch, state=TrialState.FAIL).system_attrs
        if space.feasible(config):
            return Draw(config, noted, attempt + 1)
    return Draw(space.sample(searcher_rng(problem.seed, number, attempts)), {}, attempts)


class Mirror:
    """A study that follows a history; see the module's docstring.

    `remembers`: the sampler keeps its state in the attributes of the trials that it proposed. Then each trial that the
    searcher was asked for is proposed again when it is played, in the study of that moment, and carries those attributes
    if the config comes out as it was journalled.
    """

    def __init__(self, problem: Problem, sampler: SamplerFactory, *, remembers: bool = False) -> None:
        translate.to_optuna(problem.space)  # refuses what Optuna cannot say, before anything runs
        self._problem, self._sampler, self._remembers = problem, sampler, remembers
        self._history: History | None = None

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """The config of trial `number`."""
        with quiet():
            if (
                history is not self._history
                or self._was_told_before(history)
                or self._strays(history, number)
            ):
                self._begin(history)
            self._play(history)
            if self._pending is None or self._pending[0] != number:
                self._pending = (number, self._propose(number))
            return self._pending[1].config

    def _begin(self, history: History) -> None:
        self._history, self._study = history, new_study()
        self._event = self._seen = 0  # played of the history's stream: events, observations
        self._entries = 0  # trials that were put into the study, which is how Optuna numbers them
        self._standing: dict[int, int] = {}  # open trial -> its stand-in
        self._noted: dict[
            int, Mapping[str, Any]
        ] = {}  # trial -> what the sampler noted down with its proposal
        self._newest: dict[int | None, int] = {}  # trial -> its newest observation
        self._pending: tuple[int, Draw] | None = None  # the last proposal, until something is played
        for index, observation in enumerate(history.observations):
            self._newest[observation.number] = index

    def _was_told_before(self, history: History) -> bool:
        """Whether a trial that the study knows the end of was observed again: the study forgets nothing, so build anew."""
        for index in range(self._seen, len(history.observations)):
            number = history.observations[index].number
            if number is not None and self._newest.setdefault(number, index) < self._seen:
                return True
            self._newest[number] = index
        return False

    def _strays(self, history: History, number: int) -> bool:
        """Whether the last proposal left a trace in what a sampler remembers, and is not what was asked for in the end."""
        if not self._remembers or self._pending is None:
            return False
        if (self._event, self._seen) == (len(history.events), len(history.observations)):
            return self._pending[0] != number
        return self._next_is_observation(history) or history.events[self._event] != ("ask", self._pending[0])

    def _next_is_observation(self, history: History) -> bool:
        return self._seen < len(history.observations) and history.observed_after[self._seen] <= self._event

    def _play(self, history: History) -> None:
        while True:
            if self._next_is_observation(history):
                self._observe(self._seen, history.observations[self._seen])
                self._seen += 1
            elif self._event < len(history.events):
                kind, number = history.events[self._event]
                if kind == "ask":
                    self._open(history.trials[number])
                else:
                    self._close(number)
                self._event += 1
            else:
                return
            self._pending = None

    def _open(self, trial: Trial) -> None:
        standing = stand_in(self._problem.space, trial)
        if self._remembers and trial.origin == "searcher":
            draw = self._pending[1] if self._pending else self._propose(trial.number)
            if translate.params(self._problem.space, draw.config) == standing.params:
                self._noted[trial.number] = draw.attributes
        self._standing[trial.number] = self._entries
        self._add(standing)

    def _close(self, number: int) -> None:
        from optuna.trial import TrialState

        if number in self._standing:  # a trial that was run again closes a second time
            self._study.tell(self._standing.pop(number), state=TrialState.FAIL)

    def _observe(self, index: int, observation: Observation) -> None:
        number = observation.number
        if number is not None and self._newest[number] != index:
            return
        noted = {} if number is None else self._noted.get(number, {})
        finished = told(self._problem.space, observation, noted)
        if finished is not None:
            self._add(finished)

    def _add(self, trial: FrozenTrial) -> None:
        self._study.add_trial(trial)
        self._entries += 1

    def _propose(self, number: int) -> Draw:
        draw = propose(self._study, self._problem, number, self._sampler)
        self._entries += draw.attempts
        return draw
