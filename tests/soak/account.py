"""What each fault cost: every step that was run again or in vain, put down to the strike that made it so."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from search.history import History
from soak.storm import Strike

__all__ = ["Account", "Line", "Loss", "draw_up", "read_truth"]

HARMLESS = ("clock jump",)  # nothing can be put down to it
LASTING = ("disk full", "storage away")  # no checkpoint can be written while it lasts


@dataclass(frozen=True)
class Line:
    """One line of the truth: a trial (known by its seed) began or did a step; `at`: its place in the file, in bytes."""

    at: int
    event: str
    seed: int
    config: dict[str, Any]
    step: int
    metrics: dict[str, float]


def read_truth(path: Path) -> list[Line]:
    """The file as it is, in the order in which things happened."""
    lines, at = [], 0
    for raw in path.read_bytes().splitlines(keepends=True):
        told = json.loads(raw)
        lines.append(Line(at, *(told[key] for key in ("event", "seed", "config", "step", "metrics"))))
        at += len(raw)
    return lines


@dataclass(frozen=True)
class Loss:
    """An attempt that ran steps again which had been run before, of a trial; and the strike that made it begin."""

    trial: int
    again: tuple[int, ...]
    strike: Strike | None


@dataclass
class Account:
    """`losses`: by attempt. `in_vain`: (trial, step) that ran and was never reported. `lost_trials`: (trial, strike) of
    finished trials that ran again. `broken`: sentences, one for each promise that was not kept."""

    losses: list[Loss] = field(default_factory=list)
    in_vain: list[tuple[int, int]] = field(default_factory=list)
    lost_trials: list[tuple[int, Strike]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def by_kind(self, strikes: Iterable[Strike]) -> dict[str, dict[str, int]]:
        """Kind of fault -> tries, trials that were running, steps lost, the most that one attempt lost, trials lost."""
        table: dict[str, dict[str, int]] = {}
        for strike in sorted(strikes, key=lambda strike: strike.kind):
            row = table.setdefault(
                strike.kind, {"tries": 0, "running": 0, "steps_lost": 0, "most_at_once": 0, "trials_lost": 0}
            )
            row["tries"] += 1
            row["running"] += strike.running
        for loss in self.losses:
            if loss.strike is not None:
                row = table[loss.strike.kind]
                row["steps_lost"] += len(loss.again)
                row["most_at_once"] = max(row["most_at_once"], len(loss.again))
        for _, strike in self.lost_trials:
            table[strike.kind]["trials_lost"] += 1
        return table


def draw_up(history: History, truth: Sequence[Line], strikes: Sequence[Strike]) -> Account:
    """The account of a finished sweep."""
    account = Account()
    number_of = {trial.seed: trial.number for trial in history.trials}
    lines: dict[int, list[Line]] = defaultdict(list)
    for line in truth:
        if line.seed not in number_of:
            account.broken.append(f"a trial of seed {line.seed} ran that the journal does not know")
        else:
            lines[number_of[line.seed]].append(line)
    for number, of_trial in lines.items():
        _attempts(account, number, of_trial, strikes)
        reported = {result.step for result in history.trials[number].results}
        ran = {line.step for line in of_trial if line.event == "step"}
        account.in_vain += [(number, step) for step in sorted(ran - reported)]
        account.broken += [f"t{number:05d}: step {step} was never run" for step in sorted(reported - ran)]
        again = {strike.begun: strike for strike in strikes if number in strike.closed}
        if again and of_trial[-1].at >= min(again):
            account.lost_trials.append((number, again[min(again)]))
            account.broken.append(f"t{number:05d} was finished, and ran again")
    return account


def _attempts(account: Account, number: int, lines: Sequence[Line], strikes: Sequence[Strike]) -> None:
    """Of one trial: what each attempt ran again, and why it was made."""
    done: set[int] = set()
    begins = [i for i, line in enumerate(lines) if line.event == "start"]
    for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True):
        steps = [line.step for line in lines[begin + 1 : end]]
        again = tuple(step for step in steps if step in done)
        done.update(steps)
        if not again:
            continue
        # The fault came after the last step but one before it: a step under way may end after its driver was killed.
        strike = _cause(strikes, since=lines[max(0, begin - 2)].at, until=lines[begin].at)
        account.losses.append(Loss(number, again, strike))
        name = f"t{number:05d}: {len(again)} steps run again, {again}"
        if strike is None:
            account.broken.append(f"{name}, and no fault had struck")
        elif len(again) > _allowed(strike, lines[:begin]):
            account.broken.append(f"{name}, after {strike.kind} at {strike.at:.0f} s")


def _cause(strikes: Sequence[Strike], since: int, until: int) -> Strike | None:
    for strike in strikes:
        over = strike.begun if strike.kind not in LASTING or strike.over is None else strike.over
        if strike.kind not in HARMLESS and since <= over and strike.begun <= until:
            return strike
    return None


def _allowed(strike: Strike, before: Sequence[Line]) -> int:
    """Steps that one attempt may run again: the one under way, and those that could not be saved."""
    if strike.kind not in LASTING:
        return 1
    over = strike.begun if strike.over is None else strike.over
    return 1 + sum(line.event == "step" and strike.begun <= line.at <= over for line in before)
