"""Which trials of a sweep would share a computation, and which would not: for `tuneyard plan`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from search.journal import MemoryJournal
from search.problem import Budget
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces import nest

if TYPE_CHECKING:
    from search.problem import Problem
    from search.settings import ResolvedSettings
    from trainables.neural.lanes import Shape

__all__ = ["lanes_of"]

_DRAWN = 200
_NEARLY_EMPTY = 1 / 8  # of the lanes


def lanes_of(settings: ResolvedSettings, problem: Problem) -> dict[str, Any] | None:
    """What lanes would come to, by configs drawn at random from the space; None without `lanes`.

    `width`, `queue`: as in the sweep file. `drawn`: how many configs. `shapes`: what those have in common that would train
    together, with their `share` of all; `alone`: why others would train by themselves, with theirs; the largest first.
    `remark`: a sentence about lanes that would be nearly empty, or None.
    """
    lanes = settings.lanes
    if lanes is None:
        return None
    from trainables.neural.lanes import Refusal, lane_shape

    some = replace(problem, budget=Budget(), points=())
    draw = PassiveSweep.begin(
        some, make_searcher("random", some), make_scheduler("none", some), MemoryJournal()
    )
    found = [lane_shape(settings.plug, nest(dict(trial.config))) for trial in draw.ask(_DRAWN, 0.0)]
    shapes = Counter(each for each in found if not isinstance(each, Refusal))
    lines = _told_apart(shapes)
    alone = Counter(each.reason for each in found if isinstance(each, Refusal))
    return {
        "width": lanes.width,
        "queue": lanes.queue,
        "drawn": len(found),
        "shapes": [{"shape": lines[shape], "share": n / len(found)} for shape, n in shapes.most_common()],
        "alone": [{"reason": text, "share": n / len(found)} for text, n in alone.most_common()],
        "remark": _remark(shapes, len(found), lanes.width, lanes.queue),
    }


def _told_apart(shapes: Iterable[Shape]) -> dict[Shape, str]:
    """Each shape in a line; where that is another's too, with the options and the data in which they differ."""
    alike: dict[str, list[Shape]] = {}
    for shape in shapes:
        alike.setdefault(str(shape), []).append(shape)
    lines = {}
    for text, group in alike.items():
        all_of = [
            dict(each.options) | {f"data.{name}": value for name, value in json.loads(each.data).items()}
            for each in group
        ]
        names = sorted(
            {name for own in all_of for name in own if any(own[name] != o.get(name) for o in all_of)}
        )
        for shape, own in zip(group, all_of, strict=True):
            lines[shape] = ", ".join([text, *(f"{name} {own[name]}" for name in names if name in own)])
    return lines


def _remark(shapes: Counter[Shape], drawn: int, width: int, queue: int) -> str | None:
    """Of shapes so many that a queue holds few trials of each."""
    if not shapes:
        return "no config of this space can be trained in lanes, so they change nothing; leave lanes out"
    lanes = queue * shapes.most_common(1)[0][1] / drawn
    if lanes >= width * _NEARLY_EMPTY or len(shapes) == 1:
        return None
    return (
        f"of the commonest shape about {max(1, round(lanes))} trials would be in lanes at a time; give options that are part "
        f"of the shape fewer values, or write a longer queue"
    )
