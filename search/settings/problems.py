"""Pydantic's and the space's complaints in the words and places of the sweep file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from search.settings.document import Document, KeyPath, kind_of, spell
from search.settings.sweep_file import SweepFile
from spaces.errors import SpaceError, nearest

__all__ = ["model_problems", "space_problems", "without_name"]

_TEXT, _SECTION = "constrained-str", "WarmStartSection"
"""What pydantic calls the two spellings of a run to learn from; it complains of both where neither fits."""


def model_problems(error: ValidationError, document: Document) -> list[str]:
    """One line for each thing that `SweepFile` does not take."""
    problems = error.errors(include_url=False)
    mappings = {
        each["loc"][:2] for each in problems if _kind(each) == _TEXT and isinstance(each["input"], Mapping)
    }
    return [
        document.problem(_path(problem["loc"]), _sentence(problem))
        for problem in problems
        if _kind(problem) != (_TEXT if problem["loc"][:2] in mappings else _SECTION)
    ]


def space_problems(error: SpaceError, document: Document, parameters: KeyPath = ("parameters",)) -> list[str]:
    """One line for each thing that is wrong with the space.

    `parameters`: where the parameters were written. Those that `data` brought in are found there.
    """
    lines = []
    for problem in error.problems:
        if problem.constraint is not None:
            path: KeyPath = ("constraints", problem.constraint)
        elif problem.path[:1] == ("data",) and "data" in document.data:
            path = problem.path
        else:
            path = (*parameters, *problem.path)
        lines.append(document.problem(path, without_name(problem, path)))
    return lines


def without_name(problem: SpaceError, path: KeyPath) -> str:
    """What is wrong, without the parameter's name in front where `path` holds it already."""
    return str(problem).removeprefix(f"{problem.where}: ") if problem.where in spell(path) else str(problem)


def _kind(problem: Any) -> int | str | None:
    """Which spelling of a run to learn from a complaint is about; None elsewhere."""
    loc = problem["loc"]
    return loc[2] if loc[0] == "warm_start" and len(loc) > 2 else None


def _path(loc: tuple[int | str, ...]) -> KeyPath:
    return tuple(part for part in loc if part not in ("[key]", _TEXT, _SECTION))


def _sentence(problem: Any) -> str:
    got, context = problem["input"], problem.get("ctx", {})
    match problem["type"]:
        case "extra_forbidden":
            section = _section(problem["loc"][:-1])
            return f"unknown key{nearest(problem['loc'][-1], section.model_fields)}"
        case "missing":
            return f"{problem['loc'][-1]} is missing"
        case "value_error":
            return str(context["error"])
        case "literal_error":
            return f"must be {context['expected'].replace(chr(39), '')}, got {_shown(got)}"
        case "int_type" | "int_from_float":
            return f"must be a whole number, got {_shown(got)}"
        case "float_type" | "finite_number":
            return f"must be a number, got {_shown(got)}"
        case "string_type":
            return f"must be text, got {_shown(got)}"
        case "string_too_short":
            return "must not be empty"
        case "greater_than_equal":
            return f"must be {context['ge']:g} or more, got {_shown(got)}"
        case "less_than_equal":
            return f"must be {context['le']:g} or less, got {_shown(got)}"
        case "greater_than":
            return f"must be more than {context['gt']:g}, got {_shown(got)}"
        case "dict_type" | "model_type":
            return f"must be a mapping (key: value), got {_shown(got)}"
        case "list_type":
            return f"must be a list, got {_shown(got)}"
    return f"{problem['msg']}, got {_shown(got)}"


def _shown(value: Any) -> str:
    if value is None or isinstance(value, (list, tuple, Mapping)):
        return kind_of(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _section(loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The section that holds the key at `loc`."""
    section: type[BaseModel] = SweepFile
    for part in loc:
        if part in section.model_fields:
            section = next(_models(section.model_fields[str(part)].annotation))
    return section


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    """The sections that a type mentions: itself, or those in a list or a union."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for each in get_args(kind):
        yield from _models(each)
