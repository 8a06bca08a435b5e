"""The outcomes of a comparison on live traffic, read from a table: one row per unit that was assigned to an arm."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from deploy.errors import DeployError
from trainables.errors import nearest

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Outcomes", "read_outcomes"]

ARM, TIME = "arm", "time"
PREFERRED = "outcome"


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Rows in the order in which they came.

    Attributes:
        metric: the name of the column of outcomes.
        control, treatment: the names of the arms.
        treated: (rows,) bool, rows without an outcome left out.
        values: (rows,) finite.
        rate: whether every outcome is 0 or 1.
        assigned: rows of the control and of the treatment, those without an outcome included.
        ordered: whether a column `time` gave the order; else it is the file's.
    """

    metric: str
    control: str
    treatment: str
    treated: npt.NDArray[np.bool_]
    values: npt.NDArray[np.float64]
    rate: bool
    assigned: tuple[int, int]
    ordered: bool


def read_outcomes(file: Path, *, metric: str | None = None, control: str | None = None) -> Outcomes:
    """Read a CSV or Parquet file with the columns `arm`, an outcome, and where it is known `time`.

    Args:
        metric: the column of outcomes; None = `outcome`, else the only other column.
        control: the arm to compare with; None = the one whose name comes first.

    Raises:
        DeployError: a column is missing, there are not exactly two arms, or a cell is no number; with its row.
    """
    frame = _frame(file)
    if ARM not in frame.columns:
        raise DeployError(f"{file}: has no column {ARM!r}; {nearest(ARM, map(str, frame.columns))}")
    metric = _metric(file, frame, metric)
    arms = frame[ARM].astype("string")
    if (nameless := arms.isna() | (arms == "")).any():
        raise DeployError(f"{file}: {_place(nameless)} names no arm; say which, or leave the row out")
    names = sorted({str(name) for name in arms})
    if len(names) != 2:
        raise DeployError(
            f"{file}: a comparison has two arms, and column {ARM!r} names {len(names)}: {', '.join(names[:6])}; keep the "
            "rows of two of them"
        )
    if control is not None and control not in names:
        raise DeployError(f"{file}: --control {control!r} is none of its arms; {nearest(control, names)}")
    first = control if control is not None else names[0]
    second = names[1] if first == names[0] else names[0]
    if TIME in frame.columns:
        order = np.argsort(_times(file, frame[TIME]), kind="stable")
        frame, arms = frame.iloc[order], arms.iloc[order]
    values = _numbers(file, frame[metric])
    treated = (arms == second).to_numpy(dtype=bool)
    known = ~np.isnan(values)
    for name, mine in ((first, ~treated), (second, treated)):
        if not (mine & known).any():
            raise DeployError(f"{file}: arm {name!r} has no outcome in column {metric!r} yet")
    return Outcomes(
        metric=metric,
        control=first,
        treatment=second,
        treated=treated[known],
        values=values[known],
        rate=bool(np.isin(values[known], (0.0, 1.0)).all()),
        assigned=(int((~treated).sum()), int(treated.sum())),
        ordered=TIME in frame.columns,
    )


def _frame(file: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_parquet(file) if file.suffix in (".parquet", ".pq") else pd.read_csv(file)
    except FileNotFoundError:
        raise DeployError(
            f"{file}: there is no such file; it has columns {ARM}, {PREFERRED} and {TIME}"
        ) from None
    except (OSError, ValueError) as error:  # parser errors of pandas and pyarrow are ValueErrors
        raise DeployError(
            f"{file}: cannot be read as {'Parquet' if file.suffix != '.csv' else 'CSV'}: {error}"
        ) from error
    if not len(frame):
        raise DeployError(f"{file}: has no rows yet")
    return frame


def _metric(file: Path, frame: pd.DataFrame, metric: str | None) -> str:
    others = [str(name) for name in frame.columns if name not in (ARM, TIME)]
    if metric is None:
        if PREFERRED in others:
            return PREFERRED
        if len(others) == 1:
            return others[0]
        found = f"it has {', '.join(others[:6])}" if others else "it has no other"
        raise DeployError(f"{file}: which column holds the outcomes? {found}; say --metric COLUMN")
    if metric not in others:
        raise DeployError(f"{file}: has no column {metric!r}; {nearest(metric, others)}")
    return metric


def _numbers(file: Path, column: pd.Series) -> npt.NDArray[np.float64]:
    """NaN where a cell is empty; true and false are 1 and 0."""
    import pandas as pd

    found = pd.to_numeric(
        column.replace({"true": 1, "True": 1, "false": 0, "False": 0})
        if not pd.api.types.is_numeric_dtype(column)
        else column,
        errors="coerce",
    )
    values = found.to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = (np.isnan(values) & ~column.isna().to_numpy()) | np.isinf(values)
    if wrong.any():
        row = int(wrong.argmax())
        raise DeployError(
            f"{file}: column {column.name!r}, {_place(wrong, column.index)}: {str(column.iloc[row])[:40]!r} is no finite "
            "number; outcomes are 0 and 1, or numbers"
        )
    return values


def _times(file: Path, column: pd.Series) -> npt.NDArray[np.int64] | npt.NDArray[np.float64]:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column):
        found = column
    else:
        found = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601")
    if found.isna().any():
        raise DeployError(
            f"{file}: column {TIME!r}, {_place(found.isna(), column.index)}: is no time; write numbers, or dates as "
            "2026-05-04T09:30:00Z"
        )
    return np.asarray(found.to_numpy())


def _place(wrong: object, index: object = None) -> str:
    """Where the first wrong cell stands: its row, counted from 1 below the header."""
    position = int(np.asarray(wrong).argmax())
    row = position if index is None else int(np.asarray(index)[position])
    return f"row {row + 1}"
