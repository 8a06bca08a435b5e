"""The passive sweep: a state machine with no clock, process or file of its own but the journal.

A runner drives it, and only it decides:

    sweep.ask(2, now)                     -> trials 0 and 1, journalled
    sweep.start(0, now, node=..., ...)    a worker has begun with trial 0
    sweep.report(0, 1, metrics, now)      -> Decision(outcome=None): go on
    sweep.report(0, 2, metrics, now)      -> Decision(outcome=STOPPED, reason="rung 2: ...")
    sweep.close(0, Outcome.STOPPED, now)  the worker has let go of it

Everything is journalled before it is answered, and on the disk before the next config is handed out. Hence resuming is
replaying: `PassiveSweep.resume` reads the records through a fresh searcher and a fresh scheduler and stands where the sweep
stood.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from search.audit import SAID, is_audited
from search.errors import OrderError
from search.history import History, Observation, Record
from search.journal import FORMAT, Journal
from search.problem import Budget, Problem
from search.replay import check_decision, check_went_on
from search.schedulers.base import CONTINUE, Scheduler, Verdict
from search.searchers.base import Replicator, Searcher, Windowed
from search.seeds import trial_seed
from search.trial import OF_THE_NODE, Failure, Outcome, Trial, trial_id
from spaces.values import listed

__all__ = ["GO_ON", "Decision", "Observer", "PassiveSweep", "halted_for_good"]

log = logging.getLogger(__name__)

# Records that nobody waits to see on the disk: a power cut within an fsync or two of them costs the last step of a trial
# and what was said of it, which is done again. `ask` waits itself, once for all that it asks for.
_UNAWAITED = {"ask", "start", "result", "decision", "close"}


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a report. `outcome` None: go on; else stop the trial and close it with this outcome."""

    outcome: Outcome | None
    reason: str = ""
    failure: Failure | None = None


GO_ON = Decision(None)


class Observer(Protocol):
    """A view of the sweep (TensorBoard, console). It may raise: it is then warned of once and left out."""

    def on_event(self, record: Record, history: History) -> None:
        """One record was journalled and has entered the history."""

    def close(self) -> None:
        """The driver is about to end."""


