"""The history as tables. pandas is imported when a frame is built, and CSV needs none of it."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from search.front import front_of, values_of
from search.history import History
from search.trial import Result, Trial

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["csv_text", "results_frame", "trials_frame"]

_ABSENT = object()  # a parameter that is not active in a trial; None may be a value
_TRIAL_COLUMNS = (
    "trial",
    "number",
    "state",
    "origin",
    "steps",
    "best",
    "best_step",
    "last",
    "seconds",
    "started",
    "reason",
    "failure",
    "node",
)
_CSV_COLUMNS = ("trial", "state", "steps", "best", "last", "seconds")
_RESULT_COLUMNS = ("trial", "step", "now")


def trials_frame(history: History) -> pd.DataFrame:
    """One row per trial, by number; missing things are NaN.

    `trial` (`t00012`), `number`, `state`, `origin`, `steps` (reported), `best`, `best_step` and `last` (values of the
    objective, not scores), `seconds` (first start to end), `started` (seconds since the sweep began), `reason`,
    `failure` (`kind: message`), `node` (of the newest attempt); then, of several objectives, the values of the further
    ones under their metrics' names and `front` (whether no other trial dominates it), and, with outcome constraints,
    `feasible`; then one column per parameter under its dotted name, NaN where it is not active. A metric or a parameter
    named like a column before it gets the prefix `metrics.` or `config.`.
    """
    import pandas as pd

    trials = history.trials
    fixed: dict[str, tuple[str, list[Any]]] = {
        "trial": ("str", [trial.id for trial in trials]),
        "number": ("int64", [trial.number for trial in trials]),
        "state": ("str", [trial.state for trial in trials]),
        "origin": ("str", [trial.origin for trial in trials]),
        "steps": ("int64", [trial.steps for trial in trials]),
        "best": ("float64", [_best_value(trial, history) for trial in trials]),
        "best_step": ("float64", [trial.best.step if trial.best else None for trial in trials]),
        "last": ("float64", [_last_value(trial, history) for trial in trials]),
        "seconds": ("float64", [trial.seconds for trial in trials]),
        "started": ("float64", [trial.attempts[0].now if trial.attempts else None for trial in trials]),
        "reason": ("str", [trial.reason for trial in trials]),
        "failure": ("str", [_failure(trial) for trial in trials]),
        "node": ("str", [trial.attempts[-1].node if trial.attempts else None for trial in trials]),
    }
    frame = {name: pd.Series(cells, dtype=dtype) for name, (dtype, cells) in fixed.items()}
    for name, cells in _outcomes(history, _TRIAL_COLUMNS).items():
        frame[name] = pd.Series(cells, dtype="object" if name in ("front", "feasible") else "float64")
    for name, column in _headings(_parameters(history), tuple(frame)).items():
        frame[column] = _parameter_column([trial.config.get(name, _ABSENT) for trial in trials])
    return pd.DataFrame(frame)


def results_frame(history: History) -> pd.DataFrame:
    """One row per (trial, step): `trial`, `step`, `now` (seconds since the sweep began), then one column per metric.

    Ordered by trial and step; a metric that was not reported is NaN. A metric named like one of the first three
    columns gets the prefix `metrics.`.
    """
    import pandas as pd

    total = sum(len(trial.results) for trial in history.trials)
    ids = np.array([trial.id for trial in history.trials], dtype=object)
    frame: dict[str, Any] = {
        "trial": pd.Series(np.repeat(ids, [len(trial.results) for trial in history.trials]), dtype="str"),
        "step": np.fromiter((result.step for result in _results(history)), np.int64, total),
        "now": np.fromiter((result.now for result in _results(history)), np.float64, total),
    }
    metrics: list[Mapping[str, float]] = [result.metrics for result in _results(history)]
    names: dict[str, None] = {history.problem.objective.metric: None}
    seen: set[tuple[str, ...]] = set()
    for keys in map(tuple, metrics):
        if keys not in seen:
            seen.add(keys)
            names.update(dict.fromkeys(keys))
    for name, column in _headings(names, _RESULT_COLUMNS, "metrics.").items():
        frame[column] = np.fromiter((cells.get(name, math.nan) for cells in metrics), np.float64, total)
    return pd.DataFrame(frame)


def csv_text(history: History) -> str:
    """One line per trial: `trial, state, steps, best, last, seconds, <parameters>`; missing things are empty.

    Before the parameters stand the columns for several objectives and outcome constraints (see `trials_frame`).

    Text that a spreadsheet would read as a formula (it begins with `=`, `+`, `-`, `@`, tab or return) gets a leading
    apostrophe; numbers stay numbers. Lists are JSON; a line break inside a text is spelt out, so a trial is one line.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    outcomes = _outcomes(history, _CSV_COLUMNS)
    columns = (*_CSV_COLUMNS, *outcomes)
    parameters = _headings(_parameters(history), columns)
    writer.writerow([_cell(column) for column in (*columns, *parameters.values())])
    for trial in history.trials:
        seconds = None if trial.seconds is None else round(trial.seconds, 3)
        best, last = _best_value(trial, history), _last_value(trial, history)
        config = ["None" if (value := trial.config.get(name, "")) is None else value for name in parameters]
        more = [cells[trial.number] for cells in outcomes.values()]
        row = [trial.id, trial.state, trial.steps, best, last, seconds, *more, *config]
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _results(history: History) -> Iterator[Result]:
    return chain.from_iterable(map(attrgetter("results"), history.trials))


