"""A raw Ray Tune experiment directory, read without Ray and without unpickling anything.

What is read, and all that is: `experiment_state-*.json` (status, times and stop rule of each trial), and in each trial's
folder `params.json`, `result.json` (or `progress.csv`) and `error.txt`. `tuner.pkl`, `params.pkl`, `error.pkl` and
`basic-variant-state-*.json` (a pickle in spite of its name) stay closed, and so do the pickles that Ray embeds as
hexadecimal text.

Ray writes TERMINATED for every trial that did not crash. It was stopped early if its last result says `done` before the
longest trial's step and before its own stop rule: a function that returns leaves `done` false.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from search.errors import SettingsError
from search.exchange.foreign import (
    Foreign,
    ForeignResult,
    ForeignTrial,
    chosen_goal,
    chosen_metric,
    plain,
)
from search.problem import Goal, Objective
from search.trial import Failure, Outcome

__all__ = ["is_ray_tune", "read_ray_tune"]

_STATE = "experiment_state-*.json"
_RESULTS, _PROGRESS, _PARAMS, _ERROR = "result.json", "progress.csv", "params.json", "error.txt"
_OWN = frozenset(
    [
        "done",
        "training_iteration",
        "trial_id",
        "date",
        "timestamp",
        "time_this_iter_s",
        "time_total_s",
        "pid",
        "hostname",
        "node_ip",
        "config",
        "time_since_restore",
        "iterations_since_restore",
        "checkpoint_dir_name",
        "experiment_tag",
        "experiment_id",
        "should_checkpoint",
        "timesteps_total",
        "episodes_total",
        "timesteps_since_restore",
    ]
)
"""What Ray adds to each result; none of it is the user's metric."""

Row = Mapping[str, Any]


def is_ray_tune(source: Path) -> bool:
    """Whether a path is a Ray Tune experiment directory, or one whose state file is lost."""
    return source.is_dir() and (any(source.glob(_STATE)) or any(_folders(source)))


def read_ray_tune(source: Path, metric: str | None = None, goal: Goal | None = None) -> Foreign:
    """The search in an experiment directory.

    Args:
        source: the directory that holds the trials' folders.
        metric: nested ones with slashes, as Ray shows them; as of TuneConfig where None.
        goal: Ray keeps it in pickles only, so it has to be given.

    Raises:
        SettingsError: no experiment; no such metric, or no goal; a damaged file (named, with its line).
    """
    if not is_ray_tune(source):
        raise SettingsError(
            f"{source}: is no Ray Tune experiment: it has neither {_STATE} nor trials with {_PARAMS}. "
            "Name the directory that holds the trials' folders"
        )
    states, runner = _states(source)
    named = {folder: (trial, times) for folder, trial, times in states}
    folders = sorted({*named, *(folder.name for folder in _folders(source))})
    rows = {folder: list(_rows(source / folder)) for folder in folders}
    metrics = {name: None for each in rows.values() for row in each for name in _metrics(row)}
    metric = chosen_metric(metric, runner.get("_metric"), list(metrics), str(source))
    objective = Objective(metric, chosen_goal(goal, None, metric, str(source)))
    began = _began(runner, named, rows)
    longest = max((_step(row, i) for each in rows.values() for i, row in enumerate(each, start=1)), default=1)
    trials = [
        _trial(source / folder, *named.get(folder, ({}, {})), rows[folder], began, longest)
        for folder in folders
    ]
    trials.sort(key=lambda trial: math.inf if trial.started is None else trial.started)
    notes = [
        "Ray Tune keeps its search space in pickles: the domains are those of the values that were tried."
    ]
    if not states:
        notes.append(f"{_STATE} is missing: how trials ended is read from their last results.")
    return Foreign(
        "Ray Tune", str(source), source.resolve().name, (objective,), trials, began=_date(began), notes=notes
    )


def _date(seconds: float | None) -> str | None:
    """Since the epoch; None also for what is no date."""
    try:
        return (
            None
            if seconds is None
            else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
        )
    except (OverflowError, ValueError, OSError):
        return None


def _folders(source: Path) -> Iterator[Path]:
    return (path.parent for path in source.glob(f"*/{_PARAMS}"))


