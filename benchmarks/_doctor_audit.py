"""Does the audit of early stopping say what is true? Sweeps of which every trial's end is known.

The truth costs one more play: with `audit: 1` every stopped trial runs on, and since neither scheduler nor searcher learns of
it, the search is the same one. So each sweep is played twice, with its own share and with all, and what `rung_ranks` says of
the first is held against what the second saw.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from _doctor_case import Case, Curve, Simulated, play

from search.analysis.checks.rung_ranks import rung_ranks
from search.analysis.ranking import best_score
from search.history import History
from search.problem import Objective
from trainables.synthetic.curves import curve_loss

__all__ = ["AUDIT_CASES", "FAMILIES", "agreement", "judge", "lines", "tell"]

STEPS = 27
SHARES: dict[int, tuple[float, ...]] = {60: (0.05, 0.1, 0.2), 200: (0.05,)}
"""Number of trials -> shares of the stopped that are audited."""
SHOWN = ("true", "share", "covers", "killed", "killed_where_told", "chance")
QUALITY: dict[str, Any] = {"quality": {"min": 0.0, "max": 1.0}}
BINS = (0.0, 0.05, 0.2, 0.5, 0.8, 1.0)
COVERS = 0.95
"""What an interval of 95 % is held to: the share of false kills over all families, less three standard errors."""

NEAR = 0.1
"""How far the mean chance may lie from the rate at which the best was stopped, over all families."""

Row = dict[str, Any]
Task = tuple[str, str, int, tuple[float, ...], int]


def closed(low: float, high: float) -> Callable[[np.random.Generator], tuple[Mapping[str, Any], Curve]]:
    """The closed curves of `trainables.synthetic`, which cross before the first rungs if at all."""

    def family(rng: np.random.Generator) -> tuple[Mapping[str, Any], Curve]:
        across, noise = rng.uniform(low, high), rng.uniform(0.005, 0.02)

        def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Iterable[Mapping[str, float]]:
            for step in range(1, STEPS + 1):
                loss = curve_loss(config["quality"], step, STEPS, crossing=across)
                yield {"loss": loss + noise * rng.standard_normal()}

        return QUALITY, curve

    return family


def late(low: float, high: float) -> Callable[[np.random.Generator], tuple[Mapping[str, Any], Curve]]:
    """All curves fall and cross in one point, at a share of the steps from `low` to `high`: until there the order is reversed."""

    def family(rng: np.random.Generator) -> tuple[Mapping[str, Any], Curve]:
        at, noise = rng.uniform(low, high), rng.uniform(0.005, 0.02)

        def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Iterable[Mapping[str, float]]:
            for step in range(1, STEPS + 1):
                done = step / STEPS
                ends = (1 - config["quality"]) * (done - at) / (1 - at)
                yield {"loss": 6 - 5 * done + ends + noise * rng.standard_normal()}

        return QUALITY, curve

    return family


def speeds(rng: np.random.Generator) -> tuple[Mapping[str, Any], Curve]:
    """How fast a training comes down has nothing to do with where it ends: slow starters among the best."""
    noise = rng.uniform(0.005, 0.02)

    def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Iterable[Mapping[str, float]]:
        speed = 6 * math.exp(0.5 * rng.standard_normal())
        end = 0.1 + (1 - config["quality"]) ** 2
        for step in range(1, STEPS + 1):
            gone = math.exp(-speed * step / STEPS)
            yield {"loss": end + (2 - end) * gone + noise * rng.standard_normal()}

    return QUALITY, curve


def recorded(name: str) -> Callable[[np.random.Generator], tuple[Mapping[str, Any], Curve]]:
    """Trainings that were recorded (`curves/record.py`), drawn with replacement; those that diverged are left out."""

    def family(rng: np.random.Generator) -> tuple[Mapping[str, Any], Curve]:
        rows = _rows(name)

        def curve(config: Mapping[str, Any], rng: np.random.Generator) -> Iterable[Mapping[str, float]]:
            for value in rows[config["row"]]:
                yield {"loss": value + 1e-6 * rng.standard_normal()}  # no two are equal

        return {"row": {"min": 0, "max": len(rows) - 1}}, curve

    return family


@cache
def _rows(name: str) -> list[list[float]]:
    path = Path(__file__).parent / "curves" / f"{name}.json"
    return [row for row in json.loads(path.read_text())["curves"] if None not in row]


FAMILIES: dict[str, Callable[[np.random.Generator], tuple[Mapping[str, Any], Curve]]] = {
    "early ranks hold": closed(0.0, 0.3),
    "curves cross early": closed(0.3, 1.0),
    "curves cross late": late(0.3, 0.8),
    "speeds differ": speeds,
    "mlp on digits": recorded("mlp-digits"),
    "boosting on breast_cancer": recorded("boosting-breast_cancer"),
}
"""Name -> what is drawn for each sweep: its parameters and its curve."""


def _case(
    family: Callable[[np.random.Generator], tuple[Mapping[str, Any], Curve]],
    schedulers: Sequence[str],
    shares: Sequence[float],
) -> Callable[[np.random.Generator, int], Simulated]:
    def make(rng: np.random.Generator, trials: int) -> Simulated:
        parameters, curve = family(rng)
        scheduler, share = str(rng.choice(schedulers)), float(rng.choice(shares))
        return Simulated(parameters, curve, STEPS, Objective("loss"), scheduler, audit=share)

    return make


AUDIT_CASES: dict[str, Case] = {
    "early ranks hold, audited": Case(
        _case(FAMILIES["early ranks hold"], ["asha", "hyperband", "median"], [0.1, 0.2]), sound=["rung_ranks"]
    ),
    "early ranks mislead, audited": Case(
        _case(late(0.5, 0.8), ["asha", "hyperband", "median"], [0.1, 0.2]),
        planted={"rung_ranks": ""},
        trials=(60, 100),
    ),
}
"""For the table of all checks: with an audit, the doctor accuses early stopping where it misleads, and clears it elsewhere."""


def tell(task: Task) -> list[Row]:
    """What audits of one sweep said, and the truth. Task: family, scheduler, trials, shares to audit, seed."""
    name, scheduler, trials, shares, seed = task

    def audited(share: float) -> History:
        def make(rng: np.random.Generator, trials: int) -> Simulated:
            parameters, curve = FAMILIES[name](rng)
            return Simulated(parameters, curve, STEPS, Objective("loss"), scheduler, audit=share)

        return play(Case(make), "random", trials, seed)

    true, stopped = _truth(audited(1.0))
    rows = []
    for share in shares:
        evidence = rung_ranks(audited(share))[0].evidence
        kills, chance = evidence["false_kills"], evidence["chance"]
        rows.append(
            {
                "family": name,
                "trials": trials,
                "audit": share,
                "true": true / max(1, stopped),
                "killed": true > 0,
                "share": kills and kills["share"],
                "covers": kills and kills["low"] - 1e-12 <= true / stopped <= kills["high"] + 1e-12,
                "chance": chance and chance["mean"],
                "seen": bool(evidence["ahead"]),
            }
        )
    return rows


def _truth(history: History) -> tuple[int, int]:
    """(how many of the stopped end ahead of all that were let through, how many were stopped)."""
    ends = {trial.number: best_score(trial) for trial in history.trials}
    through = min(
        score for number, score in ends.items() if number not in history.audited and score is not None
    )
    return sum((ends[number] or 0.0) < through for number in history.audited), len(history.audited)


def agreement(sweeps: int, run: Callable[[Callable[[Task], list[Row]], list[Task]], list[list[Row]]]) -> Row:
    """Estimates against the truth: by family, over all, and chances by their size. `run`: maps a function over tasks."""
    tasks: list[Task] = [
        (family, scheduler, trials, shares, seed)
        for family in FAMILIES
        for scheduler in ("asha", "hyperband", "median")
        for trials, shares in SHARES.items()
        for seed in range(sweeps)
    ]
    told = [row for rows in run(tell, tasks) for row in rows]
    families = dict.fromkeys((row["family"], row["trials"], row["audit"]) for row in told)
    return {
        "by_family": [
            {"family": family, "trials": trials, "audit": share}
            | _summed([r for r in told if (r["family"], r["trials"], r["audit"]) == (family, trials, share)])
            for family, trials, share in families
        ],
        "all": _summed(told),
        "reliability": _reliability(told),
    }


def lines(found: Mapping[str, Any]) -> list[str]:
    """What `agreement` found, as text."""
    head = (
        "family",
        "trials",
        "audit",
        "sweeps",
        "true",
        "estimate",
        "covers",
        "killed",
        "told",
        "killed",
        "chance",
    )
    text = ["{:26} {:>6} {:>5} {:>6}  {:>8} {:>8} {:>7}  {:>7} {:>5} {:>7} {:>7}".format(*head)]
    for row in [*found["by_family"], {"family": "all", "trials": "", "audit": ""} | found["all"]]:
        shown = ["-" if row[key] is None else f"{row[key]:.1%}" for key in SHOWN]
        text.append(
            f"{row['family']:26} {row['trials']:>6} {row['audit']:>5} {row['sweeps']:>6}  {shown[0]:>8} {shown[1]:>8} "
            f"{shown[2]:>7}  {shown[3]:>7} {row['told']:>5} {shown[4]:>7} {shown[5]:>7}"
        )
    for row in found["reliability"]:
        text.append(
            f"chances of {row['from']:.0%} to {row['to']:.0%}: {row['chance']:.1%} on average, true in {row['killed']:.1%} "
            f"of {row['sweeps']} sweeps"
        )
    return text


def judge(found: Mapping[str, Any], slack: float = 0.0) -> bool:
    """Whether the intervals cover as promised, and the mean chance agrees with the rate of the truth; `slack` on top."""
    every = found["all"]
    error = math.sqrt(COVERS * (1 - COVERS) / every["intervals"])
    return (
        every["covers"] >= COVERS - 3 * error
        and abs(every["chance"] - every["killed_where_told"]) <= NEAR + slack
    )


def _summed(rows: Sequence[Row]) -> Row:
    """Means over sweeps. `true`, `share`: of the stopped, over the sweeps with an audited one. `killed`: in how many the best
    was stopped; `killed_where_told`, `chance`: over those of which the doctor gives a chance.
    """
    audited = [row for row in rows if row["share"] is not None]
    told = [row for row in rows if row["chance"] is not None]
    return {
        "sweeps": len(rows),
        "intervals": len(audited),
        "true": _mean([row["true"] for row in audited]),
        "share": _mean([row["share"] for row in audited]),
        "covers": _mean([row["covers"] for row in audited]),
        "told": len(told),
        "killed": _mean([row["killed"] for row in rows]),
        "killed_where_told": _mean([row["killed"] for row in told]),
        "chance": _mean([row["chance"] for row in told]),
    }


def _reliability(rows: Sequence[Row]) -> list[Row]:
    """Of the chances near p that were not seen to be 1, in how many sweeps was the best stopped?"""
    told = [row for row in rows if row["chance"] is not None and not row["seen"]]
    table = []
    for low, high in pairwise(BINS):
        inside = [
            row for row in told if low <= row["chance"] < high or (high == 1.0 and row["chance"] == 1.0)
        ]
        if inside:
            table.append(
                {
                    "from": low,
                    "to": high,
                    "sweeps": len(inside),
                    "chance": _mean([row["chance"] for row in inside]),
                    "killed": _mean([row["killed"] for row in inside]),
                }
            )
    return table


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
