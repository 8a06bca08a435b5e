"""A comparison of groups at equal effort, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.analysis.equal_effort import LEVEL
from search.analysis.groups import FEW
from search.analysis.numbers import number, plural

__all__ = ["isolation_verdict"]

_SHOWN = 6  # labels in a sentence


def isolation_verdict(found: Mapping[str, Any], goal: str) -> dict[str, Any]:
    """`verdict`: better (than each other judged group), partly (than some), cannot tell; and what it `says`.

    `found`: a comparison as of `isolation`, all but these two.
    """
    groups, name = found["groups"], " and ".join(found["parameters"])
    judged = [place for place, group in enumerate(groups) if group["judged"]]
    if found["effort"] is None:
        most = max((group["counted"] for group in groups), default=0)
        return {
            "verdict": "cannot tell",
            "says": f"Too few trials to compare the values of {name}: at least two of them need {FEW} trials with a value "
            f"each; the largest has {most}.",
        }
    sign = -1 if goal == "maximize" else 1
    first = min(judged, key=lambda place: sign * float(groups[place]["expected"]))
    others = [place for place in judged if place != first]
    p = {
        pair["b"] if pair["a"] == first else pair["a"]: pair["adjusted"]
        for pair in found["pairs"]
        if first in (pair["a"], pair["b"])
    }
    beaten = [place for place in others if p[place] <= LEVEL]
    level = [place for place in others if p[place] > LEVEL]
    at = f"the expected best of {plural(found['effort'], 'trial')} each"
    lead = _told(groups[first])
    second = min(others, key=lambda place: sign * float(groups[place]["expected"]))
    worst = number(max(p[place] for place in beaten), 2) if beaten else ""
    title = f"{name} = {groups[first]['label']}"
    if not level:
        return {
            "verdict": "better",
            "says": f"{title} is better, by {at}: {lead} against {_told(groups[second])} of {groups[second]['label']}, the next "
            f"(adjusted p at most {worst}).",
        }
    alike = _labels(groups, level)
    if beaten:
        return {
            "verdict": "partly",
            "says": f"{title} has {at} of {lead}. It is better than {_labels(groups, beaten)} (adjusted p at most {worst}) and cannot be "
            f"told from {alike}.",
        }
    if all(groups[place]["best"] == groups[first]["best"] for place in judged) and p[second] == 1:
        return {
            "verdict": "cannot tell",
            "says": f"Every value of {name} reaches the same best, {number(groups[first]['best'])}: what is measured cannot tell "
            "them apart. A harder task, more data or another metric may.",
        }
    return {
        "verdict": "cannot tell",
        "says": f"No value of {name} is better beyond chance, by {at}: {groups[first]['label']} has {lead}, {groups[second]['label']} "
        f"{_told(groups[second])} (adjusted p {number(p[second], 2)}).",
    }


def _told(group: Mapping[str, Any]) -> str:
    low, high = group["interval"]
    return f"{number(group['expected'])} (95 % {number(low, 3)} to {number(high, 3)})"


def _labels(groups: Any, places: list[int]) -> str:
    told = ", ".join(groups[place]["label"] for place in places[:_SHOWN])
    return told if len(places) <= _SHOWN else f"{told} and {len(places) - _SHOWN} more"
