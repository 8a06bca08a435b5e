"""From what a sweep file says to what it means: the trainable is imported and asked for what the file leaves out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from search.errors import SettingsError
from search.searchers import capabilities
from search.searchers.auto import OPENING
from search.settings.checks import METHOD_ALIASES, check, read_space
from search.settings.confirm import confirm_problems
from search.settings.data_options import data_problem, data_remarks, option_problems, samples
from search.settings.data_section import absolute_source, constants, map_source
from search.settings.declared_roles import with_declared_roles
from search.settings.document import Document, in_order
from search.settings.foreign import rungs_of_wandb
from search.settings.groups import groups_of_choices
from search.settings.lanes import lanes_problems, with_lanes
from search.settings.mirrors import with_mirrors
from search.settings.pausing import pausing_problems, with_size
from search.settings.plain import plain
from search.settings.repeats import UNITS, repeats_problems, with_folds
from search.settings.resolved import ResolvedSettings
from search.settings.roles import role_notes
from search.settings.sources import absolute
from search.settings.sweep_file import EarlyTerminateSection, MethodSection, MetricSection, SweepFile
from search.settings.trainable_options import unfit_parameters
from search.storage import check_url, is_remote
from spaces import Space
from spaces.errors import TuneyardError
from trainables.base import Declaration
from trainables.errors import DataError
from trainables.plug import Plug, resolve

__all__ = ["complete"]

DEFAULT_MAX_STEPS = 100
_BIGGER_IS_BETTER = re.compile(
    r"(^|[/_.-])(acc|accuracy|auc|f1|r2|score|reward|precision|recall)([/_.-]|$)", re.I
)


def complete(
    file: SweepFile,
    document: Document,
    base: Path,
    default_name: str,
    target: Any = None,
    simulated: bool = False,
) -> ResolvedSettings:
    """Fill in what `file` leaves out. `target`: the trainable, where Python gave it as an object. `simulated`: see
    `Settings.resolved`.

    Raises SettingsError: the trainable cannot be used, it does not declare what the file leaves out, or the two do
    not fit; all of it, in places of the file.
    """
    plug = _plug(file, document, base, target)
    asked = (repeats_problems, confirm_problems, lanes_problems, pausing_problems)
    if problems := [said for find in asked for said in find(file, plug, document)]:
        raise SettingsError(in_order(problems))
    data, declared, wrong_data = _declaration(file, plug, document, base)
    parameters, unknown = with_declared_roles(
        file.parameters, plain(declared.parameters, ("parameters",)) or {}, plug.ref, document
    )
    if unknown:
        raise SettingsError(in_order(unknown))
    file = file.model_copy(update={"parameters": parameters})
    notes = data_remarks(data, document) if data is not None and declared.reads_sections else []
    method, early_terminate = _method(file, document, notes)
    rungs = (
        early_terminate if file.repeats is None else EarlyTerminateSection(type="none")
    )  # those are repeats
    max_steps = file.max_steps or _max_steps(rungs, declared, plug, notes)
    if _stops_by_itself(file, method, max_steps):
        early_terminate = EarlyTerminateSection(type="auto")
        notes.append(
            "early_terminate: method auto stops trials early; to train all to the end write early_terminate: none"
        )
    filled = file.model_copy(
        update={
            "name": file.name or default_name,
            "base": str(base),
            "trainable": plug.ref if target is not None else file.trainable,
            "data": data,
            "method": method,
            "metric": None if file.metrics else _metric(file.metric or MetricSection(), declared, notes),
            "metrics": [_metric(each, declared, notes) for each in file.metrics] if file.metrics else None,
            "parameters": _parameters(file, declared, max_steps, notes),
            "early_terminate": early_terminate,
            "max_steps": max_steps,
            "step_unit": UNITS[file.repeats.over] if file.repeats else file.step_unit or declared.step_unit,
            "mirrors": with_mirrors(file, file.name or default_name, base),
            "storage": _storage(file.storage or os.environ.get("TUNEYARD_STORAGE") or "runs"),
        }
    )
    problems = wrong_data + _left_open(filled, plug, document) + check(filled, document, base)
    space, _ = read_space(filled, document)
    if problems or space is None:
        raise SettingsError(in_order(problems))
    if problems := unfit_parameters(filled, space, declared, plug.ref, document):
        raise SettingsError(in_order(problems))
    filled = _with_opening(_with_budget(filled, space, notes), plug.can_checkpoint or simulated)
    filled = with_size(filled)
    assert filled.method is not None
    learns = capabilities(filled.method.name).learns
    lanes = with_lanes(filled.lanes, filled.run_cap, filled.workers, learns=learns)
    filled = filled.model_copy(update={"lanes": lanes})
    notes += _remarks(filled, space) + role_notes(filled, document, space)
    return ResolvedSettings(filled, tuple(notes), target)


def _storage(given: str) -> str:
    """A folder made absolute; a URL as it is."""
    return check_url(given) if is_remote(given) else str(Path.cwd() / given)


def _plug(file: SweepFile, document: Document, base: Path, target: Any) -> Plug:
    assert file.trainable is not None
    try:
        return resolve(file.trainable if target is None else target, base)
    except TuneyardError as error:
        raise SettingsError(document.problem(("trainable",), str(error))) from error


def _declaration(
    file: SweepFile, plug: Plug, document: Document, base: Path
) -> tuple[dict[str, Any] | None, Declaration, list[str]]:
    """(the data section with its default, what the trainable declares for it, what is wrong with the section).

    A trainable may read the section by the rules of `trainables.data`; below `data` of any other stands what it likes.
    """
    try:
        declared = plug.declaration(None)
        if not declared.reads_sections:
            if file.data is None:
                return None, declared, []
            data, problems = with_folds(absolute_source(file.data, base), file.repeats, document)
            return data, plug.declaration(constants(data)), problems
        if file.data is None and declared.data is None:
            said = f"is missing; {plug.ref} learns from a data set, so name one: data: digits, or data: {{source: table.csv}}"
            return None, declared, [document.problem(("data",), said)]
        given = {"source": declared.data} if file.data is None else file.data
        problems = option_problems(given, document, base)
        given, clashes = with_folds(given, file.repeats, document)
        problems += clashes
        data = map_source(given, lambda source: absolute(source, base))
        if problems:
            return data, declared, problems
        wanted = {}
        for sample in samples(data, bool(file.constraints)):
            try:
                declared = plug.declaration(sample)
                wanted[declared.metric] = sample["source"]
            except DataError as error:
                problems.append(data_problem(error, document))
        if len(wanted) > 1:
            found = " and ".join(f"{metric} for {source}" for metric, source in wanted.items())
            problems.append(
                document.problem(("data", "source"), f"one sweep has one metric, these want {found}")
            )
        return data, declared, list(dict.fromkeys(problems))
    except TuneyardError as error:
        raise SettingsError(document.problem(("trainable",), str(error))) from error


def _method(
    file: SweepFile, document: Document, notes: list[str]
) -> tuple[MethodSection, EarlyTerminateSection]:
    method = file.method or MethodSection(name="auto")
    early_terminate = file.early_terminate
    if method.name == "bohb" and early_terminate is None:
        early_terminate = EarlyTerminateSection(type="hyperband")
    if method.name in ("bayes", "bayesian"):
        notes.append(
            document.problem(
                ("method", "name"),
                f"{method.name} is read as tpe, the Bayesian search that most tools begin with; "
                "for a Gaussian process, as W&B has it, write method: gp",
            )
        )
    name = METHOD_ALIASES.get(method.name, method.name)
    return MethodSection(name=name, **method.options), _rungs(early_terminate, document, notes)


def _stops_by_itself(file: SweepFile, method: MethodSection, max_steps: int) -> bool:
    """Whether the method brings early stopping of its own: `auto`, where nothing else is said and scores can be compared."""
    free = file.early_terminate is None and file.repeats is None and file.metrics is None
    return method.name == "auto" and free and max_steps > 1


def _rungs(
    section: EarlyTerminateSection | None, document: Document, notes: list[str]
) -> EarlyTerminateSection:
    if section is None:
        return EarlyTerminateSection(type="none")
    options = rungs_of_wandb(section.type, section.options)
    if "s" in section.options and "s" not in options:
        notes.append(
            document.problem(
                ("early_terminate", "s"),
                f"read as min_iter: {options['min_iter']}, the first of W&B's rungs; hyperband here compares within "
                "brackets, for one ladder as in W&B write type: asha",
            )
        )
    return EarlyTerminateSection(type=section.type, **options)


def _max_steps(
    early_terminate: EarlyTerminateSection, declared: Declaration, plug: Plug, notes: list[str]
) -> int:
    last = early_terminate.options.get("max_iter")
    if isinstance(last, int) and not isinstance(last, bool) and last > 0:
        return last
    if declared.max_steps is not None:
        return declared.max_steps
    notes.append(
        f"max_steps: neither the file nor {plug.ref} says how many steps a trial takes, so it is {DEFAULT_MAX_STEPS}; "
        "a trial that ends by itself before that is complete"
    )
    return DEFAULT_MAX_STEPS


def _parameters(
    file: SweepFile, declared: Declaration, max_steps: int, notes: list[str]
) -> dict[str, Any] | None:
    """What the file says, with the groups of its choices; what is declared where it says nothing."""
    theirs = plain(declared.parameters, ("parameters",)) or {}
    parameters = dict(file.parameters or theirs)
    if file.parameters and (groups := groups_of_choices(theirs, file.parameters)):
        parameters |= groups
        names = ", ".join(dict.fromkeys(name.partition(".")[0] for name in groups))
        notes.append(
            f"parameters: what is declared below {names} is searched, too; name one of them to say it all"
        )
    length = declared.length
    usual = None if length is None else declared.defaults.get(length, declared.max_steps)
    if length is not None and length not in parameters and max_steps != usual:
        parameters[length] = max_steps
    return parameters or None


def _metric(given: MetricSection, declared: Declaration, notes: list[str]) -> MetricSection:
    name = given.name or declared.metric
    known = declared.goals if name != declared.metric else {name: declared.goal}
    goal = given.goal or known.get(name or "")
    if goal is None and name is not None and _BIGGER_IS_BETTER.search(name):
        notes.append(
            f"metric.goal: not given, so {name} is minimized; if more is better, write goal: maximize"
        )
    return MetricSection(name=name, goal=goal or "minimize", target=given.target)


def _left_open(file: SweepFile, plug: Plug, document: Document) -> list[str]:
    problems = []
    if file.metrics is None and (file.metric is None or file.metric.name is None):
        problems.append(
            document.problem(
                ("metric",),
                f"is missing, and {plug.ref} declares none; write metric: {{name: val/loss, goal: minimize}}",
            )
        )
    if not file.parameters:
        example = "{lr: {min: 1e-5, max: 1e-1, distribution: log_uniform_values}}"
        problems.append(
            document.problem(
                ("parameters",), f"is missing, and {plug.ref} declares none; write parameters: {example}"
            )
        )
    return problems


def _with_budget(file: SweepFile, space: Space, notes: list[str]) -> SweepFile:
    """A file that sets no limit gets one of trials; a grid ends by itself, and so does a population."""
    assert file.method is not None
    if file.early_terminate is not None and file.early_terminate.type == "population":
        return file
    if file.run_cap or file.time_budget or file.step_budget or file.method.name == "grid":
        return file
    cap = min(100, max(20, 10 * len(space.searched)))
    if space.size is not None:
        cap = min(cap, space.size)
    if file.metric is not None and file.metric.target is not None:
        notes.append(
            f"run_cap: metric.target alone may never be reached, so the sweep ends after {cap} trials"
        )
    return file.model_copy(update={"run_cap": cap})


def _with_opening(file: SweepFile, pauses: bool) -> SweepFile:
    """The opening of the scheduler `auto` said outright, for a resume must find it unchanged, also with another budget: at
    most a quarter of the trials; none where pausing a trial would have it done again (`pauses` False).
    """
    section = file.early_terminate
    if section is None or section.type != "auto" or "opening" in section.options:
        return file
    opening = min(OPENING, file.run_cap // 4) if file.run_cap is not None else OPENING
    options: dict[str, Any] = {"opening": opening if pauses else 0}
    section = EarlyTerminateSection(type="auto", **options)
    return file.model_copy(update={"early_terminate": section})


def _remarks(file: SweepFile, space: Space) -> list[str]:
    """What is sound and yet may surprise."""
    assert file.method is not None
    notes = []
    if not space.searched:
        notes.append("parameters: nothing is searched; every trial is the same config with another seed")
    able = capabilities(file.method.name)
    stops = file.early_terminate is not None and file.early_terminate.type != "none"
    if able.learns and able.stopped == "nothing" and stops:
        notes.append(
            f"method: {file.method.name} learns nothing from trials that are stopped early; "
            "write early_terminate: none, or method: tpe"
        )
    if file.audit and not stops:
        notes.append(
            "audit: nothing is stopped early, so there is nothing to audit; write early_terminate: asha"
        )
    cap = file.run_cap
    if file.method.name == "grid" and cap is not None and space.size is not None and space.size > cap:
        notes.append(
            f"run_cap: the grid has {space.size} configs before constraints; the first {cap} are tried"
        )
    if cap is not None and len(file.points) > cap:
        notes.append(f"run_cap: {len(file.points)} points are given, only the first {cap} are tried")
    return notes
