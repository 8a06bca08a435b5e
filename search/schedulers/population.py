"""Population based training: a schedule of hyperparameters is found while the models train.

Jaderberg et al. 2017, "Population Based Training of Neural Networks" (arXiv 1711.09846). A population trains side by
side; every few steps its worst members give their place to copies of its best ones (exploit), whose hyperparameters are
changed a little (explore). A copy is a trial of its own, with the `parent` from whose checkpoint it goes on: the line of
parents from the winner back to its first ancestor is the schedule that was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from search.history import History
from search.problem import Problem
from search.schedulers.base import CONTINUE, Copy, GoOn, Move, Verdict
from search.schedulers.explore import Explorer
from search.schedulers.halving import ordinal
from search.schedulers.options import OptionCheck
from search.seeds import explore_rng
from search.trial import Outcome, Result, Trial, trial_id

if TYPE_CHECKING:
    from search.schedulers.bandit import Bandit

__all__ = ["SIZE", "Population"]

SIZE = 20


class Population:
    """`size` members; each is paused every `interval` steps, until all others have come as far.

    Then the worst `quantile` of them are replaced, each by a copy of one of the best `quantile`, drawn at random
    (truncation selection, section 4.1.1), and a member that failed since the last time is replaced first. The others
    go on as they are. A generation is judged as a whole, so what is found does not depend on the number of workers.

    Args:
        size: members; default 20.
        interval: steps between two judgements; default a tenth of max_steps, rounded up.
        quantile: share that is replaced each time, and share that is copied; default 0.25, at most 0.5.
        mutate: names of the parameters that a copy changes: those that may change under a trained model (rates, weights
            of penalties, augmentation), never its shape. Default: all that are searched, without those of the sections
            `data` and `model`.
        factor: a number is multiplied or divided by it (on a log scale, and for ints too); default 1.2.
        resample: chance that a parameter is drawn anew instead; default 0.25.
        explore: "perturb": as above; "bandit": numbers where a model of all gains so far promises most (`Bandit`).

    Departs from the paper: a generation waits for its last member, where the paper compares each with whatever the
    others have; with fewer workers than members nobody idles but at the very end of each.
    Raises SettingsError: an option out of range, or a parameter that the space does not have.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        size: int | None = None,
        interval: int | None = None,
        quantile: float = 0.25,
        mutate: Sequence[str] | str | None = None,
        factor: float = 1.2,
        resample: float = 0.25,
        explore: str = "perturb",
    ) -> None:
        check = OptionCheck()
        self._size = SIZE if size is None else check.whole("size", size, least=1)
        every = -(-problem.max_steps // 10)
        self._interval = every if interval is None else check.whole("interval", interval, least=1)
        self._quantile = check.share("quantile", quantile, most=0.5)
        self._explorer = Explorer.read(problem.space, mutate, factor, resample, check)
        if explore not in ("perturb", "bandit"):
            check.refuse("explore", f"must be perturb or bandit, got {explore!r}")
        check.done()
        self._bandit: Bandit | None = None
        if explore == "bandit":
            from search.schedulers.bandit import Bandit  # it loads scipy, which settings and plans do without

            self._bandit = Bandit(self._explorer, self._interval)
        self._seed = problem.seed
        self._steps = tuple(range(self._interval, problem.max_steps, self._interval))
        self._first = self._read = 0  # trials that are no copies, of so many that were read

    @property
    def rungs(self) -> tuple[int, ...]:
        return self._steps

    def decide(self, history: History, trial: Trial, result: Result) -> Verdict:
        if result.step % self._interval:
            return CONTINUE
        assert result.score is not None
        value = history.problem.objective.value(result.score)
        reason = f"step {result.step}: {value:.6g}; it waits for the others"
        return Verdict(stop=False, reason=reason, rung=result.step, pause=True)

    def full(self, history: History) -> str | None:
        self._first += sum(trial.parent is None for trial in history.trials[self._read :])
        self._read = len(history.trials)
        if self._first < self._size:
            return None
        under_way = history.running or history.paused
        return f"all {self._size} members of the population have {'begun' if under_way else 'ended'}"

    def promote(self, history: History, last: bool) -> Move | None:
        generation = self._generation(history, last)
        if generation is None:
            return None
        most = history.problem.budget.trials
        if most is None or len(history.trials) < most:  # else there is no trial left to replace one with
            for number, why in generation.losers(history, self._quantile):
                copy = self._copy(history, generation, number, why)
                if copy is not None:
                    return copy
        number = min(generation.waiting)
        place = ordinal(generation.rank(number))
        reason = f"step {generation.step}: {place} of {len(generation.ranked)}, goes on"
        return GoOn(number, reason, generation.step)

    def _generation(self, history: History, last: bool) -> _Generation | None:
        """Those who wait at the lowest step, once nobody else is still on the way there."""
        waiting = history.paused
        if not waiting or (self.full(history) is None and not last):
            return None
        step = min(trial.steps for trial in waiting)
        if any(trial.steps < step for trial in history.running):
            return None
        scores = [(score, number) for number, score in history.scores_at(step)]
        here = frozenset(trial.number for trial in waiting if trial.steps == step)
        return _Generation(step, tuple(number for _, number in sorted(scores)), here)

    def _copy(self, history: History, generation: _Generation, number: int, why: str) -> Copy | None:
        """The copy that takes the place of a trial; None: nobody is left to copy."""
        best = generation.best(self._quantile)
        if not best:
            return None
        rng = explore_rng(self._seed, number)
        parent = history.trials[best[int(rng.integers(len(best)))]]
        if self._bandit is not None:
            config, changes = self._bandit.explore(history, parent, generation.step, rng)
        else:
            config, changes = self._explorer.explore(parent.config, rng)
        reason = f"step {generation.step}: {why}; a copy of {trial_id(parent.number)} takes its place"
        return Copy(parent.number, number, config, f"{reason}, {changes}" if changes else reason)


@dataclass(frozen=True)
class _Generation:
    """All that have arrived at a step. `ranked`: the best first; `waiting`: who is still there."""

    step: int
    ranked: tuple[int, ...]
    waiting: frozenset[int]

    def rank(self, number: int) -> int:
        return self.ranked.index(number) + 1

    def best(self, quantile: float) -> list[int]:
        """Who may be copied: the best of those that wait, for only their checkpoint is of this step."""
        count = max(1, _share(quantile, len(self.ranked)))
        return [number for number in self.ranked[:count] if number in self.waiting]

    def losers(self, history: History, quantile: float) -> list[tuple[int, str]]:
        """(trial, why) of those that are replaced and were not yet: first who failed on the way here, then the worst."""
        failed = [
            trial.number
            for trial in (history.trials if history.failed_total else ())
            if trial.outcome is Outcome.FAILED
            and trial.from_step < self.step
            and trial.steps <= self.step
            and trial.number not in self.ranked
        ]
        total = len(self.ranked) + len([n for n in failed if self._fell_here(history, n)])
        worst = _share(quantile, total) - (total - len(self.ranked))
        last = self.ranked[len(self.ranked) - worst :] if worst > 0 else ()
        lost = [(number, f"{trial_id(number)} failed") for number in failed]
        lost += [
            (number, f"{ordinal(self.rank(number))} of {len(self.ranked)}")
            for number in reversed(last)
            if number in self.waiting
        ]
        return [each for each in lost if each[0] not in history.replaced]

    def _fell_here(self, history: History, number: int) -> bool:
        """Whether a failed trial was not replaced at an earlier step already."""
        successor = history.replaced.get(number)
        return successor is None or history.trials[successor].from_step == self.step


def _share(quantile: float, of: int) -> int:
    """So many, rounded down; 0.29 of 100 are 29, though their product is a little less."""
    return int(quantile * of + 1e-9)