def _states(source: Path) -> tuple[list[tuple[str, Row, Row]], Row]:
    """(folder, what is said of the trial, its times) of each trial in the newest state file; what the runner says."""
    files = sorted(source.glob(_STATE))
    if not files:
        return [], {}
    try:
        state = json.loads(files[-1].read_text(encoding="utf-8"))
        told = [(_json(trial), _json(times)) for trial, times in state["trial_data"]]
        found = [(Path(trial["relative_logdir"]).name, trial, times) for trial, times in told]
        if any(name in ("", "..") for name, _, _ in found):  # a folder beside the experiment, or above it
            raise ValueError("a relative_logdir is no folder of a trial")
        runner = state["runner_data"]
        return found, runner if isinstance(runner, Mapping) else {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SettingsError(
            f"{files[-1]}: is not a state file of Ray Tune 2 ({type(error).__name__}: {error}). Remove it to read the "
            "trials' own files alone"
        ) from None


def _json(text: str) -> Mapping[str, Any]:
    value = json.loads(text)
    return value if isinstance(value, Mapping) else {}


def _trial(
    folder: Path, state: Row, times: Row, rows: list[Row], began: float | None, longest: int
) -> ForeignTrial:
    results = [
        ForeignResult(_step(row, i), _metrics(row), _since(began, _finished_at(times, row)))
        for i, row in enumerate(rows, start=1)
    ]
    trial = ForeignTrial(dict(_flat(_params(folder, state))), results)
    last = rows[-1] if rows else {}
    trial.node, trial.pid = str(last.get("hostname", "")), _whole(last.get("pid"))
    first = _number(rows[0].get("timestamp")) - _number(rows[0].get("time_total_s")) if rows else None
    trial.started = _since(began, _number(times.get("start_time")) or first)
    trial.ended = results[-1].now if results else None
    error = folder / _ERROR
    status = str(state.get("status", ""))
    told = error.is_file() and error.resolve().is_relative_to(
        folder.parent.resolve()
    )  # no link to a private file
    if status == "ERROR" or told:
        trial.outcome = Outcome.FAILED
        trial.traceback = error.read_text(encoding="utf-8", errors="replace") if told else None
        trial.reason = _last_line(trial.traceback) or "Ray says ERROR and not why"
        trial.failure = Failure("raised", trial.reason)
    elif status in ("", "TERMINATED") and (rows or status):
        trial.outcome, trial.reason = _ending(state, last, results[-1].step if results else 0, longest)
        trial.stopped_by_scheduler = trial.outcome is Outcome.STOPPED
        if not status and not last.get("done"):
            trial.outcome, trial.reason = None, ""  # nobody says that it had ended
    elif status == "PENDING":
        trial.started = None
    return trial


def _ending(state: Row, last: Row, steps: int, longest: int) -> tuple[Outcome, str]:
    rules = state.get("stopping_criterion")
    for name, bound in rules.items() if isinstance(rules, Mapping) else ():
        value = _nested(last).get(name)
        if isinstance(value, int | float) and isinstance(bound, int | float) and value >= bound:
            return Outcome.COMPLETED, f"stop rule {name} >= {bound:g}"
    if steps >= longest:
        return Outcome.COMPLETED, f"all {longest} steps"
    if last.get("done"):
        return Outcome.STOPPED, f"Ray Tune stopped it at step {steps}"
    return Outcome.COMPLETED, "ended by itself"


def _params(folder: Path, state: Row) -> Row:
    path = folder / _PARAMS
    if not path.is_file():  # a trial that never began has no folder
        config = state.get("config")
        return config if isinstance(config, Mapping) else {}
    try:
        params = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise SettingsError(f"{path}: is not JSON ({error})") from None
    if not isinstance(params, Mapping):
        raise SettingsError(f"{path}: must hold an object, got {type(params).__name__}")
    return params


def _flat(params: Row, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names; a value that Ray could only pickle is told as `<object>`."""
    for key, value in params.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and "_type" in value and "CLOUDPICKLE" in str(value["_type"]):
            yield name, "<object>"
        elif isinstance(value, Mapping) and value:
            yield from _flat(value, f"{name}.")
        else:
            yield name, plain(value)


def _rows(folder: Path) -> Iterator[Row]:
    """The results of a trial; the last line may be torn where Ray was killed, any other must be whole."""
    path = folder / _RESULTS
    if not path.is_file() or not path.stat().st_size:
        yield from _progress(folder / _PROGRESS)
        return
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("not an object")
        except ValueError as error:
            if number == len(lines):
                return
            raise SettingsError(
                f"{path}:{number}: is not a result of Ray Tune ({error}). Restore the file, or remove the line"
            ) from None
        yield row


def _progress(path: Path) -> Iterator[Row]:
    if not path.is_file():
        return
    with open(path, newline="", encoding="utf-8", errors="replace") as file:
        for row in csv.DictReader(file):
            yield {name: _cell(cell) for name, cell in row.items() if name is not None and cell}


def _cell(cell: str) -> Any:
    if cell in ("True", "False"):
        return cell == "True"
    try:
        return float(cell)
    except ValueError:
        return cell


def _metrics(row: Row) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in _nested(row).items()
        if name.partition("/")[0] not in _OWN
        and isinstance(value, int | float)
        and not isinstance(value, bool)
    }


def _nested(row: Row, prefix: str = "") -> dict[str, Any]:
    """Names as Ray shows them: `valid/loss` for {"valid": {"loss": ...}}."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if isinstance(value, Mapping):
            flat.update(_nested(value, f"{prefix}{key}/"))
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def _step(row: Row, place: int) -> int:
    step = row.get("training_iteration")
    return max(1, int(step)) if isinstance(step, int | float) and math.isfinite(step) else place


def _began(runner: Row, named: Mapping[str, tuple[Row, Row]], rows: Mapping[str, list[Row]]) -> float | None:
    starts = [_number(times.get("start_time")) for _, times in named.values()]
    stamps = [_number(each[0].get("timestamp")) for each in rows.values() if each]
    known = [at for at in (_number(runner.get("_start_time")), *starts, *stamps) if at]
    return min(known, default=None)


def _finished_at(times: Row, row: Row) -> float | None:
    """When a result came in: timestamps are whole seconds, so the trial's own clock is finer where it is known."""
    stamp, start, total = (
        _number(value) for value in (row.get("timestamp"), times.get("start_time"), row.get("time_total_s"))
    )
    fine = start + total
    return fine if start and abs(fine - stamp) <= 1.0 else stamp or None


def _since(began: float | None, at: float | None) -> float | None:
    return None if began is None or not at else max(0.0, at - began)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _whole(value: Any) -> int:
    return int(_number(value))


def _last_line(text: str | None) -> str:
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    return lines[-1][:500] if lines else ""