def _best_value(trial: Trial, history: History) -> float | None:
    score = trial.best.score if trial.best is not None else None
    return None if score is None else history.problem.objective.value(score)


def _last_value(trial: Trial, history: History) -> float | None:
    return None if trial.last is None else trial.last.metrics.get(history.problem.objective.metric)


def _outcomes(history: History, taken: Sequence[str]) -> dict[str, list[Any]]:
    """Columns of what there is beyond one objective, by trial; none with one objective and no outcome constraint."""
    problem, trials = history.problem, history.trials
    marks = {"front": bool(problem.secondary), "feasible": bool(problem.outcome_constraints)}
    reserved = (*taken, *(name for name, there in marks.items() if there))
    names = _headings([each.metric for each in problem.secondary], reserved, "metrics.")
    values = [values_of(history, trial) for trial in trials] if problem.secondary else []
    columns: dict[str, list[Any]] = {
        name: [each[place] if each else None for each in values]
        for place, name in enumerate(names.values(), start=1)
    }
    if marks["front"]:
        front = {trial.number for trial in front_of(history)}
        columns["front"] = [trial.number in front for trial in trials]
    if marks["feasible"]:
        columns["feasible"] = [None if trial.best is None else trial.best.violation == 0 for trial in trials]
    return columns


def _failure(trial: Trial) -> str | None:
    return f"{trial.failure.kind}: {trial.failure.message}" if trial.failure else None


def _parameters(history: History) -> dict[str, None]:
    """Names of all parameters, in the order of the space; those of configs from before an edited space come last."""
    names = dict.fromkeys(history.problem.space.names)
    for trial in history.trials:
        if not trial.config.keys() <= names.keys():
            names.update(dict.fromkeys(trial.config))
    return names


def _headings(names: Iterable[str], taken: Sequence[str], prefix: str = "config.") -> dict[str, str]:
    """Name -> column heading, unique and none of those taken."""
    headings: dict[str, str] = {}
    used = set(taken) | set(names)
    for name in names:
        column = name
        if name in taken:
            column = prefix + name
            while column in used:
                column = prefix + column
            used.add(column)
        headings[name] = column
    return headings


def _parameter_column(values: Sequence[Any]) -> pd.Series[Any]:
    """Values as the narrowest column that keeps them apart: int64, float64, bool, str, else object."""
    import pandas as pd

    kinds = {type(value) for value in values if value is not _ABSENT}
    complete = not any(value is _ABSENT for value in values)
    cells = [math.nan if value is _ABSENT else value for value in values]
    if complete and len(kinds) == 1:
        return pd.Series(cells)
    if kinds <= {int, float}:
        return pd.Series(cells, dtype="float64")
    return pd.Series(cells, dtype="str" if kinds == {str} else "object")


def _cell(value: Any) -> Any:
    if isinstance(value, list | tuple):
        value = json.dumps(value)
    if not isinstance(value, str):
        return value
    safe = value.replace("\r", "\\r").replace("\n", "\\n")
    return f"'{safe}" if value.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else safe
