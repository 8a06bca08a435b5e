"""Whose work is drawn: pictures cost as much as many steps in a lane, so there are none before a sweep is over."""

from __future__ import annotations

from search.pictures import drawings, is_shown, shown
from search.runners.base import Work
from search.runners.cohort.messages import Assignment
from search.sweep import PassiveSweep
from search.trial import Trial

__all__ = ["may_be_drawn", "to_draw"]


def may_be_drawn(sweep: PassiveSweep, work: Work, trial: Trial) -> bool:
    """Whether a closed trial is to be kept for `to_draw`: one far enough along that is among the best by now."""
    far = 2 * trial.steps >= sweep.problem.max_steps
    return work.plug.can_draw and far and is_shown(trial, sweep.history)


def to_draw(sweep: PassiveSweep, work: Work) -> tuple[Assignment, ...]:
    """The best trials of a sweep that is over, those that have no pictures yet."""
    if work.paths is None or not work.plug.can_draw:
        return ()
    found = []
    for trial in (sweep.history.trials[number] for number in shown(sweep.history)):
        drawn = any(step == trial.steps for step, _ in drawings(work.paths.pictures(trial.number)))
        if not drawn and may_be_drawn(sweep, work, trial):
            found.append(
                Assignment(trial.number, dict(trial.config), trial.seed, len(trial.attempts), trial.steps)
            )
    return tuple(found)
