"""Rules that look at more than one key of a sweep file, or at the registries.

Every check takes what is known: a section that the file leaves out is checked once the trainable has declared it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from search.errors import SettingsError
from search.paths import check_name
from search.problem import Budget, Objective, Problem
from search.runners.ray_tune.runner import RAY_SCHEDULERS
from search.schedulers import SCHEDULERS, make_scheduler
from search.searchers import SEARCHERS, capabilities
from search.searchers.capabilities import read_options
from search.settings.data_section import missing_file, parameters_of
from search.settings.declared_roles import leaves_to_trainable
from search.settings.document import Document, KeyPath
from search.settings.foreign import rungs_of_wandb
from search.settings.mirrors import mirror_problems
from search.settings.objectives import objective_problems
from search.settings.problems import space_problems, without_name
from search.settings.repeats import trial_steps
from search.settings.resources import resource_problems
from search.settings.roles import role_problems
from search.settings.sweep_file import SweepFile
from spaces import Space, parse_parameters
from spaces.errors import SpaceError, nearest

__all__ = ["METHOD_ALIASES", "check", "parameter_path", "read_space"]

METHOD_ALIASES = {"bayes": "tpe", "bayesian": "tpe"}


def check(file: SweepFile, document: Document, base: Path) -> list[str]:
    """Everything wrong with a sweep file, one line each; [] when it is sound as far as it goes.

    `base`: the folder that a relative data source starts from.
    """
    problems = _name_problems(file, document) + _data_problems(file, document, base)
    space, space_said = read_space(file, document)
    problems += objective_problems(file, document, METHOD_ALIASES)
    problems += space_said + _method_problems(file, document)
    problems += _early_terminate_problems(file, document, space)
    problems += _audit_problems(file, document) + mirror_problems(file, document)
    if space is not None:
        problems += _grid_problems(file, document, space) + _point_problems(file, document, space)
        problems += resource_problems(file, document, space)
        problems += role_problems(document, space, lambda name: parameter_path(file, name))
    return problems


def read_space(file: SweepFile, document: Document) -> tuple[Space | None, list[str]]:
    """The space of `parameters`, `data` and `constraints`, or None with what is wrong; None while nothing is known."""
    if file.parameters is None or leaves_to_trainable(file.parameters):
        return None, []
    problems, parameters = [], {}
    for name, given in file.parameters.items():
        if name.partition(".")[0] == "data":
            problems.append(
                document.problem(("parameters", name), "what belongs to `data` is written below data:")
            )
        else:
            parameters[name] = given
    if problems and not parameters:
        return None, problems
    if file.data is not None:
        parameters["data"] = parameters_of(file.data)
    try:
        return parse_parameters(parameters, constraints=file.constraints), problems
    except SpaceError as error:
        return None, problems + space_problems(error, document)


def _data_problems(file: SweepFile, document: Document, base: Path) -> list[str]:
    source = missing_file(file.data or {}, base)
    if source is None:
        return []
    return [document.problem(("data", "source"), f"there is no file {source!r} (paths start from {base})")]


def _name_problems(file: SweepFile, document: Document) -> list[str]:
    if file.name is None:
        return []
    return _refusals(lambda: check_name(str(file.name)), lambda said: (("name",), said), document)


def _method_problems(file: SweepFile, document: Document) -> list[str]:
    if file.method is None:
        return []
    written = file.method.name
    name = METHOD_ALIASES.get(written, written)
    if name not in SEARCHERS:
        known = nearest(written, [*SEARCHERS, *METHOD_ALIASES])
        return [document.problem(("method", "name"), f"unknown method {written!r}{known}")]
    options = file.method.options
    known_options = capabilities(name).options or {}

    def place(said: str) -> tuple[KeyPath, str]:
        sentence = said.removeprefix(f"{name}: ")
        option = re.search(r"option '?([\w.-]+)", sentence)
        key = option.group(1) if option and option.group(1) in options else "name"
        return ("method", key), sentence.removeprefix(f"option {key} ").replace(
            f"option {key!r}", f"option of {name}"
        )

    return _refusals(lambda: read_options(name, known_options, options), place, document)


def _early_terminate_problems(file: SweepFile, document: Document, space: Space | None) -> list[str]:
    section = file.early_terminate
    if section is None:
        return []
    if section.type.startswith("ray/"):
        if section.type.removeprefix("ray/") in RAY_SCHEDULERS:
            return []
        own = [f"ray/{name}" for name in RAY_SCHEDULERS]
        sentence = f"Ray's own scheduler {section.type!r} is not available{nearest(section.type, own)}"
        return [document.problem(("early_terminate", "type"), sentence)]
    if section.type not in SCHEDULERS:
        sentence = f"unknown scheduler {section.type!r}{nearest(section.type, SCHEDULERS)}"
        return [document.problem(("early_terminate", "type"), sentence)]
    steps = trial_steps(file)
    if steps is None:
        return []
    known = parse_parameters({"x": 0}) if space is None else space
    some = Problem(known, Objective("metric"), steps, Budget(trials=file.run_cap))

    def place(said: str) -> tuple[KeyPath, str]:
        key, colon, sentence = said.partition(": ")
        if file.repeats is not None:
            sentence += f"; with repeats it counts {file.repeats.over}"
        path = tuple(key.split("."))
        return (path, sentence) if colon and path[0] == "early_terminate" else (("early_terminate",), said)

    options = rungs_of_wandb(section.type, section.options)
    if space is None:  # of the names of parameters nothing can be said yet
        options = {name: value for name, value in options.items() if name != "mutate"}
    return _refusals(lambda: make_scheduler(section.type, some, options), place, document)


def _audit_problems(file: SweepFile, document: Document) -> list[str]:
    section = file.early_terminate
    if not file.audit or section is None or not section.type.startswith("ray/"):
        return []
    sentence = (
        f"what {section.type} stops cannot run on, because Ray Tune stops it; leave audit out, or use asha, hyperband or "
        "median, which can be audited"
    )
    return [document.problem(("audit",), sentence)]


def _grid_problems(file: SweepFile, document: Document, space: Space) -> list[str]:
    if file.method is None or file.method.name != "grid":
        return []
    resolution = file.method.options.get("resolution")
    if resolution is not None and not isinstance(resolution, Mapping):
        return []
    given = resolution or {}
    problems = []
    for parameter in space.searched:
        if parameter.domain.size is None and parameter.name not in given:
            path = parameter_path(file, parameter.name)
            example = f"method: {{name: grid, resolution: {{{parameter.name}: 5}}}}"
            problems.append(
                document.problem(
                    path,
                    "a grid needs a finite number of values, and this range is continuous; list `values`, "
                    f"add a `step`, or write {example}",
                )
            )
    return problems


def _point_problems(file: SweepFile, document: Document, space: Space) -> list[str]:
    problems = []
    for index, point in enumerate(file.points):
        try:
            space.validate(point)
        except SpaceError as error:
            for each in error.problems:
                path = _point_path(index, each, point)
                problems.append(document.problem(path, without_name(each, path)))
    return problems


def _point_path(index: int, error: SpaceError, point: Mapping[str, Any]) -> KeyPath:
    """Where in a point the trouble is; the point itself when a name is missing or a constraint breaks."""
    if error.constraint is not None or not error.where:
        return ("points", index)
    return ("points", index, *_descend(point, error.where))


def parameter_path(file: SweepFile, name: str) -> KeyPath:
    """Where in the file a parameter of the space stands, whether it was written nested or with dots."""
    if name.startswith("data."):
        return ("data", *_descend(file.data, name.removeprefix("data.")))
    return ("parameters", *_descend(file.parameters, name))


def _descend(data: Any, name: str) -> KeyPath:
    """The keys that lead to a dotted name in data that may spell it nested, dotted, or both; as far as they go."""
    if not isinstance(data, Mapping):
        return ()
    for key, below in data.items():
        if key == name:
            return (key,)
        if name.startswith(f"{key}."):
            return (key, *_descend(below, name.removeprefix(f"{key}.")))
    return ("parameters", *_descend(data["parameters"], name)) if "parameters" in data else ()


def _refusals(
    attempt: Callable[[], Any], place: Callable[[str], tuple[KeyPath, str]], document: Document
) -> list[str]:
    """The problems of a SettingsError that `attempt` raises, each put in its place."""
    try:
        attempt()
    except SettingsError as error:
        return [document.problem(*place(said)) for said in error.problems]
    return []
