"""A file of rows through a model: every format, bad rows by their numbers, and the command line."""

from __future__ import annotations

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.winners import trained
from deploy.errors import DeployError
from deploy.export import export
from deploy.model import Model
from deploy.prediction import predict_file, predicting
from deploy.prediction.writing import opened_table
from deploy.trained import Trained
from tuneyard.__main__ import main

pytest.importorskip("skops", reason="model folders are written by skops: pip install 'tuneyard[deploy]'")


@pytest.fixture(scope="module")
def winner(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained(tmp_path_factory.mktemp("winner"), "classical", "penguins", {"estimator": "logistic"})


@pytest.fixture(scope="module")
def folder(winner: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "penguins"
    export(winner, path)
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> Model:
    return Model.load(folder)


def written(frame: pd.DataFrame, folder: Path, kind: str) -> tuple[str, str | None]:
    """The frame as a source of this kind, and the query for it."""
    path = folder / f"rows.{kind}"
    match kind:
        case "csv":
            frame.to_csv(path, index=False)
        case "tsv.gz":
            path.write_bytes(gzip.compress(frame.to_csv(index=False, sep="\t").encode()))
        case "jsonl":
            frame.to_json(path, orient="records", lines=True)
        case "parquet":
            frame.to_parquet(path)
        case "db":
            with sqlite3.connect(path) as database:
                frame.to_sql("rows", database, index=False)
            database.close()
            return f"sqlite:///{path}", "SELECT * FROM rows"
    return str(path), None


@pytest.mark.parametrize("kind", ["csv", "tsv.gz", "jsonl", "parquet", "db"])
def test_every_kind_of_source_gives_the_same_predictions(
    kind: str, winner: Trained, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predicting, "ROWS", 50)  # several chunks
    if kind == "db":
        pytest.importorskip("sqlalchemy", reason="databases are read through SQLAlchemy: 'tuneyard[sql]'")
    frame = winner.records.frame
    assert frame is not None
    source, query = written(frame, tmp_path, kind)
    seen: list[int] = []
    done = predict_file(model, source, tmp_path / "out.csv", query=query, progress=seen.append)
    assert (done.rows, done.predicted, done.bad, done.faults) == (len(frame), len(frame), 0, None)
    assert seen == sorted(seen)
    assert len(seen) == -(-len(frame) // 50)
    found = pd.read_csv(tmp_path / "out.csv")
    expected = winner.predict(winner.inputs(frame))
    names = [f"probability_{label}" for label in winner.labels]
    assert list(found.columns) == ["row", "prediction", *names]
    assert found[names].to_numpy() == pytest.approx(expected, abs=1e-12)
    first = 2 if kind in ("csv", "tsv.gz") else 1
    assert found["row"].tolist() == list(range(first, first + len(frame)))
    assert found["prediction"].tolist() == [winner.labels[place] for place in expected.argmax(axis=1)]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_predictions_are_written_as_the_name_says(
    ending: str, winner: Trained, model: Model, tmp_path: Path
) -> None:
    frame = winner.records.frame
    assert frame is not None
    source, _ = written(frame.head(7), tmp_path, "csv")
    out = tmp_path / f"out.{ending}"
    predict_file(model, source, out)
    found = {
        "csv": pd.read_csv,
        "parquet": pd.read_parquet,
        "jsonl": lambda path: pd.read_json(path, lines=True),
    }[ending](out)
    assert len(found) == 7
    assert set(found["prediction"]) <= set(winner.labels)
    with pytest.raises(DeployError, match=r"end its name in one of these"):
        predict_file(model, source, tmp_path / "out.xlsx")
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name, "rows.csv"] or ending == "csv"


def broken(winner: Trained, path: Path) -> Path:
    frame = winner.records.frame
    assert frame is not None
    lines = frame.head(6).to_csv(index=False).splitlines()
    cells = lines[2].split(",")
    cells[2] = "long"
    lines[2] = ",".join(cells)  # row 3
    lines[4] = "Adelie,Torgersen"  # row 5
    path.write_text("\n".join(lines) + "\n")
    return path


def test_bad_rows_are_reported_by_number_and_stop_nothing(
    winner: Trained, model: Model, tmp_path: Path
) -> None:
    done = predict_file(model, str(broken(winner, tmp_path / "rows.csv")), tmp_path / "out.csv")
    assert (done.rows, done.predicted, done.bad) == (6, 4, 2)
    assert pd.read_csv(tmp_path / "out.csv")["row"].tolist() == [2, 4, 6, 7]
    faults = pd.read_csv(tmp_path / "out.faults.csv")
    assert faults["row"].tolist() == [3, 5]
    assert faults["field"].tolist()[0] == "bill_length_mm"
    assert faults["value"].tolist()[0] == "'long'"
    assert faults["rule"].tolist() == [
        "is a number",
        "has 2 cells where the first line names 8",
    ]


def test_lines_that_are_no_json_are_bad_rows(winner: Trained, model: Model, tmp_path: Path) -> None:
    frame = winner.records.frame
    assert frame is not None
    good = frame.head(1).to_json(orient="records", lines=True).strip()
    (tmp_path / "rows.jsonl").write_text("\n".join(["{", good, "[" * 5000, "7", '{"year": NaN}', ""]))
    done = predict_file(model, str(tmp_path / "rows.jsonl"), tmp_path / "out.jsonl")
    assert (done.rows, done.predicted, done.bad) == (5, 1, 4)
    assert json.loads((tmp_path / "out.jsonl").read_text())["row"] == 2
    assert sorted(set(pd.read_csv(tmp_path / "out.faults.csv")["row"])) == [1, 3, 4, 5]


def test_what_cannot_be_read_at_all_leaves_an_earlier_output_alone(model: Model, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("earlier")
    (tmp_path / "rows.parquet").write_bytes(b"no parquet")
    with pytest.raises(Exception, match=r"cannot read .*rows\.parquet"):
        predict_file(model, str(tmp_path / "rows.parquet"), out)
    with pytest.raises(DeployError, match="there is no file"):
        predict_file(model, str(tmp_path / "nowhere.csv"), out)
    assert out.read_text() == "earlier"


def test_what_is_read_is_never_written_over(winner: Trained, model: Model, tmp_path: Path) -> None:
    frame = winner.records.frame
    assert frame is not None
    for source, out in (("rows.csv", "rows.csv"), ("out.faults.csv", "out.csv")):
        frame.head(3).to_csv(tmp_path / source, index=False)
        before = (tmp_path / source).read_text()
        with pytest.raises(DeployError, match="is the file that is read"):
            predict_file(model, str(tmp_path / source), tmp_path / out)
        assert (tmp_path / source).read_text() == before
    with pytest.raises(DeployError, match="is in the model folder"):
        predict_file(model, str(tmp_path / "rows.csv"), model.folder / "out.csv")


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    with opened_table(tmp_path / "out.csv", ("row", "prediction")) as append:
        append([["=1+1.png", "a.png"], ["@SUM(A1)", "-1"]])
    assert (tmp_path / "out.csv").read_text().splitlines()[1:] == ["'=1+1.png,'@SUM(A1)", "a.png,-1"]


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    for label, level in (("dark", 40), ("light", 200)):
        (tmp_path / "train" / label).mkdir(parents=True)
        for number in range(12):
            pixels = np.clip(rng.normal(level, 20, (9, 8, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).resize((20, 18)).save(tmp_path / "train" / label / f"{number}.png")
    data = {"source": str(tmp_path / "train"), "features": {"side": 6}}
    winner = trained(tmp_path, "classical", data, {"estimator": "logistic"})
    export(winner, tmp_path / "model")
    (tmp_path / "train" / "broken.png").write_bytes(b"no picture")
    done = predict_file(Model.load(tmp_path / "model"), str(tmp_path / "train"), tmp_path / "out.csv")
    assert (done.rows, done.predicted, done.bad) == (25, 24, 1)
    found = pd.read_csv(tmp_path / "out.csv").set_index("row")
    assert winner.records.array is not None
    expected = winner.predict(winner.inputs(winner.records.array))
    for index in range(24):
        place = winner.records.place(index)
        assert found.loc[place, "probability_light"] == pytest.approx(expected[index, 1], abs=1e-12)


def test_a_series_is_forecast_from_every_step_that_has_enough_before_it(tmp_path: Path) -> None:
    data = {"source": "co2", "features": {"window": 6, "horizon": 2}, "limit": 100}
    winner = trained(tmp_path, "classical", data, {"estimator": "ridge"})
    export(winner, tmp_path / "model")
    frame = winner.records.frame
    assert frame is not None
    steps = frame.tail(20)
    source, _ = written(steps, tmp_path, "csv")
    done = predict_file(Model.load(tmp_path / "model"), source, tmp_path / "out.csv")
    assert (done.rows, done.predicted) == (20, 15)
    found = pd.read_csv(tmp_path / "out.csv")
    assert list(found.columns) == ["row", "prediction_1", "prediction_2"]
    assert found["row"].tolist() == list(range(7, 22))
    assert found.iloc[:, 1:].to_numpy() == pytest.approx(winner.predict(winner.inputs(steps)))
    lines = Path(source).read_text().splitlines()
    Path(source).write_text("\n".join([*lines[:4], "1,2,3,4,5,6", *lines[5:], ""]))
    done = predict_file(Model.load(tmp_path / "model"), source, tmp_path / "out.csv")
    assert (done.rows, done.predicted, done.bad) == (
        20,
        15,
        1,
    )  # the step that cannot be read keeps its place
    gap = steps.reset_index(drop=True)
    gap.loc[3, "co2"] = np.nan
    found = pd.read_csv(tmp_path / "out.csv")
    assert found["row"].tolist() == list(range(7, 22))
    assert found.iloc[:, 1:].to_numpy() == pytest.approx(winner.predict(winner.inputs(gap)))


def test_texts_are_found_in_the_column_that_the_data_section_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = {"good": ["fine", "great", "nice"], "bad": ["poor", "awful", "sad"]}
    rows = [
        {"id": f"n{row}", "body": " ".join(rng.choice(words[label], 4)), "mood": label}
        for row, label in enumerate(["good", "bad"] * 20)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "notes.csv", index=False)
    data = {"source": str(tmp_path / "notes.csv"), "target": "mood", "columns": {"text": ["body"]}}
    winner = trained(tmp_path, "classical", data, {"estimator": "logistic"})
    export(winner, tmp_path / "model")
    done = predict_file(Model.load(tmp_path / "model"), str(tmp_path / "notes.csv"), tmp_path / "out.csv")
    assert (done.predicted, done.bad) == (40, 0)
    assert pd.read_csv(tmp_path / "out.csv")["prediction"].tolist() == [row["mood"] for row in rows]


def test_an_archive_of_arrays_without_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    np.savez(tmp_path / "rows.npz", x=x, y=np.where(x[:, 0] > 0, "up", "down"))
    winner = trained(tmp_path, "classical", str(tmp_path / "rows.npz"), {"estimator": "logistic"})
    export(winner, tmp_path / "model")
    done = predict_file(Model.load(tmp_path / "model"), str(tmp_path / "rows.npz"), tmp_path / "out.parquet")
    assert (done.predicted, done.bad) == (60, 0)
    expected = winner.predict(winner.inputs(pd.DataFrame(x, columns=["x0", "x1", "x2"])))
    assert pd.read_parquet(tmp_path / "out.parquet")["probability_up"].to_numpy() == pytest.approx(
        expected[:, 1]
    )


def call(capfd: pytest.CaptureFixture[str], *arguments: Any) -> tuple[int, str, str]:
    capfd.readouterr()
    code = main([str(argument) for argument in arguments])
    return (code, *capfd.readouterr())


def test_from_the_command_line(winner: Trained, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert winner.run.paths is not None
    run, model = winner.run.paths.root, tmp_path / "model"
    code, out, err = call(capfd, "export", run, "-o", model)
    assert code == 0
    assert "native" in out
    assert "largest difference" in out
    assert f"tuneyard predict {model}" in err
    code, out, _ = call(capfd, "export", run, "-o", model, "--force", "--json")
    told = json.loads(out)
    assert (code, told["kind"], told["trial"]) == (0, "sklearn", winner.trial.id)
    assert [check["largest_difference"] for check in told["checks"]] == [0.0]
    rows = broken(winner, tmp_path / "rows.csv")
    code, out, err = call(capfd, "predict", model, rows, "-o", tmp_path / "out.csv")
    assert code == 3
    assert "4 predictions of 6 rows" in out
    assert "out.faults.csv" in out
    code, out, _ = call(capfd, "predict", model, rows, "-o", tmp_path / "out.csv", "--json")
    assert (code, json.loads(out)["bad"]) == (3, 2)
    code, _, err = call(capfd, "export", run)
    assert code == 2
    assert "-o DIR" in err
    code, _, err = call(capfd, "export", run, "-o", model)
    assert code == 1
    assert "is there already" in err
