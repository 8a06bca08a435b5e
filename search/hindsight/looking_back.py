"""A run's own sweep as a benchmark: other searches over what it recorded."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

from search.errors import SettingsError
from search.hindsight.answers import answers, enough, limits
from search.hindsight.arm import Arm, arm_of
from search.hindsight.figures import figures
from search.hindsight.playing import Play, play
from search.hindsight.recorded import Record
from search.history import History

__all__ = ["hindsight"]


def hindsight(
    history: History,
    *,
    method: str | None = None,
    scheduler: str | None = None,
    workers: int | None = None,
    seeds: int = 10,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:
    """Plays the run's own search, the one asked for and random search over what the run recorded; JSON throughout.

    `method`, `scheduler`, `workers`: of the search asked for; None: the run's own. Each arm is played with the seeds 0 to
    `seeds` - 1, the same for all. `progress`: told after each play how many of how many are done. Reads the history and nothing else.

    Raises SettingsError: an unknown method or scheduler, one that cannot be replayed, or a run with too little recorded.
    """
    if seeds < 1:
        raise SettingsError(f"--seeds must be 1 or more, got {seeds}")
    record = Record.from_history(history)
    own, lost = arm_of(history, record.concurrent)
    asked = own.changed(method, scheduler, workers)
    arms: dict[str, Arm] = {"own": own}
    if asked != own:
        arms["asked"] = asked
    if (random := asked.changed("random", None, None)) not in arms.values():
        arms["random"] = random
    plays: dict[str, list[Play]] = {role: [] for role in arms}
    for done, (role, seed) in enumerate(product(arms, range(seeds)), start=1):
        plays[role].append(play(record, arms[role], seed))
        progress(done, seeds * len(arms))
    told = {role: figures(record, role, arms[role], plays[role]) for role in arms}
    value = record.problem.objective.value
    ends = [row.end for row in record.trials]
    return {
        "metric": record.problem.objective.metric,
        "max_steps": record.problem.max_steps,
        "record": {
            "trials": len(ends),
            **{end: ends.count(end) for end in ("whole", "cut", "failed")},
            "left_out": record.left_out,
            "steps": sum(row.steps for row in record.trials),
            "best": value(record.best),
            "good": value(record.good),
            "median": value(record.median),
        },
        "seeds": seeds,
        "arms": list(told.values()),
        "enough": enough(record),
        "answers": answers(record, arms, plays, told),
        "limits": [*lost, *limits(history, record, own, told)],
    }
