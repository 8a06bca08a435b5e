"""A run as a study in an Optuna storage: what optuna-dashboard opens, and Optuna's own samplers and plots work on.

Domains, conditions (as parameters that a trial does not have), states, values and curves in Optuna's own terms. A trial's
value is the one that counts here, its best over the steps; of a stopped trial it is the last of the curve, as Optuna has
it. As attributes that anybody can read: `seed`, `best_step`, `reason`, and the further metrics at the best step. Under
`tuneyard` what is needed to come back as the same run (`from_optuna`).
"""

from __future__ import annotations

import math
import os
import secrets
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from search.errors import SettingsError
from search.exchange.optuna_notes import NOTE, study_note, trial_note
from search.exchange.optuna_rows import add_trials
from search.run import Run
from search.searchers.optuna_study import quiet
from search.settings.secrets import redact
from search.trial import Outcome, Trial
from spaces import SpaceError
from spaces.translate import optuna as translate

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial, TrialState

__all__ = ["to_optuna"]


def to_optuna(run: Run, path: Path, *, force: bool = False) -> None:
    """Write a run as a study of its name into a SQLite storage; other studies in it stay as they are.

    The file is made beside `path` and put in its place at the end.

    Args:
        force: replace a study of that name.

    Raises:
        SettingsError: there is such a study and not `force`; the file is no Optuna storage; a domain that Optuna cannot
            express (the parameter is named).
    """
    import optuna

    space = run.history.problem.space
    try:
        translate.to_optuna(space)
    except SpaceError as error:
        raise SettingsError(f"{run.name}: cannot be told to Optuna: {error}") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        if path.exists():
            shutil.copyfile(path, made)
        with quiet():
            storage = _storage(made, path)
            try:
                _make_room(storage, run.name, path, force)
                directions = [objective.goal for objective in run.history.problem.objectives]
                study = optuna.create_study(storage=storage, study_name=run.name, directions=directions)
                study.set_metric_names([each.metric for each in run.history.problem.objectives])
                study.set_user_attr(NOTE, study_note(run))
                by_scheduler = {each["trial"] for each in run.history.decisions if each["scheduler"]}
                frozen = [_frozen(run, each, each.number in by_scheduler) for each in run.history.trials]
                add_trials(storage, study, frozen)
            finally:
                storage.remove_session()
                storage.engine.dispose()
        os.replace(made, path)
    finally:
        made.unlink(missing_ok=True)


def _storage(made: Path, path: Path) -> Any:
    from optuna.storages import RDBStorage

    try:
        return RDBStorage(f"sqlite:///{made}")
    except Exception as error:  # of SQLAlchemy or Optuna: the file that is there is something else
        raise SettingsError(
            f"{path}: is there, and is no Optuna storage that can be added to ({type(error).__name__}). "
            "Choose another file: -o FILE"
        ) from None


def _make_room(storage: Any, name: str, path: Path, force: bool) -> None:
    import optuna

    if name in optuna.study.get_all_study_names(storage):
        if not force:
            raise SettingsError(
                f"{path}: holds a study {name!r} already. Replace it with --force, or choose another file: -o FILE"
            )
        optuna.delete_study(study_name=name, storage=storage)


def _frozen(run: Run, trial: Trial, stopped_by_scheduler: bool) -> FrozenTrial:
    from optuna.trial import create_trial

    problem = run.history.problem
    state, values = _ending(run, trial)
    try:
        params = translate.params(problem.space, trial.config)
        distributions = translate.distributions(problem.space, trial.config)
        whole = True
    except (SpaceError, KeyError):  # a config from before the space was edited, or that broke off on the way
        params, distributions, whole = {}, {}, False
    metric = (
        None if problem.secondary else problem.objective.metric
    )  # several objectives have no curves in Optuna
    curve = {r.step: r.metrics[metric] for r in trial.results if metric is not None and metric in r.metrics}
    frozen = create_trial(
        state=state,
        values=values,
        params=params,
        distributions=distributions,
        intermediate_values=curve,
        user_attrs=_shown(run, trial),
        system_attrs={NOTE: trial_note(trial, metric, whole, stopped_by_scheduler)},
        constraints=_broken(run, trial),
    )
    began = datetime.fromisoformat(run.history.began) if run.history.began else datetime.now()
    began = began.astimezone().replace(tzinfo=None)  # Optuna's times are local ones
    start = trial.attempts[0].now if trial.attempts else trial.asked
    frozen.datetime_start = None if state.name == "WAITING" else began + timedelta(seconds=start)
    closed = trial.closed if state.is_finished() else None
    frozen.datetime_complete = None if closed is None else began + timedelta(seconds=max(closed, start))
    return frozen


def _ending(run: Run, trial: Trial) -> tuple[TrialState, list[float] | None]:
    from optuna.trial import TrialState

    problem, best = run.history.problem, trial.best
    if trial.outcome is None:
        return (TrialState.RUNNING if trial.attempts else TrialState.WAITING), None
    if trial.outcome is Outcome.FAILED or best is None or best.scores is None:
        return TrialState.FAIL, None
    if trial.outcome is Outcome.STOPPED and not problem.secondary:
        last = trial.results[-1].metrics.get(problem.objective.metric, math.nan)
        return TrialState.PRUNED, [last] if math.isfinite(last) else None
    values = [each.value(score) for each, score in zip(problem.objectives, best.scores, strict=True)]
    return TrialState.COMPLETE, values


def _shown(run: Run, trial: Trial) -> dict[str, Any]:
    """What a person sees in the dashboard."""
    shown: dict[str, Any] = {"seed": trial.seed}
    if trial.reason:
        shown["reason"] = redact(trial.reason)
    if trial.failure:
        shown["failure"] = redact(f"{trial.failure.kind}: {trial.failure.message}")
    if trial.best is not None:
        shown["best_step"] = trial.best.step
        objectives = {each.metric for each in run.history.problem.objectives}
        further = {
            name: v for name, v in trial.best.metrics.items() if name not in objectives and math.isfinite(v)
        }
        shown |= {name: value for name, value in further.items() if name not in shown and name != NOTE}
    return shown


def _broken(run: Run, trial: Trial) -> dict[str, float]:
    """Outcome constraints as Optuna reads them: broken above 0."""
    if trial.best is None:
        return {}
    limits = run.history.problem.outcome_constraints
    return {limit.text: excess for limit, excess in zip(limits, trial.best.excess, strict=False)}
