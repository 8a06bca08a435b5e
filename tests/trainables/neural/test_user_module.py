"""A module of the user's own: what cannot be used, what its constructor is given, and the contract of a learner."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from contracts.trainable import Case, LearnerContract
from trainables import DataError, Declaration, Host, PlugError, TrainableError, resolve

EXAMPLE = Path(__file__).parents[3] / "examples" / "own_module.py"

MODULES = """
import torch
from torch import nn

class Line(nn.Module):
    views = "features"
    declared = {"max_steps": 4, "data": "wine", "parameters": {"lr": {"min": 0.1, "max": 0.2}, "model": {"bias": {"values": [True, False]}}}}

    def __init__(self, inputs, outputs, bias=True, sizes=(3, 4), *args, **kwargs):
        super().__init__()
        assert sizes == (3, 4) or isinstance(sizes, list)
        self.line = nn.Linear(inputs, outputs, bias=bias)

    def forward(self, x):
        return self.line(x)

class Lazy(nn.Module):
    def __init__(self):
        super().__init__()
        self.line = nn.LazyLinear(3)

    def forward(self, x):
        return self.line(x.flatten(1))

class Required(Line):
    def __init__(self, inputs, outputs, width, depth=2):
        super().__init__(inputs, outputs)

class Words(nn.Module):
    def __init__(self, vocabulary_size, inputs, shape, outputs):
        super().__init__()
        assert vocabulary_size == inputs > 2 and len(shape) == 1
        self.words = nn.EmbeddingBag(vocabulary_size, outputs)

    def forward(self, x):
        return self.words(x)

class Wrong(Line):
    def forward(self, x):
        return self.line(x)[:, :2]

class Fails(Line):
    def forward(self, x):
        raise RuntimeError("of the user's own")

class Pair(Line):
    def forward(self, x):
        return super().forward(x), None

class Narrow(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.map = nn.Linear(7, outputs)
    def forward(self, x):
        return self.map(x)

class Empty(nn.Module):
    views = "features"
    def forward(self, x):
        return x[:, :3]

class NoView(Line):
    views = ("pictures",)

class WrongKey(Line):
    declared = {"metrics": "loss"}

class ByPosition(nn.Module):
    def __init__(self, width, /):
        super().__init__()

class Trains(nn.Module):
    def setup(self, config): ...
    def step(self): ...
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "nets.py").write_text(MODULES)
    return tmp_path


def start(folder: Path, name: str, config: dict[str, Any]) -> Host:
    host = Host(resolve(f"nets.py:{name}", folder))
    host.start({"data": "wine", **config}, seed=0)
    return host


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("NoView", "there is no view 'pictures'; did you mean features?"),
        ("WrongKey", "declared has an unknown key 'metrics'; did you mean metric?"),
        ("ByPosition", "takes width by position only"),
    ],
)
def test_modules_that_cannot_be_used(folder: Path, name: str, rule: str) -> None:
    with pytest.raises(PlugError, match=re.escape(rule)):
        resolve(f"nets.py:{name}", folder)


@pytest.mark.parametrize(
    ("name", "config", "rule"),
    [
        (
            "Line",
            {"model": {"biass": True}},
            "Line(inputs, outputs, bias=True, sizes=(3, 4)) has no option 'model.biass'; did you mean model.bias or model.sizes?",
        ),
        ("Line", {"model": {"inputs": 5}}, "has no option 'model.inputs'"),
        ("Line", {"model": {"bias": 2}}, "model.bias is of type bool"),
        ("Line", {"lr": -1.0}, "lr is at least 0, not -1.0"),
        ("Required", {}, "requires model.width; give it under model:"),
        ("Wrong", {}, "of a batch of shape (2, 13) its forward made (2, 2), not (2, 3)"),
        ("Pair", {}, "of a batch of shape (2, 13) its forward made a tuple, not (2, 3)"),
        ("Empty", {}, "Empty() has no parameters"),
    ],
)
def test_wrong_options_and_wrong_shapes(folder: Path, name: str, config: dict[str, Any], rule: str) -> None:
    with pytest.raises(TrainableError, match=re.escape(rule)):
        start(folder, name, config)


