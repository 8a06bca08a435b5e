"""A winner's life from end to end: searched, confirmed, validated, exported, served, watched, updated and promoted, while it
is asked without a pause."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

pytest.importorskip("palmerpenguins", reason="needs the package palmerpenguins")

from contracts.exported_penguins import serving
from tuneyard.__main__ import main

pytestmark = pytest.mark.slow

SIZES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
SWEEP = """
name: penguins
trainable: classical
data: {source: old.csv, target: species}
method: random
metric: {name: val/log_loss, goal: minimize}
parameters:
  estimator: {value: logistic}
  logistic.C: {min: 0.01, max: 10.0, log: true}
run_cap: 4
max_steps: 1
"""
RULES = "rules:\n  - {name: bills, figure: psi, column: bill_length_mm, above: 0.25, actions: exit}\n"


@pytest.fixture
def penguins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """The later half of the penguins, larger by a quarter; the earlier half, as it was, lies in old.csv."""
    from palmerpenguins import load_penguins

    monkeypatch.chdir(tmp_path)
    frame = load_penguins().dropna().sample(frac=1, random_state=0).reset_index(drop=True)
    frame.head(170).to_csv("old.csv", index=False)
    later = frame.tail(163).copy()
    later[SIZES] *= 1.25
    later.to_csv("may.csv", index=False)
    return later


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(frame.drop(columns="species").to_json(orient="records"))
    return found


def right(client: httpx.Client, frame: pd.DataFrame) -> float:
    """The share of rows that the server names rightly; it is told the right answers afterwards."""
    asked = client.post("/predict", json=records(frame)).json()
    named = [each["label"] for each in asked["predictions"]]
    truth = [
        {"request": asked["request"], "row": row, "label": label}
        for row, label in enumerate(frame["species"])
    ]
    assert client.post("/feedback", json=truth).is_success
    return sum(a == b for a, b in zip(named, frame["species"], strict=True)) / len(frame)


@contextmanager
def asking(url: str, rows: Sequence[dict[str, Any]]) -> Iterator[list[int]]:
    """Somebody who asks one row after the other, all the time; the statuses of the answers."""
    statuses: list[int] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=url, timeout=60) as client:
            while not stop.is_set():
                statuses.append(client.post("/predict", json=rows[len(statuses) % len(rows)]).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        thread.join()


def test_from_a_sweep_to_the_next_version_without_a_failed_request(
    penguins: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sweep.yaml").write_text(SWEEP)
    Path("rules.yaml").write_text(RULES)
    assert main(["run", "sweep.yaml", "--runner", "inline"]) == 0
    assert main(["confirm", "penguins", "--seeds", "2", "--top", "2", "--runner", "inline"]) == 0
    assert main(["validate", "penguins", "--checks", "calibration,shift"]) == 0
    assert list(Path("runs/penguins/validation").glob("*/index.html"))
    assert main(["export", "penguins", "-o", "model"]) == 0
    assert main(["registry", "add", "registry/penguins", "model"]) == 0
    assert main(["registry", "promote", "registry/penguins", "v1"]) == 0

    known = pd.read_csv("old.csv")
    watch = ["monitor", "registry/penguins", "--log", "served", "--rules", "rules.yaml", "--window", "160"]
    with (
        serving(
            Path("registry/penguins"), "--runner", "uvicorn", "--log", "served", cwd=Path.cwd()
        ) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        for record in [*records(known)] * 6:  # a thousand and some requests
            assert client.post("/predict", json=record).status_code == 200
        assert main(watch) == 0

        before = right(client, penguins)
        capsys.readouterr()
        assert main(watch) == 3
        assert "bill_length_mm" in capsys.readouterr().out

        first = client.get("/readyz").json()["version"]
        with asking(server.url, records(penguins)) as statuses:
            assert main(["update", "registry/penguins", "--data", "may.csv"]) == 0
            assert "v2 is in production: it is better on the new rows" in capsys.readouterr().out
            while client.get("/readyz").json()["version"] == first:
                assert server.process.poll() is None
            enough = len(statuses) + 20
            while len(statuses) < enough:
                assert server.process.poll() is None
        assert set(statuses) == {200}
        assert right(client, penguins) > before + 0.1
