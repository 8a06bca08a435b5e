"""Writes the golden journals anew: `PYTHONPATH=.:tests python tests/golden/record.py`.

Only when the journal's format, the seeds, or a rule is meant to change: old runs then no longer resume, so say so in the
changelog, and raise `FORMAT` in search/journal.py where old journals can no longer be read.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from contracts.journals import Recorded, eventful
from contracts.runners import chaos
from search.history import Observation, Record
from search.journal import encode
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import SCHEDULERS, make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Outcome
from trainables.plug import resolve

__all__ = ["RULES", "journals"]

SEED = 7  # one in which every rule stops or pauses a trial
RULES: dict[str, tuple[str, dict[str, Any]]] = {
    **{name: (name, {}) for name in SCHEDULERS},
    "auto": ("auto", {"opening": 6}),
    "population": ("population", {"size": 4, "interval": 2, "quantile": 0.5}),
    "promotion": ("asha", {"promote": True}),
}
"""Of each journal the scheduler and its options."""
STAMP = "2026-01-01T00:00:00.000+00:00"


def simulated(rule: str) -> list[Record]:
    """Three workers, a prior, given points, and trials that diverge."""
    problem = chaos(max_steps=9, trials=12, mode="nan", at=3, below=0.25, retries=1)
    problem = replace(problem, points=({"x": 0.75, "mode": "nan", "at": 3, "below": 0.25},))
    prior = Observation(None, {"x": 0.5}, 0.75, Outcome.COMPLETED, ((1, 1.5), (2, 0.75)))
    journal = Recorded()
    scheduler, options = RULES[rule]
    sweep = PassiveSweep.begin(
        problem,
        make_searcher("random", problem),
        make_scheduler(scheduler, problem, options),
        journal,
        about={"name": rule},
        priors=[prior],
    )
    SimulatedRunner().run(sweep, Work(plug=resolve("chaos"), workers=3))
    return journal.records


def journals() -> dict[str, list[Record]]:
    """Rule and kind -> the records of its golden journal."""
    made = {f"{rule}-simulated": simulated(rule) for rule in RULES}
    for rule, (scheduler, options) in RULES.items():
        made[f"{rule}-eventful"] = eventful(SEED, scheduler, events=90, options=options)
    return made


if __name__ == "__main__":
    for name, records in journals().items():
        lines = b"".join(encode({**record, "t": STAMP}) for record in records)
        (Path(__file__).parent / f"{name}.jsonl").write_bytes(lines)