def test_what_the_module_itself_raises_comes_through(folder: Path) -> None:
    with pytest.raises(RuntimeError, match="of the user's own"):
        start(folder, "Fails", {})


def test_a_forward_that_does_not_fit_the_data_says_what_it_was_given(folder: Path) -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied") as caught:
        start(folder, "Narrow", {})
    assert "tried on a batch of shape (2, 13), features of the data" in "".join(caught.value.__notes__)


def test_data_that_it_does_not_read(folder: Path) -> None:
    plug = resolve(f"{EXAMPLE}:Mixer")
    with pytest.raises(DataError, match="reads images, and table data comes as features"):
        plug.declaration("wine")
    with pytest.raises(DataError, match="data: is missing"):
        Host(plug).start({}, seed=0)


def test_what_it_declares_comes_on_top_of_what_the_loop_declares(folder: Path) -> None:
    declared = resolve("nets.py:Line", folder).declaration()
    assert (declared.metric, declared.goal, declared.step_unit) == ("val/accuracy", "maximize", "epoch")
    assert (declared.max_steps, declared.data) == (4, "wine")
    assert declared.parameters["lr"] == {"min": 0.1, "max": 0.2}
    assert {"model", "optimizer", "batch_size"} <= set(declared.parameters)
    other = resolve("nets.py:Line", folder).declaration("diabetes")
    assert (other.metric, other.goal) == ("val/rmse", "minimize")
    assert isinstance(resolve("nets.py:Lazy", folder).declaration(), Declaration)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("Line", {"model": {"bias": False}}),
        ("Line", {"model": {"sizes": [5]}}),
        ("Line", {"data": "diabetes"}),
        ("Lazy", {}),
        ("Required", {"model": {"width": 3}}),
    ],
)
def test_modules_of_many_kinds_train(folder: Path, name: str, config: dict[str, Any]) -> None:
    host = start(folder, name, {"lr": 0.05, **config})
    losses = [(host.advance() or {})["train/loss"] for _ in range(4)]
    assert losses[-1] < losses[0]


def test_a_module_that_reads_words(folder: Path) -> None:
    rows = "".join(f"{label},the film was {word}\n" for label, word in (("yes", "good"), ("no", "bad")) * 40)
    (folder / "texts.csv").write_text("label,text\n" + rows)
    data = {"source": str(folder / "texts.csv"), "target": "label", "modality": "text"}
    host = start(folder, "Words", {"data": data, "lr": 0.1})
    losses = [(host.advance() or {})["train/loss"] for _ in range(3)]
    assert losses[-1] < losses[0]


def test_a_module_that_trains_itself_is_left_alone(folder: Path) -> None:
    plug = resolve("nets.py:Trains", folder)
    assert plug.target.__mro__[1].__name__ == "Module"
    assert not plug.can_checkpoint


def test_a_module_from_python(folder: Path) -> None:
    from torch import nn

    class Inside(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.line = nn.Linear(inputs, outputs)

        def forward(self, x: Any) -> Any:
            return self.line(x)

    plug = resolve(Inside)
    assert not plug.importable
    host = Host(plug)
    host.start({"data": "wine"}, seed=0)
    assert host.advance()


def test_a_class_that_looks_like_a_module_is_known_without_importing_torch() -> None:
    code = (
        "import sys\nfrom trainables import resolve\n"
        "base = type('Module', (), {'__module__': 'torch.nn.modules.module'})\n"
        "print(resolve(type('Own', (base,), {})).can_checkpoint, 'torch' in sys.modules)"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "False"]


class TestLearner(LearnerContract):
    @pytest.fixture(
        params=[
            Case(
                f"{EXAMPLE}:Mixer",
                {"data": {"source": "digits", "limit": 400}},
                steps=3,
                seeded=True,
                learning={"lr": 0.01},
                diverging={"optimizer": "sgd", "lr": 1e30},
            )
        ],
        ids=["own_module"],
    )
    def case(self, request: pytest.FixtureRequest) -> Case:
        found = request.param
        assert isinstance(found, Case)
        return found
