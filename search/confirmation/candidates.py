"""Which configs of a run are worth training again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from search.confirmation.replicates import FOLD, FOLDS
from search.errors import JournalError
from search.history import History
from search.journal import read_journal
from search.run import Run
from search.trial import Outcome, Trial
from spaces import Categorical, Constant, Integer, Parameter, Space

__all__ = ["Candidate", "candidates_of", "confirmation_of", "space_of"]

BASELINE = "baseline"


@dataclass(frozen=True)
class Candidate:
    """A config to be confirmed.

    `label`: the trial that found it, or "baseline". `promised`: the value that the search saw; None for a baseline.
    """

    label: str
    config: Mapping[str, Any]
    promised: float | None = None

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "config": dict(self.config)}


def candidates_of(history: History, top: int, baseline: Mapping[str, Any] | None = None) -> list[Candidate]:
    """The `top` best configs, each once, and the baseline last if it is none of them.

    Trials that ran to full fidelity come before those that were stopped early, whose values are of fewer steps. Failed
    and infeasible trials are left out. A config that several trials had is listed by the best of them.
    """
    ranked = sorted(
        (trial for trial in history.trials if trial.sound and not trial.open),
        key=lambda trial: (trial.outcome is not Outcome.COMPLETED, _score(trial), trial.number),
    )
    space, value = history.problem.space, history.problem.objective.value
    chosen: dict[str, Candidate] = {}
    for trial in ranked:
        if len(chosen) == top:
            break
        score = _score(trial)
        assert score is not None
        chosen.setdefault(space.fingerprint(trial.config), Candidate(trial.id, trial.config, value(score)))
    found = list(chosen.values())
    if baseline is not None and all(dict(each.config) != dict(baseline) for each in found):
        found.append(Candidate(BASELINE, dict(baseline)))
    return found


def confirmation_of(run: Run) -> History | None:
    """The history of a run's confirmation; None where there is none, or none that can be read."""
    if run.paths is None:
        return None
    try:
        return History.from_records(read_journal(run.paths.confirmation.journal))
    except (JournalError, OSError):
        return None


def space_of(candidates: Sequence[Candidate], folds: int | None = None) -> Space:
    """The space of these configs alone: a baseline may lie outside the bounds that were searched. With `folds`, each
    on every fold."""
    names = dict.fromkeys(name for each in candidates for name in each.config)
    parameters = []
    for name in names:
        values = list(dict.fromkeys(_plain(each.config[name]) for each in candidates if name in each.config))
        domain = Constant(values[0]) if len(values) == 1 else Categorical(tuple(values))
        parameters.append(Parameter(name, domain))
    if folds is not None:
        parameters += [Parameter(FOLDS, Constant(folds)), Parameter(FOLD, Integer(0, folds - 1))]
    return Space(parameters)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _score(trial: Trial) -> float | None:
    return trial.best.score if trial.best is not None else None
