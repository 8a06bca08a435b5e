"""The shape of each kind of record: what a foreign journal has to hold before anything is concluded from it.

A sum that fits says that a line is as it was written, not by whom. So that nobody who reads a history has to ask what he
got, a record whose members are not what their names promise is refused where it is read. A kind that is not known, and
members that are not, are passed over: a later version may have written them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from search.trial import Outcome

__all__ = ["why_unsound"]

Check = Callable[[Any], bool]
"""Whether a value is of a kind. `_optional` makes one that takes None as well, which an absent member is, too."""


def why_unsound(record: object) -> str | None:
    """What is wrong with a record, in a sentence; None: nothing."""
    if not isinstance(record, dict) or not isinstance(record.get("type"), str):
        return "it is no record"
    for name, check in _SHAPES.get(record["type"], {}).items():
        value = record.get(name)
        if not check(value):
            return f"{name} of a record of type {record['type']} is {_shown(value)}"
    return None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _whole(value: Any) -> bool:
    return type(value) is int


def _number(value: Any) -> bool:
    return type(value) in (int, float) and -1e300 < value < 1e300


def _measured(value: Any) -> bool:
    """A number, NaN and infinities among them; a whole one that a double holds."""
    return type(value) is float or (type(value) is int and -1e300 < value < 1e300)


def _text(value: Any) -> bool:
    return type(value) is str


def _flag(value: Any) -> bool:
    return type(value) is bool


def _mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _absent(value: Any) -> bool:
    return value is None


def _paused(value: Any) -> bool:
    return bool(value == "paused")


def _either(*checks: Check) -> Check:
    return lambda value: any(check(value) for check in checks)


def _optional(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list | tuple) and all(map(check, value))


def _mapping_to(check: Check) -> Check:
    return lambda value: isinstance(value, Mapping) and all(map(check, value.values()))


def _shaped(**members: Check) -> Check:
    return lambda value: (
        isinstance(value, Mapping) and all(check(value.get(name)) for name, check in members.items())
    )


def _point(value: Any) -> bool:
    """(step, score)"""
    return isinstance(value, list | tuple) and len(value) == 2 and _count(value[0]) and _number(value[1])


def _value(value: Any) -> bool:
    """Of a parameter: what a config can hold, see `spaces.values`."""
    if isinstance(value, list | tuple):
        return all(map(_value, value))
    return (
        value is None or type(value) in (str, bool) or (type(value) in (int, float) and math.isfinite(value))
    )


_outcome: Check = lambda value: value in tuple(Outcome)  # noqa: E731
_failure = _optional(_shaped(kind=_text, message=_text, log=_optional(_text)))
_config = _mapping_to(_value)
_objective = _shaped(metric=_text, goal=_text, target=_optional(_number), counts=_optional(_text))
_budget = _shaped(trials=_optional(_count), seconds=_optional(_number), steps=_optional(_count))
_problem = _shaped(
    space=_mapping,
    objective=_objective,
    max_steps=_count,
    budget=_budget,
    failure=_shaped(retries=_count, stop_after=_optional(_count), step_timeout=_optional(_number)),
    seed=_whole,
    points=_list_of(_config),
    audit=_optional(_number),
    repeats=_optional(_mapping),
    secondary=_optional(_list_of(_objective)),
    outcome_constraints=_optional(_list_of(_text)),
)
_about = _shaped(
    settings=_optional(_mapping),
    written=_optional(_mapping),
    versions=_optional(_mapping_to(_optional(_text))),
    git=_optional(_shaped(commit=_optional(_text), dirty=_optional(_flag))),
    host=_optional(_text),
    runner=_optional(_text),
    path=_optional(_text),
)
_of_trial: dict[str, Check] = {"trial": _count, "now": _number}

_SHAPES: dict[str, dict[str, Check]] = {
    "sweep": {"problem": _problem, "about": _optional(_about), "t": _optional(_text)},
    "prior": {
        "config": _config,
        "score": _number,
        "outcome": _outcome,
        "curve": _list_of(_point),
        "secondary": _optional(_list_of(_number)),
        "excess": _optional(_list_of(_number)),
    },
    "ask": {
        **_of_trial,
        "config": _config,
        "seed": _whole,
        "origin": _text,
        "parent": _optional(_count),
        "from_step": _optional(_count),
        "replaces": _optional(_count),
        "reason": _optional(_text),
    },
    "promote": {**_of_trial, "reason": _text, "rung": _optional(_count), "last": _flag},
    "start": {
        **_of_trial,
        "attempt": _count,
        "node": _text,
        "pid": _whole,
        "from_step": _count,
        "after": _failure,
    },
    "result": {**_of_trial, "step": _count, "metrics": _mapping_to(_measured), "again": _optional(_flag)},
    "decision": {
        **_of_trial,
        "step": _count,
        "outcome": _either(_absent, _outcome, _paused),
        "reason": _text,
        "rung": _optional(_count),
        "scheduler": _optional(_flag),
        "failure": _failure,
    },
    "close": {**_of_trial, "outcome": _outcome, "reason": _optional(_text), "failure": _failure},
    "reopen": _of_trial,
    "extend": {"now": _number, "budget": _budget},
    "resume": {"now": _number, "about": _optional(_about)},
    "test": {"opening": _count, "label": _optional(_text), "trials": _optional(_list_of(_text))},
    "tested": {
        "opening": _count,
        "error": _optional(_text),
        "results": _optional(_either(_mapping, _list_of(_mapping))),
    },
    "end": {"now": _number, "reason": _text, "finished": _flag},
}
