"""Who trained what, when: every attempt of every trial on the worker that ran it."""

from __future__ import annotations

import heapq
from typing import Any

from search.analysis.thinning import evenly
from search.history import History
from search.trial import Attempt, Trial

__all__ = ["timeline"]

BARS = 3000


def timeline(history: History, running: bool = False, bars: int = BARS) -> dict[str, Any]:
    """Attempts as bars on lanes, and how busy the lanes were.

    A lane is one place of a node that trains one trial at a time; lanes are filled greedily by start, so their number
    per node is the most trials it ever trained at once. `bars`: columns lane, trial, state, attempt, start, end
    (seconds of the sweep), pid; at most `bars` of `total`, evenly. `running`: open trials are being trained up to now.
    `utilisation`: seconds of all attempts / (lanes x seconds from the first start to the last end), in [0, 1].
    `resumes`: seconds at which the sweep went on after an interruption.
    """
    spans = sorted(
        (attempt.now, end, trial.number, position)
        for trial in history.trials
        for position, (attempt, end) in enumerate(_spans(trial, history, running))
    )
    lanes: list[dict[str, Any]] = []
    free: dict[str, list[int]] = {}
    busy: dict[str, list[tuple[float, int]]] = {}
    columns: dict[str, list[Any]] = {
        key: [] for key in ("lane", "trial", "state", "attempt", "start", "end", "pid")
    }
    for start, end, number, position in spans:
        trial = history.trials[number]
        attempt = trial.attempts[position]
        lane = _lane(attempt.node, start, end, lanes, free, busy)
        lanes[lane]["seconds"] += end - start
        final = position == len(trial.attempts) - 1
        state = trial.state if final else "paused" if _was_paused(trial, position) else "retried"
        row = (lane, trial.id, state, attempt.number, start, end, attempt.pid)
        for key, item in zip(columns, row, strict=True):
            columns[key].append(item)
    total = len(spans)
    keep = evenly(total, bars)
    first, last = (spans[0][0], max(span[1] for span in spans)) if spans else (0.0, 0.0)
    capacity = len(lanes) * (last - first)
    worked = sum(lane["seconds"] for lane in lanes)
    return {
        "lanes": lanes,
        "total": total,
        "bars": {key: [column[i] for i in keep] for key, column in columns.items()},
        "start": first,
        "end": last,
        "utilisation": min(1.0, worked / capacity) if capacity > 0 else None,
        "worker_seconds": worked,
        "resumes": [float(record.get("now", 0.0)) for record in history.resumes],
    }


def _spans(trial: Trial, history: History, running: bool) -> list[tuple[Attempt, float]]:
    """(attempt, its end). An attempt cut short by a crash ends with the last result it brought."""
    spans = []
    for attempt, following in zip(
        trial.attempts, [*trial.attempts[1:], None], strict=False
    ):  # or none at all
        before = following.now if following is not None else float("inf")
        reported = [r.now for r in trial.results if attempt.now <= r.now <= before]
        end = max([attempt.now, *reported[-1:]])
        if trial.paused and following is None:
            end = max(end, trial.pauses[-1])
        elif following is None and trial.closed is not None:
            end = trial.closed
        elif following is None and running and trial.open:
            end = history.now
        spans.append((attempt, max(end, attempt.now)))
    return spans


def _was_paused(trial: Trial, position: int) -> bool:
    """Whether an attempt that another followed gave its worker back, rather than losing it."""
    start, following = trial.attempts[position].now, trial.attempts[position + 1]
    return following.after is None and any(start <= since <= following.now for since in trial.pauses)


def _lane(
    node: str,
    start: float,
    end: float,
    lanes: list[dict[str, Any]],
    free: dict[str, list[int]],
    busy: dict[str, list[tuple[float, int]]],
) -> int:
    """The lowest free lane of the node at `start`, a new one where all are taken."""
    idle, taken = free.setdefault(node, []), busy.setdefault(node, [])
    while taken and taken[0][0] <= start:
        heapq.heappush(idle, heapq.heappop(taken)[1])
    if idle:
        lane = heapq.heappop(idle)
    else:
        lane = len(lanes)
        lanes.append(
            {"node": node, "lane": sum(other["node"] == node for other in lanes) + 1, "seconds": 0.0}
        )
    heapq.heappush(taken, (end, lane))
    return lane
