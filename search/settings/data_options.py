"""The `data` section of a trainable that reads its data through `trainables.data`: every option against its rule.

A trainable of the user's own may keep whatever it likes below `data`; that is never looked at here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from search.settings.data_section import branches_of, is_leaf
from search.settings.document import Document, KeyPath, kind_of
from search.settings.sources import missing_source
from spaces.leaf import looks_like_leaf
from trainables.data.section import OPTIONS, check_value, read_section
from trainables.errors import DataError, nearest

__all__ = ["data_problem", "data_remarks", "option_problems", "samples"]

_DECIDES_ROWS = ("source", "query", "target", "task", "modality", "split.")  # and of split: not which fold
_FOLDS = ("split.fold", "split.folds")
_CONTINUOUS = ("uniform", "log_uniform_values")

Given = tuple[str, KeyPath, Any]  # an option, where it stands, what stands there


def option_problems(data: Mapping[str, Any], document: Document, base: Path) -> list[str]:
    """What is wrong with a data section, one line each; nothing is read but the names of files.

    Every value that the section can take is checked: of a parameter its `values`, its `min` and its `max`.
    `base`: the folder that relative sources start from.
    """
    problems = []
    for name, path, value in _given(data, (), ("data",)):
        problems += [document.problem(where, said) for where, said in _wrong(name, path, value, base)]
    if not problems:
        problems = list(dict.fromkeys(_clashes(data, document)))
    return problems


def samples(data: Mapping[str, Any], constrained: bool = False) -> list[dict[str, Any]]:
    """Sections that the search may come to, flat and without parameters: the first and the last value of each, for
    each of the sources.

    A parameter that takes part under a condition only is at its default; so is any where `constrained`: then some of the
    combinations may be ruled out.
    """
    given = [(name, value, _values(value)) for name, _, value in _given(data, (), ())]
    every = {
        name: values
        for name, value, values in given
        if not _conditional(value) and (not constrained or len(values) == 1 or name == "source")
    }
    sources = every.pop("source", [])
    corners = [{name: values[end] for name, values in every.items() if values} for end in (0, -1)]
    found = [{"source": source, **corner} for corner, source in itertools.product(corners, sources)]
    return [each for number, each in enumerate(found) if each not in found[:number]]


def data_problem(error: DataError, document: Document) -> str:
    """A complaint of `trainables.data` in the place of the option that it begins with."""
    found = re.match(r"data(?:\.([\w.]+))?: (.*)", str(error), re.DOTALL)
    if found is None or found[1] is None:
        return document.problem(("data",), str(error) if found is None else found[2])
    return document.problem(_path(document, found[1]), found[2])


def data_remarks(data: Mapping[str, Any], document: Document) -> list[str]:
    """What is sound and yet may surprise."""
    return [
        document.problem(
            path,
            "is searched, so configs are compared on different rows or targets; keep it fixed unless "
            "that is what is asked",
        )
        for name, path, value in _given(data, (), ("data",))
        if name.startswith(_DECIDES_ROWS) and name not in _FOLDS and len(_values(value)) > 1
    ]


def _given(data: Mapping[str, Any], group: tuple[str, ...], path: KeyPath) -> Iterator[Given]:
    """Every option that a section gives, whether its name is spelled nested or with dots."""
    for key, value in data.items():
        name = (*group, str(key))
        if isinstance(value, Mapping) and not is_leaf(value) and ".".join(name) not in OPTIONS:
            yield from _given(value, name, (*path, key))
        else:
            yield ".".join(name), (*path, key), value


def _wrong(name: str, path: KeyPath, value: Any, base: Path) -> Iterator[tuple[KeyPath, str]]:
    if name not in OPTIONS:
        members = [option for option in OPTIONS if option.startswith(f"{name}.")]
        if members:
            yield path, f"is a group of options, not {kind_of(value)}; {nearest('', members)}"
        else:
            yield path, f"there is no such option; {nearest(name, OPTIONS)}"
    elif isinstance(value, Mapping) and not is_leaf(value):
        if not looks_like_leaf(value):  # the space has more to say about a misspelt one
            yield (
                path,
                "is one value or a parameter ({min: .., max: ..} or {values: [..]}), not a group of options",
            )
    else:
        for leaf, below in branches_of(value):
            yield from _wrong_leaf(name, (*path, *below), leaf, base)


def _wrong_leaf(name: str, path: KeyPath, leaf: Any, base: Path) -> Iterator[tuple[KeyPath, str]]:
    """A plain value, or one parameter."""
    option = OPTIONS[name]
    if not is_leaf(leaf):
        yield from _wrong_value(name, path, leaf, base)
        return
    if "value" in leaf:
        yield from _wrong_value(name, (*path, "value"), leaf["value"], base)
    if isinstance(values := leaf.get("values"), (list, tuple)):
        for number, each in enumerate(values):
            yield from _wrong_value(name, (*path, "values", number), each, base)
    bounds = [key for key in ("min", "max") if key in leaf]
    if bounds and option.kind not in ("number", "whole"):
        hint = f"; list them: {{values: [{', '.join(option.choices[:2])}, ..]}}" if option.choices else ""
        yield (*path, bounds[0]), f"this option is no number, so it has no range{hint}"
        return
    fractions = any(isinstance(leaf.get(key), float) for key in (*bounds, "step"))
    if option.kind == "whole" and bounds and (fractions or leaf.get("distribution") in _CONTINUOUS):
        yield (
            path,
            "takes whole numbers; write min and max without a decimal point, and no continuous distribution",
        )
        return
    for key in bounds:
        yield from _wrong_value(name, (*path, key), leaf[key], base)


def _wrong_value(name: str, path: KeyPath, value: Any, base: Path) -> Iterator[tuple[KeyPath, str]]:
    try:
        checked = check_value(name, value)
    except DataError as error:
        yield path, str(error).removeprefix(f"data.{name}: ")
        return
    if name != "source":
        return
    if checked in (None, ""):
        yield path, "is empty; name a built-in data set (digits), or a file (table.csv)"
    elif (said := missing_source(checked, base)) is not None:
        yield path, said


def _clashes(data: Mapping[str, Any], document: Document) -> Iterator[str]:
    """Options against each other, wherever no constraint of the space may have ruled the combination out."""
    if not any(name == "source" for name, _, _ in _given(data, (), ())):
        yield document.problem(
            ("data", "source"), "is missing; name a built-in data set (digits), or a file (table.csv)"
        )
        return
    constrained = bool(isinstance(document.data, Mapping) and document.data.get("constraints"))
    for sample in samples(data, constrained):
        try:
            read_section(sample)
        except DataError as error:
            yield data_problem(error, document)


def _values(value: Any) -> list[Any]:
    """The values of an option, in order; of a range its ends."""
    found: list[Any] = []
    for leaf, _ in branches_of(value):
        if not is_leaf(leaf):
            found += [] if isinstance(leaf, Mapping) else [leaf]
        elif "value" in leaf:
            found.append(leaf["value"])
        elif isinstance(leaf.get("values"), (list, tuple)):
            found += leaf["values"]
        else:
            found += [leaf[key] for key in ("min", "max") if key in leaf]
    return found


def _conditional(value: Any) -> bool:
    return any(is_leaf(leaf) and "when" in leaf for leaf, _ in branches_of(value))


def _path(document: Document, name: str) -> KeyPath:
    """Where an option was written, nested or with dots; where it would be, if it was not."""
    data = document.data.get("data") if isinstance(document.data, Mapping) else None
    for option, path, _ in _given(data, (), ("data",)) if isinstance(data, Mapping) else ():
        if option == name:
            return path
    return ("data", *name.split("."))
