"""`repeats`: what it needs of the rest of a sweep file, and what it makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from search.settings.data_section import is_leaf
from search.settings.document import Document
from search.settings.sweep_file import RepeatsSection, SweepFile
from trainables.plug import Plug

__all__ = ["UNITS", "repeats_problems", "trial_steps", "with_folds"]

UNITS = {"folds": "fold", "seeds": "seed"}
"""What one step of a trial is, in the singular, by `repeats.over`."""

_ABSENT = object()


def trial_steps(file: SweepFile) -> int | None:
    """Steps of a trial at full fidelity: its repeats where there are any; None while not known."""
    return file.max_steps if file.repeats is None else file.repeats.times


def repeats_problems(file: SweepFile, plug: Plug, document: Document) -> list[str]:
    """What keeps this trainable from being repeated, one line each."""
    if file.repeats is None:
        return []
    if plug.native:
        said = (
            f"{plug.ref} is a native Ray Tune trainable, which reports to Ray itself: its trainings cannot be repeated as "
            "steps. A generator function or a class with step() can; or leave repeats out, and confirm over seeds"
        )
        return [document.problem(("repeats",), said)]
    if file.repeats.over == "folds" and file.data is None and not plug.declaration(None).reads_sections:
        said = (
            "folds are folds of the `data:` section, and there is none; write data: {source: table.csv}, or repeat "
            "over seeds: repeats: {over: seeds, times: " + f"{file.repeats.times}" + "}"
        )
        return [document.problem(("repeats", "over"), said)]
    return []


def with_folds(
    data: Mapping[str, Any], repeats: RepeatsSection | None, document: Document
) -> tuple[dict[str, Any], list[str]]:
    """(the data section cut into as many folds as there are repeats, what is wrong with its own folds)."""
    if repeats is None or repeats.over == "seeds":
        return dict(data), []
    problems = []
    times, folds, fold = repeats.times, _option(data, "folds"), _option(data, "fold")
    if fold is not _ABSENT:
        said = f"repeats trains on every fold in turn, so none is chosen or searched here; leave {_name('fold')} out"
        problems.append(document.problem(_place(data, "fold"), said))
    if is_leaf(folds) or folds not in (_ABSENT, 0, times):
        said = f"repeats cuts the data into {times} folds; leave {_name('folds')} out, or make it {times}"
        problems.append(document.problem(_place(data, "folds"), said))
    if problems or folds == times:
        return dict(data), problems
    rest = {key: value for key, value in data.items() if key != "split.folds"}
    split = rest.get("split")
    return {**rest, "split": {**(split if isinstance(split, Mapping) else {}), "folds": times}}, []


def _name(option: str) -> str:
    return f"data.split.{option}"


def _option(data: Mapping[str, Any], option: str) -> Any:
    """The value of an option below `split`, whether its name is spelled nested or with dots."""
    split = data.get("split")
    if isinstance(split, Mapping) and option in split:
        return split[option]
    return data.get(f"split.{option}", _ABSENT)


def _place(data: Mapping[str, Any], option: str) -> tuple[str, ...]:
    dotted = f"split.{option}"
    return ("data", dotted) if dotted in data else ("data", "split", option)
