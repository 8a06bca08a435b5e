"""`predict_file`: rows of a file in, predictions out; bad rows are reported, and stop nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from deploy.errors import DeployError
from deploy.model import Model, Prediction
from deploy.prediction.reading import UNREADABLE, Chunk, chunks_of
from deploy.prediction.writing import Table, opened_table
from deploy.schema import Fault, Schema
from trainables.data.dataset import Array

__all__ = ["Outcome", "predict_file"]

ROWS = 4096
CELLS = 2_000_000  # of a chunk of pictures or series
FAULTS = ("row", "field", "rule", "value")


@dataclass(frozen=True)
class Outcome:
    """What became of a file.

    Attributes:
        rows: read.
        predicted: of them; of a series, forecasts.
        bad: rows with a fault.
        output: where the predictions are.
        faults: where the faults are, one a line; None where there is none.
    """

    rows: int
    predicted: int
    bad: int
    output: Path
    faults: Path | None


def predict_file(
    model: Model,
    source: str,
    output: Path,
    *,
    query: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Predict every row of a file that can be used.

    The output has a row for each: `row` (its number in the source), `prediction`, and for classes
    `probability_<label>`; of several values a row `prediction_1`, `prediction_2`, ... Of a series that is forecast
    `row` is the last step that a forecast has seen. Rows with a fault are in `<output's name>.faults.csv`: row, field,
    rule, value. Memory does not grow with the file, but for a series, which is read whole.

    Args:
        source: see `deploy.prediction.reading.chunks_of`.
        output: .csv, .parquet or .jsonl; replaced where it exists, once all is predicted.
        query: of a database.
        progress: called with the number of rows read, after every chunk.

    Raises:
        DeployError, DataError: source or output cannot be used.
    """
    schema = model.schema
    names = ("row", *_names(schema))
    faults = output.with_name(f"{output.stem}.faults.csv")
    rows = predicted = bad = 0
    _check_apart(source, output, faults, model.folder)
    chunks = chunks_of(source, _size(schema), query=query)
    if schema.task == "forecasting":
        chunks = _joined(chunks)
    faults.unlink(missing_ok=True)
    with opened_table(output, names) as append, _reported(faults) as report:
        for chunk in chunks:
            good, prediction, found = _predicted(model, chunk)
            if len(prediction):
                append([good, *_columns(schema, prediction)])
            report(found)
            rows, predicted = rows + len(chunk.rows), predicted + len(prediction)
            bad += len({number for number, _ in found})
            if progress is not None:
                progress(rows)
    return Outcome(rows, predicted, bad, output, faults if bad else None)


def _check_apart(source: str, output: Path, faults: Path, folder: Path) -> None:
    """What is written does not replace what is read, and lies beside the model: its folder holds what its manifest names."""
    if output.resolve().is_relative_to(folder.resolve()):
        raise DeployError(
            f"-o {output}: is in the model folder, which would not be loaded again; choose another"
        )
    path = Path(source)
    for written in (output, faults):
        if "://" not in source and written.exists() and path.exists() and written.samefile(path):
            raise DeployError(f"-o {output}: {written} is the file that is read; choose another name")


def _predicted(
    model: Model, chunk: Chunk
) -> tuple[list[int | str], Prediction, list[tuple[int | str, Fault]]]:
    """The numbers of the rows that were predicted, the predictions, and the faults by number."""
    if (
        model.schema.task == "forecasting"
    ):  # every step keeps its place: nothing is known of one that is unreadable
        nothing = dict.fromkeys((column.name for column in model.schema.columns), None)
        read = [nothing if _is_unreadable(record) else record for record in chunk.records]
        places = list(range(len(read)))
    else:
        read = [record for record in chunk.records if not _is_unreadable(record)]
        places = [place for place, record in enumerate(chunk.records) if not _is_unreadable(record)]
    if model.schema.columns:  # an array of a table has no names: its columns are x0, x1, ...
        read = [
            _named(record) if isinstance(record, np.ndarray) and record.ndim == 1 else record
            for record in read
        ]
    raw, faults = model.schema.check(read, texts=chunk.texts)
    faults = [replace(fault, row=places[fault.row]) for fault in faults]
    faults += [
        Fault(place, "", record.removeprefix(UNREADABLE), "")
        for place, record in enumerate(chunk.records)
        if _is_unreadable(record)
    ]
    told = sorted(((chunk.rows[fault.row], fault) for fault in faults), key=lambda each: each[1].row)
    if model.schema.task == "forecasting":
        if len(raw) < model.schema.window:
            return [], _of_nothing(model), told
        return [chunk.rows[place] for place in places][model.schema.window - 1 :], model.predict(raw), told
    broken = {fault.row for fault in faults}
    good = [chunk.rows[place] for place in places if place not in broken]
    return good, model.predict(raw) if good else _of_nothing(model), told


def _of_nothing(model: Model) -> Prediction:
    """The prediction of no rows."""
    outputs = model.outputs(np.zeros((0,)))
    return (
        Prediction(None, None, outputs)
        if not model.schema.labels
        else Prediction(np.zeros(0, object), outputs, None)
    )


def _is_unreadable(record: Any) -> bool:
    return isinstance(record, str) and record.startswith(UNREADABLE)


def _named(record: Array) -> dict[str, Any]:
    values = [None if value != value else value for value in record.tolist()]
    return {f"x{index}": value for index, value in enumerate(values)}


def _names(schema: Schema) -> tuple[str, ...]:
    if schema.labels:
        return ("prediction", *(f"probability_{label}" for label in schema.labels))
    if schema.horizon == 1:
        return ("prediction",)
    return tuple(f"prediction_{step}" for step in range(1, schema.horizon + 1))


def _columns(schema: Schema, prediction: Prediction) -> list[list[Any]]:
    if prediction.probabilities is not None:
        assert prediction.labels is not None
        return [prediction.labels.tolist(), *prediction.probabilities.T.tolist()]
    assert prediction.values is not None
    columns: list[list[Any]] = np.atleast_2d(prediction.values.T).tolist()
    return columns


def _size(schema: Schema) -> int:
    cells = int(np.prod(schema.shape)) if schema.shape else 1
    return max(1, min(ROWS, CELLS // cells))


def _joined(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """All as one."""
    held = list(chunks)
    rows = tuple(row for chunk in held for row in chunk.rows)
    records = tuple(record for chunk in held for record in chunk.records)
    yield Chunk(rows, records, any(chunk.texts for chunk in held))


@contextmanager
def _reported(path: Path) -> Iterator[Callable[[list[tuple[int | str, Fault]]], None]]:
    """Appends faults to a file that there is only once there is one."""
    with ExitStack() as stack:
        held: list[Table] = []

        def report(faults: list[tuple[int | str, Fault]]) -> None:
            if not faults:
                return
            if not held:
                held.append(stack.enter_context(opened_table(path, FAULTS)))
            numbers = [number for number, _ in faults]
            cells = [[getattr(fault, name) for _, fault in faults] for name in FAULTS[1:]]
            held[0]([numbers, *cells])

        yield report
