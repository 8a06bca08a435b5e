"""The `mirrors` section: its defaults and paths, and what is refused before anything is spent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from search.api import Sweep
from search.errors import SettingsError
from search.settings import ResolvedSettings, read_settings

FILE = """\
trainable: {module}:train
metric: loss
parameters: {{x: {{min: 0.0, max: 1.0}}}}
run_cap: 1
mirrors: {mirrors}
"""


@pytest.fixture
def written(tmp_path: Path) -> Any:
    (tmp_path / "train.py").write_text("def train(config):\n    yield {'loss': config['x']}\n")

    def write(mirrors: str) -> Path:
        path = tmp_path / "shapes.yaml"
        path.write_text(FILE.format(module=tmp_path / "train.py", mirrors=mirrors))
        return path

    return write


def test_what_is_left_out_is_filled_in_and_paths_start_at_the_file(written: Any, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="a mirror is refused without its package")
    pytest.importorskip("wandb", reason="a mirror is refused without its package")
    resolved = read_settings(written("{mlflow: {uri: ./ml.db}, wandb: {dir: ../w}}")).resolved()
    mirrors = resolved.to_dict()["mirrors"]
    assert mirrors["mlflow"] == {"uri": f"sqlite:///{tmp_path}/ml.db", "experiment": "shapes"}
    assert mirrors["wandb"] == {
        "project": "shapes",
        "entity": None,
        "mode": "offline",
        "dir": str(tmp_path.parent / "w"),
    }
    assert ResolvedSettings.from_dict(resolved.to_dict()).file == resolved.file
    (tmp_path / "elsewhere").mkdir()
    again = tmp_path / "elsewhere" / "written.yaml"
    again.write_text(resolved.to_yaml())
    assert read_settings(again).resolved().file == resolved.file
    assert read_settings(written("{mlflow: {}}")).resolved().to_dict()["mirrors"] == {
        "mlflow": {"uri": None, "experiment": "shapes"},
        "wandb": None,
    }


@pytest.mark.parametrize(
    "uri",
    [
        "http://host:5000",
        "databricks",
        "databricks://profile",
        "sqlite:////srv/ml.db",
        "https://me:${PW}@host",
    ],
)
def test_other_addresses_stay_as_they_are(written: Any, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow", reason="a mirror is refused without its package")
    monkeypatch.setenv("PW", "x")
    mirrors = read_settings(written(f"{{mlflow: {{uri: '{uri}'}}}}")).resolved().file.mirrors
    assert mirrors is not None
    assert mirrors.mlflow is not None
    assert mirrors.mlflow.uri == uri


@pytest.mark.parametrize(
    ("mirrors", "key", "said"),
    [
        ("{mlflow: {uri: ./mlruns}}", "mirrors.mlflow.uri", "a folder, a store that MLflow has given up"),
        ("{mlflow: {uri: 'file:///x'}}", "mirrors.mlflow.uri", "uri: ./mlflow.db"),
        (
            "{mlflow: {uri: 'http://${NO_SUCH_VARIABLE}/'}}",
            "mirrors.mlflow.uri",
            "NO_SUCH_VARIABLE is not set",
        ),
        ("{mlflow: {uri: 'http://me:pw@host/'}}", "mirrors.mlflow.uri", "a password would be written"),
        ("{wandb: {api_key: abc}}", "mirrors.wandb.api_key", "a secret would be written"),
        ("{wandb: {mode: of}}", "mirrors.wandb.mode", "must be offline or online"),
        ("{wandb: {projct: p}}", "mirrors.wandb.projct", "did you mean project?"),
        ("{mlfow: {}}", "mirrors.mlfow", "did you mean mlflow?"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(written: Any, mirrors: str, key: str, said: str) -> None:
    path = written(mirrors)
    with pytest.raises(SettingsError) as caught:
        read_settings(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:5:")
    assert f" {key}: " in problem
    assert said in problem


@pytest.mark.parametrize(("name", "package"), [("mlflow", "mlflow-skinny"), ("wandb", "wandb")])
def test_a_package_that_is_not_there_is_named_with_the_way_to_get_it(
    written: Any, name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(SettingsError) as caught:
        read_settings(written(f"{{{name}: {{}}}}"))
    assert f"mirrors.{name}: needs the package {package}, which is not installed" in str(caught.value)
    assert f"pip install 'tuneyard[{name}]'" in str(caught.value)


def test_a_folder_store_is_taken_where_mlflow_was_told_so(
    written: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow", reason="a mirror is refused without its package")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mirrors = read_settings(written("{mlflow: {uri: ./mlruns}}")).resolved().to_dict()["mirrors"]
    assert mirrors["mlflow"]["uri"] == str(tmp_path / "mlruns")


def test_from_python() -> None:
    pytest.importorskip("wandb", reason="a mirror is refused without its package")
    sweep = Sweep(_train, parameters={"x": 1}, metric="loss", mirrors={"wandb": {"project": "vision"}})
    assert sweep.resolved.to_dict()["mirrors"]["wandb"]["project"] == "vision"


def _train(config: Any) -> Any:
    yield {"loss": config["x"]}
