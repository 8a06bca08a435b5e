"""Trials of earlier runs: which of them a searcher can learn from, and as what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from search.history import History, Observation, Record
from search.problem import Problem
from search.searchers.fidelity import newest
from search.trial import Outcome
from spaces import Constant, Space, SpaceError

__all__ = ["belongs", "priors_of", "retold"]


_ASKED = (
    "objective",
    "secondary",
    "outcome_constraints",
)  # keys of a problem that say what is asked of results
_BESIDES = ("secondary", "outcome_constraints")  # those of them that a prior's values are of, by place


def belongs(space: Space, observation: Observation) -> bool:
    """Whether the config of an observation is one of this space. Always so for a trial of the sweep itself."""
    if observation.number is not None:
        return True
    try:
        space.validate(observation.config)
    except SpaceError:
        return False
    return True


def retold(records: Sequence[Record], problem: Problem) -> History:
    """The history that a journal tells of an earlier run, its results judged by the objectives and outcome constraints of
    `problem`. A trial that did not report all of these metrics has no value. Where other further objectives or constraints
    were asked for then, what that run had learned from runs before it is left out: its metrics are not known any more.
    """
    asked = {key: value for key, value in problem.to_json().items() if key in _ASKED}
    kept = {key: value for key, value in records[0]["problem"].items() if key not in _ASKED}
    told = records[1:]
    if any(records[0]["problem"].get(key) != asked.get(key) for key in _BESIDES):
        told = [record for record in told if record["type"] != "prior"]
    return History.from_records([{**records[0], "problem": {**kept, **asked}}, *told])


def priors_of(history: History, problem: Problem, ignore: Collection[str] = ()) -> Iterator[Observation]:
    """What an earlier run saw, as far as its configs lie in the space of `problem` (constraints included).

    A trial that ran for longer than a trial of `problem` counts with what it had reached after `problem.max_steps`. Where
    the steps of only one of the two are whole trainings (`Problem.repeats`), steps cannot be compared: trials that
    completed count with their last value and without a curve, and those that were stopped do not.

    Args:
        ignore: names of parameters that made no difference in the earlier run and are constants of this space, or not in
            it at all: trials count whatever their value of them.
    """
    space = problem.space
    searched = {
        parameter.name for parameter in space.parameters if not isinstance(parameter.domain, Constant)
    }
    for seen in newest(history.observations):  # of one that was paused: as it stood in the end
        config = {
            name: value for name, value in seen.config.items() if name not in ignore or name in searched
        }
        if (len(seen.secondary), len(seen.excess)) != (
            len(problem.secondary),
            len(problem.outcome_constraints),
        ):
            continue  # a prior of that run's own, of which more is not known
        try:
            config = problem.space.validate(config)
        except SpaceError:
            continue
        if (history.problem.repeats is None) == (problem.repeats is None):
            yield replace(_cut(seen, problem), number=None, config=config)
        elif seen.outcome is not Outcome.STOPPED:
            yield replace(_at_its_end(seen), number=None, config=config)


def _cut(seen: Observation, problem: Problem) -> Observation:
    """As it stood after `max_steps`. Of several values a result has only the first one's curve; those stay as they are."""
    steps = problem.max_steps
    curve = tuple(point for point in seen.curve if point[0] <= steps)
    if seen.outcome is Outcome.FAILED or len(curve) == len(seen.curve) or not curve or problem.secondary:
        return seen
    last = problem.objective.counts == "last"
    best = max(
        seen.score, min(score for _, score in curve)
    )  # below what counted in the end it was infeasible
    score = curve[-1][1] if last else best
    outcome = Outcome.COMPLETED if curve[-1][0] == steps else seen.outcome
    return replace(seen, score=score, outcome=outcome, curve=curve)


def _at_its_end(seen: Observation) -> Observation:
    """With its last value, and no steps."""
    if seen.outcome is Outcome.FAILED or not seen.curve:
        return replace(seen, curve=())
    return replace(seen, score=seen.curve[-1][1], curve=())
