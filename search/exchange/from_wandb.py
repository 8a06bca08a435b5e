"""The runs table of Weights & Biases, exported as CSV: one row per run, one result per trial.

The table mixes what was configured with what came out, and nothing in the file tells them apart: which columns are
parameters, and which one is the metric, has to be said. Every other column of numbers becomes a further metric.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from search.errors import SettingsError
from search.exchange.foreign import Foreign, ForeignResult, ForeignTrial, chosen_goal, plain
from search.problem import Goal, Objective
from search.trial import Failure, Outcome
from spaces import Value
from spaces.errors import nearest

__all__ = ["is_wandb", "read_wandb"]

_TABLE = frozenset(
    [
        "Name",
        "State",
        "Created",
        "Runtime",
        "ID",
        "Notes",
        "User",
        "Tags",
        "Sweep",
        "Group",
        "Hostname",
        "Description",
        "Commit",
        "Agent",
        "End",
        "Time",
        "End",
        "Time",
        "Job",
        "Type",
        "Host",
        "GitHub",
        "Heartbeat",
        "Start",
        "Time",
        "Updated",
        "Project",
        "Entity",
    ]
) | {"Job Type", "Start Time", "End Time", "Last Modified", "Relative Time (Process)", "Relative Time (Wall)"}
"""Columns that W&B adds; a parameter of that name has to be asked for."""

_STATES: Mapping[str, Outcome | None] = {
    "finished": Outcome.COMPLETED,
    "crashed": Outcome.FAILED,
    "failed": Outcome.FAILED,
    "killed": Outcome.STOPPED,
    "stopped": Outcome.STOPPED,
    "preempted": Outcome.STOPPED,
    "running": None,
    "pending": None,
    "queued": None,
}
_NOT_FINITE = {
    "nan": math.nan,
    "inf": math.inf,
    "infinity": math.inf,
    "-inf": -math.inf,
    "-infinity": -math.inf,
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_WHOLE = re.compile(r"[+-]?\d{1,18}")


def is_wandb(source: Path) -> bool:
    """Whether a path is a CSV file."""
    return source.is_file() and source.suffix.lower() == ".csv"


def read_wandb(
    source: Path, metric: str | None = None, goal: Goal | None = None, parameters: Sequence[str] | None = None
) -> Foreign:
    """The runs of a table.

    Args:
        source: the CSV file.
        metric: the column that was searched for.
        goal: whether it is to be small or large.
        parameters: the columns that were configured.

    Raises:
        SettingsError: one of these is not given, or no column; a damaged table, or a cell of the metric that is no
            number (file, row and column are named).
    """
    head, rows = _table(source)
    told = [name for name in head if name not in _TABLE]
    if parameters is None:
        raise SettingsError(
            f"{source}: a CSV does not tell parameters from results. Give --parameters with those of "
            f"{', '.join(map(repr, told)) or 'its columns'}, joined by commas"
        )
    for name in parameters:
        if name not in head:
            raise SettingsError(
                f"{source}: has no column {name!r}{nearest(name, head)}. Correct --parameters"
            )
    left = [name for name in told if name not in parameters]
    if metric is None:
        raise SettingsError(
            f"{source}: does not say which metric was searched for. Give --metric; it has "
            f"{', '.join(map(repr, left)) or 'no column left'}"
        )
    if metric not in head:
        raise SettingsError(f"{source}: has no column {metric!r}{nearest(metric, left)}. Correct --metric")
    if metric in parameters:
        raise SettingsError(f"{source}: column {metric!r} cannot be a parameter and the metric at once")
    objective = Objective(metric, chosen_goal(goal, None, metric, str(source)))
    further = [name for name in left if name != metric and _is_numeric(name, rows)]
    times = [_created(source, number, row) for number, row in rows]
    began = min((time for time in times if time is not None), default=None)
    trials = [
        _trial(
            source,
            number,
            row,
            parameters,
            (metric, *further),
            None if time is None else time - (began or 0.0),
        )
        for (number, row), time in zip(rows, times, strict=True)
    ]
    trials.sort(key=lambda trial: math.inf if trial.started is None else trial.started)
    notes = ["A table of W&B has one value for each metric: every trial has one step, and no curve."]
    ignored = [name for name in left if name not in (metric, *further)]
    if ignored:
        notes.append(f"Left out, for they are neither numbers nor parameters: {', '.join(ignored)}.")
    at = None if began is None else datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds")
    return Foreign(
        "Weights & Biases",
        str(source),
        source.stem,
        (objective,),
        trials,
        max_steps=1,
        began=at,
        notes=notes,
    )


def _table(source: Path) -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """The columns, and (line of the file, cells) of each row."""
    if not source.is_file():
        raise SettingsError(f"{source}: no such file")
    try:
        with open(source, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            head = next(reader, [])
            rows = [(reader.line_num, cells) for cells in reader if cells]
    except (csv.Error, UnicodeDecodeError) as error:
        raise SettingsError(f"{source}: is no CSV of UTF-8 text ({error}). Export it again") from None
    if not head or not any(head):
        raise SettingsError(f"{source}: is empty. Export the runs table of a project as CSV")
    twice = sorted({name for name in head if head.count(name) > 1})
    if twice:
        raise SettingsError(f"{source}:1: column {twice[0]!r} comes twice. Rename one of them")
    for number, cells in rows:
        if len(cells) != len(head):
            raise SettingsError(
                f"{source}:{number}: has {len(cells)} cells, the first line {len(head)}. Export it again"
            )
    if not rows:
        raise SettingsError(f"{source}: has no runs, only column names")
    return head, [(number, dict(zip(head, cells, strict=True))) for number, cells in rows]


def _trial(
    source: Path,
    number: int,
    row: Mapping[str, str],
    parameters: Iterable[str],
    metrics: Sequence[str],
    started: float | None,
) -> ForeignTrial:
    config: dict[str, Value] = {}
    for name in parameters:
        config.update(_configured(name, row[name].strip()))
    seconds = _runtime(source, number, row.get("Runtime", ""))
    trial = ForeignTrial(config, started=started, node=row.get("Hostname", "") or row.get("Host", ""))
    if started is not None and seconds is not None:
        trial.ended = started + seconds
    found: dict[str, float] = {}
    for name in metrics:
        cell = row[name].strip()
        if cell:
            value = _measured(cell)
            if value is None:
                raise SettingsError(
                    f"{source}:{number}: column {name!r} must hold a number, got {cell[:60]!r}. "
                    "Correct the cell, or empty it"
                )
            found[name] = value
    if found:
        trial.results.append(ForeignResult(1, found, trial.ended))
    state = row.get("State", "").strip().lower()
    if state and state not in _STATES:
        raise SettingsError(
            f"{source}:{number}: column 'State': unknown state {row['State']!r}{nearest(state, list(_STATES))}"
        )
    trial.outcome = _STATES[state] if state else Outcome.COMPLETED
    if trial.outcome is not None:
        trial.reason = f"{state} in W&B" if state else "in the table"
    if trial.outcome is Outcome.FAILED:
        trial.failure = Failure("raised", f"W&B says {state} and not why")
    return trial


def _is_numeric(name: str, rows: Sequence[tuple[int, Mapping[str, str]]]) -> bool:
    cells = [row[name].strip() for _, row in rows if row[name].strip()]
    return bool(cells) and all(_measured(cell) is not None for cell in cells)


def _measured(cell: str) -> float | None:
    if _NUMBER.fullmatch(cell):
        return float(cell)
    return _NOT_FINITE.get(cell.lower())


def _configured(name: str, cell: str) -> dict[str, Value]:
    """The cell of a parameter: JSON where it is some (an object is a group of parameters), else text; empty = not given."""
    if not cell:
        return {}
    if _WHOLE.fullmatch(cell):
        return {name: int(cell)}
    if _NUMBER.fullmatch(cell):
        return {name: plain(float(cell))}
    if cell.lower() in ("true", "false"):
        return {name: cell.lower() == "true"}
    if cell.lower() in ("null", "none"):
        return {name: None}
    if cell[0] in '[{"':
        try:
            value = json.loads(cell)
        except ValueError:
            return {name: plain(cell)}
        return _grouped(name, value)
    return {name: plain(cell)}


def _grouped(name: str, value: Any) -> dict[str, Value]:
    if not isinstance(value, Mapping) or not value:
        return {name: plain(value)}
    return {key: each for part in value for key, each in _grouped(f"{name}.{part}", value[part]).items()}


def _created(source: Path, number: int, row: Mapping[str, str]) -> float | None:
    cell = row.get("Created", "").strip()
    if not cell:
        return None
    try:
        if _NUMBER.fullmatch(cell):  # seconds, or milliseconds, since 1970
            at = datetime.fromtimestamp(float(cell) / (1000.0 if float(cell) > 1e11 else 1.0), UTC)
        else:
            at = datetime.fromisoformat(cell)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):  # no date, or none that the system knows
        raise SettingsError(
            f"{source}:{number}: column 'Created' must be a date such as 2026-03-01T12:00:00Z, got {cell[:60]!r}"
        ) from None


def _runtime(source: Path, number: int, cell: str) -> float | None:
    """Seconds, from a number or from `1h 2m 3s`."""
    cell = cell.strip()
    if not cell or cell == "-":
        return None
    if (value := _measured(cell)) is not None:
        return value if math.isfinite(value) and value >= 0 else None
    parts = re.findall(r"(\d{1,12})\s*([dhms])", cell)
    if not parts or re.sub(r"\d{1,12}\s*[dhms]|\s", "", cell):
        raise SettingsError(
            f"{source}:{number}: column 'Runtime' must be seconds, or 1h 2m 3s, got {cell[:60]!r}"
        )
    return float(sum(int(count) * {"d": 86400, "h": 3600, "m": 60, "s": 1}[unit] for count, unit in parts))
