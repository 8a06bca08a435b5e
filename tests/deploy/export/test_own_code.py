"""Models of the user's own code: as a graph that needs none of it, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from contracts.winners import trained
from deploy.errors import DeployError
from deploy.export import export
from deploy.model import Model

pytest.importorskip("skops", reason="model folders are written by skops: pip install 'tuneyard[deploy]'")

MODULE = """
from torch import nn

class Net(nn.Module):
    def __init__(self, inputs, outputs, width=4):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, width), nn.Tanh(), nn.Linear(width, outputs))
    def forward(self, x):
        return self.layers(x)
"""

PIPELINE = """
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from trainables.classical import Pipelined

class Sound(Pipelined):
    options = {"components": 3}
    def build(self, options, task):
        return make_pipeline(PCA(options["components"]), LogisticRegression())

class Twice(LogisticRegression):
    pass

class Odd(Pipelined):
    options = {"C": 1.0}
    def build(self, options, task):
        return Twice(C=options["C"])
"""


@pytest.mark.slow
def test_a_network_of_the_users_becomes_a_graph_that_needs_no_code(tmp_path: Path) -> None:
    pytest.importorskip(
        "onnxscript", reason="torch writes ONNX by onnxscript: pip install 'tuneyard[deploy]'"
    )
    (tmp_path / "net.py").write_text(MODULE)
    winner = trained(tmp_path, f"{tmp_path / 'net.py'}:Net", "wine", {"model": {"width": 4}})
    with pytest.raises(
        DeployError, match=r"native: .*net\.py:Net is no network of the catalogue.*--format onnx"
    ):
        export(winner, tmp_path / "model")
    done = export(winner, tmp_path / "model", formats=["onnx"])
    assert done.kind == "onnx"
    (tmp_path / "net.py").unlink()
    model = Model.load(tmp_path / "model")
    found = model.predict(winner.raw("valid")).probabilities
    assert found is not None
    assert np.abs(found - winner.predict(winner.data.valid_x)).max() <= 1e-5


def test_a_pipeline_of_scikit_learns_own_parts_is_stored_and_a_class_of_the_users_is_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.py").write_text(PIPELINE)
    winner = trained(tmp_path, f"{tmp_path / 'mine.py'}:Sound", "wine", {"components": 3})
    export(winner, tmp_path / "model")
    found = Model.load(tmp_path / "model").predict(winner.raw("valid")).probabilities
    assert np.array_equal(found, winner.predict(winner.data.valid_x))
    odd = trained(tmp_path, f"{tmp_path / 'mine.py'}:Odd", "wine", {"C": 1.0}, name="odd")
    with pytest.raises(DeployError, match=r"holds .*Twice, which no reader of a model would trust"):
        export(odd, tmp_path / "odd")
