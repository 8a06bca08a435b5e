"""Several objectives in words: how many trials are left, which lie at the corners, and what to do with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from search.analysis.numbers import number, percent, plural
from search.outcomes import OutcomeConstraint
from search.problem import Problem

__all__ = ["constraint_sentences", "front_verdict"]


def front_verdict(
    found: Mapping[str, Any], name: str, state: str, problem: Problem | None = None
) -> dict[str, Any]:
    """`headline`, `sentences`, `cautions` and `next` in the place of those about one winner.

    `found`: as of `pareto`, with a trial on the front. `name`: of the run, as it stands in commands.
    `problem`: says whether the values are means over folds or seeds, and which outcome constraints the sweep had.
    """
    rows, front = {row["trial"]: row for row in found["trials"]}, found["front"]
    metrics = [each["metric"] for each in found["objectives"]]

    def values(trial: str) -> str:
        pairs = zip(metrics, rows[trial]["values"], strict=True)
        return ", ".join(f"{metric} {number(value)}" for metric, value in pairs)

    if len(front) == 1:
        headline = f"{front[0]} is best in every objective: {values(front[0])}"
    elif found["knee"] is not None:
        headline = (
            f"{plural(len(front), 'config')} on the front; knee: {found['knee']} ({values(found['knee'])})"
        )
    else:
        headline = f"{plural(len(front), 'config')} on the front, and none stands out"
    return {
        "headline": headline,
        "sentences": _sentences(found, values),
        "cautions": [
            f"{_ran(problem)} Of neighbours on the front, some are there by luck: small differences between them mean nothing."
        ],
        "next": _next(found, name, rows, state, () if problem is None else problem.outcome_constraints),
    }


def _ran(problem: Problem | None) -> str:
    repeats = None if problem is None else problem.repeats
    if repeats is None:
        return "Every configuration ran once, under one seed."
    return (
        f"The values are means over {repeats.times} {repeats.over}, which narrows luck and does not end it."
    )


def constraint_sentences(broken: list[dict[str, Any]]) -> list[str]:
    """How many trials break which outcome constraint; nothing where all hold everywhere."""
    return [
        f"{each['constraint']} is broken by {each['broken']:,} of {plural(each['trials'], 'trial')}."
        for each in broken
        if each["broken"]
    ]


def _sentences(found: Mapping[str, Any], values: Any) -> list[str]:
    sentences = []
    if len(found["front"]) > 1:
        corners = [
            f"{trial} has the best {each['metric']} ({values(trial)})"
            for trial, each in zip(found["extremes"], found["objectives"], strict=True)
        ]
        sentences.append(f"{'; '.join(corners)}.")
        if found["knee"] is not None:
            sentences.append("From the knee, a little more of one objective begins to cost much of another.")
    if found["dominated"]:
        sentences.append(
            f"{plural(found['dominated'], 'other trial')} {_lie(found['dominated'])} behind the front."
        )
    volume = found["hypervolume"]
    if volume is not None and volume["share"]:
        share = volume["share"][-1]
        sentences.append(
            f"The front covers {percent(share)} of the box from its best corner to the worst trial."
        )
    return sentences


def _lie(count: int) -> str:
    return "lies" if count == 1 else "lie"


def _next(
    found: Mapping[str, Any],
    name: str,
    rows: Mapping[str, Any],
    state: str,
    kept: Sequence[OutcomeConstraint],
) -> list[dict[str, Any]]:
    steps = []
    volume = found["hypervolume"]
    if state == "finished" and volume is not None and _still_growing(volume):
        more = max(10, round(volume["trials"] / 2))
        steps.append(
            {
                "text": "The front still grew in the last fifth of the trials, so more of them are likely to pay.",
                "command": f"tuneyard resume {name} --add-trials {more}",
            }
        )
    chosen = found["knee"] or found["front"][0]
    bounds = zip(found["objectives"][1:], rows[chosen]["values"][1:], strict=True)
    texts = [*(_bound(each, value) for each, value in bounds), *(each.text for each in kept)]
    limits = ", ".join(f'"{text}"' for text in dict.fromkeys(texts))
    steps.append(
        {
            "text": f"Choose a trial by what the last bit of each objective is worth to you. To make sure of it, search "
            f"for {found['objectives'][0]['metric']} alone with outcome_constraints: [{limits}], and confirm that.",
            "command": f"tuneyard show {name}/{chosen}",
        }
    )
    return steps


def _bound(objective: Mapping[str, str], value: float) -> str:
    """An outcome constraint that a value meets, rounded to its side to three digits."""
    unit = 10.0 ** (math.floor(math.log10(abs(value))) - 2) if value else 1.0
    if objective["goal"] == "maximize":
        return OutcomeConstraint(
            objective["metric"], ">=", float(f"{math.floor(value / unit) * unit:.12g}")
        ).text
    return OutcomeConstraint(objective["metric"], "<=", float(f"{math.ceil(value / unit) * unit:.12g}")).text


def _still_growing(volume: Mapping[str, Any]) -> bool:
    """Whether the last fifth of at least ten trials added more than a hundredth to the volume."""
    if volume["trials"] < 10 or not volume["share"]:
        return False
    before = [s for t, s in zip(volume["trial"], volume["share"], strict=True) if t <= 0.8 * volume["trials"]]
    return not before or volume["share"][-1] > 1.01 * before[-1]
