"""What the monitor says of logs whose story is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("river", reason="needs the extra deploy: pip install 'tuneyard[deploy]'")

from contracts.watched_penguins import described, penguins_asked, write_log
from deploy.errors import DeployError
from deploy.folder import write_folder, write_json
from deploy.monitoring import look, read_log
from deploy.monitoring.drift import drift_of
from deploy.reference import Distribution, Reference
from deploy.schema import Column, Schema
from deploy.serving.request_log import LogWriter


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("model") / "penguins"
    return folder, described(folder)


def columns(contents: dict) -> dict:
    return {each["name"]: each for each in (*contents["newest"]["columns"], *contents["newest"]["outputs"])}


def test_what_is_as_in_training_is_steady(model: tuple[Path, str], tmp_path: Path) -> None:
    write_log(tmp_path, [penguins_asked(1500, 1)], model[1], truth={})
    seen = look(model[0], read_log(tmp_path), 500)
    assert seen["drifted"] == []
    assert {each["verdict"] for each in columns(seen).values()} == {"steady"}
    assert set(columns(seen)) == {"bill", "island", "label", "confidence"}
    assert (seen["rows"], len(seen["windows"])) == (1500, 3)
    assert seen["validation"] == {"val/accuracy": 0.9}


def test_a_shift_of_one_column_is_named_and_dated(model: tuple[Path, str], tmp_path: Path) -> None:
    write_log(tmp_path, [penguins_asked(1000, 2), penguins_asked(500, 3, bill=56.0)], model[1])
    seen = look(model[0], read_log(tmp_path), 500)
    assert seen["drifted"] == ["bill"]
    bill = columns(seen)["bill"]
    assert bill["mean_before"] == pytest.approx(44, abs=0.5)
    assert bill["mean"] == pytest.approx(56, abs=1)
    by_window = [{c["name"]: c["verdict"] for c in window["columns"]}["bill"] for window in seen["windows"]]
    assert by_window == ["steady", "steady", "drifted"]
    first = seen["changes"][0]
    assert first["column"] == "bill"
    assert 1000 < first["row"] < 1200
    assert first["before"] < first["after"]


def test_labels_missing_values_and_unknown_ones_are_seen(model: tuple[Path, str], tmp_path: Path) -> None:
    asked = penguins_asked(600, 4)
    asked.loc[:299, "bill"] = np.nan
    asked.loc[300:, "island"] = "Elsewhere"
    write_log(tmp_path, [asked], model[1])
    seen = columns(look(model[0], read_log(tmp_path), 600))
    assert seen["bill"]["verdict"] == "drifted"
    assert seen["bill"]["missing"] == pytest.approx(0.5, abs=0.02)
    assert seen["island"]["verdict"] == "drifted"
    assert seen["island"]["unseen"] == pytest.approx(0.5)
    assert seen["island"]["bins"][-2:] == ("(not in training)", "(missing)")


def test_predictions_of_another_version_are_not_compared(model: tuple[Path, str], tmp_path: Path) -> None:
    write_log(tmp_path, [penguins_asked(500, 5, bill=56.0)], "another")
    seen = look(model[0], read_log(tmp_path), 500)
    assert [each["name"] for each in seen["newest"]["columns"]] == ["bill", "island"]
    assert seen["newest"]["outputs"] == []
    assert seen["versions"] == {"another": 500}


def test_a_registrys_name_for_a_version_is_that_version(model: tuple[Path, str], tmp_path: Path) -> None:
    write_log(tmp_path, [penguins_asked(300, 6)], f"v3-{model[1]}")
    assert len(look(model[0], read_log(tmp_path), 300)["newest"]["outputs"]) == 2


def test_truth_that_came_is_compared_with_what_was_said(model: tuple[Path, str], tmp_path: Path) -> None:
    asked = penguins_asked(400, 7)
    truth = {i: asked["label"][i] if i % 4 else "Emperor" for i in range(0, 400, 2)}
    write_log(tmp_path, [asked], model[1], truth=truth)
    found = look(model[0], read_log(tmp_path), 400)["correctness"]
    assert found["labelled"] == 200
    assert found["accuracy"] == pytest.approx(0.5)
    assert found["accuracy_low"] == pytest.approx(0.4314, abs=1e-3)
    assert found["accuracy_high"] == pytest.approx(0.5686, abs=1e-3)


def test_forecasts_are_not_scored(tmp_path: Path) -> None:
    schema = Schema("series", (Column("x", "number"),), (), "forecasting", (), "x", 3, 5)
    values = np.arange(100.0)
    reference = Reference((Distribution.of("x", values),), (Distribution.of("value", values),))

    def fill(writing: Path) -> None:
        write_json(writing / "model.json", {"name": "tides"})
        write_json(writing / "schema.json", schema.to_json())
        write_json(writing / "reference.json", reference.to_json())
        write_json(writing / "card.json", {})

    version = write_folder(tmp_path / "tides", fill, force=False)
    head = {"time": 1.0, "request": "f" * 16, "row": 0}
    for kind, row in (
        ("predictions", {"version": version, "status": 200, "ms": 1.0, "in.x": 3.0, "value": 5.0}),
        ("labels", {"value": 4.0}),
    ):
        writer = LogWriter(tmp_path / "log", kind, 100, 3600.0, 2**30)
        writer.write([{**head, **row}])
        writer.close()
    seen = look(tmp_path / "tides", read_log(tmp_path / "log"), 50)
    assert seen["rows"] == 1
    assert seen["correctness"] == {"labelled": 0}


def test_requests_that_were_refused_or_failed_are_counted(model: tuple[Path, str], tmp_path: Path) -> None:
    write_log(tmp_path, [penguins_asked(80, 8)], model[1], refused=15, failed=5, ms=7.0)
    seen = look(model[0], read_log(tmp_path), 100)
    assert seen["service"]["requests"] == 100
    assert (seen["service"]["refused"], seen["service"]["failed"]) == (0.15, 0.05)
    assert seen["service"]["p99"] == 7.0
    assert seen["refused_fields"] == {"island": 15}
    assert seen["newest"]["service"] == seen["service"]


def test_few_rows_are_compared_with_nothing(model: tuple[Path, str], tmp_path: Path) -> None:
    write_log(tmp_path, [penguins_asked(20, 9, bill=90.0)], model[1])
    seen = look(model[0], read_log(tmp_path), 1000)
    assert seen["newest"]["columns"] == []
    assert seen["drifted"] == []


def test_a_log_that_is_written_meanwhile_torn_or_damaged_is_read_as_far_as_it_goes(
    model: tuple[Path, str], tmp_path: Path
) -> None:
    write_log(tmp_path, [penguins_asked(100, 10)], model[1])
    (closed,) = tmp_path.glob("*.parquet")
    (tmp_path / "predictions-20990101T000000-0.jsonl").write_bytes(
        b'{"time":1.0,"request":"%s","row":0,"status":200,"ms":1.0,"version":"x"}\n{"time":2.' % (b"f" * 16)
    )
    (tmp_path / "predictions-20990101T000000-1.parquet").write_bytes(b"PAR1 no more")
    served = read_log(tmp_path)
    assert len(served.rows) == 101
    assert served.unread == ("predictions-20990101T000000-1.parquet",)
    (tmp_path / closed.with_suffix(".jsonl").name).write_bytes(
        b'{"time":1,"request":"a","row":0,"status":200,"ms":1.0,"version":"x"}\n'
    )
    assert len(read_log(tmp_path).rows) == 101, "closed, but its lines not removed yet: counted once"


@pytest.mark.parametrize(
    "line",
    [
        '{"time":1.0,"request":"a","row":0}',
        '{"time":"now","request":"a","row":0,"status":200,"ms":1.0,"version":"x"}',
        '{"time":1e300,"request":"a","row":0,"status":200,"ms":1.0,"version":"x"}',
        '{"time":1.0,"request":["a"],"row":0,"status":200,"ms":1.0,"version":"x"}',
        '{"time":1.0,"request":"a","row":0,"status":null,"ms":1.0,"version":"x"}',
        '{"time":1.0,"request":"a","row":0,"status":200,"ms":1.0,"version":{"a":1}}',
    ],
)
def test_a_file_that_no_server_wrote_is_named_and_left_out(
    model: tuple[Path, str], tmp_path: Path, line: str
) -> None:
    (tmp_path / "predictions-0.jsonl").write_text(f"{line}\n")
    with pytest.raises(DeployError, match=r"nothing that can be read: predictions-0\.jsonl"):
        read_log(tmp_path)
    write_log(tmp_path / "log", [penguins_asked(60, 10)], model[1])
    (tmp_path / "predictions-0.jsonl").rename(tmp_path / "log" / "predictions-0.jsonl")
    seen = look(model[0], read_log(tmp_path / "log"), 60)
    assert (seen["rows"], seen["unread"]) == (60, ["predictions-0.jsonl"])


def test_no_log(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="--log DIR"):
        read_log(tmp_path / "none")
    with pytest.raises(DeployError, match="ask the server something"):
        read_log(tmp_path)


def test_steady_columns_are_called_drifted_no_more_often_than_stated() -> None:
    """Windows of 200 rows of the very distribution, 400 times: at 0.01 for all columns together a few may move."""
    rng = np.random.default_rng(0)
    names = [f"c{i}" for i in range(8)]
    reference = [Distribution.of(name, rng.normal(size=1000)) for name in names]
    moved = sum(
        any(
            drift.verdict != "steady"
            for drift in drift_of(reference, {n: rng.normal(size=200) for n in names})
        )
        for _ in range(400)
    )
    assert moved <= 10
