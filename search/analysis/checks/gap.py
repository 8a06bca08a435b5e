"""Is the winner ahead of the others by more than luck?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.checks.traces import noise, objective_of
from search.analysis.numbers import number, plural
from search.analysis.ranking import best_score, ranked
from search.analysis.repeats import repeats
from search.history import History
from search.trial import Trial

__all__ = ["gap"]

ALPHA = 0.05  # one-sided, of one comparison
FREEDOM = 4  # repeats beyond the first of each config, to know the luck of a seed by
TOP = 5  # trials whose wobble is looked at


@dataclass(frozen=True)
class _Config:
    """A config with the scores of its trials."""

    best: Trial
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.scores))


def gap(history: History) -> list[Finding]:
    """Warns where another config cannot be told from the winner.

    Where steps are folds or seeds, by paired t tests over them, one-sided at 5 % (`search.analysis.repeats`). Else, with
    configs that ran more than once, by the spread over their seeds: a t test of means with the pooled deviation, one-sided at
    5 %. Where every config ran once, luck is not known; then only the wobble from step to step is, which is the
    smaller part of it: a lead within it warns, a larger one cannot be judged.
    """
    trials = ranked(history)
    if (found := repeats(history)) is not None:
        return [_by_folds(found)]
    configs = _configs(history, trials)
    if len(configs) < 2:
        return [
            cannot_tell("gap", f"{plural(len(configs), 'config')} with a value: there is nothing to compare.")
        ]
    several = [config.scores for config in configs if len(config.scores) > 1]
    freedom = sum(len(scores) - 1 for scores in several)
    if freedom >= FREEDOM:
        pooled = sum(float(np.sum((np.array(s) - np.mean(s)) ** 2)) for s in several) / freedom
        return [_by_repeats(configs, math.sqrt(pooled), freedom)]
    return [_by_wobble(trials, configs, once=not several)]


def _by_folds(found: Mapping[str, Any]) -> Finding:
    """Of a sweep whose steps are folds or seeds: paired differences over those that both configs had."""
    over, configs, close = found["over"], found["configs"], found["close"]
    if not found["pairs"]:
        seen = min(len(configs), 1)
        why = f"{plural(seen, 'trial')} with a value of all {over}: there is nothing to compare."
        return cannot_tell("gap", why)
    first, pair = configs[0]["trial"], found["pairs"][0]
    second = pair["other"]
    evidence = {
        "winner": first,
        "second": second,
        "lead": pair["difference"],
        "interval": pair["interval"],
        "close": close,
        "configs": len(configs),
        "over": over,
    }
    if found["unvaried"]:
        said = f"Every trial had one value on all of its {over}, so what luck makes is not known."
        hint = "The trainable has no randomness: leave repeats out, or repeat over folds."
        if over == "folds":
            hint = "See that the trainable reads data.split.fold: it is to train on all folds but that one."
        return Finding("gap", "cannot tell", said, first, evidence, hint)
    lead = f" by {number(pair['difference'], 2)}"
    if close:
        others = _counted(len(close))
        return _warned(
            f"{first} leads {second}{lead}, and over the same {over} {others} cannot be told from it.",
            evidence,
        )
    said = f"{first} leads {second}{lead}, more than luck over the same {over} makes."
    return Finding("gap", "pass", said, first, evidence)


def _configs(history: History, trials: list[Trial]) -> list[_Config]:
    """The configs in the order of their best trial."""
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(history.problem.space.fingerprint(trial.config), []).append(trial)
    return [_Config(own[0], tuple(best_score(trial) or 0.0 for trial in own)) for own in found.values()]


def _by_repeats(configs: list[_Config], deviation: float, freedom: int) -> Finding:
    first, *others = sorted(configs, key=lambda config: config.mean)
    quantile = float(stats.t.ppf(1 - ALPHA, freedom))
    close = [
        other
        for other in others
        if other.mean - first.mean
        <= quantile * deviation * math.sqrt(1 / len(first.scores) + 1 / len(other.scores))
    ]
    lead = others[0].mean - first.mean
    evidence = {
        "winner": first.best.id,
        "second": others[0].best.id,
        "lead": lead,
        "seed_deviation": deviation,
        "freedom": freedom,
        "close": [other.best.id for other in close],
        "configs": len(configs),
    }
    luck = f"the luck of a seed (s.d. {number(deviation, 2)}, from {freedom + 1}+ repeated trials)"
    lead_said = f"{first.best.id}'s config leads by {number(lead, 2)}"
    if close:
        return _warned(
            f"{lead_said}, and {_counted(len(close))} cannot be told from it: {luck} is larger.", evidence
        )
    return Finding("gap", "pass", f"{lead_said}, more than {luck} makes.", first.best.id, evidence)


def _by_wobble(trials: list[Trial], configs: list[_Config], once: bool) -> Finding:
    first, second = configs[0], configs[1]
    lead = second.scores[0] - first.scores[0]
    ran = "Every config ran once" if once else "Hardly a config ran more than once"
    wobbles = [noise(objective_of(trial).values) for trial in trials[:TOP]]
    wobble = float(np.median([w for w in wobbles if math.isfinite(w)] or [math.nan]))
    evidence: dict[str, Any] = {
        "winner": first.best.id,
        "second": second.best.id,
        "lead": lead,
        "wobble": wobble if math.isfinite(wobble) else None,
        "configs": len(configs),
    }
    if not math.isfinite(wobble):
        if lead == 0:
            return _warned(f"{ran}, and {second.best.id} ties with the winner.", evidence)
        why = f"{ran}: whether the lead of {number(lead, 2)} is luck cannot be told."
        return Finding("gap", "cannot tell", why, first.best.id, evidence, _NEXT)
    limit = float(stats.norm.ppf(1 - ALPHA)) * math.sqrt(2) * wobble
    close = [config for config in configs[1:] if config.scores[0] - first.scores[0] <= limit]
    evidence["close"] = [config.best.id for config in close]
    if close:
        return _warned(
            f"{ran}, and {_counted(len(close))} within the wobble from step to step (s.d. {number(wobble, 2)}) of "
            f"the winner: the first places are equal.",
            evidence,
        )
    why = (
        f"{ran}. The lead of {number(lead, 2)} is more than the wobble from step to step (s.d. {number(wobble, 2)}), but "
        "how much another seed would change is not known."
    )
    return Finding("gap", "cannot tell", why, first.best.id, evidence, _NEXT)


_NEXT = "Run the first places again under fresh seeds (`tuneyard confirm`)."


def _warned(says: str, evidence: Mapping[str, Any]) -> Finding:
    return Finding("gap", "warn", says, str(evidence["winner"]), evidence, _NEXT)


def _counted(others: int) -> str:
    return "1 other config" if others == 1 else f"{others} other configs"
