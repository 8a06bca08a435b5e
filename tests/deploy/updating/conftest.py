"""A real run on breast_cancer, its winner as a model folder, and new rows that have drifted, or have not."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from deploy.export import export
from deploy.trained import Trained
from search import Sweep
from search.run import Run
from trainables.data import read_section
from trainables.data.sources import read_records

pytest.importorskip("skops", reason="a model folder is written through skops; pip install 'tuneyard[deploy]'")


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the runs of a module lie."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def tumours() -> pd.DataFrame:
    """All rows, in another order."""
    frame = read_records(read_section("breast_cancer")).frame
    assert frame is not None
    return frame.sample(frac=1, random_state=0).reset_index(drop=True)


@pytest.fixture(scope="module")
def run(storage: Path, tumours: pd.DataFrame) -> Run:
    """Three logistic regressions and nearest neighbours, which have seen the first 269 rows."""
    tumours.head(269).to_csv(storage.parent / "old.csv", index=False)
    return Sweep(
        trainable="classical",
        data={
            "source": str(storage.parent / "old.csv"),
            "target": "diagnosis",
            "split": {"test": 0.0},
            "scaling": {"values": ["zscore", "robust"]},
        },
        parameters={"estimator": {"values": ["logistic", "knn"]}},
        method="random",
        run_cap=3,
        max_steps=1,
        name="cancer",
        storage=str(storage),
        runner="inline",
    ).run()


@pytest.fixture(scope="module")
def model(run: Run, storage: Path) -> Path:
    """The winner's folder."""
    export(Trained.open(run), storage.parent / "model")
    return storage.parent / "model"


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory, tumours: pd.DataFrame) -> Path:
    """The other 300 tumours, measured by another instrument: every number is half of what it was."""
    numbers = tumours.select_dtypes("float").columns
    new = tumours.tail(300).copy()
    new[numbers] *= 0.5
    return _written(tmp_path_factory, new)


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory, tumours: pd.DataFrame) -> Path:
    """The other 300 tumours."""
    return _written(tmp_path_factory, tumours.tail(300))


def _written(factory: pytest.TempPathFactory, frame: pd.DataFrame) -> Path:
    file = factory.mktemp("new") / "new.csv"
    frame.to_csv(file, index=False)
    return file