class PassiveSweep:
    """See the module's docstring. Make one with `begin` or `resume`."""

    def __init__(
        self,
        history: History,
        searcher: Searcher,
        scheduler: Scheduler,
        journal: Journal,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.history = history
        self._searcher, self._scheduler, self._journal = searcher, scheduler, journal
        self._observers = list(observers)
        self._exhausted = False

    @classmethod
    def begin(
        cls,
        problem: Problem,
        searcher: Searcher,
        scheduler: Scheduler,
        journal: Journal,
        *,
        about: Mapping[str, Any] | None = None,
        priors: Iterable[Observation] = (),
        observers: Sequence[Observer] = (),
    ) -> PassiveSweep:
        """A new sweep: writes the header, and `priors` (trials of earlier runs that the searcher learns from).

        `about`: anything JSON that describes the sweep (resolved settings, versions, git), kept in the header.
        """
        sweep = cls(History(problem), searcher, scheduler, journal, observers)
        sweep._record("sweep", 0.0, format=FORMAT, problem=problem.to_json(), about=dict(about or {}))
        for prior in priors:
            sweep._record(
                "prior",
                0.0,
                config=dict(prior.config),
                score=prior.score,
                outcome=prior.outcome.value,
                curve=[list(point) for point in prior.curve],
                **({"secondary": list(prior.secondary)} if prior.secondary else {}),
                **({"excess": list(prior.excess)} if prior.excess else {}),
            )
        return sweep

    @classmethod
    def resume(
        cls,
        records: Sequence[Record],
        searcher: Searcher,
        scheduler: Scheduler,
        journal: Journal,
        *,
        about: Mapping[str, Any] | None = None,
        observers: Sequence[Observer] = (),
    ) -> PassiveSweep:
        """The sweep that `records` tell of, standing where it stood.

        Every decision of the scheduler is decided again and compared. Decisions that a crash kept from being written
        are written now. Raises JournalError: a decision does not come out as it was recorded (another version of the
        scheduler, an edited journal).
        """
        history = History.from_records(records[:1])
        sweep = cls(history, searcher, scheduler, journal, observers)
        unwritten = sweep._replay(records[1:])
        sweep._record("resume", history.now, about=dict(about or {}))
        for number, answer in unwritten.items():
            trial = history.trials[number]
            if isinstance(answer, Failure):
                sweep._fail(trial, answer, history.now)
            else:
                sweep._settle(trial, answer, history.now)
        for trial in history.running:
            decision = sweep.standing(trial.number)
            if decision.outcome is not None:
                sweep.close(trial.number, decision.outcome, history.now, decision.reason, decision.failure)
        return sweep

    @property
    def problem(self) -> Problem:
        return self.history.problem

    @property
    def elapsed(self) -> float:
        """Seconds on the sweep's clock at the last record; a runner's clock goes on from here."""
        return self.history.now

    def ask(self, n: int, now: float) -> list[Trial]:
        """Up to `n` new trials; fewer, or none, once the budget of trials or the space is exhausted."""
        trials: list[Trial] = []
        while len(trials) < n and self.spent(now) is None:
            number = len(self.history.trials)
            if number < len(self.problem.points):
                origin, config = "given", self.problem.points[number]
            else:
                origin, proposal = "searcher", self._searcher.ask(self.history, number)
                if proposal is None:
                    self._exhausted = True
                    break
                config = proposal
            seed = self._seed_of(number)
            as_read = {name: listed(value) for name, value in config.items()}  # what a resume will read back
            self._record("ask", now, trial=number, config=as_read, seed=seed, origin=origin)
            self._note_window(now)
            trials.append(self.history.trials[number])
        if trials:
            self._journal.sync()  # a trial's number and its config must never part, nor may what it was learned from go
        return trials

    def start(
        self,
        number: int,
        now: float,
        *,
        node: str,
        pid: int,
        from_step: int = 0,
        after: Failure | None = None,
    ) -> None:
        """A worker has begun with a trial. `from_step`: steps that its checkpoint holds. `after`: what it retries."""
        trial = self._open_trial(number, "start")
        if from_step > trial.steps:
            raise OrderError(
                f"{trial.id}: starts from step {from_step}, but only {trial.steps} steps were reported"
            )
        self._record(
            "start",
            now,
            trial=number,
            attempt=len(trial.attempts) + 1,
            node=node,
            pid=pid,
            from_step=from_step,
            after=after.to_json() if after else None,
        )

    def report(
        self, number: int, step: int, metrics: Mapping[str, float], now: float, problem: str | None = None
    ) -> Decision:
        """One step's metrics came in; the answer says whether the trial goes on.

        `problem`: why the metrics cannot be used (see trainables.metrics.clean_metrics); the trial then fails.
        A step that was reported before (run again after a crash) is noted; what was decided then stands.
        Raises OrderError: the trial is closed, was never asked for, or steps were left out.
        """
        trial = self._open_trial(number, "report")
        if step <= trial.steps:
            self._record("result", now, trial=number, step=step, metrics=dict(metrics), again=True)
            return self.standing(number)
        if step != trial.steps + 1:
            raise OrderError(f"{trial.id}: step {step} reported after step {trial.steps}")
        self._record("result", now, trial=number, step=step, metrics=dict(metrics))
        if problem is not None:
            return self._fail(trial, Failure("bad metric", f"step {step}: {problem}"), now)
        answer = self._judge(trial)
        if isinstance(answer, Failure):
            return self._fail(trial, answer, now)
        return self._settle(trial, answer, now)

    def close(
        self,
        number: int,
        outcome: Outcome,
        now: float,
        reason: str = "",
        failure: Failure | None = None,
    ) -> None:
        """The trial has ended; the searcher will learn of it. Raises OrderError: it is closed already."""
        trial = self._open_trial(number, "close")
        if (outcome is Outcome.FAILED) != (failure is not None):
            raise OrderError(
                f"{trial.id}: a failure goes with outcome failed, and only with it; got {outcome}"
            )
        self._record(
            "close",
            now,
            trial=number,
            outcome=outcome.value,
            reason=reason,
            failure=failure.to_json() if failure else None,
        )

    def standing(self, number: int) -> Decision:
        """The decision that stands for an open trial: the last one that was recorded to stop it, or go on."""
        record = self.history.standing.get(number)
        if record is None:
            return GO_ON
        failure = record["failure"]
        return Decision(Outcome(record["outcome"]), record["reason"], Failure(**failure) if failure else None)

    def retries_left(self, number: int) -> int:
        """How many more attempts a trial may have after a crash. What befalls its node is not held against it."""
        used = sum(
            a.after is not None and a.after.kind not in OF_THE_NODE
            for a in self.history.trials[number].attempts
        )
        return max(0, self.problem.failure.retries - used)

    def spent(self, now: float) -> str | None:
        """Why no further trial is asked for, or None."""
        budget = self.problem.budget
        if budget.trials is not None and len(self.history.trials) >= budget.trials:
            return f"all {budget.trials} trials asked for"
        if self._exhausted:
            return "every config of the space was tried"
        return self.halted(now)

    def halted(self, now: float) -> str | None:
        """Why the running trials are to stop as well, or None."""
        budget = self.problem.budget
        if budget.seconds is not None and now >= budget.seconds:
            return f"time budget of {budget.seconds:g} s spent"
        if budget.steps is not None and self.history.steps_total >= budget.steps:
            return f"step budget of {budget.steps} spent"
        return halted_for_good(self.history)

    def extend(self, budget: Budget, now: float) -> None:
        """Put another budget in place of the one so far."""
        self._record("extend", now, budget=asdict(budget))

    def reopen(self, number: int, now: float) -> None:
        """Give a failed trial another chance; it goes on from its last checkpoint."""
        trial = self.history.trials[number]
        if trial.outcome is not Outcome.FAILED:
            raise OrderError(f"{trial.id}: only a failed trial can be run again; it is {trial.state}")
        self._record("reopen", now, trial=number)

    def note(self, kind: Literal["test", "tested"], **fields: Any) -> None:
        """Journal what a confirmation does once its trials have ended; see `search.confirmation.testing`."""
        self._record(kind, self.elapsed, **fields)

    def end(self, reason: str, now: float) -> None:
        """The runner is done; `reason` says why. Open trials stay open, and a resume goes on with them."""
        finished = self.spent(now) is not None and not self.history.running
        self._record("end", now, reason=reason, finished=finished)

    def close_observers(self) -> None:
        """Let the views finish their files."""
        for observer in self._observers:
            self._guarded(observer, observer.close)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _seed_of(self, number: int) -> int:
        """By the trial's number; a searcher that trains configs again under chosen seeds says which (`Replicator`)."""
        if isinstance(self._searcher, Replicator):
            return self._searcher.seed_of(number)
        return trial_seed(self.problem.seed, number)

    def _note_window(self, now: float) -> None:
        """Say, once in a sweep, that the searcher keeps to a part of the history."""
        said = self._searcher.notice if isinstance(self._searcher, Windowed) else None
        if said is not None and all(record["text"] != said for record in self.history.notices):
            self._record("notice", now, text=said)

    def _open_trial(self, number: int, verb: str) -> Trial:
        if not 0 <= number < len(self.history.trials):
            raise OrderError(f"{verb}({trial_id(number)}): no such trial was asked for")
        trial = self.history.trials[number]
        if not trial.open:
            raise OrderError(f"{verb}({trial.id}): it is closed ({trial.state})")
        return trial

    def _judge(self, trial: Trial) -> Verdict | Failure | None:
        """The answer to a trial's newest result; None at full fidelity. There, and once a trial is audited, nobody is asked."""
        result = trial.results[-1]
        if result.score is None:
            return Failure("bad metric", f"step {result.step}: {self.problem.lacks(result.metrics)}")
        if result.step >= self.problem.max_steps:
            return None
        if trial.number in self.history.audited:  # to the scheduler it has ended
            return CONTINUE
        return self._scheduler.decide(self.history, trial, result)

    def _replay(self, records: Sequence[Record]) -> dict[int, Verdict | Failure | None]:
        """Take in `records`; the answers that should stand in them and do not, by trial."""
        answers: dict[int, Verdict | Failure | None] = {}
        for record in records:
            self.history.apply(record)
            number = record.get("trial", -1)
            match record["type"]:
                case "result" if not record.get("again"):
                    check_went_on(record, answers.get(number, CONTINUE))
                    answers[number] = self._judge(self.history.trials[number])
                case "decision":
                    check_decision(record, answers.pop(number, CONTINUE), self.problem)
                case "close":
                    answers.pop(number, None)
        return {number: answer for number, answer in answers.items() if answer != CONTINUE}

    def _settle(self, trial: Trial, verdict: Verdict | None, now: float) -> Decision:
        """Put a verdict and the budgets together into one decision, journalled unless it is a plain going on."""
        if verdict is None:
            return self._decide(trial, Outcome.COMPLETED, f"all {self.problem.max_steps} steps", None, now)
        halt = self.halted(now)
        if verdict.stop and halt is None and is_audited(self.problem, trial.number):
            return self._decide(trial, None, f"{verdict.reason}; {SAID}", verdict, now, audit=True)
        if verdict.stop:
            return self._decide(trial, Outcome.STOPPED, verdict.reason, verdict, now)
        if halt is not None:
            return self._decide(trial, Outcome.STOPPED, halt, verdict, now)
        if verdict.rung is not None:
            return self._decide(trial, None, verdict.reason, verdict, now)
        return GO_ON

    def _fail(self, trial: Trial, failure: Failure, now: float) -> Decision:
        return self._decide(trial, Outcome.FAILED, failure.message, None, now, failure)

    def _decide(
        self,
        trial: Trial,
        outcome: Outcome | None,
        reason: str,
        verdict: Verdict | None,
        now: float,
        failure: Failure | None = None,
        audit: bool = False,
    ) -> Decision:
        self._record(
            "decision",
            now,
            trial=trial.number,
            step=trial.steps,
            outcome=outcome.value if outcome else None,
            reason=reason,
            rung=verdict.rung if verdict else None,
            scheduler=verdict.stop if verdict else None,
            failure=failure.to_json() if failure else None,
            **({"audit": True} if audit else {}),
        )
        return Decision(outcome, reason, failure)

    def _record(self, kind: str, now: float, **fields: Any) -> None:
        """Journal first, then learn of it, then show it."""
        record = {"type": kind, "now": round(now, 6), **fields}
        self._journal.append(record)
        if kind not in _UNAWAITED:
            self._journal.sync()
        self.history.apply(record)
        for observer in list(self._observers):
            self._guarded(observer, observer.on_event, record, self.history)

    def _guarded(self, observer: Observer, call: Any, *arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception as error:
            if observer in self._observers:
                self._observers.remove(observer)
            log.warning(
                "%s stopped working and is left out; the sweep goes on: %r", type(observer).__name__, error
            )


def halted_for_good(history: History) -> str | None:
    """Why a sweep is over that no further budget would take up again: its target, or too many failures; or None."""
    failure, objective = history.problem.failure, history.problem.objective
    best = history.best.best if history.best is not None else None
    if objective.counts == "last" and best is not None and best.step < history.problem.max_steps:
        best = None  # a mean over some of the folds is not what the target was set for
    if best is not None and best.score is not None and objective.reached(best.score):
        return f"target {objective.metric} = {objective.target:g} reached"
    if failure.stop_after is not None and history.failed_total >= failure.stop_after:
        return f"{history.failed_total} trials failed"
    return None
