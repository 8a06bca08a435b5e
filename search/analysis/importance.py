"""Which parameters the result depends on, by two measures that answer different questions. The adapter to Optuna's
importance evaluators.

- PED-ANOVA (Watanabe et al. 2023; conditional parameters: its KDD 2026 successor): which parameters set the best
  tenth of the trials apart from the rest?
- fANOVA (Hutter et al. 2014): which parameters explain the variance of the value over the whole space?

Parameters enter on their own scale (a logarithmic one by its logarithm): Optuna's fANOVA integrates over the plain
values, which would give nearly all the weight of a log scale to its last decade.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from search.analysis.axes import Axis, axes_of
from search.analysis.numbers import plural
from search.analysis.ranking import best_score, ranked
from search.analysis.thinning import evenly
from search.history import History
from search.trial import Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.study import Study

__all__ = ["FANOVA_TRIALS", "importance", "trials_needed"]

FANOVA_TRIALS = 250  # its cost grows faster than the square of the trials: 46 s at 1,500
TOP_SHARE, TOP_TRIALS = 0.1, 5  # PED-ANOVA: the best tenth, but no fewer than Optuna advises


def trials_needed(parameters: int) -> int:
    """Fewest trials for which an importance is shown: 5 for each parameter, and 20 in all."""
    return max(20, 5 * parameters)


def importance(history: History) -> dict[str, Any]:
    """Shares that sum to 1 for each method, largest first, or the `reason` why there are none.

    `trials`: trials that entered, by their best value over the steps they ran (the leaderboard's value). `methods`:
    `name`, `question`, `trials`, `shares` [{parameter, share}], `left_out` [{parameter, why}]; a method that cannot
    be computed has `reason` and no shares.
    """
    axes = axes_of(history)
    trials = ranked(history)
    needed = trials_needed(len(axes))
    result: dict[str, Any] = {
        "trials": len(trials),
        "needed": needed,
        "reason": None,
        "notes": [],
        "methods": [],
    }
    reason = _refusal(history, axes, trials, needed)
    if reason is not None:
        return {**result, "reason": reason}
    stopped = sum(trial.state != "completed" for trial in trials)
    if stopped:
        result["notes"].append(
            f"{stopped:,} of the {len(trials):,} trials did not run to full length; "
            "they count with the best value they had."
        )
    if failed := len(history.trials) - len(trials):
        result["notes"].append(f"Not included: {plural(failed, 'trial')} without a value that counts.")
    result["methods"] = [_ped_anova(axes, trials), _fanova(history, axes, trials)]
    return result


def _refusal(history: History, axes: list[Axis], trials: list[Trial], needed: int) -> str | None:
    if not axes:
        return "No parameter was searched: every parameter is a constant."
    if len(trials) < needed:
        return (
            f"Too few trials: {len(trials):,} have a value, {needed:,} are needed "
            f"(5 for each of the {len(axes)} searched parameters, and 20 in all). "
            "With fewer, the ranking would mostly be chance."
        )
    if len({best_score(trial) for trial in trials}) == 1:
        return f"All {len(trials):,} trials have the same value, so no parameter can explain a difference."
    return None


def _ped_anova(axes: list[Axis], trials: list[Trial]) -> dict[str, Any]:
    from optuna.importance import PedAnovaImportanceEvaluator

    needed = trials_needed(len(axes))
    active = {axis.name: sum(axis.name in trial.config for trial in trials) for axis in axes}
    left_out = [
        {"parameter": axis.name, "why": f"active in only {active[axis.name]:,} trials, {needed:,} are needed"}
        for axis in axes
        if active[axis.name] < needed
    ]
    judged = [axis for axis in axes if active[axis.name] >= needed]
    share = max(TOP_SHARE, TOP_TRIALS / len(trials))
    evaluator = PedAnovaImportanceEvaluator(target_quantile=share)
    top = math.ceil(share * len(trials))
    question = f"What sets the best {top:,} trials apart from the rest?"
    return _measured("PED-ANOVA", question, evaluator, judged, trials, left_out)


def _fanova(history: History, axes: list[Axis], trials: list[Trial]) -> dict[str, Any]:
    from optuna.importance import FanovaImportanceEvaluator

    everywhere = [axis for axis in axes if all(axis.name in trial.config for trial in trials)]
    left_out = [
        {"parameter": axis.name, "why": "conditional: fANOVA needs a value in every trial"}
        for axis in axes
        if axis not in everywhere
    ]
    chosen = [trials[i] for i in evenly(len(trials), FANOVA_TRIALS)]
    evaluator = FanovaImportanceEvaluator(seed=history.problem.seed % 2**32)
    question = "What explains how the value varies over the whole space?"
    return _measured("fANOVA", question, evaluator, everywhere, chosen, left_out)


def _measured(
    name: str,
    question: str,
    evaluator: Any,
    axes: list[Axis],
    trials: list[Trial],
    left_out: list[dict[str, str]],
) -> dict[str, Any]:
    """One method's answer. Parameters that took a single value cannot be judged and are left out by name."""
    varied: list[Axis] = []
    for axis in axes:
        if len({axis.place(trial.config) for trial in trials}) > 1:
            varied.append(axis)
        else:
            left_out = [*left_out, {"parameter": axis.name, "why": "took the same value in every trial"}]
    answer: dict[str, Any] = {
        "name": name,
        "question": question,
        "trials": len(trials),
        "shares": [],
        "left_out": left_out,
        "reason": None,
    }
    if not varied:
        return {**answer, "reason": "No parameter is left to judge."}
    with _quiet():
        from optuna.importance import get_param_importances

        study = _study(varied, trials)
        shares = get_param_importances(study, evaluator=evaluator, params=[axis.name for axis in varied])
    total = sum(shares.values())
    if not (math.isfinite(total) and total > 0):
        return {**answer, "reason": "The measure came out as zero for every parameter."}
    answer["shares"] = [{"parameter": key, "share": float(value / total)} for key, value in shares.items()]
    return answer


def _study(axes: list[Axis], trials: list[Trial]) -> Study:
    """The trials as a finished Optuna study that lives in memory; its values are scores, so it minimises."""
    import optuna

    study = optuna.create_study(direction="minimize")
    distributions = {axis.name: _distribution(axis, trials) for axis in axes}
    frozen = []
    for trial in trials:
        params = {axis.name: place for axis in axes if (place := _coordinate(axis, trial)) is not None}
        frozen.append(
            optuna.trial.create_trial(
                params=params,
                distributions={name: distributions[name] for name in params},
                value=best_score(trial),
            )
        )
    study.add_trials(frozen)
    return study


def _coordinate(axis: Axis, trial: Trial) -> float | int | None:
    place = axis.place(trial.config)
    if place is None:
        return None
    if axis.scale == "choice":
        return int(place)
    return math.log10(place) if axis.scale == "log" else place


def _distribution(axis: Axis, trials: list[Trial]) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if axis.scale == "choice":
        return CategoricalDistribution(tuple(range(len(axis.choices))))
    low, high = (
        (math.log10(axis.low), math.log10(axis.high)) if axis.scale == "log" else (axis.low, axis.high)
    )
    return FloatDistribution(low, high)


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna announces every study it makes, and that PED-ANOVA is experimental: neither is the reader's business."""
    import optuna

    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
