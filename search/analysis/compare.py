"""Several sweeps side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from search.analysis.anytime import anytime
from search.analysis.facts import facts
from search.analysis.hypervolume import shared_volumes
from search.analysis.replicates import replicates

if TYPE_CHECKING:
    from search.run import Run

__all__ = ["compare"]


def compare(runs: Sequence[Run]) -> dict[str, Any]:
    """One row per run: name, state, metric, goal, method, scheduler, trials, failed, steps, seconds, best (value) and best_trial.

    `curves` and `matched`: see `anytime`; `groups` and `pairs`: see `replicates`; all of them empty where the runs are not
    comparable. Of several objectives what is compared is the hypervolume, as a share of the box that all runs span
    together: it stands in the place of metric and best, and `front` is how many trials are on it (None with one objective).
    `objectives`: goal and metric of each, as text. `differs`: parameter -> its range in each run, as text, "–" where a run does not have it; only those that are not
    the same everywhere. `comparable`: all runs have the same objectives, so their best values may be compared;
    `winner` is then the position of the best row, else None.
    """
    rows = [_row(run) for run in runs]
    spaces = [_space(run) for run in runs]
    names = dict.fromkeys(name for space in spaces for name in space)
    columns = {name: [space.get(name, "–") for space in spaces] for name in names}
    comparable = len({row["objectives"] for row in rows}) <= 1
    several = comparable and bool(runs) and bool(runs[0].history.problem.secondary)
    curves = shared_volumes([run.history for run in runs]) if several else None
    for row, curve in zip(rows, curves or [], strict=False):
        row |= {"metric": "hypervolume", "goal": "maximize", "best": None, "best_trial": None}
        if curve["value"]:
            row["best"] = curve["value"][-1]
    scored = [
        (-row["best"] if row["goal"] == "maximize" else row["best"], position)
        for position, row in enumerate(rows)
        if row["best"] is not None
    ]
    together: dict[str, Any] = {"curves": [], "matched": {}, "groups": [], "pairs": []}
    if comparable:
        together = {**anytime([run.history for run in runs], curves), **replicates(runs, curves)}
    return {
        "rows": rows,
        **together,
        "differs": {name: texts for name, texts in columns.items() if len(set(texts)) > 1},
        "comparable": comparable,
        "winner": min(scored)[1] if comparable and scored else None,
    }


def _row(run: Run) -> dict[str, Any]:
    known, history = facts(run.history, run.paths), run.history
    best = history.best.best if history.best is not None else None
    return {
        "name": run.name,
        "state": run.state,
        "metric": known["metric"],
        "goal": known["goal"],
        "objectives": ", ".join(f"{each.goal} {each.metric}" for each in history.problem.objectives),
        "front": len(run.front) if history.problem.secondary else None,
        "method": known["method"],
        "scheduler": known["scheduler"],
        "trials": len(history.trials),
        "failed": history.failed_total,
        "steps": history.steps_total,
        "seconds": history.now,
        "best": history.problem.objective.value(best.score)
        if best is not None and best.score is not None
        else None,
        "best_trial": history.best.id if history.best is not None else None,
    }


def _space(run: Run) -> Mapping[str, str]:
    """Name -> its range, branches of one name together."""
    space: dict[str, str] = {}
    for parameter in facts(run.history, run.paths)["parameters"]:
        text = (
            f"{parameter['range']} ({parameter['kind']})"
            if parameter["kind"] != "fixed"
            else parameter["range"]
        )
        space[parameter["name"]] = (
            f"{space[parameter['name']]}; {text}" if parameter["name"] in space else text
        )
    return space
