"""The journal, read: what every searcher, scheduler, view and report decides from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from search.problem import Budget, Problem
from search.trial import Attempt, Failure, Outcome, Result, Trial

__all__ = ["Event", "History", "Observation", "Record"]

Record = Mapping[str, Any]
Event = tuple[Literal["ask", "close"], int]


@dataclass(frozen=True, slots=True)
class Observation:
    """What a searcher learns from one closed trial, or from a trial of an earlier run.

    `score`: finite, smaller is better: the best over the steps, or the last where the objective counts that; for a
    failed trial the worst finite score seen when it was told, so that no model is drawn into a region that fails, and
    none ever meets a NaN.
    `curve`: (step, score) of every finite result. `number`: None for a trial of an earlier run (a prior).
    """

    number: int | None
    config: Mapping[str, Any]
    score: float
    outcome: Outcome
    curve: tuple[tuple[int, float], ...]


class History:
    """A projection of the journal: `apply` each record in order; nothing else changes it.

    The lists only ever grow at the end, so a reader may keep a cursor into them:

    - `trials`: by number. `events`: ("ask" | "close", number) in order.
    - `observations`: in the order in which trials closed. A failed trial that has no finite score to be told as waits
      until there is one. A failed trial that is run again (`resume --retry-failed`) is observed a second time.
    - `observed_after`: for each observation, how many events came before it, so that both read as one stream.
    - `scores_at(step)`: (number, score) in the order of arrival, finite ones only.

    `decisions`: records of type `decision`, all. `standing`: of open trials, by number, the one that says to stop.
    `tests`: records of type `test` and `tested`: openings of the locked test part, and what came of them.
    `ended`: why the last driver took its leave; None while one is at work, or if it was killed. `finished`: whether it
    left nothing to do.
    `best`: the trial with the lowest score at any step, among those that did not fail; where the objective counts the
    last step, the lowest among those with the most steps.
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
        self.resumes: list[Record] = []
        self.tests: list[Record] = []
        self.results_total = 0
        self.steps_total = 0
        self.failed_total = 0
        self.now = 0.0
        self.ended: str | None = None
        self.finished = False
        self.best: Trial | None = None
        self.worst_score = -math.inf
        self._open: dict[int, Trial] = {}
        self._at_step: dict[int, list[tuple[int, float]]] = {}
        self._untold: list[Trial] = []

    @classmethod
    def from_records(cls, records: Iterable[Record]) -> History:
        """The history that a journal tells. Its first record is the header (type `sweep`)."""
        records = iter(records)
        header = next(records)
        history = cls(Problem.from_json(header["problem"]))
        history.apply(header)
        for record in records:
            history.apply(record)
        return history

    @property
    def running(self) -> list[Trial]:
        """Trials asked for and not closed, by number."""
        return sorted(self._open.values(), key=lambda trial: trial.number)  # a reopened trial comes in last

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
                after = record.get("after")
                self.trials[record["trial"]].attempts.append(
                    Attempt(
                        record["attempt"],
                        record["now"],
                        record["node"],
                        record["pid"],
                        record["from_step"],
                        Failure(**after) if after else None,
                    )
                )
            case "result":
                self._result(record)
            case "decision":
                self.decisions.append(record)
                if record["outcome"] is not None:
                    self.standing[record["trial"]] = record
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
            case "end":
                self.ended, self.finished = record["reason"], record["finished"]

    def _ask(self, record: Record) -> None:
        number = record["trial"]
        trial = Trial(number, record["config"], record["seed"], record["origin"], record["now"])
        self.trials.append(trial)
        self._open[number] = trial
        self.events.append(("ask", number))

    def _result(self, record: Record) -> None:
        if record.get("again"):  # a step run twice after a crash: the first report stands
            return
        trial, step, metrics = self.trials[record["trial"]], record["step"], record["metrics"]
        value = metrics.get(self.problem.objective.metric)
        finite = value is not None and math.isfinite(value)
        score = self.problem.objective.score(value) if finite else None
        self.steps_total += step - trial.steps
        result = Result(step, metrics, score, record["now"])
        trial.results.append(result)
        self.results_total += 1
        if score is None:
            return
        self._at_step.setdefault(step, []).append((trial.number, score))
        counts_last = self.problem.objective.counts == "last"
        if counts_last or trial.best is None or trial.best.score is None or score < trial.best.score:
            trial.best = result
            if self.best is None or self.place(trial) < self.place(self.best):
                self.best = trial
        if score > self.worst_score:
            self.worst_score = score
        if self._untold:
            self._tell_failed()

    def _close(self, record: Record) -> None:
        trial = self._open.pop(record["trial"])
        self.standing.pop(trial.number, None)
        failure = record.get("failure")
        trial.outcome, trial.reason = Outcome(record["outcome"]), record.get("reason", "")
        trial.failure, trial.closed = (Failure(**failure) if failure else None), record["now"]
        self.events.append(("close", trial.number))
        if trial.outcome is Outcome.FAILED:
            self.failed_total += 1
            if self.best is trial:
                self.best = self._best_of_sound()
            self._untold.append(trial)
            if math.isfinite(self.worst_score):
                self._tell_failed()
        elif trial.best is not None:
            self._observe(trial, _best_score(trial))

    def _reopen(self, record: Record) -> None:
        trial = self.trials[record["trial"]]
        self.failed_total -= trial.outcome is Outcome.FAILED
        trial.outcome, trial.failure, trial.closed, trial.reason = None, None, None, ""
        while (
            trial.results and trial.results[-1].score is None
        ):  # the bad metric that ended it is tried again
            trial.results.pop()
        self._untold = [other for other in self._untold if other is not trial]
        self._open[trial.number] = trial
        if trial.best is not None and (self.best is None or self.place(trial) < self.place(self.best)):
            self.best = trial

    def _best_of_sound(self) -> Trial | None:
        sound = (t for t in self.trials if t.best is not None and t.outcome is not Outcome.FAILED)
        return min(sound, key=self.place, default=None)

    def place(self, trial: Trial) -> tuple[int, float]:
        """What trials that have a value are ordered by, the best first."""
        assert trial.best is not None
        depth = trial.best.step if self.problem.objective.counts == "last" else 0
        return -depth, _best_score(trial)

    def _observe_prior(self, record: Record) -> None:
        curve = tuple((step, score) for step, score in record["curve"])
        self.observations.append(
            Observation(None, record["config"], record["score"], Outcome(record["outcome"]), curve)
        )
        self.observed_after.append(len(self.events))
        self.worst_score = max(self.worst_score, record["score"])

    def _observe(self, trial: Trial, score: float) -> None:
        assert trial.outcome is not None
        curve = tuple((r.step, r.score) for r in trial.results if r.score is not None)
        self.observations.append(Observation(trial.number, trial.config, score, trial.outcome, curve))
        self.observed_after.append(len(self.events))

    def _tell_failed(self) -> None:
        for trial in self._untold:
            self._observe(trial, self.worst_score)
        self._untold.clear()


def _best_score(trial: Trial) -> float:
    assert trial.best is not None
    assert trial.best.score is not None
    return trial.best.score
