"""Built-in tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from trainables.data.records import Records
from trainables.data.section import Section
from trainables.data.sources.built_in.packages import package_file
from trainables.data.sources.delimited import read_delimited
from trainables.data.sources.frames import check_columns, records_of_frame
from trainables.data.sources.origin import Origin

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["breast_cancer", "diabetes", "penguins", "wine"]


def breast_cancer(section: Section) -> Records:
    """Wolberg et al. 1995: 569 tumours by 30 measurements of their cells' nuclei; malignant or benign."""
    return _from_sklearn("breast_cancer", "diagnosis", section)


def wine(section: Section) -> Records:
    """Forina et al. 1991: 178 wines by 13 measurements; three cultivars."""
    return _from_sklearn("wine", "cultivar", section)


def diabetes(section: Section) -> Records:
    """Efron et al. 2004: 442 patients by 10 measurements, centred and scaled; progression after one year."""
    return _from_sklearn("diabetes", "progression", section)


def penguins(section: Section) -> Records:
    """Gorman et al. 2014: 344 penguins of three species; island and sex are labels, 19 cells are missing."""
    file = package_file("penguins", "palmerpenguins", "data", "penguins.csv")
    return replace(read_delimited(file, section, target="species"), name="penguins")


def _from_sklearn(name: str, target: str, section: Section) -> Records:
    import pandas as pd
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    frame = pd.DataFrame(
        np.asarray(bunch.data, dtype=np.float64), columns=[str(n) for n in bunch.feature_names]
    )
    frame[target] = (
        pd.Series([str(bunch.target_names[code]) for code in bunch.target], dtype=object)
        if "target_names" in bunch
        else np.asarray(bunch.target, dtype=np.float64)
    )
    return _records(frame, section, name, target)


def _records(frame: pd.DataFrame, section: Section, name: str, target: str) -> Records:
    check_columns([str(column) for column in frame.columns], section, name, target)
    frame = frame.drop(columns=list(section["columns.ignore"]))
    return records_of_frame(frame, section, Origin(name), target=target)
