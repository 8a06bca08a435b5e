"""Did early stopping stop the right trials? Ranks at each rung against ranks at the end, and what the audited came to.

Only trials whose end does not hang on their rank tell (see `witnesses`). Three things are said of them: how well ranks at a rung
agree with the final ones (Kendall's tau); how many of the stopped would have ended ahead of all others (`false_kills`, which
needs an audit and assumes nothing); and the chance that the best of all was stopped (`stopped_best`, a model).
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from search.analysis.checks.base import Finding, Verdict
from search.analysis.checks.false_kills import FalseKills, false_kills
from search.analysis.checks.rank_agreement import kendall, kendall_interval
from search.analysis.checks.stopped_best import FEWEST, Chance, Rung, chance_of_better
from search.analysis.checks.traces import Floats, noise, objective_of
from search.analysis.checks.witnesses import Witnesses, compared_at_rungs, score_at, witnesses
from search.analysis.numbers import number, percent, plural
from search.analysis.ranking import best_score
from search.analysis.thinning import evenly
from search.history import History
from search.schedulers.rungs import default_min_iter, geometric
from search.trial import Trial

__all__ = ["rung_ranks"]

ETA = 3
"""One in three goes on, where the sweep file says nothing else."""

LIKELY, UNSURE = 0.5, 0.25
"""Chances that the best was stopped: from the first on it warns, from the second on it cannot tell."""

MANY = 0.05
"""Fails where surely more than so many of the stopped trials would have ended ahead of all others."""

SLIGHT = 2.0
"""A loss up to so many standard deviations of the best trial's noise from step to step is none."""

MOST = 1000
"""Trials, evenly over the ranks, that stand for all where every two of them are compared."""

MISLEADS = 0.3
"""Warns where the whole interval of tau at a rung lies below."""


def rung_ranks(history: History) -> list[Finding]:
    """One finding of the sweep; no finding where a trial is a single step, or no trial was seen to its end.

    Evidence: `rungs` with `step`, `tau`, its `interval`, `trials`, `top` and `dropped`: how many of the top tenth by the
    final score (three at least) a rung that keeps one in eta would drop, among the trials seen to the end. `false_kills`: see
    `FalseKills`; None without audited trials. `ahead`: ids of the audited ones that ended ahead of all that were let through.
    `chance` that a stopped trial would have been the best, with `interval` and `loss` in the unit of the metric; None =
    cannot tell.
    """
    if history.problem.max_steps < 2:
        return []
    known = witnesses(history)
    if not known.seen:
        return []
    told = [row for step in _rungs(history) if (row := _row(history, known, step)) is not None]
    picture = _picture(told)
    if not known.stopped and not known.audited:
        says = f"No trial was stopped early. {_ranks_in_words(told, known)}".strip()
        verdict: Verdict = "pass" if told else "cannot tell"
        return [Finding("rung_ranks", verdict, says, "", _evidence(known, told), picture=picture)]
    ahead = _ahead(known)
    kills = _false_kills(known, ahead)
    chance = _chance(history, known, ahead)
    slight = chance is not None and chance.loss <= SLIGHT * noise(objective_of(known.seen[0]).values)
    verdict = _verdict(told, kills, chance, slight)
    equal = (
        "That is no more than the best trial jumps from step to step."
        if slight and chance and chance.loss
        else ""
    )
    parts = (_in_words(known, ahead, kills, chance), equal, _ranks_in_words(told, known))
    says = " ".join(filter(None, parts))
    return [
        Finding(
            "rung_ranks",
            verdict,
            says,
            "",
            _evidence(known, told, ahead, kills, chance),
            _advice(history, verdict, told, chance),
            picture=picture,
        )
    ]


def _verdict(
    told: list[dict[str, Any]], kills: FalseKills | None, chance: Chance | None, slight: bool
) -> Verdict:
    """`slight`: what is lost is no more than luck from step to step; then only ranks that mislead are held against it."""
    if slight:
        kills, chance = None, Chance(0.0, 0.0, 0.0, 0.0)
    if kills is not None and kills.low >= MANY:
        return "fail"
    misled = any(row["interval"] is not None and row["interval"][1] < MISLEADS for row in told)
    if (kills is not None and kills.ahead) or (chance is not None and (misled or chance.mean >= LIKELY)):
        return "warn"
    return "cannot tell" if chance is None or chance.mean >= UNSURE else "pass"


def _ahead(known: Witnesses) -> list[Trial]:
    """Audited trials that ended ahead of all that were let through, best first."""
    best = min(
        (_final(trial) for trial in known.seen if trial.number not in known.audited), default=-math.inf
    )
    return [trial for trial in known.seen if trial.number in known.audited and _final(trial) < best]


def _false_kills(known: Witnesses, ahead: list[Trial]) -> FalseKills | None:
    audited = len(known.audited) + known.fallen
    if not audited:
        return None
    return false_kills(known.drawn_from, audited, len(ahead))


