"""Does the best learning rate, or any parameter on a log scale, lie right at where training diverges?"""

from __future__ import annotations

import math

import numpy as np

from search.analysis.axes import axes_of
from search.analysis.checks.base import Finding, cannot_tell, passed
from search.analysis.checks.response import response
from search.analysis.checks.split import Split, best_split
from search.analysis.numbers import number, plural
from search.analysis.ranking import ranked
from search.history import History
from search.trial import Outcome, Trial
from spaces import Float, Integer

__all__ = ["divergence"]

DIVERGED = 3  # fewest trials
NEEDED = 20  # trials with a value
TOP, FEWEST = 0.1, 5  # the best: a tenth, but five at least
NEAR = 0.2  # of the range: the half of the best lies within it from the threshold
ALPHA, PURE, SLOPE = 0.05, 0.5, 0.1  # p of the split, the share that diverges inside it, p of the slope


def divergence(history: History) -> list[Finding]:
    """Warns where values improve towards a threshold on a log scale beyond which trials diverge.

    All three must hold: a split tells where trials diverge (p <= 0.05, half of them inside), the value of the trials that
    did not falls towards it (`response`, p <= 0.1), and the median of the best tenth lies within a fifth of the range from it.
    """
    axes = [axis for axis in axes_of(history) if axis.scale == "log"]
    if not axes:
        return [passed("divergence", "No parameter is searched on a log scale.")]
    ended = [trial for trial in history.trials if not trial.open]
    diverged = [_diverged(trial) for trial in ended]
    count = sum(diverged)
    if count < DIVERGED:
        said = "No trial" if not count else f"Only {plural(count, 'trial')}"
        return [passed("divergence", f"{said} of {len(ended):,} diverged.", diverged=count)]
    trials = ranked(history)
    if len(trials) < NEEDED:
        return [
            cannot_tell(
                "divergence",
                f"{plural(count, 'trial')} diverged, and {len(trials)} have a value; {NEEDED} are needed to see "
                "whether the best lie right beside.",
                diverged=count,
            )
        ]
    split = best_split(axes, ended, diverged, history.problem.seed)
    if split is None or split.p > ALPHA or split.failed / split.inside < PURE:
        return [
            passed(
                "divergence",
                f"{plural(count, 'trial')} of {len(ended):,} diverged, beyond no threshold of a parameter on a log scale.",
                diverged=count,
            )
        ]
    return [_beside(history, trials, split, count)]


def _beside(history: History, trials: list[Trial], split: Split, count: int) -> Finding:
    model = response(history, trials)
    term = next((t for t in model.terms if t.parameter.name == split.axis.name), None)
    if term is None or not isinstance(term.parameter.domain, Float | Integer) or model.freedom < 10:
        return cannot_tell(
            "divergence", f"{split.axis.name} is not in every trial, or there are too few trials."
        )
    domain = term.parameter.domain
    threshold = math.log(split.at / domain.low) / math.log(domain.high / domain.low)
    _, p = model.slope(term, threshold)
    p = p if split.side == "above" else 1.0 - p
    best = max(FEWEST, math.ceil(TOP * len(trials)))
    distance = float(np.median(np.abs(term.at[:best] - threshold)))
    winner = number(trials[0].config[split.axis.name], 2)
    evidence = {
        "at": split.at,
        "side": split.side,
        "diverged": count,
        "inside": split.inside,
        "diverged_inside": split.failed,
        "best": trials[0].config[split.axis.name],
        "p_split": split.p,
        "p_slope": p,
        "distance": distance,
    }
    region = f"{split.side} {number(split.at, 2)} {split.failed} of {split.inside} do"
    if p > SLOPE or distance > NEAR:
        says = f"The best {split.axis.name}, {winner}, is not right beside where trials diverge ({region})."
        return Finding("divergence", "pass", says, split.axis.name, evidence)
    beyond = (trials[0].config[split.axis.name] > split.at) == (split.side == "above")
    lies = "lies where other trials diverge" if beyond else "lies right beside where trials diverge"
    return Finding(
        "divergence",
        "warn",
        f"The best {split.axis.name}, {winner}, {lies}: {region}. Another seed may "
        "diverge there, and a steadier training could go further.",
        split.axis.name,
        evidence,
        f"Confirm the winner over fresh seeds; try warm-up, clipped gradients or normalisation to go {split.side} it.",
    )


def _diverged(trial: Trial) -> bool:
    return (
        trial.outcome is Outcome.FAILED and trial.failure is not None and trial.failure.kind == "bad metric"
    )
