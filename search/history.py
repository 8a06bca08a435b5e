"""The journal, read: what every searcher, scheduler, view and report decides from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from search.errors import JournalError, TuneyardError
from search.problem import Budget, Problem
from search.records import why_unsound
from search.trial import Attempt, Failure, Outcome, Result, Trial, merit, violation

__all__ = ["PAUSED", "Event", "History", "Observation", "Record"]

Record = Mapping[str, Any]
Event = tuple[Literal["ask", "close"], int]

PAUSED: Final = "paused"
"""What a decision to pause says as its outcome. No `Outcome`: the trial stays open."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What a searcher learns from one closed trial, or from a trial of an earlier run.

    `score`: finite, smaller is better: the best over the steps, or the last where the objective counts that; for a
    failed trial the worst finite score seen when it was told, so that no model is drawn into a region that fails, and
    none ever meets a NaN.
    `curve`: (step, score) of every finite result. `number`: None for a trial of an earlier run (a prior).
    `secondary`: scores of the further objectives. `excess`: of each outcome constraint (`OutcomeConstraint.excess`). Of
    a failed trial both are the worst seen, too: one told as feasible would draw a model that has seen nothing feasible.
    """

    number: int | None
    config: Mapping[str, Any]
    score: float
    outcome: Outcome
    curve: tuple[tuple[int, float], ...]
    secondary: tuple[float, ...] = ()
    excess: tuple[float, ...] = ()

    @property
    def scores(self) -> tuple[float, ...]:
        """The scores of all objectives, the first one first."""
        return (self.score, *self.secondary)

    @property
    def violation(self) -> float:
        """By how much the outcome constraints are broken in all; 0 = feasible."""
        return violation(self.excess)


class History:
    """A projection of the journal: `apply` each record in order; nothing else changes it.

    The lists only ever grow at the end, so a reader may keep a cursor into them:

    - `trials`: by number. `events`: ("ask" | "close", number) in order.
    - `observations`: in the order in which trials closed. A failed trial that has no finite score to be told as waits
      until there is one. A failed trial that is run again (`resume --retry-failed`) is observed a second time.
    - `observed_after`: for each observation, how many events came before it, so that both read as one stream.
    - `scores_at(step)`: (number, score) in the order of arrival, finite ones only.

    A trial that is paused is observed as it stands, and once more whenever it is paused again or ends: of several
    observations of a trial the newest counts.

    `decisions`: records of type `decision`, all. `standing`: of open trials, by number, the one that says to stop.
    `promotions`: records of type `promote`: paused trials that were taken up again. `replaced`: trial -> the trial that
    took its place in a population, a copy of another.
    `audited`: trial -> the step at which the scheduler stopped it, of those that run on nevertheless (`search.audit`). What
    is decided and proposed from knows nothing of their later results: to `events`, `observations`, `scores_at` and
    `worst_score` they ended there. `best` and the trial itself know.
    `tests`: records of type `test` and `tested`: openings of the locked test part, and what came of them.
    `notices`: records of type `notice`: what the searcher said of itself, each once.
    `ended`: why the last driver took its leave; None while one is at work, or if it was killed. `finished`: whether it
    left nothing to do.
    `best`: the trial with the lowest score at any step, among those that did not fail and are feasible; where the
    objective counts the last step, the lowest among those with the most steps.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.about: Mapping[str, Any] = {}
        self.began: str | None = None
        self.trials: list[Trial] = []
        self.observations: list[Observation] = []
        self.observed_after: list[int] = []
        self.events: list[Event] = []
        self.decisions: list[Record] = []
        self.standing: dict[int, Record] = {}
        self.audited: dict[int, int] = {}
        self.promotions: list[Record] = []
        self.replaced: dict[int, int] = {}
        self.resumes: list[Record] = []
        self.tests: list[Record] = []
        self.notices: list[Record] = []
        self.results_total = 0
        self.steps_total = 0
        self.failed_total = 0
        self.now = 0.0
        self.ended: str | None = None
        self.finished = False
        self.best: Trial | None = None
        self.worst_score = -math.inf
        self._worst_secondary: tuple[float, ...] = ()
        self._worst_excess: tuple[float, ...] = ()
        self._open: dict[int, Trial] = {}
        self._paused: dict[int, Trial] = {}
        self._told: set[int] = set()  # trials that were paused before: an observation tells of them
        self._at_step: dict[int, list[tuple[int, float]]] = {}
        self._untold: list[Trial] = []

    @classmethod
    def from_records(cls, records: Iterable[Record]) -> History:
        """The history that a journal tells. Its first record is the header (type `sweep`).

        Raises JournalError: a record is not what its type promises, or contradicts those before it: no sweep has
        written it; SpaceError: nor such a space.
        """
        number = 0
        try:
            for number, record in enumerate(records, start=1):
                if (why := why_unsound(record)) is not None:
                    raise ValueError(why)
                if number == 1:
                    history = cls(Problem.from_json(record["problem"]))
                history.apply(record)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            if isinstance(error, TuneyardError):
                raise
            raise JournalError(
                f"record {number} of the journal was not written by a sweep ({_reason(error)}): trust nothing of it, "
                "or restore the journal from a copy"
            ) from error
        return history

    @property
    def running(self) -> list[Trial]:
        """Trials that have, or want, a worker: asked for, not closed and not paused; by number."""
        return sorted(self._open.values(), key=lambda trial: trial.number)  # a reopened trial comes in last

    @property
    def paused(self) -> list[Trial]:
        """Open trials that wait without a worker, by number."""
        return sorted(self._paused.values(), key=lambda trial: trial.number)

    @property
    def pending(self) -> list[Trial]:
        """Running trials that no observation tells of, by number: what a model has to imagine."""
        known = self._told
        return [t for t in self.running if t.number not in self.audited and t.number not in known]

    def ancestors(self, trial: Trial) -> list[Trial]:
        """The trials that trained a model one after the other, each a copy of the one before; `trial` itself is the last."""
        line = [trial]
        while line[-1].parent is not None:
            line.append(self.trials[line[-1].parent])
        return line[::-1]

    def scores_at(self, step: int) -> list[tuple[int, float]]:
        """(trial number, score) of every finite result at `step`, in the order of arrival."""
        return self._at_step.get(step, [])

    def apply(self, record: Record) -> None:
        """Take in the next record of the journal."""
        self.now = max(self.now, record.get("now", 0.0))
        match record["type"]:
            case "sweep":
                self.about, self.began = record.get("about", {}), record.get("t")
            case "prior":
                self._observe_prior(record)
            case "ask":
                self._ask(record)
            case "start":
                self._start(record)
            case "result":
                self._result(record)
            case "decision":
                self.decisions.append(record)
                if record.get("audit"):
                    self._audit(self.trials[record["trial"]], record["step"])
                if record["outcome"] == PAUSED:
                    self._pause(self.trials[record["trial"]], record)
                elif record["outcome"] is not None:
                    self.standing[record["trial"]] = record
            case "promote":
                self._promote(record)
            case "close":
                self._close(record)
            case "extend":
                self.problem = replace(self.problem, budget=Budget(**record["budget"]))
                self.ended = None
            case "reopen":
                self._reopen(record)
            case "resume":
                self.resumes.append(record)
                self.ended = None
            case "test" | "tested":
                self.tests.append(record)
            case "notice":
                self.notices.append(record)
            case "end":
                self.ended, self.finished = record["reason"], record["finished"]

    def _ask(self, record: Record) -> None:
        number = record["trial"]
        if number != len(self.trials):
            raise ValueError(f"trial {number} after {len(self.trials)} trials")
        parent = record.get("parent")
        if parent is not None and not 0 <= parent < number:
            raise ValueError(f"trial {number} is a copy of trial {parent}")
        trial = Trial(
            number,
            record["config"],
            record["seed"],
            record["origin"],
            record["now"],
            parent,
            record.get("from_step") or 0,
        )
        self.trials.append(trial)
        trial.reason = record.get("reason") or ""
        if (replaces := record.get("replaces")) is not None:
            if not replaces < number:
                raise ValueError(f"trial {number} takes the place of trial {replaces}")
            self.replaced[replaces] = number
        self._open[number] = trial
        self.events.append(("ask", number))

    def _start(self, record: Record) -> None:
        trial, after = self.trials[record["trial"]], record.get("after")
        if trial.idle_since is not None:
            trial.idle += max(0.0, record["now"] - trial.idle_since)
            trial.idle_since = None
        trial.attempts.append(
            Attempt(
                record["attempt"],
                record["now"],
                record["node"],
                record["pid"],
                record["from_step"],
                Failure(**after) if after else None,
            )
        )

    def _result(self, record: Record) -> None:
        if record.get("again"):  # a step run twice after a crash: the first report stands
            return
        trial, step, metrics = self.trials[record["trial"]], record["step"], record["metrics"]
        if step <= trial.steps:
            raise ValueError(f"step {step} of {trial.id} after step {trial.steps}")
        self.steps_total += step - trial.steps
        result = self._measured(step, metrics, record["now"])
        trial.results.append(result)
        self.results_total += 1
        if result.score is None:
            return
        audited = trial.number in self.audited
        if not audited:
            self._at_step.setdefault(step, []).append((trial.number, result.score))
        counts_last = self.problem.objective.counts == "last"
        if counts_last or trial.best is None or merit(result) < merit(trial.best):
            trial.best = result
            self._take_place(trial)
        if audited:
            return
        self._note_worst(result)
        if self._untold:
            self._tell_failed()

    def _measured(self, step: int, metrics: Mapping[str, float], now: float) -> Result:
        """A result, with a score if every metric that is asked for is there and finite."""
        values = [metrics.get(objective.metric) for objective in self.problem.objectives]
        excess = [constraint.excess(metrics) for constraint in self.problem.outcome_constraints]
        scores = [
            objective.score(value)
            for objective, value in zip(self.problem.objectives, values, strict=True)
            if value is not None and math.isfinite(value)
        ]
        known = [each for each in excess if each is not None]
        if len(scores) < len(values) or len(known) < len(excess):
            return Result(step, metrics, None, now)
        return Result(step, metrics, scores[0], now, tuple(scores[1:]), tuple(known))

    def _take_place(self, trial: Trial) -> None:
        """A trial has another best result, or is back among those that did not fail."""
        assert trial.best is not None
        if trial.best.violation > 0:
            if self.best is trial:
                self.best = self._best_of_sound()
        elif self.best is None or self.place(trial) < self.place(self.best):
            self.best = trial

    def _note_worst(self, seen: Result | Observation) -> None:
        assert seen.score is not None
        secondary, excess = seen.secondary, seen.excess
        if math.isfinite(self.worst_score):
            secondary = tuple(map(max, secondary, self._worst_secondary))
            excess = tuple(map(max, excess, self._worst_excess))
        self.worst_score = max(self.worst_score, seen.score)
        self._worst_secondary, self._worst_excess = secondary, excess

    def _close(self, record: Record) -> None:
        unpromoted = self._paused.pop(record["trial"], None)
        trial = unpromoted if unpromoted is not None else self._open.pop(record["trial"])
        self.standing.pop(trial.number, None)
        failure = record.get("failure")
        trial.outcome, trial.reason = Outcome(record["outcome"]), record.get("reason", "")
        trial.failure, trial.closed = (Failure(**failure) if failure else None), record["now"]
        audited = trial.number in self.audited
        if not audited and trial.number not in self._told:
            self.events.append(("close", trial.number))
        if unpromoted is not None and trial.outcome is not Outcome.FAILED:
            return  # it was observed as it stands
        if trial.outcome is Outcome.FAILED:
            self.failed_total += 1
            if self.best is trial:
                self.best = self._best_of_sound()
            if not audited:
                self._untold.append(trial)
                if math.isfinite(self.worst_score):
                    self._tell_failed()
        elif trial.best is not None and not audited:
            self._observe(trial, trial.best, trial.outcome)

    def _pause(self, trial: Trial, record: Record) -> None:
        """A trial waits: it is told as it stands, for it may never go on."""
        self._paused[trial.number] = self._open.pop(trial.number)
        trial.paused, trial.reason = True, record["reason"]
        trial.pauses.append(record["now"])
        trial.idle_since = record["now"]
        if trial.number not in self._told:
            self._told.add(trial.number)
            self.events.append(("close", trial.number))
        if trial.best is not None:
            self._observe(trial, trial.best, Outcome.STOPPED)

    def _promote(self, record: Record) -> None:
        trial = self._open[record["trial"]] = self._paused.pop(record["trial"])
        trial.paused, trial.reason = False, ""
        self.promotions.append(record)

    def _reopen(self, record: Record) -> None:
        trial = self.trials[record["trial"]]
        self.failed_total -= trial.outcome is Outcome.FAILED
        trial.outcome, trial.failure, trial.closed, trial.reason = None, None, None, ""
        while (
            trial.results and trial.results[-1].score is None
        ):  # the bad metric that ended it is tried again
            trial.results.pop()
        self._untold = [other for other in self._untold if other is not trial]
        self.replaced.pop(trial.number, None)  # a member once more, beside its successor
        self._open[trial.number] = trial
        if trial.best is not None:
            self._take_place(trial)

    def _best_of_sound(self) -> Trial | None:
        return min((trial for trial in self.trials if trial.sound), key=self.place, default=None)

    def place(self, trial: Trial) -> tuple[int, float]:
        """What feasible trials that have a value are ordered by, the best first."""
        assert trial.best is not None
        depth = trial.best.step if self.problem.objective.counts == "last" else 0
        return -depth, _best_score(trial)

    def _observe_prior(self, record: Record) -> None:
        curve = tuple((step, score) for step, score in record["curve"])
        prior = Observation(
            None,
            record["config"],
            record["score"],
            Outcome(record["outcome"]),
            curve,
            tuple(record.get("secondary", ())),
            tuple(record.get("excess", ())),
        )
        self.observations.append(prior)
        self.observed_after.append(len(self.events))
        self._note_worst(prior)

    def _observe(self, trial: Trial, seen: Result, outcome: Outcome) -> None:
        """`seen`: what the trial is told as."""
        assert seen.score is not None
        curve = tuple((r.step, r.score) for r in trial.results if r.score is not None)
        self.observations.append(
            Observation(trial.number, trial.config, seen.score, outcome, curve, seen.secondary, seen.excess)
        )
        self.observed_after.append(len(self.events))

    def _audit(self, trial: Trial, step: int) -> None:
        """The scheduler has stopped a trial that runs on: it ends here for whoever decides and proposes."""
        self.audited[trial.number] = step
        self.events.append(("close", trial.number))
        if trial.best is not None:
            self._observe(trial, trial.best, Outcome.STOPPED)

    def _tell_failed(self) -> None:
        worst = Result(0, {}, self.worst_score, 0.0, self._worst_secondary, self._worst_excess)
        for trial in self._untold:
            self._observe(trial, worst, Outcome.FAILED)
        self._untold.clear()


def _reason(error: Exception) -> str:
    said = str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
    return said if len(said) <= 300 else f"{said[:297]}..."


def _best_score(trial: Trial) -> float:
    assert trial.best is not None
    assert trial.best.score is not None
    return trial.best.score
