"""A foreign search, written as a run directory: one more journal, which everything that reads journals can read."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from search.errors import RunExistsError, SettingsError
from search.exchange.foreign import Foreign, ForeignTrial
from search.exchange.inferred import infer_space
from search.exchange.names import legal_names, run_name
from search.history import History
from search.journal import FORMAT, encode, read_journal
from search.paths import RunPaths, check_name
from search.problem import Budget, FailurePolicy, Problem
from search.provenance import version
from search.trial import Outcome
from search.views.tensorboard import TensorBoardView
from spaces import Config, Constant, Space, SpaceError
from spaces.values import listed

__all__ = ["write_run"]


def write_run(foreign: Foreign, storage: Path, name: str | None) -> RunPaths:
    """Make the run directory of a foreign search: all of it, or nothing.

    `name`: of the run; made of the search's own name where None.
    Raises RunExistsError; SettingsError: not one trial has a parameter, or the name is not one.
    """
    name = check_name(name) if name is not None else run_name(foreign.name)
    paths = RunPaths(storage / name)
    if paths.root.exists():
        raise RunExistsError(f"{paths.root} exists. Give the imported run another name: --name {name[:58]}-2")
    space, configs, told = _space(foreign)
    # Two folders deeper than runs lie: whoever lists the runs does not meet a half-made one.
    workshop = storage / ".importing"
    made = RunPaths(workshop / secrets.token_hex(8) / name)
    try:
        made.root.mkdir(parents=True)
        logs = _write_tracebacks(foreign, made)
        _write_journal(made.journal, _records(foreign, space, configs, told, logs))
        TensorBoardView(made.tensorboard).repair(History.from_records(read_journal(made.journal)))
        try:
            made.root.rename(paths.root)
        except OSError as error:
            raise RunExistsError(f"{paths.root} cannot be made ({error.strerror})") from error
    finally:
        shutil.rmtree(made.root.parent, ignore_errors=True)
        for folder in (workshop, storage):  # another import may be at work there, and there may be runs
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
    return paths


def _space(foreign: Foreign) -> tuple[Space, list[Config], dict[str, Any]]:
    """The space, the configs as it spells them, and what about.imported says of both."""
    legal = legal_names(name for trial in foreign.trials for name in trial.config)
    renamed = {name: new for name, new in legal.items() if new != name}
    configs = [{legal[name]: value for name, value in trial.config.items()} for trial in foreign.trials]
    switches: list[str] = []
    if foreign.space is not None:
        space, inferred = foreign.space, []
    else:
        known = {legal[name]: domain for name, domain in foreign.domains.items() if name in legal}
        whole = [row for row, trial in enumerate(foreign.trials) if trial.whole and trial.config]
        if not any(configs):
            raise SettingsError(
                f"{foreign.source}: no trial has a parameter, so there is nothing to learn from"
            )
        space, configs, switches = infer_space(configs, known, whole)
        inferred = [
            each.name
            for each in space.parameters
            if each.name not in known and each.name not in switches and not isinstance(each.domain, Constant)
        ]
    told = {"inferred": inferred, "renamed": renamed, "switches": switches}
    return space, [_spelled(space, config) for config in configs], told


def _spelled(space: Space, config: Config) -> Config:
    try:
        return space.validate(config)
    except SpaceError:  # the trial broke off before it had all its parameters: kept as far as it is known
        return config


def _records(
    foreign: Foreign, space: Space, configs: list[Config], told: Mapping[str, Any], logs: Mapping[int, str]
) -> Iterator[dict[str, Any]]:
    trials = foreign.trials
    longest = max((result.step for trial in trials for result in trial.results), default=1)
    first, *others = foreign.objectives
    problem = Problem(
        space=space,
        objective=first,
        max_steps=max(foreign.max_steps or 1, longest),
        budget=Budget(trials=len(trials) or None),
        failure=FailurePolicy(stop_after=None),
        seed=foreign.seed,
        secondary=tuple(others),
        outcome_constraints=foreign.outcome_constraints,
    )
    imported = {
        "from": foreign.tool,
        "source": foreign.source,
        "name": foreign.name,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "notes": foreign.notes,
        **told,
    }
    about = {
        "imported": imported,
        "versions": {"tuneyard": version("tuneyard")},
    }  # of elsewhere nobody knows more
    header = {"type": "sweep", "now": 0.0, "format": FORMAT, "problem": problem.to_json(), "about": about}
    yield header if foreign.began is None else {**header, "t": foreign.began}
    events = [
        (now, turn, number, record)
        for number, (trial, asked) in enumerate(zip(trials, _asked(trials), strict=True))
        for turn, (now, record) in enumerate(
            _trial_records(number, trial, configs[number], asked, logs.get(number))
        )
    ]
    now = 0.0
    for now, _, _, record in sorted(events, key=lambda event: (event[0], event[2], event[1])):
        yield {**record, "now": round(now, 6)}
    left = sum(trial.outcome is None for trial in trials)
    unfinished = f"; {left} of its trials had not ended" if left else ""
    yield {
        "type": "end",
        "now": round(now, 6),
        "reason": f"imported from {foreign.tool}{unfinished}",
        "finished": True,
    }


def _asked(trials: list[ForeignTrial]) -> list[float]:
    """When each trial was asked for: no later than anything else of it, and no later than those numbered after it."""
    known = [
        min(
            (
                now
                for now in (t.asked, t.started, t.ended, *(result.now for result in t.results[:1]))
                if now is not None
            ),
            default=None,
        )
        for t in trials
    ]
    latest = max((now for now in known if now is not None), default=0.0)
    backwards = accumulate((latest if now is None else max(now, 0.0) for now in reversed(known)), min)
    return list(backwards)[::-1]


def _trial_records(
    number: int, trial: ForeignTrial, config: Config, asked: float, log: str | None
) -> Iterator[tuple[float, dict[str, Any]]]:
    """(now, record) of one trial in order; time never runs backwards, and stands still where nobody told it."""
    told = {name: listed(value) for name, value in config.items()}
    yield asked, {"type": "ask", "trial": number, "config": told, "seed": trial.seed, "origin": trial.origin}
    now = asked
    if trial.started is not None:
        now = max(now, trial.started)
        start = {"type": "start", "trial": number, "attempt": 1, "node": trial.node, "pid": trial.pid}
        yield now, {**start, "from_step": 0, "after": None}
    steps = 0
    for result in trial.results:
        now = max(now, now if result.now is None else result.now)
        record = {"type": "result", "trial": number, "step": result.step, "metrics": dict(result.metrics)}
        yield now, record if result.step > steps else {**record, "again": True}
        steps = max(steps, result.step)
    if trial.outcome is None:
        return
    now = max(now, now if trial.ended is None else trial.ended)
    closing = {"trial": number, "outcome": trial.outcome.value, "reason": trial.reason}
    if trial.stopped_by_scheduler:
        scheduler = {"step": steps, "rung": None, "scheduler": True, "failure": None}
        yield now, {"type": "decision", **closing, **scheduler}
    failure = trial.failure.to_json() | ({"log": log} if log else {}) if trial.failure else None
    assert (trial.outcome is Outcome.FAILED) == (failure is not None)
    yield now, {"type": "close", **closing, "failure": failure}


def _write_tracebacks(foreign: Foreign, paths: RunPaths) -> dict[int, str]:
    """Keep what failed trials left as their last words; returns where, by trial."""
    logs = {}
    for number, trial in enumerate(foreign.trials):
        if trial.traceback is not None:
            path = paths.failure(number, 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(trial.traceback, encoding="utf-8")
            logs[number] = paths.relative(path)
    return logs


def _write_journal(path: Path, records: Iterator[dict[str, Any]]) -> None:
    with open(path, "xb") as file:
        file.writelines(map(encode, records))
        file.flush()
        os.fsync(file.fileno())
