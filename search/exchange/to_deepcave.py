"""A run as the folder that DeepCAVE loads, with the space as it truly is instead of one guessed from a table.

    configspace.json    the space in ConfigSpace's JSON
    configs.json        id -> config, of the parameters that take part
    origins.json        id -> where the config came from
    history.jsonl       one line for each config, budget (step) and seed: its cost and status
    meta.json           the objectives with the range of their values, the budgets, the seeds

A line of the history is [config, budget, seed, costs, start, end, status, additional], as DeepCAVE wrote it up to 1.3, and
not with the `cpu_time` that 1.4 puts after the costs: 1.4.1 cannot load such lines, not even its own (it makes ten values
of nine), and loads these. It takes `start` for the processor time and 0 for the end, so its time axes say nothing.

DeepCAVE looks at one seed at a time, and here every trial has its own. So its `seed` counts how often a config was trained
before: 0 for all but the repeats. The true one stands among the additional values.
"""

from __future__ import annotations

import json
import math
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from search.errors import SettingsError, SpaceError
from search.run import Run
from search.trial import Outcome, Result, Trial
from spaces import Config, Space
from spaces.translate.configspace import to_configspace
from spaces.values import canonical, listed

__all__ = ["to_deepcave"]

_FILES = frozenset(("configspace.json", "configs.json", "origins.json", "history.jsonl", "meta.json"))
_SUCCESS, _ABORTED, _FAILED, _PRUNED = 1, 5, 7, 8
_TRACEBACK = 20_000  # characters


def to_deepcave(run: Run, path: Path, *, force: bool = False) -> None:
    """Write a run as a DeepCAVE run. The folder is made beside `path` and put in its place at the end.

    A step is a budget: each step of a trial is a line, the last one with the status in which the trial ended.

    Args:
        force: replace a DeepCAVE run that is there.

    Raises:
        SettingsError: the folder is there and not `force`, or is something else; the space has what ConfigSpace cannot
            express (the parameters are named); no trial has a result.
    """
    try:
        configspace = to_configspace(run.history.problem.space, run.name, exact=False)
    except SpaceError as error:
        raise SettingsError(f"{run.name}: cannot be told to DeepCAVE: {error}") from None
    if path.exists():
        _check_replaceable(path, force)
    if not any(trial.results for trial in run.history.trials):
        raise SettingsError(
            f"{run.name}: no trial has a result, so there is nothing that DeepCAVE could show"
        )
    made = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        made.mkdir(parents=True)
        ids = _configs(run)
        configs = {place: _coded(run.history.problem.space, config) for config, place, _ in ids.values()}
        _write(made / "configspace.json", configspace)
        _write(made / "configs.json", configs)
        _write(made / "origins.json", {place: origin for _, place, origin in ids.values()})
        lines = list(_lines(run, {key: place for key, (_, place, _) in ids.items()}))
        (made / "history.jsonl").write_text(
            "".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8"
        )
        _write(made / "meta.json", _meta(run, lines))
        if path.exists():
            shutil.rmtree(path)
        made.rename(path)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _check_replaceable(path: Path, force: bool) -> None:
    if not path.is_dir() or {each.name for each in path.iterdir()} - _FILES:
        raise SettingsError(f"{path}: is there, and is no DeepCAVE run. Choose another folder: -o DIR")
    if not force:
        raise SettingsError(f"{path} exists. Replace it with --force, or choose another folder: -o DIR")


def _configs(run: Run) -> dict[str, tuple[Config, int, str]]:
    """Canonical text -> (config, id, origin): equal configs are one to DeepCAVE, told apart by their seeds."""
    found: dict[str, tuple[Config, int, str]] = {}
    for trial in run.history.trials:
        key = _key(trial)
        if key not in found:
            found[key] = (dict(trial.config), len(found), trial.origin)
    return found


def _key(trial: Trial) -> str:
    return canonical({name: listed(value) for name, value in trial.config.items()})


def _coded(space: Space, config: Config) -> dict[str, Any]:
    """By key, in ConfigSpace's values: JSON text where it has no such type."""
    from spaces.translate.configspace import coded

    return {
        each.key: coded(each.domain, config[each.name])
        for each in space.active(config)
        if each.name in config
    }


def _lines(run: Run, ids: dict[str, int]) -> Iterator[list[Any]]:
    times: Counter[int] = Counter()
    for trial in run.history.trials:
        config = ids[_key(trial)]
        seed, times[config] = times[config], times[config] + 1
        before = trial.attempts[0].now if trial.attempts else trial.asked
        for result in trial.results:
            status, costs = _told(run, trial, result)
            more = _additional(run, trial, result)
            yield [config, result.step, seed, costs, before, result.now, status, more]
            before = result.now


def _told(run: Run, trial: Trial, result: Result) -> tuple[int, list[float | None]]:
    """The status of a line, and its costs: a failed one has none. An unfinished trial is aborted at its last step."""
    values = [result.metrics.get(each.metric, math.nan) for each in run.history.problem.objectives]
    costs = [value if math.isfinite(value) else None for value in values]
    if None in costs:
        return _FAILED, [None] * len(costs)
    if result is not trial.last or trial.outcome is Outcome.COMPLETED:
        return _SUCCESS, costs
    if trial.outcome is Outcome.FAILED:
        return _FAILED, [None] * len(costs)
    return (_PRUNED if trial.outcome is Outcome.STOPPED else _ABORTED), costs


def _additional(run: Run, trial: Trial, result: Result) -> dict[str, Any]:
    objectives = {each.metric for each in run.history.problem.objectives}
    told: dict[str, Any] = {"trial": trial.id, "seed": trial.seed}
    told |= {
        name: value
        for name, value in result.metrics.items()
        if name not in objectives and math.isfinite(value)
    }
    if trial.failure is not None and result is trial.last:
        told["traceback"] = trial.failure.message
        if trial.failure.log and run.paths is not None:
            log = run.paths.own_file(run.paths.root / trial.failure.log)
            if log is not None:
                told["traceback"] = log.read_text(encoding="utf-8", errors="replace")[-_TRACEBACK:]
    return told


def _meta(run: Run, lines: Sequence[Sequence[Any]]) -> dict[str, Any]:
    objectives = []
    for place, objective in enumerate(run.history.problem.objectives):
        costs = [line[3][place] for line in lines if line[3][place] is not None]
        objectives.append(
            {
                "name": objective.metric,
                "lower": min(costs, default=0.0),
                "upper": max(costs, default=0.0),
                "lock_lower": False,
                "lock_upper": False,
                "optimize": "upper" if objective.goal == "maximize" else "lower",
            }
        )
    return {
        "objectives": objectives,
        "budgets": sorted({line[1] for line in lines}),
        "seeds": sorted({line[2] for line in lines}),
        "name": run.name,
        "exported by": "tuneyard",
    }


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=4, allow_nan=False), encoding="utf-8")
