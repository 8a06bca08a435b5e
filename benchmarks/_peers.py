"""Other tools' searchers and schedulers, driven by the passive sweep on the virtual clock.

Where the tool is installed its own objects decide: Ray Tune's `AsyncHyperBandScheduler` and `OptunaSearch` with their
defaults, Optuna's study with its pruners. Synchronous Hyperband, and BOHB's rule for it, are written here after the papers.
One thing is ours throughout: a result that is not finite fails its trial.
"""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from search.history import History
from search.problem import Problem
from search.schedulers.base import CONTINUE, GoOn, Move, Scheduler, Verdict
from search.searchers import Searcher, make_searcher
from search.seeds import searcher_rng
from search.trial import Outcome, Result, Trial
from spaces.translate import optuna as translate

__all__ = ["PEERS"]

_STOP = Verdict(stop=True, reason="said so by the peer")


class RayAsha:
    """Ray Tune's `AsyncHyperBandScheduler` (`ASHAScheduler`), its defaults: stops from the first step on, one in four goes on."""

    rungs: tuple[int, ...] = ()

    def __init__(self, problem: Problem, **options: Any) -> None:
        from ray.tune.schedulers import ASHAScheduler

        self._scheduler = ASHAScheduler(metric="score", mode="min", max_t=problem.max_steps, **options)
        self._known: dict[int, Any] = {}

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        if trial.number not in self._known:
            self._known[trial.number] = SimpleNamespace(trial_id=trial.id)
            self._scheduler.on_trial_add(None, self._known[trial.number])
        told = {"training_iteration": result.step, "score": result.score}
        action = self._scheduler.on_trial_result(None, self._known[trial.number], told)
        return _STOP if action == "STOP" else CONTINUE


class RayOptuna:
    """Ray Tune's `OptunaSearch`, its defaults: TPE; a stopped trial is told as complete with its last value."""

    def __init__(self, problem: Problem) -> None:
        import optuna
        from ray.tune.search.optuna import OptunaSearch

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space = problem.space
        self._drawn: dict[str, Any] = {}
        self._told = self._reported = 0
        self._search = OptunaSearch(space=self._define, metric="score", mode="min", seed=problem.seed)

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        for kind, closed in history.events[self._told :]:
            if kind == "close":
                self._complete(history.trials[closed])
        self._told = len(history.events)
        self._search.suggest(str(number))
        return dict(self._drawn)

    def _complete(self, trial: Trial) -> None:
        told = [
            {"training_iteration": r.step, "score": r.score} for r in trial.results if r.score is not None
        ]
        for each in told[:-1]:
            self._search.on_trial_result(str(trial.number), each)
        failed = trial.outcome is Outcome.FAILED
        self._search.on_trial_complete(str(trial.number), None if failed else told[-1], error=failed)

    def _define(self, trial: Any) -> None:
        self._drawn = dict(translate.suggest(self._space, trial))


