"""Did early stopping stop the right trials? Ranks at each rung against ranks at the end.

Trials that were stopped were never seen to the end, and those that went on were chosen by the very ranks that are to be
judged. So only trials whose end does not hang on their rank speak of it: all of them where nothing was stopped; those that
the scheduler would have stopped and that ran on (audited); those that it never compares, as Hyperband's last bracket.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.analysis.checks import stopped_best
from search.analysis.checks.base import Finding, Verdict
from search.analysis.checks.rank_agreement import FEWEST, kendall, kendall_interval
from search.analysis.checks.stopped_best import Chance, Passage, chance_of_better
from search.analysis.checks.traces import Floats, at_full_length
from search.analysis.numbers import number, percent, plural
from search.analysis.ranking import best_score
from search.analysis.thinning import evenly
from search.history import History
from search.schedulers.rungs import default_min_iter, geometric
from search.trial import Outcome, Trial

__all__ = ["AUDIT", "rung_ranks"]

AUDIT = "audit"
"""Origin of a trial that trains a stopped one to its end."""

ETA = 3
"""One in three goes on, where the sweep file says nothing else."""

LIKELY = 0.5
"""Above this chance nothing is passed. It errs to the high side (on recorded trainings by 0.3 to 0.8), so it accuses nobody."""

MOST = 1000
"""Trials, evenly over the ranks, that stand for all where every two of them are compared."""

FREE = 4
"""Trials that went on from a rung whatever their rank, below which nothing is said of those that were stopped there."""

MISLEADS = 0.3
"""Warns where the whole interval of tau at a rung lies below."""


def rung_ranks(history: History) -> list[Finding]:
    """One finding of the sweep; no finding where a trial is a single step, or no trial was seen to its end.

    Evidence: `rungs` with `step`, `tau`, its `interval`, `trials`, `top` and `dropped`: how many of the top tenth by the
    final score (three at least) a rung that keeps one in eta would drop, among the trials seen to the end. `chance` that
    a stopped trial would have been the best, with `interval` and `loss` in the unit of the metric; None = cannot tell.
    """
    steps = history.problem.max_steps
    whole = [trial for trial in at_full_length(history) if trial.steps >= steps]
    if steps < 2 or not whole:
        return []
    rungs = _rungs(history)
    sides = _sides(history, whole, rungs)
    told = [row for step in rungs if (row := _row(history, sides, step)) is not None]
    chance = _chance(history, sides, whole, rungs)
    evidence: dict[str, Any] = {
        "seen": len(sides.seen),
        "stopped": len(sides.stopped),
        "audited": len(sides.audited),
        "fair": sides.fair,
        "rungs": told,
        "chance": chance
        and {"mean": chance.mean, "interval": [chance.low, chance.high], "loss": chance.loss},
    }
    says = _ranks_in_words(told, sides)
    picture = _picture(told)
    if not sides.stopped:
        says = f"No trial was stopped early. {says}"
        return [
            Finding(
                "rung_ranks", "pass" if told else "cannot tell", says.strip(), "", evidence, picture=picture
            )
        ]
    if chance is None:
        why = (
            f"{plural(len(sides.stopped), 'trial')} {'was' if len(sides.stopped) == 1 else 'were'} stopped and never seen to "
            f"the end, and those that were seen were chosen by their ranks: whether a better one was stopped cannot be told."
        )
        advice = (
            f"More trials: from each rung {FREE} and more must go on whatever their rank."
            if any(sides.free.values())
            else "Use hyperband, which trains some trials to the end whatever their rank, or train a few without "
            "early_terminate, to see whether early ranks can be trusted."
        )
        return [
            Finding(
                "rung_ranks", "cannot tell", f"{why} {says}".strip(), "", evidence, advice, picture=picture
            )
        ]
    misled = [row["step"] for row in told if row["interval"] is not None and row["interval"][1] < MISLEADS]
    proven = chance.low == 1.0 and bool(sides.audited)
    words = (
        f"The chance that one of the {plural(len(sides.stopped), 'stopped trial')} would have been the best is at most about "
        f"{percent(chance.mean)} (95 %: {percent(chance.low)} to {percent(chance.high)}), and the mean loss by it "
        f"{number(chance.loss, 2)}, as those went on that were not stopped whatever their rank."
    )
    if not misled and not proven:
        verdict: Verdict = "pass" if chance.mean <= LIKELY else "cannot tell"
        return [Finding("rung_ranks", verdict, f"{words} {says}", "", evidence, picture=picture)]
    return [
        Finding(
            "rung_ranks",
            "warn",
            f"{words} {says}",
            "",
            evidence,
            _advice(told, rungs),
            picture=picture,
        )
    ]


@dataclass(frozen=True)
class _Sides:
    """Who was seen to the end (`seen`, each standing for `weights` trials) and who was not (`stopped`, with the step).

    `audited`: numbers of those that should have been stopped and ran on. `free`: for each rung, the numbers of those that
    reached it and went on whatever their rank. `fair`: whether `seen`, so weighted, is a sample of all.
    """

    seen: list[Trial]
    weights: Floats
    stopped: list[tuple[Trial, int]]
    audited: set[int]
    free: dict[int, set[int]]
    fair: bool


def _sides(history: History, whole: list[Trial], rungs: list[int]) -> _Sides:
    judged: dict[int, set[int]] = {}
    condemned, stopped = set(), []
    for record in history.decisions:
        number = record["trial"]
        if record["rung"] is not None:
            judged.setdefault(int(record["rung"]), set()).add(number)
        if record["scheduler"] and history.trials[number].outcome is Outcome.STOPPED:
            stopped.append((history.trials[number], int(record["step"])))
        elif record["scheduler"]:
            condemned.add(number)
    audited = {trial.number for trial in whole if trial.origin == AUDIT or trial.number in condemned}
    free = {
        step: {
            number
            for number, _ in history.scores_at(step)
            if number not in judged.get(step, ()) or number in audited
        }
        if _by_rungs(history)
        else audited
        for step in rungs
    }
    never = [trial for trial in whole if all(trial.number in free[step] - audited for step in rungs)]
    if stopped and len(audited) >= FEWEST:
        weight = (len(stopped) + len(audited)) / len(audited)
        weights = np.array([weight if trial.number in audited else 1.0 for trial in whole])
        return _Sides(whole, weights, stopped, audited, free, fair=True)
    if stopped and len(never) >= FEWEST and _by_rungs(history):
        return _Sides(never, np.ones(len(never)), stopped, audited, free, fair=True)
    return _Sides(whole, np.ones(len(whole)), stopped, audited, free, fair=not stopped)


def _by_rungs(history: History) -> bool:
    """Whether the journal tells of trials that were compared and went on; the median rule only tells whom it stopped."""
    return any(record["rung"] is not None and not record["scheduler"] for record in history.decisions)


def _rungs(history: History) -> list[int]:
    """Steps at which trials were compared; where the scheduler has no rungs, those that asha would have."""
    if _by_rungs(history):
        return sorted({int(record["rung"]) for record in history.decisions if record["rung"] is not None})
    steps = history.problem.max_steps
    return list(geometric(default_min_iter(steps, ETA, share=10), steps - 1, ETA))


def _row(history: History, sides: _Sides, step: int) -> dict[str, Any] | None:
    """How ranks at `step` agree with the final ones; None with fewer than three trials."""
    at = dict(history.scores_at(step))
    kept = [(trial, w) for trial, w in zip(sides.seen, sides.weights, strict=True) if trial.number in at]
    if len(kept) < 3:
        return None
    kept = [kept[i] for i in evenly(len(kept), MOST)]
    early = np.array([at[trial.number] for trial, _ in kept])
    final = np.array([_final(trial) for trial, _ in kept])
    weights = np.array([w for _, w in kept])
    tau = kendall(early, final, weights)
    interval = kendall_interval(tau, float(weights.sum() ** 2 / (weights**2).sum()))
    top = max(min(3, len(kept)), math.ceil(len(kept) / 10))
    limit = float(weights.sum()) / _eta(history)
    ahead = [float(weights[early < early[i]].sum()) for i in np.argsort(final, kind="stable")[:top]]
    return {
        "step": step,
        "tau": None if math.isnan(tau) else tau,
        "interval": None if interval is None else list(interval),
        "trials": len(kept),
        "top": top,
        "dropped": sum(better >= limit for better in ahead),
    }


def _chance(history: History, sides: _Sides, whole: list[Trial], rungs: list[int]) -> Chance | None:
    """Of a better one among the stopped; None where nobody shows how those that rank low go on."""
    ahead = [_final(trial) for trial in whole if trial.number in sides.audited]
    best = min((_final(trial) for trial in whole if trial.number not in sides.audited), default=math.inf)
    if sides.stopped and min(ahead, default=math.inf) < best < math.inf:
        return Chance(
            1.0, 1.0, 1.0, best - min(ahead)
        )  # seen: one that should have been stopped is ahead of the others
    first = min((step for _, step in sides.stopped), default=0)
    passages = []
    for i, step in enumerate(rungs):
        if not first or step < first:
            continue
        here = dict(history.scores_at(step))
        last = step == rungs[-1]
        there = {t.number: _final(t) for t in whole} if last else dict(history.scores_at(rungs[i + 1]))
        both = [number for number in here if number in there]
        if len(sides.free[step].intersection(both)) < FREE or len(both) < stopped_best.FEWEST:
            return None
        stopped = [
            here[t.number] for t, stop in sides.stopped if t.number in here and _rung_of(stop, rungs) == step
        ]
        passages.append(
            Passage(np.array([here[n] for n in both]), np.array([there[n] for n in both]), np.array(stopped))
        )
    if not passages or math.isinf(best):
        return None
    return chance_of_better(passages, best, np.random.default_rng(0))


def _rung_of(step: int, rungs: list[int]) -> int:
    """The last rung up to `step`: where a trial that was stopped between rungs is continued from."""
    return max((rung for rung in rungs if rung <= step), default=0)


def _final(trial: Trial) -> float:
    score = best_score(trial)
    assert score is not None
    return score


def _eta(history: History) -> int:
    settings = history.about.get("settings") or {}
    rule = settings.get("early_terminate") if isinstance(settings, dict) else None
    eta = rule.get("eta") if isinstance(rule, dict) else None
    return eta if isinstance(eta, int) and eta > 1 else ETA


def _ranks_in_words(told: list[dict[str, Any]], sides: _Sides) -> str:
    if not told:
        return "Too few trials were seen to the end to compare their ranks."
    among = "all that were seen to the end" if sides.fair else "those only that were let through to the end"
    parts = []
    for row in told:
        if row["tau"] is None:
            continue
        bounds = (
            "" if row["interval"] is None else " ({} to {})".format(*(number(v, 2) for v in row["interval"]))
        )
        parts.append(
            f"step {row['step']}: {number(row['tau'], 2)}{bounds}, {row['dropped']} of the top {row['top']} dropped"
        )
    return f"Kendall's tau with the final ranks (95 %), among {among}: {'; '.join(parts)}." if parts else ""


def _advice(told: list[dict[str, Any]], rungs: list[int]) -> str:
    trusted = [row["step"] for row in told if row["interval"] is not None and row["interval"][0] >= 0.5]
    later = trusted[0] if trusted and trusted[0] > rungs[0] else None
    first = (
        f"Begin to stop at step {later} (early_terminate.min_iter: {later})"
        if later
        else "Begin to stop later"
    )
    return f"{first}, or not at all, and train the most promising of the stopped trials to the end."


def _picture(told: list[dict[str, Any]]) -> dict[str, Any] | None:
    rows = [row for row in told if row["interval"] is not None]
    if len(rows) < 2:
        return None
    lines = {
        "Kendall's tau": [row["tau"] for row in rows],
        "95 %, from": [row["interval"][0] for row in rows],
        "95 %, to": [row["interval"][1] for row in rows],
    }
    return {"kind": "line", "x": [row["step"] for row in rows], "lines": lines, "mark": None}
