"""What lanes came to beside other drivers, as the table of docs/lanes.md and docs/performance.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from _page import table

__all__ = ["page"]

_SPELLED = {
    "lanes-inline": "lanes, in process",
    "lanes-ray": "lanes, on Ray",
    "plain-inline": "without lanes, in process",
    "plain-ray": "without lanes, on Ray",
    "optuna": "Optuna's loop, in process",
    "tune-reused": "raw Tune, class, actors reused",
    "tune-function": "raw Tune, function, default settings",
}


def page(lines: Sequence[Mapping[str, Any]]) -> str:
    """One line for each contender."""
    return table(
        (
            "",
            "trials",
            "trials a second",
            "lanes are faster by",
            "processor time a trial",
            "start-up",
            "best",
        ),
        [
            (
                _SPELLED[line["contender"]],
                f"{line['trials']:g}",
                f"{line['rate']:.3g}",
                "" if line["contender"] == "lanes-inline" else f"{line['lanes_are_faster_by']:.3g} times",
                f"{1e3 * line['processor_per_trial']:.0f} ms",
                f"{line['startup']:.0f} s",
                f"{line['best']:.4f}",
            )
            for line in lines
        ],
    )
