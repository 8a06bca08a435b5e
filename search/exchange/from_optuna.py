"""An Optuna storage: a SQLite file, a journal file, or the URL of a database. It is only read.

COMPLETE is completed, PRUNED is stopped, FAIL is failed, RUNNING and WAITING have not ended. Domains are exact; what takes
part when is inferred, for Optuna's spaces are code. A study that tuneyard wrote (`to_optuna`) carries its space,
and comes back as it was.

Optuna counts from 0 or from 1, as the user's code does; steps here begin at 1, so all of a study that has a step 0 move
up by one. A final value that is not on the curve of its trial becomes one step more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from search.errors import SettingsError, SpaceError
from search.exchange.foreign import Foreign, ForeignResult, ForeignTrial, chosen_goal, plain
from search.exchange.optuna_notes import NOTE, noted_study
from search.exchange.optuna_storage import open_study
from search.outcomes import OutcomeConstraint
from search.problem import MOST_OBJECTIVES, Goal, Objective
from search.searchers.optuna_study import quiet
from search.settings.secrets import redact
from search.trial import Failure, Outcome, trial_id
from spaces import Categorical, Domain, Float, Integer
from spaces.errors import nearest
from spaces.values import canonical

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study
    from optuna.trial import FrozenTrial

__all__ = ["read_optuna"]

_ENDED = {"COMPLETE": Outcome.COMPLETED, "PRUNED": Outcome.STOPPED, "FAIL": Outcome.FAILED}


def read_optuna(
    source: str, study: str | None = None, metric: str | None = None, goal: Goal | None = None
) -> Foreign:
    """One study of a storage.

    Args:
        source: a path, or a URL such as `sqlite:///study.db`.
        study: its name; needed where the storage holds several.
        metric: what to call the objective, which has no name in most studies (`value`); with several objectives, the one
            that counts first.
        goal: only to be checked: a study knows its own.

    Raises:
        SettingsError: no storage, no such study, more objectives than there may be, another goal.
    """
    with quiet(), open_study(source, study) as found:
        source, trials = redact(source), found.get_trials(deepcopy=False)
        note = found.user_attrs.get(NOTE)
        if not (isinstance(note, Mapping) and "problem" in note):
            return _told(found, trials, source, metric, goal)
        try:
            return noted_study(note, found, trials, source)
        except (KeyError, TypeError, ValueError) as error:
            raise SettingsError(
                f"{source}: what tuneyard noted in study {found.study_name!r} cannot be read ({error!r}). It was "
                "altered, or written by another version; export the run again"
            ) from None


def _told(
    study: Study, trials: Sequence[FrozenTrial], source: str, metric: str | None, goal: Goal | None
) -> Foreign:
    objectives = _objectives(study, source, metric, goal)
    constraints = dict.fromkeys(key for trial in trials for key in trial.constraints)
    limits = tuple(OutcomeConstraint(f"constraint_{key}", "<=", 0.0) for key in constraints)
    offset = int(any(0 in trial.intermediate_values for trial in trials))
    began = min((trial.datetime_start for trial in trials if trial.datetime_start), default=None)
    names = _names(study)
    order = [names.index(each.metric) for each in objectives] if len(objectives) > 1 else [0]
    foreign = Foreign(
        "Optuna",
        source,
        study.study_name,
        objectives,
        [_trial(each, objectives, order, offset, began) for each in trials],
        domains=dict(_domains(trials)),
        outcome_constraints=limits,
        began=None if began is None else began.astimezone(UTC).isoformat(timespec="milliseconds"),
    )
    if offset:
        foreign.notes.append("Steps are one more than in Optuna, where this study counts from 0.")
    if len(objectives) == 1 and (apart := _counted_otherwise(foreign, study)):
        foreign.notes.append(apart)
    return foreign


def _counted_otherwise(foreign: Foreign, study: Study) -> str | None:
    """Optuna ranks by the value that a trial returned; here the best step counts. Said where it matters."""
    objective = foreign.objectives[0]
    scores = {
        number: min(finite)
        for number, trial in enumerate(foreign.trials)
        if trial.outcome in (Outcome.COMPLETED, Outcome.STOPPED)
        and (finite := [objective.score(v) for v in _values(trial, objective) if math.isfinite(v)])
    }
    try:
        theirs = study.best_trial.number
    except ValueError:
        return None
    ours = min(scores, key=scores.__getitem__, default=theirs)
    if ours == theirs:
        return None
    went = "lower" if objective.goal == "minimize" else "higher"
    return (
        f"Optuna's best trial is {theirs}, by the value it returned; here {trial_id(ours)} is, whose curve went {went} "
        "on the way."
    )


def _values(trial: ForeignTrial, objective: Objective) -> list[float]:
    return [
        result.metrics[objective.metric] for result in trial.results if objective.metric in result.metrics
    ]


def _names(study: Study) -> list[str]:
    names = study.metric_names or []
    count = len(study.directions)
    return list(names) if names else ["value"] if count == 1 else [f"value_{i}" for i in range(count)]


def _objectives(study: Study, source: str, metric: str | None, goal: Goal | None) -> tuple[Objective, ...]:
    names, goals = _names(study), [_goal(direction.name) for direction in study.directions]
    if len(names) == 1:
        name = metric if metric is not None and not study.metric_names else names[0]
        if metric is not None and name != metric:
            raise SettingsError(
                f"{source}: study {study.study_name!r} calls its metric {name!r}, not {metric!r}"
            )
        return (Objective(name, chosen_goal(goal, goals[0], name, source)),)
    if len(names) > MOST_OBJECTIVES:
        raise SettingsError(
            f"{source}: study {study.study_name!r} has {len(names)} objectives; {MOST_OBJECTIVES} can be told apart"
        )
    if metric is not None and metric not in names:
        raise SettingsError(f"{source}: --metric {metric!r} is no objective{nearest(metric, names)}")
    first = names.index(metric) if metric is not None else 0
    chosen_goal(goal, goals[first], names[first], source)
    order = [first, *(i for i in range(len(names)) if i != first)]
    return tuple(Objective(names[i], goals[i], counts="last") for i in order)


def _goal(direction: str) -> Goal:
    return "maximize" if direction == "MAXIMIZE" else "minimize"


def _trial(
    trial: FrozenTrial,
    objectives: tuple[Objective, ...],
    order: list[int],
    offset: int,
    began: datetime | None,
) -> ForeignTrial:
    started, ended = _since(began, trial.datetime_start), _since(began, trial.datetime_complete)
    curve = dict(sorted(trial.intermediate_values.items()))
    metric = objectives[0].metric
    results = [
        ForeignResult(max(1, step + offset), {metric: value})
        for step, value in curve.items()
        if step + offset > 0
    ]
    limits = {f"constraint_{key}": value for key, value in trial.constraints.items()}
    extra = {**_numbers(trial), **limits}
    values = trial.values if trial.state.name == "COMPLETE" else None
    last = results[-1].step if results else 0
    if values is not None and len(values) > 1:
        results = [
            ForeignResult(last + 1, {o.metric: values[i] for o, i in zip(objectives, order, strict=True)})
        ]
    elif values is not None and not any(values[0] == value for value in curve.values()):
        results.append(ForeignResult(last + 1, {metric: values[0]}))
    if results:
        results[-1] = ForeignResult(results[-1].step, {**extra, **results[-1].metrics}, ended)
    outcome = _ENDED.get(trial.state.name)
    found = ForeignTrial(
        {name: plain(value) for name, value in trial.params.items()},
        _paced(results, started, ended),
        outcome,
        started=started,
        ended=ended,
        origin="given" if "fixed_params" in trial.system_attrs else "imported",
        whole=outcome in (Outcome.COMPLETED, Outcome.STOPPED),
    )
    if outcome is Outcome.STOPPED:
        found.reason, found.stopped_by_scheduler = f"Optuna pruned it at step {last}", True
    elif outcome is Outcome.FAILED:
        found.reason = str(trial.system_attrs.get("fail_reason") or "Optuna says FAIL and not why")[:500]
        found.failure = Failure("raised", found.reason)
    return found


def _paced(results: list[ForeignResult], started: float | None, ended: float | None) -> list[ForeignResult]:
    """Optuna does not say when a step was reported: evenly between start and end, by step."""
    if started is None or ended is None or not results:
        return results
    last = results[-1].step
    return [
        ForeignResult(each.step, each.metrics, started + (ended - started) * each.step / last)
        for each in results
    ]


def _numbers(trial: FrozenTrial) -> dict[str, float]:
    """Numeric attributes that the user set: most often further metrics of the finished trial."""
    return {
        str(name): float(value)
        for name, value in trial.user_attrs.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def _domains(trials: Sequence[FrozenTrial]) -> Iterator[tuple[str, Domain]]:
    """The domain of each parameter. A range that changed during the study is told as the widest; a value that was put in
    from outside (enqueued) widens it, too."""
    seen: dict[str, dict[str, BaseDistribution]] = {}
    values: dict[str, list[Any]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            seen.setdefault(name, {})[repr(distribution)] = distribution
            values.setdefault(name, []).append(plain(trial.params[name]))
    for name, each in seen.items():
        domain = _domain(list(each.values()), values[name])
        if domain is not None:
            yield name, domain


def _domain(distributions: Sequence[BaseDistribution], values: Sequence[Any]) -> Domain | None:
    """None where the distributions are of several kinds; the domain is then inferred."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    first = distributions[0]
    if isinstance(first, CategoricalDistribution):
        choices = [
            plain(c) for d in distributions if isinstance(d, CategoricalDistribution) for c in d.choices
        ]
        distinct = {canonical(choice): choice for choice in (*choices, *values)}
        return Categorical(tuple(distinct.values()))
    numeric = [d for d in distributions if isinstance(d, FloatDistribution | IntDistribution)]
    if len({type(d) for d in distributions}) > 1 or not numeric:
        return None
    low, high = min(d.low for d in numeric), max(d.high for d in numeric)
    log = any(d.log for d in numeric)
    step = numeric[0].step if len({(d.low, d.high, d.step) for d in numeric}) == 1 else None
    kind = Integer if isinstance(first, IntDistribution) else Float
    for lowest, highest, stride in ((low, high, step), (min(low, *values), max(high, *values), None)):
        try:
            if kind is Integer:
                domain: Domain = Integer(int(lowest), int(highest), log, int(stride or 1))
            else:
                domain = Float(lowest, highest, log, stride)
            for value in values:
                domain.validate(value)
        except SpaceError:
            continue
        return domain
    return None


def _since(began: datetime | None, at: datetime | None) -> float | None:
    return None if began is None or at is None else (at - began).total_seconds()
