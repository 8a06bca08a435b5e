"""Built-in series."""

from __future__ import annotations

import csv

import numpy as np

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.built_in.packages import package_file
from trainables.data.sources.fingerprint import fingerprint_of
from trainables.data.sources.frames import check_columns, records_of_frame
from trainables.data.sources.origin import Origin, Places

__all__ = ["co2", "trace"]


def co2(section: Section) -> Records:
    """Keeling and Whorf 2004: weekly carbon dioxide on Mauna Loa, 1958 to 2001, in ppm by volume; 59 missing."""
    import pandas as pd

    check_columns(("date", "co2"), section, "co2", "co2")
    file = package_file("co2", "statsmodels", "datasets", "co2", "co2.csv")
    with file.open(newline="", encoding="ascii") as stream:
        rows = [row for row in csv.reader(stream) if row][1:]
    dates = [f"{row[0][:4]}-{row[0][4:6]}-{row[0][6:]}" for row in rows]
    frame = pd.DataFrame(
        {
            "date": np.array(dates, dtype="datetime64[us]"),
            "co2": np.array([float(row[1] or "nan") for row in rows]),
        }
    )
    return records_of_frame(frame, section, Origin("co2"), target="co2", modality="series")


def trace(section: Section) -> Records:
    """Roverso 2000: 200 simulated transients of a nuclear plant's instruments, 275 values each; 4 classes.

    The archive's own parts for training and test, 100 traces each, are put together and split anew.
    """
    file = package_file("trace", "tslearn", ".cached_datasets", "Trace.npz")
    with np.load(file, allow_pickle=False) as archive:
        array = np.concatenate([archive["X_train"], archive["X_test"]]).astype(np.float64)
        targets = np.concatenate([archive["y_train"], archive["y_test"]]).astype(np.int64)
    targets = targets - 1
    return Records(
        "trace",
        "series",
        Places("trace"),
        fingerprint_of(array, targets),
        array=array,
        targets=targets,
        labels=("1", "2", "3", "4"),
    )
