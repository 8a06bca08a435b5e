"""Trials in order of merit. Every part of a report ranks by this one rule."""

from __future__ import annotations

from search.history import History
from search.trial import Outcome, Trial

__all__ = ["best_score", "ranked"]


def best_score(trial: Trial) -> float | None:
    """The score that counts of a trial (`Objective.counts`); None where it has none that counts (a failed trial's does not)."""
    if trial.outcome is Outcome.FAILED or trial.best is None:
        return None
    return trial.best.score


def ranked(history: History) -> list[Trial]:
    """Trials with a value that counts, best first; the first of equals is the lower number."""
    scored = (trial for trial in history.trials if best_score(trial) is not None)
    return sorted(scored, key=lambda trial: (history.place(trial), trial.number))
