"""Was a comparison of groups fair? What spoke for one of them besides its value, and which trials may be exchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from search.analysis.axes import Axis, axes_of
from search.analysis.groups import FEW, Group
from search.analysis.numbers import number, percent, plural
from search.history import History
from spaces import Float, Integer, Parameter

__all__ = ["Exchange", "exchanges", "fairness", "method_of"]

UNLEARNT = ("random", "sobol", "grid")
"""Methods that propose a config without a look at the values so far."""

_UNEQUAL = 1.5  # times the trials, or the steps of a trial
_FAILS = 0.15  # how much larger the share of failed trials is
_TOP, _AT_BOUND, _EDGE = 3, 2, 0.05  # of the best three, two in the outermost twentieth of a range
_BLOCK = 4  # trials one after the other; with 8, ten in a hundred sweeps of a learning method are accused, not five
_SHARED = 0.8  # of the smaller group, whose settings ran in the other one, too

Blocks = npt.NDArray[np.intp]


def method_of(history: History) -> str:
    """Name of the searcher, as the settings in the journal say; empty where they do not."""
    settings = history.about.get("settings")
    method = settings.get("method", "") if isinstance(settings, Mapping) else ""
    return str(method.get("name", "") if isinstance(method, Mapping) else method)


@dataclass(frozen=True)
class Exchange:
    """Trials of two groups that a permutation test may exchange: the first so many of each, within their `blocks`."""

    first: int
    second: int
    blocks: Blocks


def exchanges(
    history: History, first: Group, second: Group, names: Sequence[str]
) -> tuple[list[Exchange], bool]:
    """(what may be exchanged, of which the test that is surest of chance counts; whether the trials are paired).

    Where most settings of the other parameters ran in both groups (a grid), a block is one such setting. Where the method
    learns there are two ways: among trials of the same time, and among the first trials of each group, as many as the smaller one has.
    Without that, what the method has learnt would pass for a difference. Else all trials are one block.
    """
    ours, theirs = len(first.counted), len(second.counted)
    both = [*first.counted, *second.counted]
    rest = [
        history.problem.space.fingerprint({k: v for k, v in trial.config.items() if k not in names})
        for trial in both
    ]
    shared = set(rest[:ours]) & set(rest[ours:])
    if len(shared) >= max(FEW, _SHARED * min(len(set(rest[:ours])), len(set(rest[ours:])))):
        return [Exchange(ours, theirs, np.unique(rest, return_inverse=True)[1].astype(np.intp))], True
    if method_of(history) in UNLEARNT:
        return [Exchange(ours, theirs, np.zeros(len(both), dtype=np.intp))], False
    turn = np.argsort(np.argsort([trial.number for trial in both]))
    even = min(ours, theirs)
    return [
        Exchange(ours, theirs, (turn // _BLOCK).astype(np.intp)),
        Exchange(even, even, np.zeros(2 * even, dtype=np.intp)),
    ], False


def fairness(history: History, groups: Sequence[Group], axes: Sequence[Axis]) -> list[str]:
    """Sentences about what was unequal; [] where nothing was."""
    judged = [group for group in groups if len(group.scores) >= FEW]
    sentences = _hearing(groups)
    if len(judged) > 1:
        sentences += _effort(history, judged) + _failures(judged) + _bounds(history, judged, axes)
    if any(axis.conditional for axis in axes):
        names = " and ".join(axis.name for axis in axes if axis.conditional)
        active = sum(len(group.trials) for group in groups)
        sentences.append(f"Only the {plural(active, 'trial')} in which {names} takes part are compared.")
    return sentences


def _hearing(groups: Sequence[Group]) -> list[str]:
    few = [group for group in groups if len(group.scores) < FEW]
    if not few:
        return []
    told = ", ".join(f"{group.label} ({len(group.scores)})" for group in few[:6])
    more = f" and {len(few) - 6} more" if len(few) > 6 else ""
    return [f"Too few trials with a value to be judged ({FEW} are needed): {told}{more}."]


def _effort(history: History, groups: Sequence[Group]) -> list[str]:
    by_trials = sorted(groups, key=lambda group: len(group.scores))
    least, most = by_trials[0], by_trials[-1]
    sentences = []
    if len(most.scores) >= _UNEQUAL * len(least.scores):
        sentences.append(
            f"Unequal effort: {most.label} had {plural(len(most.scores), 'trial')}, {least.label} "
            f"{len(least.scores)}. They are compared at {len(least.scores)} each; the best found of {most.label} had more chances."
        )
    method = method_of(history)
    if method and method not in UNLEARNT:
        sentences.append(
            f"{method} learns as it goes and gives more trials to what looks good, so only trials of the same time, and "
            "the first of each value, are set against each other; method: sobol compares more sharply."
        )
    by_steps = sorted(groups, key=_length)
    short, long = by_steps[0], by_steps[-1]
    steps = _length(short), _length(long)
    if steps[1] >= _UNEQUAL * max(steps[0], 1e-9):
        sentences.append(
            f"Trials were not equally long: {number(steps[1], 3)} steps on average with {long.label}, {number(steps[0], 3)} "
            f"with {short.label}. A trial that was stopped counts with the best it had."
        )
    return sentences


def _length(group: Group) -> float:
    """Steps of a trial on average; a failed one is another matter."""
    return sum(trial.steps for trial in group.counted) / len(group.counted)


def _failures(groups: Sequence[Group]) -> list[str]:
    shares = {group.label: group.failed / len(group.trials) for group in groups}
    worst = max(groups, key=lambda group: shares[group.label])
    if worst.failed < 3 or shares[worst.label] < min(shares.values()) + _FAILS:
        return []
    least = min(groups, key=lambda group: shares[group.label])
    return [
        f"{worst.failed} of {len(worst.trials)} trials with {worst.label} failed ({percent(shares[worst.label])}), with "
        f"{least.label} {percent(shares[least.label])}. Failed trials are left out, which flatters {worst.label}."
    ]


def _bounds(history: History, groups: Sequence[Group], axes: Sequence[Axis]) -> list[str]:
    """Nuisance parameters at whose bound the best trials of some groups lie, and of others not."""
    compared = {axis.name for axis in axes}
    sentences = []
    for axis in axes_of(history):
        domains = [p for p in history.problem.space.searched if p.name == axis.name]
        if axis.name in compared or len(domains) != 1:
            continue
        for end in (0.0, 1.0):
            hit = [group for group in groups if _crowds(group, domains[0], end)]
            if hit and len(hit) < len(groups):
                labels = ", ".join(group.label for group in hit)
                bound, side = (axis.high, "upper") if end else (axis.low, "lower")
                sentences.append(
                    f"With {labels} the best trials lie at the {side} bound of {axis.name} ({number(bound, 3)}), with the "
                    f"others not: a wider range of {axis.name} may favour {labels}."
                )
    return sentences


def _crowds(group: Group, parameter: Parameter, end: float) -> bool:
    domain: Any = parameter.domain
    if not isinstance(domain, Float | Integer) or (domain.size is not None and domain.size < 1 / _EDGE):
        return False
    if end == 0.0 and domain.low == 0:  # nothing lies beyond
        return False
    best = sorted(zip(group.scores, group.counted, strict=True), key=lambda each: (each[0], each[1].number))[
        :_TOP
    ]
    at = [domain.to_unit(trial.config[parameter.name]) for _, trial in best if parameter.name in trial.config]
    return sum(abs(place - end) <= _EDGE for place in at) >= _AT_BOUND
