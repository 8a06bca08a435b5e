"""What a model takes and gives: the kind and range of every column, the shape of a picture, the labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from deploy.errors import ModelError
from trainables.data.section import Modality

if TYPE_CHECKING:
    import pandas as pd

    from deploy.trained import Trained

__all__ = ["Column", "Fault", "Kind", "Schema", "schema_of"]

Kind = Literal["number", "category", "text", "date"]
LABELS = 1000
"""Labels of a column that are listed; the others are known to the model, but not shown."""


@dataclass(frozen=True)
class Column:
    """One column of a table or of a series.

    Attributes:
        nullable: whether a value was missing in training; where it never was, a missing one is a fault.
        low, high: range of a number in training; None of anything else.
        labels: of a category those seen in training, at most 1000; another one is no fault.
    """

    name: str
    kind: Kind
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be used. `row`: from 0; `field`: a column's name, or "" for the whole row."""

    row: int
    field: str
    rule: str
    value: str


@dataclass(frozen=True)
class Schema:
    """The inputs and outputs of a model.

    Attributes:
        modality: what a row is.
        columns: of a table, and of a series that is forecast, those that the model reads.
        shape: of a picture (height, width, channels), of a series that is classified (length, channels); else ().
        task: classification, regression or forecasting.
        labels: names of the classes in the order of the probabilities; () where values are predicted.
        target: name of what is predicted; "" where it has none.
        horizon: values that are forecast at once; 1 for everything else.
        window: steps that a forecast looks back: so many rows give the first one; 0 for everything else.
        nullable: whether a step of a series that is classified may be missing.
        field: of texts the column that held them, where the data section names it; else "".
    """

    modality: Modality
    columns: tuple[Column, ...]
    shape: tuple[int, ...]
    task: Literal["classification", "regression", "forecasting"]
    labels: tuple[str, ...]
    target: str = ""
    horizon: int = 1
    window: int = 0
    nullable: bool = False
    field: str = ""

    def check(self, records: Sequence[Any], *, texts: bool = False) -> tuple[Any, list[Fault]]:
        """The rows that can be used, as `Model.inputs` takes them, and what is wrong with the others.

        Hostile input raises nothing: whatever a record is, it is used or it has at least one fault.

        Args:
            records: a table: mappings of column names to values (others than the model's are not looked at); pictures:
                nested lists of whole numbers 0 to 255 (height, width, channels), uint8 arrays, or the bytes of a file
                (or their base64), which are brought to the model's size; texts: strings, or mappings with one of
                them; series: nested lists of numbers (length, channels). Null stands for missing.
            texts: whether the cells of a table are texts, as in a CSV file.

        Returns:
            a frame, an array or a tuple of the good rows in their order, the faults by row. Of a series that is
            forecast every step stays in its place; a bad cell counts as missing, and is reported.
        """
        from deploy.checking import checked

        return checked(self, records, texts=texts)

    def to_json(self) -> dict[str, Any]:
        """As `from_json` takes it; JSON types only."""
        said = asdict(self)
        for name in ("shape", "labels"):
            said[name] = list(said[name])
        said["columns"] = [{**column, "labels": list(column["labels"])} for column in said["columns"]]
        return said

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> Schema:
        """What `to_json` gave.

        Raises:
            ModelError: it is something else.
        """
        try:
            if said["modality"] not in get_args(Modality):
                raise ValueError(f"modality {said['modality']!r}")
            columns = tuple(
                Column(**{**column, "labels": tuple(map(str, column["labels"]))})
                for column in said["columns"]
            )
            unknown = [column.kind for column in columns if column.kind not in get_args(Kind)]
            if unknown:
                raise ValueError(f"kind {unknown[0]!r}")
            shape, labels = tuple(map(int, said["shape"])), tuple(map(str, said["labels"]))
            return cls(**{**said, "columns": columns, "shape": shape, "labels": labels})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"schema.json describes no schema: {error!r}; export the model again") from error


def schema_of(trained: Trained) -> Schema:
    """The schema of a trained trial; ranges and labels are those of its training rows."""
    from trainables.data.windows import Windows

    preparation, raw = trained.preparation, trained.raw("train")
    forecast = isinstance(preparation, Windows)
    columns: tuple[Column, ...] = ()
    shape: tuple[int, ...] = ()
    nullable = False
    if preparation.columns:
        seen = trained.raw("valid")
        columns = tuple(
            _column(name, kind, raw[name], bool(seen[name].isna().any()) or forecast)
            for name, kind in preparation.columns.items()
        )
    elif trained.modality in ("images", "series"):
        shape = tuple(int(side) for side in np.asarray(raw).shape[1:])
        nullable = trained.modality == "series" and bool(np.isnan(raw).any())
    return Schema(
        trained.modality,
        columns,
        shape,
        trained.task,
        trained.labels,
        trained.target.column or "",
        trained.data.train_y.shape[1] if trained.data.train_y.ndim == 2 else 1,
        preparation.window if isinstance(preparation, Windows) else 0,
        nullable,
        next(iter(trained.section["columns.text"]), "") if trained.modality == "text" else "",
    )


def _column(name: str, kind: str, values: pd.Series[Any], nullable: bool) -> Column:
    known = values[values.notna()]
    nullable = nullable or len(known) < len(values)
    if kind == "number":
        return Column(name, "number", nullable, float(known.min()), float(known.max()))
    if kind == "category":
        labels = sorted({str(label) for label in known})[:LABELS]
        return Column(name, "category", nullable, labels=tuple(labels))
    return Column(name, "date" if kind == "date" else "text", nullable)