class OptunaPruning:
    """Optuna's own pairing: `study.ask`, `trial.report`, `should_prune`, `tell`. Searcher and scheduler in one."""

    rungs: tuple[int, ...] = ()

    def __init__(self, problem: Problem, pruner: Callable[[Any, int], Any]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._state, self._space = optuna.trial.TrialState, problem.space
        self._study = optuna.create_study(
            study_name="recorded",  # Hyperband's brackets are drawn from a hash of it
            sampler=optuna.samplers.TPESampler(seed=problem.seed),
            pruner=pruner(optuna.pruners, problem.max_steps),
        )
        self._open: dict[int, Any] = {}
        self._told = 0

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        for kind, closed in history.events[self._told :]:
            if kind == "close":
                self._tell(history.trials[closed])
        self._told = len(history.events)
        trial = self._open[number] = self._study.ask()
        return dict(translate.suggest(self._space, trial))

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        self._open[trial.number].report(result.score, result.step)
        return _STOP if self._open[trial.number].should_prune() else CONTINUE

    def _tell(self, trial: Trial) -> None:
        theirs, last = self._open.pop(trial.number), trial.last
        if trial.outcome is Outcome.COMPLETED and last is not None:
            self._study.tell(theirs, last.score)
        else:
            state = self._state.PRUNED if trial.outcome is Outcome.STOPPED else self._state.FAIL
            self._study.tell(theirs, state=state)


@dataclass
class _Bracket:
    """`levels`: steps of its rungs, full length last. `size`: configs it begins with. `alive`: who is on the way to `level`."""

    levels: tuple[int, ...]
    size: int
    members: list[int] = field(default_factory=list)
    alive: list[int] = field(default_factory=list)
    level: int = 0
    scores: dict[int, float] = field(default_factory=dict)


class SynchronousHyperband:
    """Li et al. 2018, algorithm 1: the best 1/eta of a rung go on once *all* of it have arrived.

    Workers do not idle at the barrier: as in HpBandSter and Ray's `HyperBandScheduler` the next bracket begins meanwhile.
    """

    def __init__(self, problem: Problem, eta: int = 3) -> None:
        self._eta, full = eta, problem.max_steps
        deepest = 0
        while eta ** (deepest + 1) <= full:
            deepest += 1
        self._shapes = [
            (
                tuple(max(1, full // eta**back) for back in range(s, -1, -1)),
                math.ceil((deepest + 1) * eta**s / (s + 1)),
            )
            for s in range(deepest, -1, -1)
        ]
        self.rungs = tuple(sorted({step for levels, _ in self._shapes for step in levels[:-1]}))
        self._brackets: list[_Bracket] = []
        self._of: dict[int, _Bracket] = {}
        self._ready: list[GoOn] = []

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        bracket = self._join(trial.number)
        if result.step != bracket.levels[bracket.level] or trial.number not in bracket.alive:
            return CONTINUE
        assert result.score is not None
        bracket.scores[trial.number] = result.score
        return Verdict(stop=False, reason="waits for its rung", rung=result.step, pause=True)

    def promote(self, history: History, last: bool) -> Move | None:
        for trial in history.trials[len(self._of) :]:
            self._join(trial.number)
        for bracket in self._brackets:
            self._halve(history, bracket)
        return self._ready.pop(0) if self._ready else None

    def full(self, history: History) -> str | None:
        return None

    def _join(self, number: int) -> _Bracket:
        """The bracket of a trial; they are filled in the order of the numbers."""
        while len(self._of) <= number:
            if not self._brackets or len(self._brackets[-1].members) == self._brackets[-1].size:
                levels, size = self._shapes[len(self._brackets) % len(self._shapes)]
                self._brackets.append(_Bracket(levels, size))
            bracket = self._brackets[-1]
            bracket.members.append(len(self._of))
            bracket.alive.append(len(self._of))
            self._of[len(self._of)] = bracket
        return self._of[number]

    def _halve(self, history: History, bracket: _Bracket) -> None:
        if len(bracket.members) < bracket.size or bracket.level == len(bracket.levels) - 1:
            return
        for number in bracket.alive:
            if number not in bracket.scores and history.trials[number].outcome is not Outcome.FAILED:
                return
        arrived = [number for number in bracket.alive if number in bracket.scores]
        keep = max(1, len(bracket.alive) // self._eta)
        bracket.alive = sorted(arrived, key=lambda number: (bracket.scores[number], number))[:keep]
        step = bracket.levels[bracket.level]
        bracket.level, bracket.scores = bracket.level + 1, {}
        self._ready += [GoOn(number, "among the best of its rung", step) for number in bracket.alive]


class BohbRule:
    """Falkner et al. 2018: a TPE over the results at the highest rung that has d + 2 of them; a third of the draws at random."""

    def __init__(self, problem: Problem, rungs: tuple[int, ...]) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._problem, self._space = problem, problem.space
        self._levels = (problem.max_steps, *reversed(rungs))
        self._studies = {
            step: optuna.create_study(
                sampler=optuna.samplers.TPESampler(seed=problem.seed, n_startup_trials=0)
            )
            for step in self._levels
        }
        self._read = dict.fromkeys(self._levels, 0)
        self._create, self._failed = optuna.trial.create_trial, optuna.trial.TrialState.FAIL

    def ask(self, history: History, number: int) -> Mapping[str, Any]:
        for step in self._levels:
            arrived = history.scores_at(step)
            for other, score in arrived[self._read[step] :]:
                config = history.trials[other].config
                parameters = translate.params(self._space, config)
                distributions = translate.distributions(self._space, config)
                self._studies[step].add_trial(
                    self._create(value=score, params=parameters, distributions=distributions)
                )
            self._read[step] = len(arrived)
        rng = searcher_rng(self._problem.seed, number)
        enough = len(self._space.searched) + 2
        level = next((step for step in self._levels if self._read[step] >= enough), None)
        if level is None or rng.random() < 1 / 3:
            return dict(self._space.sample(rng))
        scratch = self._studies[level].ask()
        config = translate.suggest(self._space, scratch)
        self._studies[level].tell(scratch, state=self._failed)
        return dict(config)


Made = tuple[Searcher, Scheduler]


def _ray_random(problem: Problem) -> Made:
    return make_searcher("random", problem), RayAsha(problem)


def _ray_optuna(problem: Problem) -> Made:
    return RayOptuna(problem), RayAsha(problem)


def _optuna(pruner: Callable[[Any, int], Any]) -> Callable[[Problem], Made]:
    def made(problem: Problem) -> Made:
        both = OptunaPruning(problem, pruner)
        return both, both

    return made


def _hyperband(problem: Problem) -> Made:
    return make_searcher("random", problem), SynchronousHyperband(problem)


def _bohb(problem: Problem) -> Made:
    scheduler = SynchronousHyperband(problem)
    return BohbRule(problem, scheduler.rungs), scheduler


PEERS: dict[str, Callable[[Problem], Made]] = {
    "Ray: ASHA, random": _ray_random,
    "Ray: ASHA, OptunaSearch": _ray_optuna,
    "Optuna: TPE, median pruner": _optuna(lambda pruners, full: pruners.MedianPruner()),
    "Optuna: TPE, Hyperband pruner": _optuna(lambda pruners, full: pruners.HyperbandPruner(1, full, 3)),
    "Hyperband, synchronous": _hyperband,
    "BOHB, synchronous": _bohb,
}
"""Name -> (searcher, scheduler) for a problem, fresh for each sweep."""

logging.getLogger("ray.tune.search.optuna").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="optuna")
