"""The rows of an update: what the new model learns from, and what both models are compared on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from deploy.errors import DeployError
from deploy.trained import Trained
from trainables.data.dataset import Array
from trainables.data.prepare import rows_of
from trainables.data.records import Records
from trainables.data.section import OPTIONS, Section, read_section
from trainables.data.sources import read_records
from trainables.data.splitting import split_rows
from trainables.data.targets import Target, read_target
from trainables.data.ties import ties_of

__all__ = ["ENDINGS", "HELD_OUT", "LEAST", "Part", "Rows", "Source", "update_rows"]

Source = Literal["both", "new"]

HELD_OUT = 0.3
"""Share of the new rows that nothing is trained on."""

LEAST = 30
"""Rows that a comparison needs."""

ENDINGS = (".parquet", ".npz")
"""Of the file of rows to train on: tables, pictures."""


@dataclass(frozen=True, eq=False)
class Part:
    """Rows on which models are compared.

    Attributes:
        raw: as `Model.inputs` takes them.
        y: (rows,) labels as str, or values.
    """

    raw: Any
    y: Array

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True, eq=False)
class Rows:
    """What an update works with.

    Attributes:
        file: the rows to train on, written there; the test part of the old data is not among them.
        section: the data section that reads it, nested.
        old: rows of the old data that the old model was validated on: neither model has trained on them.
        new: rows of the new data that nothing is trained on.
        trained_old, trained_new: how many rows of each are in the file.
        known: rows of the new data that are in the old data, too, and were left out: one of the models has trained on them.
    """

    file: Path
    section: Mapping[str, Any]
    old: Part
    new: Part
    trained_old: int
    trained_new: int
    known: int


def update_rows(trained: Trained, data: str, file: Path, source: Source, seed: int) -> Rows:
    """Read the new data as the old were read, set a part of them aside, and write the rest to be trained on.

    Where `data.split` names a group, new rows of a group that old validation rows are of are not trained on: only the new
    model would know it. The new rows are cut as `data.split` says (classes keep their shares, groups stay together, the last ones are set aside
    where there is a time), by `seed`.

    Args:
        data: a file with the columns of the old data, the target included.
        file: where the rows to train on are written, without its suffix.
        source: "both": the old training rows and the new ones; "new": these alone.

    Raises:
        DeployError: data of this kind cannot be joined, or there are too few of them. DataError: they cannot be read.
    """
    _check(trained)
    section = read_section(
        {**_given(trained.section), "source": data, "target": trained.target.column, "task": trained.task}
        | {"split.test": HELD_OUT, "split.folds": 0, "split.seed": seed}
    )
    records = read_records(section)
    target = read_target(records, section)
    _check_columns(trained, records, data)
    records, target, known = _unknown(trained, records, target, data)
    split = split_rows(len(target.rows), ties_of(records, section, target), section, records.name)
    kept, held = np.sort(np.concatenate([split.train, split.valid])), split.test
    if len(held) < LEAST:
        raise DeployError(
            f"{data}: has {len(target.rows)} rows with a target, of which {len(held)} would be set aside to compare on; "
            f"collect at least {int(np.ceil(LEAST / HELD_OUT))}"
        )
    kept = kept[_apart(trained, records, section, target.rows[kept])]
    if not len(kept):
        raise DeployError(
            f"{data}: each of its rows to train on is of a group that old validation rows are of; give rows of other groups"
        )
    parts = [(records, target, target.rows[kept])]
    if source == "both":
        parts.insert(0, (trained.records, trained.target, trained.data.train_rows))
    written = _write(parts, file)
    return Rows(
        written,
        _section(trained, written),
        _part(trained.records, trained.target, trained.data.valid_rows),
        _part(records, target, target.rows[held]),
        len(trained.data.train_rows) if source == "both" else 0,
        len(kept),
        known,
    )


def _given(section: Section) -> dict[str, Any]:
    """The options of a section that are not at their default, by dotted names, without where the rows come from."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in section.values.items()
        if name not in ("source", "query") and value != OPTIONS[name].default
    }


def _section(trained: Trained, file: Path) -> dict[str, Any]:
    from spaces import nest

    given = {**_given(trained.section), "source": str(file), "task": trained.task}
    given |= {"split.test": 0.0, "split.folds": 0, "split.fold": 0}
    if trained.target.column is not None:
        given["target"] = trained.target.column
    elif trained.modality == "images":
        given["modality"] = "images"
    return dict(nest(given))


def _check(trained: Trained) -> None:
    joined = trained.records.frame is not None and trained.task != "forecasting"
    if not joined and trained.modality != "images":
        raise DeployError(
            f"rows of {trained.modality} data cannot be joined here yet; put old and new rows into one source yourself, and "
            f"run the sweep again on it: tuneyard run FILE --set data.source=..."
        )
    if trained.target.column is None and trained.modality != "images":
        raise DeployError(
            "the old data have their target beside the rows, and so cannot be joined with a file that has it in a column"
        )


