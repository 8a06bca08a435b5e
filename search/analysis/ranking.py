"""Trials in order of merit. Every part of a report ranks by this one rule."""

from __future__ import annotations

from search.history import History
from search.trial import Trial

__all__ = ["best_score", "ranked"]


def best_score(trial: Trial) -> float | None:
    """The score that counts of a trial (`Objective.counts`); None where none does: of a failed or infeasible trial."""
    return trial.best.score if trial.sound and trial.best is not None else None


def ranked(history: History) -> list[Trial]:
    """Trials with a value that counts, best first; the first of equals is the lower number."""
    scored = (trial for trial in history.trials if best_score(trial) is not None)
    return sorted(scored, key=lambda trial: (history.place(trial), trial.number))
