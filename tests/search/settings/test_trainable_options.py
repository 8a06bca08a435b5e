"""What would fail in every trial is told before the first: options that there are not, values of the wrong type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.errors import SettingsError
from search.settings import read_settings
from trainables.catalogue import CATALOGUE
from trainables.plug import resolve

OWN = """
class Own:
    declared = {{"metric": "loss"{more}}}

    def setup(self, config):
        self.x = config["x"]

    def step(self):
        return {{"loss": self.x}}
"""


def refused(text: str, tmp_path: Path) -> list[str]:
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings(path).resolved()
    return [said.removeprefix(str(tmp_path) + "/") for said in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "trainable: mlp\nparameters:\n  lrr: 0.1\n  lr: {min: 0.1, max: 0.2}\n",
            "sweep.yaml:3:3 parameters.lrr: mlp has no such option; did you mean lr?",
        ),
        (
            "trainable: cnn\nparameters:\n  model: {widht: {min: 8, max: 16}}\n",
            "sweep.yaml:3:11 parameters.model.widht: cnn has no such option; did you mean model.width or ",
        ),
        (
            "trainable: xgboost\nparameters: {learning_ratee: {min: 0.1, max: 0.2}}\n",
            "sweep.yaml:2:14 parameters.learning_ratee: xgboost has no such option; did you mean learning_rate?",
        ),
        (
            "trainable: gan\nparameters: {early_stopping: 3, lr: {min: 0.1, max: 0.2}}\n",
            "sweep.yaml:2:14 parameters.early_stopping: gan has no such option; ",
        ),
        (
            "trainable: mlp\nparameters: {optimizer: {values: [sgd, adamm]}}\n",
            "sweep.yaml:2:14 parameters.optimizer: cannot be 'adamm'; did you mean adam or adamw",
        ),
        (
            "trainable: cnn\nparameters: {lr: -1.0, dropout: {min: 0.0, max: 0.5}}\n",
            "sweep.yaml:2:14 parameters.lr: is at least 0, not -1.0",
        ),
        (
            "trainable: transformer\nparameters: {dropout: {min: 0.5, max: 1.0}}\n",
            "sweep.yaml:2:14 parameters.dropout: is at least 0 and below 1, not 1.0",
        ),
        (
            "trainable: classical\nparameters: {estimator: {values: [svm, forrest]}}\n",
            "sweep.yaml:2:14 parameters.estimator: cannot be 'forrest'; ",
        ),
        (
            "trainable: rnn\nparameters: {model: {values: [1, 2]}}\n",
            "sweep.yaml:2:14 parameters.model: is a group of options; known: model.anchor, ",
        ),
        (
            "trainable: mlp\nparameters: {batch_size: {values: [32, many]}}\n",
            "sweep.yaml:2:14 parameters.batch_size: is of type int (default 64), not 'many'",
        ),
        (
            "trainable: mlp\nparameters: {batch_size: {min: 16.0, max: 64.0}}\n",
            "sweep.yaml:2:14 parameters.batch_size: is of type int (default 64), not 34.",
        ),
        (
            "trainable: curves\nparameters: {qualty: {min: 0.0, max: 1.0}}\n",
            "sweep.yaml:2:14 parameters.qualty: curves has no such option; did you mean quality?",
        ),
    ],
)
def test_it_stands_in_its_place_with_the_nearest_name(text: str, said: str, tmp_path: Path) -> None:
    (problem,) = refused(text, tmp_path)
    assert problem.startswith(said)


def test_every_one_is_told_at_once(tmp_path: Path) -> None:
    problems = refused(
        "trainable: mlp\nparameters:\n  lrr: 0.1\n  momentun: {min: 0.1, max: 0.2}\n", tmp_path
    )
    assert [said.split()[0] for said in problems] == ["sweep.yaml:3:3", "sweep.yaml:4:3"]


@pytest.mark.parametrize(
    "text",
    [
        "trainable: mlp\nparameters: {batch_size: {min: 16.0, max: 64.0, step: 16.0}, lr: 1, deterministic: true}\n",
        "trainable: mlp\nparameters: {lr: {values: [1, 0.5]}}\ndata: {source: digits, limit: {values: [50, 100]}}\n",
    ],
)
def test_what_a_trainable_takes_passes(text: str, tmp_path: Path) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    assert read_settings(path).resolved().space.searched


@pytest.mark.parametrize(("more", "names"), [("", None), (', "options": ("x", "y")', ["parameters.z"])])
def test_a_trainable_that_tells_no_options_takes_any(more: str, names: Any, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN.format(more=more))
    text = "trainable: own.py:Own\nmax_steps: 1\nparameters: {x: {min: 0.0, max: 1.0}, z: 1}\n"
    if names is None:
        path = tmp_path / "sweep.yaml"
        path.write_text(text)
        assert read_settings(path).resolved().space.names == ("x", "z")
    else:
        assert [each for problem in refused(text, tmp_path) for each in names if each in problem] == names


@pytest.mark.parametrize("name", CATALOGUE)
def test_what_is_declared_fits_itself(name: str, tmp_path: Path) -> None:
    """The default space of every member, against the options that it tells."""
    declared = resolve(name).declaration(None)
    assert set(declared.defaults) <= set(declared.options)
    path = tmp_path / "sweep.yaml"
    path.write_text(f"trainable: {name}\n")
    assert read_settings(path).resolved().space.names
