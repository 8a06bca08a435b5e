"""A history, told to Optuna as a study: what `tpe`, `gp`, `cmaes` and `nsga2` have in common.

Optuna's samplers read a study; ours are functions of the history. So the study here is a mirror of the history, kept by
these rules, and only through Optuna's public ask and tell:

- the history's stream of events and observations is played in order, so the study after n entries of the stream is the
  same whoever played them: an object that lived through the sweep or a fresh one;
- an open trial stands in the study as RUNNING; when it closes, that stand-in becomes FAIL, which no sampler looks at,
  and what was observed of it is added: a completed trial as COMPLETE, a stopped one as PRUNED with its curve, a failed
  one as COMPLETE with the worst finite score (as FAIL, TPE walks into the failing region). With several objectives
  Optuna knows no PRUNED: a stopped trial is COMPLETE with what it had reached;
- a trial carries the excess of each outcome constraint as Optuna's own constraints, for which 0 and below is feasible;
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
from search.searchers.feasible import drawn_back
from search.searchers.priors import belongs
from search.searchers.window import notice, window
from search.seeds import searcher_rng
from search.trial import Outcome, Trial
from spaces import Space
from spaces.translate import optuna as translate
from spaces.values import listed

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["Draw", "Mirror", "new_study", "propose", "quiet", "stand_in", "told"]

_CONSTRAINT = "constraints"  # as `optuna.trial.Trial.set_constraint` keeps them
_ATTEMPTS = 10  # draws that break a constraint before one is drawn back

SamplerFactory = Callable[[int, int], "BaseSampler"]
"""(seed, attempt) -> a fresh sampler; `attempt` counts the draws of this trial that broke a constraint."""

Adaptation = Callable[["FrozenTrial", int], "FrozenTrial"]


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


def new_study(objectives: int = 1) -> Study:
    """An empty study in memory."""
    import optuna

    return optuna.create_study(
        storage=optuna.storages.InMemoryStorage(), directions=["minimize"] * objectives
    )


def told(space: Space, observation: Observation, attributes: Mapping[str, Any]) -> FrozenTrial:
    """An observation as a finished trial."""
    from optuna.trial import TrialState, create_trial

    several = bool(observation.secondary)
    stopped = observation.outcome is Outcome.STOPPED and bool(observation.curve) and not several
    limits = {f"{_CONSTRAINT}:{place}": excess for place, excess in enumerate(observation.excess)}
    return create_trial(
        state=TrialState.PRUNED if stopped else TrialState.COMPLETE,
        values=[observation.curve[-1][1]] if stopped else list(observation.scores),
        params=translate.params(space, observation.config),
        distributions=translate.distributions(space, observation.config),
        intermediate_values={} if several else dict(observation.curve),
        system_attrs={**attributes, **limits},
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
    study: Study,
    problem: Problem,
    history: History,
    number: int,
    sampler: SamplerFactory,
    *,
    fresh: bool = False,
) -> Draw:
    """Draw a config for trial `number`; what breaks a constraint is drawn again, and at last drawn back.

    `fresh`: so is what was asked for before, but for the last draw.
    """
    from optuna.trial import TrialState

    space = problem.space
    for attempt in range(_ATTEMPTS):
        rng = searcher_rng(problem.seed, number, attempt)
        study.sampler = sampler(int(rng.integers(2**31)), attempt)
        scratch = study.ask()
        config = translate.suggest(space, scratch)
        noted = study.tell(scratch, state=TrialState.FAIL).system_attrs
        again = fresh and attempt + 1 < _ATTEMPTS and _was_asked(history, number, config)
        if not again and space.feasible(config):
            return Draw(config, noted, attempt + 1)
    return Draw(drawn_back(problem, history, number, config, _ATTEMPTS), noted, _ATTEMPTS)


def _was_asked(history: History, number: int, config: Mapping[str, Any]) -> bool:
    as_kept = {name: listed(value) for name, value in config.items()}
    return any(trial.config == as_kept for trial in history.trials[:number])


class Mirror:
    """A study that follows a history; see the module's docstring.

    `startup`: observations before the sampler is asked; until then configs are random.
    `window`: with twice as many observations the study is made anew from the best and the newest `window` of them.
    `remembers`: the sampler keeps its state in the attributes of the trials that it proposed. Then each trial that the
    searcher was asked for is proposed again when it is played, in the study of that moment, and carries those attributes
    if the config comes out as it was journalled.
    `fresh`: a config that was asked for before is drawn again.
    `adapt`: makes of a finished trial, and its place among those in the study, the one that enters it.
    """

    _pending: tuple[int, Draw] | None  # the last proposal, until something is played

    def __init__(
        self,
        problem: Problem,
        sampler: SamplerFactory,
        *,
        startup: int,
        window: int,
        remembers: bool = False,
        fresh: bool = False,
        adapt: Adaptation | None = None,
    ) -> None:
        self._problem, self._sampler, self._remembers = problem, sampler, remembers
        self._startup, self._window = startup, window
        self._fresh, self._adapt = fresh, adapt
        self._begin(History(problem))

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        """The config of trial `number`."""
        with quiet():
            if history is not self._history or self._was_told_before() or self._strays(number):
                self._begin(history)
            self._play()
            if self._pending is None or self._pending[0] != number:
                self._pending = (number, self._propose(number))
            return self._pending[1].config

    @property
    def notice(self) -> str | None:
        """See `Windowed.notice`."""
        return notice(self._window) if self._windowed else None

    def _begin(self, history: History) -> None:
        self._history, self._windowed = history, False
        self._event = self._seen = 0  # played of the history's stream: events, observations
        self._standing: dict[int, int] = {}  # open trial -> the number of its stand-in in the study
        self._noted: dict[
            int, Mapping[str, Any]
        ] = {}  # trial -> what the sampler noted down with its proposal
        self._pending = None
        self._newest: dict[int | None, int] = {}  # trial -> its newest observation
        for index, observation in enumerate(history.observations):
            self._newest[observation.number] = index
        self._clear()

    def _clear(self) -> None:
        self._study: Study | None = None
        self._entries = 0  # trials that were put into the study, which is how Optuna numbers them
        self._told: list[Observation] = []  # those in the study, in order

    def _was_told_before(self) -> bool:
        """Whether a trial was observed again (it had failed, and was given another chance).

        A study forgets nothing, so it has to be built anew without the old observation.
        """
        observations = self._history.observations
        for index in range(self._seen, len(observations)):
            number = observations[index].number
            if number is not None and self._newest.setdefault(number, index) < self._seen:
                return True
            self._newest[number] = index
        return False

    def _strays(self, number: int) -> bool:
        """Whether the last proposal left a trace in what a sampler remembers, and is not what was asked for after all."""
        if not self._remembers or self._pending is None:
            return False
        events, observations = self._history.events, self._history.observations
        if (self._event, self._seen) == (len(events), len(observations)):
            return self._pending[0] != number
        return self._next_is_observation() or events[self._event] != ("ask", self._pending[0])

    def _next_is_observation(self) -> bool:
        history = self._history
        return self._seen < len(history.observations) and history.observed_after[self._seen] <= self._event

    def _play(self) -> None:
        """Take in what has been added to the history."""
        history = self._history
        while True:
            if self._next_is_observation():
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
        self._standing[trial.number] = self._add(standing)

    def _close(self, number: int) -> None:
        from optuna.trial import TrialState

        if number in self._standing:  # a trial that was given another chance closes a second time
            self._current.tell(self._standing.pop(number), state=TrialState.FAIL)

    def _observe(self, index: int, observation: Observation) -> None:
        number = observation.number
        if number is not None and self._newest[number] != index:
            return
        if not belongs(self._problem.space, observation):
            return
        self._tell(observation)
        if len(self._told) >= 2 * self._window:
            self._forget()

    def _tell(self, observation: Observation) -> None:
        noted = {} if observation.number is None else self._noted.get(observation.number, {})
        trial = told(self._problem.space, observation, noted)
        self._add(trial if self._adapt is None else self._adapt(trial, len(self._told)))
        self._told.append(observation)

    def _forget(self) -> None:
        """Go on with a new study, of the window and the open trials."""
        self._windowed = True
        kept = window(self._told, self._window)
        needed = {observation.number for observation in kept}.union(self._standing)
        self._noted = {number: noted for number, noted in self._noted.items() if number in needed}
        self._clear()
        for observation in kept:
            self._tell(observation)
        for number in self._standing:
            self._standing[number] = self._add(stand_in(self._problem.space, self._history.trials[number]))

    @property
    def _current(self) -> Study:
        if self._study is None:
            self._study = new_study(len(self._problem.objectives))
        return self._study

    def _add(self, trial: FrozenTrial) -> int:
        self._current.add_trial(trial)
        self._entries += 1
        return self._entries - 1

    def _propose(self, number: int) -> Draw:
        if len(self._told) < self._startup:
            return Draw(self._problem.space.sample(searcher_rng(self._problem.seed, number)), {}, 0)
        draw = propose(self._current, self._problem, self._history, number, self._sampler, fresh=self._fresh)
        self._entries += draw.attempts
        return draw