def _check_columns(trained: Trained, records: Records, data: str) -> None:
    if trained.records.frame is None:
        if records.array is None or records.array.shape[1:] != trained.records.array.shape[1:]:  # type: ignore[union-attr]
            shape = None if records.array is None else records.array.shape[1:]
            raise DeployError(
                f"{data}: its images are of shape {shape}, and the model was trained on others; resize them"
            )
        return
    assert records.frame is not None
    missing = [name for name in trained.preparation.columns if name not in records.frame.columns]
    if missing:
        raise DeployError(
            f"{data}: has no column {', '.join(map(repr, missing[:5]))}, which the model reads; give the new rows the columns "
            "of the old ones"
        )


def _unknown(trained: Trained, records: Records, target: Target, data: str) -> tuple[Records, Target, int]:
    """The new data with the targets of those rows alone that are not in the old data; and how many were."""
    frames, arrays = (trained.records.frame, records.frame), (trained.records.array, records.array)
    if frames[0] is not None and frames[1] is not None:
        names = [name for name in frames[0].columns if name in frames[1].columns]
        before, now = _marks(frames[0][names]), _marks(frames[1][names])
    else:
        assert arrays[0] is not None
        assert arrays[1] is not None
        before, now = [row.tobytes() for row in arrays[0]], [row.tobytes() for row in arrays[1]]
    known = {*before}
    fresh = np.array([now[int(row)] not in known for row in target.rows], dtype=bool)
    if not fresh.any():
        raise DeployError(
            f"{data}: all of its {len(fresh)} rows are in the old data already; give rows that are new"
        )
    return records, replace(target, rows=target.rows[fresh], y=target.y[fresh]), int((~fresh).sum())


def _apart(trained: Trained, records: Records, section: Section, rows: Array) -> Array:
    """Which of the new rows are of no group that a row is of which the old model was validated on."""
    group = section["split.group"]
    frames = [each.frame if each.frame is not None else each.extra for each in (trained.records, records)]
    if group is None or frames[0] is None or frames[1] is None:
        return np.ones(len(rows), bool)
    held = frames[0][[group]].iloc[trained.data.valid_rows].dropna()
    known = {*_marks(held)}
    return np.array([mark not in known for mark in _marks(frames[1][[group]].iloc[rows])], dtype=bool)


def _marks(frame: Any) -> list[Any]:
    """What stands in each row, whatever the types of its columns: 1, 1.0 and the text "1.0" are the same, and so is all that is missing."""
    import pandas as pd

    columns = []
    for _, values in frame.items():
        number = pd.to_numeric(values, errors="coerce").astype(float)
        texts = values.astype(object).where(values.notna(), None)
        columns.append([n if n == n else str(cell) for n, cell in zip(number, texts, strict=True)])
    return [repr(row) for row in zip(*columns, strict=True)]


def _check_kinds(frames: list[Any], names: list[str]) -> None:
    """Old and new rows stand in one column of a file, so that has to hold numbers of both or of neither."""
    import pandas as pd

    for name in names:
        numbers = [pd.api.types.is_numeric_dtype(frame[name]) for frame in frames]
        if any(numbers) and not all(numbers):
            ones, others = ("numbers", "something else") if numbers[0] else ("something else", "numbers")
            raise DeployError(
                f"column {name!r} holds {ones} in the old data, and {others} in the new. Spell them as the old ones, or leave "
                "the column out where the model does not read it"
            )


def _write(parts: list[tuple[Records, Target, Array]], file: Path) -> Path:
    """The rows of all parts in one file that `read_records` reads."""
    file.parent.mkdir(parents=True, exist_ok=True)
    raws = [rows_of(records, rows) for records, _, rows in parts]
    if parts[0][0].frame is not None:
        import pandas as pd

        written = file.with_name(f"{file.name}{ENDINGS[0]}")
        names = [name for name in raws[-1].columns if all(name in raw.columns for raw in raws)]
        _check_kinds(raws, names)
        joined = pd.concat([raw[names] for raw in raws], ignore_index=True)
        with _begun(written) as new:
            joined.to_parquet(new, index=False)
        return written
    written = file.with_name(f"{file.name}{ENDINGS[1]}")
    labels = np.concatenate([_y(target, rows) for _, target, rows in parts])
    with _begun(written) as new:
        np.savez_compressed(new, x=np.concatenate(raws), y=labels)
    return written


@contextmanager
def _begun(file: Path) -> Iterator[IO[bytes]]:
    """A new file, gone again where it could not be written; another update may be training on one that is there."""
    try:
        new = file.open("xb")
    except FileExistsError:
        raise DeployError(f"{file} is there already, of another update; run this one again") from None
    try:
        with new:
            yield new
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _part(records: Records, target: Target, rows: Array) -> Part:
    return Part(rows_of(records, rows), _y(target, rows))


def _y(target: Target, rows: Array) -> Array:
    """Labels as str, or values."""
    found = target.y[np.searchsorted(target.rows, rows)]
    return np.array(target.labels, dtype=str)[found] if target.labels else np.asarray(found)
