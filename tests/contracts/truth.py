"""What really ran, whatever a journal says: the file that `chaos` appends to, and the account drawn up from it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from search.history import History
from search.trial import Outcome, Trial

__all__ = ["Event", "Truth"]


@dataclass(frozen=True)
class Event:
    """One line: a trial (known by its seed) with a config began an attempt (from 1), or ended a step of it."""

    kind: str  # "start" or "step"
    seed: int
    config: str
    step: int
    attempt: int
    pid: int


@dataclass(frozen=True)
class Truth:
    """All events, in the order in which they happened."""

    events: tuple[Event, ...]

    @classmethod
    def read(cls, path: Path) -> Truth:
        """The file as it is now; none yet where there is no file. A line without an end is still being written."""
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        return cls(tuple(_event(json.loads(line)) for line in whole.splitlines()))

    def ran(self) -> Counter[tuple[int, int]]:
        """(seed of the trial, step) -> how often it was run."""
        return Counter((e.seed, e.step) for e in self.events if e.kind == "step")

    def twice(self) -> Counter[tuple[int, int]]:
        """(seed of the trial, step) -> how often it was run again; only those that were."""
        return Counter({key: count - 1 for key, count in self.ran().items() if count > 1})

    def since(self, earlier: Truth) -> Truth:
        """What happened after an earlier reading of the same file."""
        assert self.events[: len(earlier.events)] == earlier.events, "the truth is only appended to"
        return Truth(self.events[len(earlier.events) :])

    def of(self, trials: Iterable[Trial]) -> Truth:
        """What happened to these trials."""
        seeds = {trial.seed for trial in trials}
        return Truth(tuple(event for event in self.events if event.seed in seeds))

    def check(self, history: History, lost_per_kill: int = 1) -> int:
        """Assert that a journal tells what happened; returns how many steps were run again or in vain.

        Nothing ran that was not asked for, a trial has one config for ever, every reported step was run, and each
        beginning of a trial after its first cost at most `lost_per_kill` steps (a trial that failed or is open: one
        beginning more, as its end was a fault too).
        """
        by_seed = {trial.seed: trial for trial in history.trials}
        configs: dict[int, str] = {}
        for event in self.events:
            assert event.seed in by_seed, f"a trial ran that the journal does not know: {event}"
            config = configs.setdefault(event.seed, event.config)
            assert config == event.config, f"{by_seed[event.seed].id} came back with another config"
        ran = self.ran()
        begun = Counter(event.seed for event in self.events if event.kind == "start")
        lost = 0
        for trial in history.trials:
            runs = {step: count for (seed, step), count in ran.items() if seed == trial.seed}
            reported = {result.step for result in trial.results}
            made_up = reported - set(runs)
            assert not made_up, f"{trial.id}: steps {sorted(made_up)} are in the journal and were never run"
            cost = sum(runs.values()) - len(reported)
            faults = begun[trial.seed] - (trial.outcome in (Outcome.COMPLETED, Outcome.STOPPED))
            assert cost <= lost_per_kill * max(faults, 0), (
                f"{trial.id}: {cost} steps lost in {faults} interruptions, where each may cost {lost_per_kill}"
            )
            lost += cost
        return lost


def _event(line: dict[str, object]) -> Event:
    number = {name: int(str(line[name])) for name in ("seed", "step", "attempt", "pid")}
    return Event(kind=str(line["event"]), config=str(line["config"]), **number)
