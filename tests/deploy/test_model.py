"""A model folder: verified to the last byte, loaded without anything of the run, refused where it was touched."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.winners import trained
from deploy.errors import DeployError, ModelError
from deploy.export import export
from deploy.folder import write_folder
from deploy.model import Model
from deploy.reference import Reference
from deploy.schema import Schema
from deploy.trained import Trained
from deploy.trusted import read_object, write_object
from trainables.errors import TrainableError

skops = pytest.importorskip(
    "skops.io", reason="model folders are written by skops: pip install 'tuneyard[deploy]'"
)

FILES = {
    "card.json",
    "card.md",
    "manifest.json",
    "model.json",
    "model.skops",
    "preparation.skops",
    "reference.json",
    "requirements.txt",
    "schema.json",
}


@pytest.fixture(scope="module")
def winner(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained(tmp_path_factory.mktemp("winner"), "classical", "penguins", {"estimator": "logistic"})


@pytest.fixture(scope="module")
def written(winner: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "penguins"
    export(winner, folder)
    return folder


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy, to be damaged."""
    return Path(shutil.copytree(written, tmp_path / "model"))


def test_the_folder_holds_what_is_promised_and_says_what_the_trial_said(
    folder: Path, winner: Trained
) -> None:
    assert {file.name for file in folder.iterdir()} == FILES
    model = Model.load(folder)
    found = model.predict(winner.raw("valid"))
    assert found.probabilities is not None
    assert found.labels is not None
    assert np.array_equal(found.probabilities, winner.predict(winner.data.valid_x))
    assert found.labels[0] == winner.labels[int(found.probabilities[0].argmax())]
    assert model.schema == winner.schema == Schema.from_json(winner.schema.to_json())
    assert model.reference == Reference.from_json(model.reference.to_json())
    assert model.name == winner.name


def test_the_card_tells_how_good_it_is_and_what_it_must_not_be_used_for(
    folder: Path, winner: Trained
) -> None:
    card = Model.load(folder).card
    assert card["metrics"]["val/accuracy"] == winner.trial.results[-1].metrics["val/accuracy"]
    assert card["data"]["fingerprint"] == winner.records.fingerprint
    assert card["data"]["rows"] == {"train": len(winner.data.train_x), "valid": len(winner.data.valid_x)}
    assert card["confirmation"] is None
    assert any("not confirmed" in limit for limit in card["limits"])
    text = (folder / "card.md").read_text()
    assert "val/accuracy" in text
    assert card["limits"][0] in text
    requirements = (folder / "requirements.txt").read_text()
    assert f"scikit-learn=={card['versions']['scikit-learn']}" in requirements


def changed(folder: Path) -> Path:
    file = folder / "model.skops"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return file


def missing(folder: Path) -> Path:
    (folder / "schema.json").unlink()
    return folder / "schema.json"


def extra(folder: Path) -> Path:
    (folder / "extra.py").write_text("print('hello')")
    return folder / "extra.py"


def linked(folder: Path) -> Path:
    file = folder / "card.md"
    elsewhere = folder.with_name("card.md")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    return file


def garbled(folder: Path) -> Path:
    (folder / "manifest.json").write_text("[" * 100_000)
    return folder / "manifest.json"


@pytest.mark.parametrize("damage", [changed, missing, extra, linked, garbled])
def test_a_folder_that_was_touched_is_refused_and_the_file_named(
    damage: Callable[[Path], Path], folder: Path
) -> None:
    file = damage(folder)
    with pytest.raises(ModelError, match=f"{file}"):
        Model.load(folder)


