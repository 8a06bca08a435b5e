"""Scores of one fidelity: what a model that knows no learning curves may be fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from search.history import Observation
from search.problem import Counts
from search.trial import Outcome

__all__ = ["comparable", "newest"]


def comparable(
    observations: Sequence[Observation], enough: int, counts: Counts = "best"
) -> list[Observation]:
    """The newest observation of each trial, at the highest fidelity that `enough` trials reached.

    A score after 3 steps is no match for one after 81, so they are never mixed (Falkner et al. 2018, BOHB). Full fidelity
    is what completed trials have; below it, a trial that reached step s counts with its best score up to s, or the last
    where that is what `counts` (`Objective.counts`), as if s were all it ran. A failed trial counts at every fidelity. With
    fewer than `enough` at any step: the full ones, be they few.
    """
    known = newest(observations)
    full = [each for each in known if each.outcome is not Outcome.STOPPED]
    if len(full) >= enough:
        return full
    failed = sum(each.outcome is Outcome.FAILED for each in known)
    reached = sorted(
        filter(None, map(_steps, (k for k in known if k.outcome is not Outcome.FAILED))), reverse=True
    )
    if not failed < enough <= failed + len(reached):
        return full
    step = reached[enough - failed - 1]
    return [
        _cut(each, step, counts) for each in known if each.outcome is Outcome.FAILED or _steps(each) >= step
    ]


def newest(observations: Sequence[Observation]) -> list[Observation]:
    """The newest observation of each trial: one that failed and was given another chance has two."""
    last = {each.number: index for index, each in enumerate(observations) if each.number is not None}
    return [
        each for index, each in enumerate(observations) if each.number is None or last[each.number] == index
    ]


def _steps(observation: Observation) -> int:
    return observation.curve[-1][0] if observation.curve else 0


def _cut(observation: Observation, step: int, counts: Counts) -> Observation:
    if observation.outcome is Outcome.FAILED:
        return observation
    curve = tuple(point for point in observation.curve if point[0] <= step)
    if not curve:
        score = observation.score
    elif counts == "last":
        score = curve[-1][1]
    else:  # never better than what counted in the end: lower scores on the curve broke an outcome constraint
        score = max(observation.score, min(score for _, score in curve))
    return replace(observation, score=score, outcome=Outcome.COMPLETED, curve=curve)
