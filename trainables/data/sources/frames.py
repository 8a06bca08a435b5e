"""A frame becomes `Records`: which columns are read, what a row is, which rows can be used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from trainables.data.dataset import Array, Repair
from trainables.data.records import Records
from trainables.data.section import Modality, Section
from trainables.data.sources.columns import type_values
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.origin import Origin, repair_of
from trainables.data.sources.series import records_of_series
from trainables.errors import DataError, nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_columns", "check_names", "records_of_frame", "type_frame"]

GONE_SHARE = 0.1
"""Rows without a target that are left out; a larger share of them is a mistake."""


def check_names(names: Sequence[str], source: str) -> None:
    """Column names are unique and not empty.

    Raises:
        DataError: they are not; counts columns from 1.
    """
    first: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if not name:
            index = "; an index that pandas wrote stays away with to_csv(index=False)" if number == 1 else ""
            raise DataError(
                f"{source}: column {number} is named {name!r}; give it a name, or remove it{index}"
            )
        if first.setdefault(name, number) != number:
            raise DataError(
                f"{source}: columns {first[name]} and {number} are both named {name!r}; rename or remove one"
            )


def check_columns(names: Sequence[str], section: Section, source: str, target: str | None = None) -> None:
    """The columns that a data section names exist.

    Raises:
        DataError: one does not; lists the nearest.
    """
    kinds = section.columns()
    asked = {column: f"data.columns.{kind}" for column, kind in kinds.items()}
    for option in ("target", "split.group", "split.time"):
        if section[option] is not None:
            asked[section[option]] = f"data.{option}"
    for column, option in asked.items():
        if column not in names:
            raise DataError(f"{option}: {source} has no column {column!r}; {nearest(column, names)}")
    target = section["target"] or target
    if target is not None and kinds.get(target) == "ignore":
        raise DataError(f"data.columns.ignore: {target!r} is the target of {source}")


def type_frame(
    frame: pd.DataFrame, section: Section, origin: Origin, target: str | None = None
) -> tuple[pd.DataFrame, tuple[Repair, ...]]:
    """The columns of a frame that came with types, in the types of `Records.frame`; what is ignored is gone.

    Raises:
        DataError: as `check_names`, `check_columns` and `type_values`.
    """
    import pandas as pd

    names = [str(name).strip() for name in frame.columns]
    check_names(names, origin.name)
    check_columns(names, section, origin.name, target)
    if not len(frame):
        raise DataError(f"{origin.name}: holds no rows")
    kinds = section.columns()
    typed: dict[str, pd.Series[Any]] = {}
    repairs: tuple[Repair, ...] = ()
    for position, name in enumerate(names):
        if kinds.get(name) != "ignore":
            typed[name], repair = type_values(name, frame.iloc[:, position], kinds.get(name), origin)
            repairs += repair
    return pd.DataFrame(typed), repairs


def records_of_frame(
    frame: pd.DataFrame,
    section: Section,
    origin: Origin,
    *,
    repairs: tuple[Repair, ...] = (),
    target: str | None = None,
    modality: Modality | None = None,
) -> Records:
    """The records of a typed frame.

    Its rows are texts where `modality` says so, or columns of kind text are listed and it says nothing; a
    series where `modality` or `task: forecasting` says so, or nothing but a date and the target is there;
    else a table. Rows without a target are left out, up to a tenth of them; not of a series to be forecast.

    Args:
        frame: its columns typed as in `Records.frame`.
        section: the data section; its columns exist.
        origin: the frame's name and the places of its rows.
        repairs: what was put right before.
        target: the column to predict where the section names none.
        modality: what a row is where the section does not say.

    Raises:
        DataError: no column is left, or the target cannot be used.
    """
    target = section["target"] or target
    if target is not None and frame[target].dtype.kind == "M":
        raise DataError(f"{origin.name}, column {target!r}: holds dates, which cannot be a target")
    found = section["modality"] or modality or _modality(frame, section, target)
    if found != "series" and not [name for name in frame.columns if name != target]:
        raise DataError(f"{origin.name}: there is no column beside the target {target!r} to learn from")
    if found == "series":
        return records_of_series(frame, section, origin, target, repairs)
    if found == "images":
        raise DataError(
            f"data.modality: {origin.name} is a table; images come from a folder or an .npz archive"
        )
    used = [target] if target is not None else []
    text = _text_column(frame, section, origin, target) if found == "text" else None
    frame, origin, repairs = _without_gaps(frame, used, origin, repairs, "target")
    if text is not None:
        frame, origin, repairs = _without_gaps(frame, [text], origin, repairs, "text")
        return _records_of_texts(frame, text, target, section, origin, repairs)
    return Records(
        origin.name,
        "table",
        origin.places,
        fingerprint_of(frame),
        frame=frame,
        task=section["task"],
        target=target,
        repairs=repairs,
    )


def _modality(frame: pd.DataFrame, section: Section, target: str | None) -> Modality:
    if section["task"] == "forecasting":
        return "series"
    if section["columns.text"]:
        return "text"
    others = [frame[name].dtype.kind for name in frame.columns if name != target]
    forecast = target is not None and frame[target].dtype.kind in "if" and others == ["M"]
    return "series" if forecast else "table"


def _text_column(frame: pd.DataFrame, section: Section, origin: Origin, target: str | None) -> str:
    listed = section["columns.text"]
    beside = (target, section["split.group"], section["split.time"])
    found = listed or [n for n in frame.columns if frame[n].dtype == object and n not in beside]
    if len(found) != 1:
        names = ", ".join(found[:12]) or "none"
        raise DataError(
            f"data.columns.text: {origin.name}: name the one column that holds the texts (found: {names}); "
            "texts among other columns are read with modality: table"
        )
    return str(found[0])


def _without_gaps(
    frame: pd.DataFrame, columns: list[str], origin: Origin, repairs: tuple[Repair, ...], what: str
) -> tuple[pd.DataFrame, Origin, tuple[Repair, ...]]:
    """The rows whose `columns` are there, the places they have, and a repair that says how many went."""
    gone = frame[columns].isna().any(axis=1).to_numpy(dtype=bool) if columns else np.zeros(len(frame), bool)
    rows = np.flatnonzero(gone).tolist()
    if not rows:
        return frame, origin, repairs
    if len(rows) > GONE_SHARE * len(frame):
        raise DataError(
            f"{origin.at(rows[0], columns[0])}: the {what} is missing, as it is in {len(rows)} of the "
            f"{len(frame)} rows; up to a tenth would be left out: fill them in, or name another column"
        )
    repair = repair_of(f"rows without a {what}, left out", rows, origin.places)
    kept = np.flatnonzero(~gone)
    return (
        frame.iloc[kept].reset_index(drop=True),
        Origin(origin.name, origin.places.of(kept.tolist())),
        (*repairs, repair),
    )


def _records_of_texts(
    frame: pd.DataFrame,
    text: str,
    target: str | None,
    section: Section,
    origin: Origin,
    repairs: tuple[Repair, ...],
) -> Records:
    texts = tuple(str(each) for each in frame[text])
    targets: Array | None = None if target is None else frame[target].to_numpy()
    extra = frame.drop(columns=[text] if target is None else [text, target])
    return Records(
        origin.name,
        "text",
        origin.places,
        fingerprint_of(texts, targets, extra),
        texts=texts,
        targets=targets,
        extra=extra if len(extra.columns) else None,
        task=section["task"],
        repairs=repairs,
    )
