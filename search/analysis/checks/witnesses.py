"""Which trials can tell whether early stopping stopped the right ones.

Trials that were stopped were never seen to the end, and those that went on were chosen by the very ranks that are to be
judged. So only trials whose end does not hang on their rank speak of it: all of them where nothing was stopped; those that
the scheduler stopped and that ran on (audited); those that it never compares, as Hyperband's last bracket. Each of these
stands for as many as it was drawn from; one that was let through after all comparisons stands for itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from search.analysis.auditing import stopped_by_scheduler
from search.analysis.checks.stopped_best import FEWEST
from search.analysis.checks.traces import Floats, at_full_length
from search.history import History
from search.trial import Outcome, Trial

__all__ = ["Witnesses", "compared_at_rungs", "score_at", "witnesses"]


@dataclass(frozen=True)
class Witnesses:
    """Trials by what is known of their end.

    Attributes:
        seen: trials that came to full fidelity, best first.
        weights: how many trials each of them stands for.
        stopped: trials that the scheduler stopped and nobody saw further, with the step of the stop.
        audited: numbers of those among `seen` that the scheduler had stopped.
        fallen: audited trials that failed on their way: seen, too, and none of them is ahead of anything.
        fair: whether `seen`, so weighted, stands for all trials.
    """

    seen: list[Trial]
    weights: Floats
    stopped: list[tuple[Trial, int]]
    audited: set[int]
    fallen: int
    fair: bool

    @property
    def drawn_from(self) -> int:
        """How many trials the audit was drawn from: those that were stopped, not those that were paused and never went on."""
        audited = len(self.audited) + self.fallen
        return audited + sum(not trial.paused for trial, _ in self.stopped)


def witnesses(history: History) -> Witnesses:
    """Sort the trials of a sweep by what they can tell."""
    seen = [trial for trial in at_full_length(history) if trial.steps >= history.problem.max_steps]
    stopped = [(history.trials[number], step) for number, step in stopped_by_scheduler(history).items()]
    known = {trial.number for trial in seen}
    audited = known.intersection(history.audited)
    fallen = sum(history.trials[number].outcome is Outcome.FAILED for number in history.audited)
    if not stopped:
        return Witnesses(seen, np.ones(len(seen)), stopped, audited, fallen, fair=True)
    weights = dict.fromkeys(known, 1.0)
    never = known - {record["trial"] for record in history.decisions if record["rung"] is not None}
    if len(audited) >= FEWEST:
        weights |= dict.fromkeys(audited, (len(stopped) + len(audited)) / len(audited))
    elif len(never) >= FEWEST and compared_at_rungs(history):
        everyone = sum(trial.steps > 0 and trial.outcome is not Outcome.FAILED for trial in history.trials)
        weights |= dict.fromkeys(never, everyone / len(never))
    else:
        return Witnesses(seen, np.ones(len(seen)), stopped, audited, fallen, fair=False)
    each = np.array([weights[trial.number] for trial in seen])
    return Witnesses(seen, each, stopped, audited, fallen, fair=True)


def compared_at_rungs(history: History) -> bool:
    """Whether the journal tells of trials that were compared and went on; the median rule only tells whom it stopped."""
    return any(record["rung"] is not None and not record["scheduler"] for record in history.decisions)


def score_at(trial: Trial, step: int) -> float | None:
    """The score that a trial reported at `step`, audited or not; None where it did not get there, or had none."""
    if step <= len(trial.results) and trial.results[step - 1].step == step:
        return trial.results[step - 1].score
    return next((result.score for result in trial.results if result.step == step), None)
