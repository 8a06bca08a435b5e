"""Recorded learning curves: how they are kept (Parquet, one row a config), and how they are played back.

A recording is a task: a trainable on a data set, its default space, and configs drawn from it, each trained once to full
length by `benchmarks/curves/record.py`. Played back, any config of the space gets the curve of the recorded config that is
nearest to it in the unit cube: every value was measured, none is modelled, and the optimum is known.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from search.hindsight.among import distances
from search.problem import Goal, Objective
from spaces import Categorical, Space
from spaces.reading import parse_parameters

__all__ = ["CURVES", "FORMAT", "Recording", "Row", "load", "recordings", "write"]

CURVES = Path(__file__).parent / "curves"
FORMAT = 1

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """A config trained once. `curves`: metric -> its value after each step. `seconds`: of a processor, for each step.

    `failure`: why it did not get through; None: it did, or ended by itself.
    """

    number: int
    seed: int
    config: Mapping[str, Any]
    curves: Mapping[str, Sequence[float]]
    seconds: Sequence[float]
    failure: str | None = None


@dataclass(frozen=True)
class Recording:
    """One task. `about`: what was trained, for how long, where (see `record.py`). Rows are in the order of their numbers."""

    name: str
    about: Mapping[str, Any]
    rows: tuple[Row, ...]
    space: Space = field(init=False, repr=False, compare=False)
    _cube: Floats = field(init=False, repr=False, compare=False)
    _unordered: npt.NDArray[np.bool_] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        space = parse_parameters(self.about["parameters"])
        object.__setattr__(self, "space", space)
        object.__setattr__(self, "_cube", np.array([space.to_unit(dict(row.config)) for row in self.rows]))
        kinds = [isinstance(each.domain, Categorical) for each in space.searched]
        object.__setattr__(self, "_unordered", np.array(kinds, dtype=bool))

    @property
    def max_steps(self) -> int:
        return int(self.about["max_steps"])

    @property
    def metric(self) -> str:
        return str(self.about["metric"])

    @property
    def objective(self) -> Objective:
        goal: Goal = self.about["goal"]
        return Objective(self.metric, goal)

    def nearest(self, config: Mapping[str, Any]) -> Row:
        """The recorded config next to a flat one of the space: least mean square of the differences in the unit cube, where
        a parameter that only one of the two has differs by 1, and so do two choices without an order."""
        apart = distances(self._cube, self.space.to_unit(dict(config)), self._unordered)
        return self.rows[int(np.argmin(apart))]

    def train(self, config: Mapping[str, Any]) -> Iterator[dict[str, float]]:
        """The trainable that plays the curve of the nearest config back; `config` is flat. Raises where it had failed."""
        row = self.nearest(config)
        for step, seconds in enumerate(row.seconds):
            yield {**{name: values[step] for name, values in row.curves.items()}, "seconds": seconds}
        if row.failure is not None:
            raise ArithmeticError(row.failure)

    @property
    def bounds(self) -> tuple[float, float]:
        """(best, median) of the scores of all rows, each the best of its steps; smaller is better."""
        objective = self.objective
        scores = [
            min((objective.score(v) for v in row.curves[self.metric] if math.isfinite(v)), default=math.inf)
            for row in self.rows
        ]
        return min(scores), float(np.median(scores))


def recordings(folder: Path = CURVES) -> list[str]:
    """Names of the tasks that were recorded."""
    return sorted(path.stem for path in folder.glob("*.parquet"))


def load(name: str, folder: Path = CURVES) -> Recording:
    """The recording of that name."""
    from pyarrow import parquet

    table = parquet.read_table(folder / f"{name}.parquet")
    about = json.loads(table.schema.metadata[b"recording"])
    if about["format"] != FORMAT:
        raise SystemExit(f"{name}: format {about['format']}, this reads {FORMAT}; record it again")
    metrics = [column for column in table.column_names if column not in _FIXED]
    rows = tuple(
        Row(
            cells["number"],
            cells["seed"],
            json.loads(cells["config"]),
            {metric: cells[metric] for metric in metrics},
            cells["seconds"],
            cells["failure"],
        )
        for cells in table.to_pylist()
    )
    return Recording(name, about, rows)


_FIXED = ("number", "seed", "config", "failure", "seconds")


def write(name: str, about: Mapping[str, Any], rows: Sequence[Row], folder: Path = CURVES) -> Path:
    """Keep a recording; values are single precision. The file is replaced at once, or not at all."""
    import pyarrow as pa
    from pyarrow import parquet

    ordered = sorted(rows, key=lambda row: row.number)
    metrics = sorted({metric for row in ordered for metric in row.curves})
    curve = pa.list_(pa.float32())
    columns: dict[str, pa.Array] = {
        "number": pa.array([row.number for row in ordered], pa.int32()),
        "seed": pa.array([row.seed for row in ordered], pa.int64()),
        "config": pa.array([json.dumps(row.config, separators=(",", ":")) for row in ordered], pa.string()),
        "failure": pa.array([row.failure for row in ordered], pa.string()),
        "seconds": pa.array([list(row.seconds) for row in ordered], curve),
    }
    for metric in metrics:
        columns[metric] = pa.array([list(row.curves.get(metric, ())) for row in ordered], curve)
    table = pa.table(columns).replace_schema_metadata({"recording": json.dumps({"format": FORMAT, **about})})
    path = folder / f"{name}.parquet"
    unfinished = path.with_suffix(".unfinished")
    parquet.write_table(table, unfinished, compression="zstd", compression_level=15)
    os.replace(unfinished, path)
    return path