def _rungs(history: History) -> list[int]:
    """Steps at which trials were compared; where the scheduler has no rungs, those that asha would have."""
    if compared_at_rungs(history):
        return sorted({int(record["rung"]) for record in history.decisions if record["rung"] is not None})
    steps = history.problem.max_steps
    return list(geometric(default_min_iter(steps, ETA, share=10), steps - 1, ETA))


def _row(history: History, known: Witnesses, step: int) -> dict[str, Any] | None:
    """How ranks at `step` agree with the final ones; None with fewer than three trials."""
    at = {trial.number: score for trial in known.seen if (score := score_at(trial, step)) is not None}
    kept = [(trial, w) for trial, w in zip(known.seen, known.weights, strict=True) if trial.number in at]
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


def _chance(history: History, known: Witnesses, ahead: list[Trial]) -> Chance | None:
    """Of a better one among the stopped; None where nobody shows how those that rank low go on."""
    through = [_final(trial) for trial in known.seen if trial.number not in known.audited]
    if ahead:  # it was seen: nothing is left to chance
        return Chance(1.0, 1.0, 1.0, min(through) - _final(ahead[0]))
    if not known.fair or not through or len(known.seen) < FEWEST:
        return None
    rungs = [_rung(history, known, step) for step in sorted({step for _, step in known.stopped})]
    if min((len(rung.seen) for rung in rungs), default=FEWEST) < FEWEST:
        return None
    return chance_of_better(rungs, min(through), np.random.default_rng(0))


def _rung(history: History, known: Witnesses, step: int) -> Rung:
    came = {trial.number: score for trial in history.trials if (score := score_at(trial, step)) is not None}
    ascending = np.sort(list(came.values()))

    def ranks(numbers: list[int]) -> Floats:
        scores = np.array([came[number] for number in numbers])
        both = np.searchsorted(ascending, scores) + np.searchsorted(ascending, scores, side="right")
        return np.asarray(both / (2 * len(ascending)), dtype=np.float64)

    here = [i for i, trial in enumerate(known.seen) if trial.number in came]
    return Rung(
        ranks([trial.number for trial, stop in known.stopped if stop == step]),
        ranks([known.seen[i].number for i in here]),
        np.array([_final(known.seen[i]) for i in here]),
        known.weights[here],
    )


def _final(trial: Trial) -> float:
    score = best_score(trial)
    assert score is not None
    return score


def _eta(history: History) -> int:
    settings = history.about.get("settings") or {}
    rule = settings.get("early_terminate") if isinstance(settings, dict) else None
    eta = rule.get("eta") if isinstance(rule, dict) else None
    return eta if isinstance(eta, int) and eta > 1 else ETA


def _evidence(
    known: Witnesses,
    told: list[dict[str, Any]],
    ahead: list[Trial] | None = None,
    kills: FalseKills | None = None,
    chance: Chance | None = None,
) -> dict[str, Any]:
    return {
        "seen": len(known.seen),
        "stopped": len(known.stopped),
        "audited": len(known.audited),
        "fair": known.fair,
        "rungs": told,
        "ahead": [trial.id for trial in ahead or ()],
        "false_kills": None if kills is None else asdict(kills),
        "chance": chance
        and {"mean": chance.mean, "interval": [chance.low, chance.high], "loss": chance.loss},
    }


def _in_words(known: Witnesses, ahead: list[Trial], kills: FalseKills | None, chance: Chance | None) -> str:
    parts = []
    if kills is not None:
        parts.append(
            f"Of {plural(kills.stopped, 'stopped trial')}, {kills.audited} ran on for the audit, and {kills.ahead} of these "
            f"ended ahead of all that were let through: {percent(kills.share)} of the stopped (95 %: {percent(kills.low)} "
            f"to {percent(kills.high)})."
        )
    if ahead:
        loss = number(chance.loss if chance is not None else None, 2)
        parts.append(f"{ahead[0].id} was stopped and is the best of all, by {loss}.")
    elif chance is not None:
        parts.append(
            f"The chance that early stopping stopped the best of all is about {percent(chance.mean)} (95 %: "
            f"{percent(chance.low)} to {percent(chance.high)}), and the mean loss by it {number(chance.loss, 2)}."
        )
    else:
        many = f"{plural(len(known.stopped), 'trial')} {'was' if len(known.stopped) == 1 else 'were'} stopped"
        parts.append(
            f"{many} and never seen to the end, and those that were seen were chosen by their ranks: whether a better "
            f"one was stopped cannot be told."
        )
    return " ".join(parts)


def _ranks_in_words(told: list[dict[str, Any]], known: Witnesses) -> str:
    if not told:
        return "Too few trials were seen to the end to compare their ranks."
    among = "all that were seen to the end" if known.fair else "those only that were let through to the end"
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


def _advice(history: History, verdict: Verdict, told: list[dict[str, Any]], chance: Chance | None) -> str:
    if verdict == "pass":
        return ""
    if verdict == "cannot tell":
        if chance is None and not history.problem.audit:
            return (
                "Let a few of the stopped trials run on (audit: 0.1), or use hyperband, which trains some trials to the end "
                "whatever their rank."
            )
        return (
            f"More of the stopped trials must run on, {FEWEST} at the least: more trials, or a larger audit."
        )
    rungs = _rungs(history)
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