@pytest.mark.parametrize(
    "runtime",
    [
        [],
        {"kind": "odd"},
        {"kind": "sklearn", "file": "../elsewhere.skops"},
        {"kind": "sklearn", "file": "card.md"},
        {"kind": "xgboost", "file": "card.md"},
        {"kind": "lightgbm", "files": ["card.md"]},
        {"kind": "onnx", "file": "card.md"},
        {"kind": "network", "file": "card.md", "network": {"trainable": "mlp"}},
    ],
)
def test_a_folder_with_right_hashes_and_wrong_contents_is_refused(
    runtime: Any, written: Path, tmp_path: Path
) -> None:
    shutil.copy(written / "model.skops", tmp_path / "elsewhere.skops")

    def fill(folder: Path) -> None:
        shutil.copytree(written, folder, dirs_exist_ok=True)
        (folder / "manifest.json").unlink()
        said = json.loads((folder / "model.json").read_text())
        said["runtime"] = {**said["runtime"], **runtime} if isinstance(runtime, dict) else runtime
        (folder / "model.json").write_text(json.dumps(said))

    if isinstance(runtime, dict) and runtime["kind"] in ("xgboost", "lightgbm"):
        pytest.importorskip(runtime["kind"], reason="an optional package")
    write_folder(tmp_path / "model", fill, force=False)
    with pytest.raises((ModelError, TrainableError)):
        Model.load(tmp_path / "model")


def test_what_is_no_model_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        Model.load(tmp_path)
    with pytest.raises(ModelError, match="there is no such folder"):
        Model.load(tmp_path / "nowhere")


def test_an_object_of_another_type_is_not_made(tmp_path: Path) -> None:
    skops.dump(Exception("of no trusted type"), tmp_path / "other.skops")
    skops.dump({"path": Path("somewhere"), "model": Model}, tmp_path / "type.skops")
    with pytest.raises(ModelError, match=r"type\.skops holds .*deploy\.model\.Model.*not trusted"):
        read_object(tmp_path / "type.skops")


def test_a_vectorizer_that_would_open_files_is_not_used(tmp_path: Path) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MaxAbsScaler

    for reads, refused in (("filename", True), (np.str_("filename"), True), ("content", False)):
        fitted = make_pipeline(TfidfVectorizer(), MaxAbsScaler()).fit(["a text", "another text"])
        fitted.steps[0][1].input = reads
        write_object(fitted, tmp_path / "model.skops", "a pipeline")
        if refused:
            with pytest.raises(ModelError, match="would read them"):
                read_object(tmp_path / "model.skops")
        else:
            assert read_object(tmp_path / "model.skops").transform(["a text"]).shape == (1, 2)


def test_a_description_that_names_foreign_code_imports_nothing(tmp_path: Path) -> None:
    from trainables.neural.blueprint import built

    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\nclass Net: ...\n")
    for name in (f"{tmp_path / 'evil.py'}:Net", "os:system", "mlpp", ["mlp"]):
        with pytest.raises(TrainableError, match="no network"):
            built({"trainable": name, "options": {}, "inputs": {}})
    assert not (tmp_path / "ran").exists()


def test_a_folder_is_replaced_only_when_asked_and_only_if_it_is_one(winner: Trained, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    first = export(winner, folder)
    with pytest.raises(DeployError, match="is there already"):
        export(winner, folder)
    again = export(winner, folder, force=True)
    assert Model.load(folder).version == again.version
    assert first.kind == again.kind == "sklearn"
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(DeployError, match="no model folder, and is not replaced"):
        export(winner, other, force=True)
    assert (other / "thesis.txt").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "model"]


def test_an_unknown_format_is_refused_with_the_nearest(winner: Trained, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="did you mean onnx"):
        export(winner, tmp_path / "model", formats=["onx"])
    with pytest.raises(DeployError, match="torch-export: classical is no network but a LogisticRegression"):
        export(winner, tmp_path / "model", formats=["torch-export"])
    assert list(tmp_path.iterdir()) == []


def test_it_is_loaded_where_neither_the_run_nor_its_data_are_known(written: Path, tmp_path: Path) -> None:
    code = (
        "import sys, json; from deploy.model import Model; model = Model.load(sys.argv[1]);"
        "rows, faults = model.schema.check(json.loads(sys.argv[2]));"
        "print(model.predict(rows).labels[0], faults, sorted({'search.run', 'ray'} & set(sys.modules)))"
    )
    row = {
        "island": "Torgersen",
        "bill_length_mm": 39.1,
        "bill_depth_mm": 18.7,
        "flipper_length_mm": 181,
        "body_mass_g": 3750,
        "sex": "male",
        "year": 2007,
    }
    done = subprocess.run(
        [sys.executable, "-c", code, str(written), json.dumps([row])],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert done.stdout.split() == ["Adelie", "[]", "[]"]
