"""Sweeps in which everything happens: what laws about the history and about resuming are tried on."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from typing import Any

from search.history import Record
from search.journal import MemoryJournal, encode
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Failure, Outcome
from spaces import Float, Parameter, Space

__all__ = ["Recorded", "eventful", "plain"]

MAX_STEPS = 9
CRASHES = ("raised", "timeout", "exited", "node lost")


class Recorded(MemoryJournal):
    """Keeps records as a file would give them back."""

    def append(self, record: Mapping[str, Any]) -> None:
        line = json.loads(encode(record))
        del line["crc"]
        if "metrics" in line:
            line["metrics"] = {name: float(value) for name, value in line["metrics"].items()}
        self.records.append(line)


def plain(record: Record) -> dict[str, Any]:
    """A record without what differs from one run to the next of the same sweep: time, place and process."""
    kept = {key: value for key, value in record.items() if key not in ("t", "now", "node", "pid")}
    if "metrics" in kept:
        kept["metrics"] = {
            name: repr(value) for name, value in kept["metrics"].items()
        }  # a NaN equals itself
    if kept.get("failure"):
        kept["failure"] = {**kept["failure"], "log": None}
    if kept.get("after"):
        kept["after"] = {**kept["after"], "log": None}
    return kept


def eventful(
    seed: int,
    scheduler: str,
    searcher: str = "random",
    events: int = 150,
    audit: float = 0.0,
    options: Mapping[str, Any] | None = None,
) -> list[Record]:
    """The journal of a sweep of up to `events` events, drawn from `seed`: several workers, trials that complete, end by
    themselves, diverge, crash and are retried; drivers that end or are killed, and resume; budgets that are extended and
    failed trials that are run again.
    """
    chance = random.Random(seed)
    problem = Problem(
        Space((Parameter("x", Float(0.0, 1.0)),)),
        Objective("loss", chance.choice(["minimize", "maximize"])),
        MAX_STEPS,
        Budget(trials=chance.choice([5, 20])),
        FailurePolicy(retries=chance.choice([0, 1]), stop_after=chance.choice([None, 4])),
        seed=seed,
        audit=audit,
    )
    journal = Recorded()
    fresh = (
        lambda: make_searcher(searcher, problem),
        lambda: make_scheduler(scheduler, problem, options or {}),
    )
    sweep = PassiveSweep.begin(problem, fresh[0](), fresh[1](), journal)
    now = 0.0
    for _ in range(events):
        now += chance.choice([0.0, 0.5, 1.0])
        history = sweep.history
        event = chance.random()
        if history.ended is not None or event < 0.02:
            sweep = PassiveSweep.resume(list(journal.records), fresh[0](), fresh[1](), journal)
        elif event < 0.03:
            sweep.extend(Budget(trials=len(history.trials) + 5), now)
        elif event < 0.04:
            sweep.end("interrupted", now)
        elif event < 0.06 and (failed := [t for t in history.trials if t.state == "failed"]):
            sweep.reopen(chance.choice(failed).number, now)
        elif len(history.running) < 4:
            for trial in sweep.ask(chance.choice([1, 2]), now):
                sweep.start(trial.number, now, node="a", pid=1, from_step=trial.steps)
        if history.running:
            _advance(sweep, chance.choice(history.running).number, chance, now)
    return journal.records


def _advance(sweep: PassiveSweep, number: int, chance: random.Random, now: float) -> None:
    """One thing happens to an open trial."""
    trial = sweep.history.trials[number]
    event = chance.random()
    if event < 0.02 and trial.steps:
        sweep.close(number, Outcome.COMPLETED, now, "ended by itself")
    elif event < 0.06:
        failure = Failure(chance.choice(CRASHES), "it was so")
        if sweep.retries_left(number) > 0:
            back = chance.randint(trial.from_step, trial.steps)
            sweep.start(number, now, node="b", pid=2, from_step=back, after=failure)
            for step in range(back + 1, trial.steps + 1):
                sweep.report(number, step, {"loss": 0.0}, now)
        else:
            sweep.close(number, Outcome.FAILED, now, failure.message, failure)
    else:
        value = chance.choice([math.nan, math.inf]) if event < 0.08 else round(chance.gauss(0.0, 1.0), 2)
        metrics = {} if event > 0.99 else {"loss": value, "step": float(trial.steps + 1)}
        decision = sweep.report(number, trial.steps + 1, metrics, now)
        if decision.outcome is not None:
            sweep.close(number, decision.outcome, now, decision.reason, decision.failure)
