"""A model folder's description and a log of what it was asked, without a server: for the monitor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from deploy.folder import write_folder, write_json
from deploy.reference import Distribution, Reference
from deploy.schema import Column, Schema
from deploy.serving.request_log import LogWriter

__all__ = ["BEGIN", "described", "penguins_asked", "write_log"]

BEGIN = 1_780_000_000.0
_SPECIES = ("Adelie", "Chinstrap", "Gentoo")
_ISLANDS = ("Biscoe", "Dream", "Torgersen")


def described(folder: Path, rows: int = 2000, seed: int = 0) -> str:
    """Write what the monitor reads of a model that knows penguins by bill, island and year; returns its version."""
    training = penguins_asked(rows, seed)
    columns = (
        Column("bill", "number", True, float(training["bill"].min()), float(training["bill"].max())),
        Column("island", "category", labels=_ISLANDS),
    )
    schema = Schema("table", columns, (), "classification", _SPECIES, "species")
    reference = Reference(
        tuple(Distribution.of(each.name, training[each.name].to_numpy()) for each in columns),
        (
            Distribution.of("label", training["label"].to_numpy()),
            Distribution.of("confidence", training["confidence"].to_numpy()),
        ),
    )

    def fill(writing: Path) -> None:
        write_json(writing / "model.json", {"name": "penguins"})
        write_json(writing / "schema.json", schema.to_json())
        write_json(writing / "reference.json", reference.to_json())
        write_json(writing / "card.json", {"metrics": {"val/accuracy": 0.9}})

    return write_folder(folder, fill, force=False)


def penguins_asked(rows: int, seed: int, *, bill: float = 44.0, dream: float = 0.35) -> pd.DataFrame:
    """Rows with bill, island, label and confidence; `bill`: its mean in mm; `dream`: share of one island."""
    rng = np.random.default_rng(seed)
    rest = (1 - dream) / 2
    bills = rng.normal(bill, 5.0, rows)
    bills[rng.random(rows) < 0.02] = np.nan
    return pd.DataFrame(
        {
            "bill": bills,
            "island": rng.choice(_ISLANDS, rows, p=[rest, dream, rest]).astype(object),
            "label": rng.choice(_SPECIES, rows, p=[0.45, 0.2, 0.35]).astype(object),
            "confidence": rng.beta(8, 2, rows),
        }
    )


def write_log(
    folder: Path,
    asked: Sequence[pd.DataFrame],
    version: str,
    *,
    truth: Mapping[int, str] | None = None,
    refused: int = 0,
    failed: int = 0,
    ms: float = 3.0,
) -> None:
    """A log as a server leaves it: one request a row, a second apart. `truth`: labels by row, counted from 0."""
    writer = LogWriter(folder, "predictions", 10_000, 3600.0, 2**30)
    rows = pd.concat(asked, ignore_index=True)
    for i, row in enumerate(rows.to_dict("records")):
        writer.write([_line(i, row, version, ms)])
    for i in range(refused + failed):
        status = 422 if i < refused else 500
        head = {"time": BEGIN + len(rows) + i, "request": f"{10**9 + i:016x}", "version": version}
        writer.write(
            [{**head, "status": status, "ms": 1.0, "row": 0, "field": "island" if i < refused else None}]
        )
    writer.close()
    if truth:
        labels = LogWriter(folder, "labels", 10_000, 3600.0, 2**30)
        labels.write(
            {"time": BEGIN + i, "request": f"{i:016x}", "row": 0, "label": label}
            for i, label in truth.items()
        )
        labels.close()


def _line(i: int, row: Mapping[str, Any], version: str, ms: float) -> dict[str, Any]:
    bill = row["bill"]
    return {
        "time": BEGIN + i,
        "request": f"{i:016x}",
        "version": version,
        "status": 200,
        "ms": ms,
        "row": 0,
        "in.bill": None if bill != bill else bill,
        "in.island": row["island"],
        "label": row["label"],
        f"p.{row['label']}": row["confidence"],
    }
