"""`metric`, `metrics` and `outcome_constraints`: what is searched for, and what the rest of a sweep file may be with it."""

from __future__ import annotations

from typing import Any

from search.outcomes import OutcomeConstraint
from search.problem import MOST_OBJECTIVES, Objective
from search.searchers import SEARCHERS, unable
from search.settings.document import Document
from search.settings.sweep_file import MetricSection, SweepFile

__all__ = ["BY_FRONTS", "objective_problems", "objective_sections", "objectives_of"]

_ONE = "name one as metric: and give the others a bound below outcome_constraints:"

BY_FRONTS = ("none", "asha", "hyperband")
"""Values of early_terminate.type that several objectives go with: they rank by fronts (`search.schedulers.fronts`)."""


def objective_sections(file: SweepFile) -> list[MetricSection]:
    """What is searched for, as far as the file says: each of `metrics`, or the one `metric`, or nothing."""
    if file.metrics is not None:
        return list(file.metrics)
    return [] if file.metric is None else [file.metric]


def objectives_of(file: SweepFile) -> tuple[Objective, ...]:
    """The objectives of a resolved file. Where there are several, or a step is a repeat, the last step counts."""
    sections = objective_sections(file)
    last = len(sections) > 1 or file.repeats is not None
    return tuple(
        Objective(each.name or "", each.goal or "minimize", each.target, counts="last" if last else "best")
        for each in sections
    )


def objective_problems(file: SweepFile, document: Document, aliases: dict[str, str]) -> list[str]:
    """What is wrong with the objectives and the outcome constraints, and with keys that do not go with them."""
    problems = _constraint_problems(file, document)
    several = file.metrics is not None
    if file.method is not None:
        name = aliases.get(file.method.name, file.method.name)
        said = unable(name, several, bool(file.outcome_constraints)) if name in SEARCHERS else None
        if said is not None:
            problems.append(document.problem(("method", "name"), said))
    if file.metrics is None:
        return problems
    return problems + _list_problems(file.metrics, file, document) + _unfit_problems(file, document)


def _constraint_problems(file: SweepFile, document: Document) -> list[str]:
    problems = []
    for index, text in enumerate(file.outcome_constraints):
        try:
            OutcomeConstraint.parse(text)
        except ValueError as error:
            problems.append(document.problem(("outcome_constraints", index), str(error)))
    return problems


def _list_problems(metrics: list[MetricSection], file: SweepFile, document: Document) -> list[str]:
    problems = []
    if file.metric is not None:
        problems.append(
            document.problem(("metrics",), "stands beside metric; write all of them here, or only metric")
        )
    if not 2 <= len(metrics) <= MOST_OBJECTIVES:
        said = f"names 2 or {MOST_OBJECTIVES} objectives, got {len(metrics)}; "
        said += (
            "for one write metric:"
            if len(metrics) < 2
            else f"beyond that nearly every trial is on the front: {_ONE}"
        )
        problems.append(document.problem(("metrics",), said))
    names: list[Any] = []
    for index, each in enumerate(metrics):
        if each.name is None:
            problems.append(
                document.problem(
                    ("metrics", index), "name is missing; write {name: val/loss, goal: minimize}"
                )
            )
        elif each.name in names:
            problems.append(document.problem(("metrics", index, "name"), f"{each.name} stands here twice"))
        if each.target is not None:
            said = "several objectives have no target, as no single trial need be best; bound it instead: "
            sign = ">=" if each.goal == "maximize" else "<="
            problems.append(
                document.problem(
                    ("metrics", index, "target"),
                    f'{said}outcome_constraints: ["{each.name} {sign} {each.target:g}"]',
                )
            )
        names.append(each.name)
    return problems


def _unfit_problems(file: SweepFile, document: Document) -> list[str]:
    problems = []
    if file.early_terminate is not None and file.early_terminate.type not in BY_FRONTS:
        said = (
            f"{file.early_terminate.type} ranks trials by one value, and would stop those that are best in another; "
            f"take {' or '.join(name for name in BY_FRONTS if name != 'none')}, which rank by fronts, or {_ONE}"
        )
        problems.append(document.problem(("early_terminate", "type"), said))
    if file.confirm is not None:
        said = (
            "a confirmation tells which config is best, and of a front none is; choose a trade-off from the front, "
            f"then {_ONE}, and confirm that"
        )
        problems.append(document.problem(("confirm",), said))
    return problems
