"""The plug: what cannot be used is refused with the place and the next move; then all the forms that can."""

from __future__ import annotations

import functools
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from trainables import CATALOGUE, Declaration, Host, Plug, PlugError, resolve
from trainables.synthetic import branin

GOOD = """
class Model:
    declared = {"metric": "loss", "max_steps": 3}

    def setup(self, config, *, seed, device):
        self.x = config["x"]

    def step(self):
        return {"loss": self.x}

class Saved(Model):
    def save(self, directory): ...
    def load(self, directory): ...

class Outer:
    Inner = Model

class NoStep:
    def setup(self, config): ...

class NeedsArguments(Model):
    def __init__(self, size): ...

class WrongKey(Model):
    declared = {"metrics": "loss"}

class WrongGoal(Model):
    declared = {"goal": "max"}

class WrongType(Model):
    declared = "loss"

def train(config):
    yield {"loss": config["x"]}

def train_needing(config, data):
    yield {}

def train_nothing():
    yield {}

def ray_style(config):
    return {"loss": 1.0}

def three(a, b, c):
    return a

async def later(config):
    return {}

number = 5
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "good.py").write_text(GOOD)
    return tmp_path


@pytest.mark.parametrize(
    ("ref", "rule"),
    [
        ("mpl", "there is no trainable 'mpl' in the catalogue; did you mean mlp?"),
        ("models/good.py", "models/good.py:NAME"),
        ("models/god.py:Model", "did you mean good.py?"),
        ("model/good.py:Model", "there is no file"),
        ("models/good.py:Modle", "has no 'Modle'; did you mean Model?"),
        ("models/good.py:Outer.Iner", "has no 'Outer.Iner'; did you mean Inner?"),
        ("models/good.py:__builtins__", "two underscores"),
        ("models/good.py:Model.__init__", "two underscores"),
        ("models/good.py:", "is no name of a class or function"),
        ("models/good.py:a b", "is no name of a class or function"),
        ("models/good.py:NoStep", "class NoStep has no step; a trainable is a class with setup"),
        ("models/good.py:NeedsArguments", "its constructor requires size"),
        ("models/good.py:number", "is a int, which cannot be trained"),
        ("models/good.py:train_needing", "it requires data, which no trial passes"),
        ("models/good.py:train_nothing", "takes no config; write def train_nothing(config)"),
        ("models/good.py:three", "it never yields"),
        ("models/good.py:later", "it never yields"),
        ("no_such_package.models:Model", "there is no module 'no_such_package'"),
        ("json.no_such_module:x", "there is no module 'json.no_such_module'"),
        ("json:loadz", "has no 'loadz'; did you mean load or loads?"),
        ("../models:x", "names no module; write package.module:attribute, or path/to/file.py"),
        ("__main__:x", "two underscores"),
        (":x", "names no module"),
    ],
)
def test_what_cannot_be_resolved(folder: Path, ref: str, rule: str) -> None:
    with pytest.raises(PlugError, match=re.escape(rule)):
        resolve(ref, folder)


@pytest.mark.parametrize(
    ("source", "line", "rule"),
    [
        ("x = 1\ndef train(config)\n    yield {}\n", 2, "syntax error: expected ':': 'def train(config)'"),
        ("\nimport no_such_library\n", 2, "needs the module 'no_such_library', which is not installed"),
        ("import os\nfrom os import no_such_name\n", 2, "ImportError: cannot import name 'no_such_name'"),
        ("def f():\n    return 1 / 0\nf()\n", 2, "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("import json\njson.loads('{')\n", 2, "JSONDecodeError"),  # not the library's line
    ],
)
@pytest.mark.parametrize("form", ["broken.py:train", "broken:train"])
def test_a_file_that_does_not_import_says_its_line(
    folder: Path, source: str, line: int, rule: str, form: str
) -> None:
    (folder / "broken.py").write_text(source)
    with pytest.raises(PlugError) as caught:
        resolve(form, folder)
    assert f"broken.py:{line}: " in str(caught.value)
    assert rule in str(caught.value)
    assert not any(name.startswith("tuneyard_file") and "broken" in name for name in sys.modules)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("WrongKey", "unknown key 'metrics'; did you mean metric?"),
        ("WrongGoal", "goal is minimize or maximize, not 'max'"),
        ("WrongType", "not a str"),
    ],
)
def test_a_wrong_declaration(folder: Path, name: str, rule: str) -> None:
    with pytest.raises(PlugError, match=re.escape(rule)):
        resolve(f"models/good.py:{name}", folder).declaration()


@pytest.mark.parametrize(
    ("name", "kind", "can_checkpoint", "native"),
    [
        ("Model", "class", False, False),
        ("Saved", "class", True, False),
        ("Outer.Inner", "class", False, False),
        ("train", "generator", False, False),
        ("ray_style", "ray_function", False, True),
    ],
)
def test_the_kinds(folder: Path, name: str, kind: str, can_checkpoint: bool, native: bool) -> None:
    plug = resolve(f"models/good.py:{name}", folder)
    assert (plug.kind, plug.can_checkpoint, plug.native) == (kind, can_checkpoint, native)
    assert plug.origin == (folder / "models" / "good.py").resolve()
    assert plug.importable


def test_declarations(folder: Path) -> None:
    assert resolve("models/good.py:Model", folder).declaration() == Declaration("loss", max_steps=3)
    assert resolve("models/good.py:train", folder).declaration() == Declaration()
    mlp = resolve("mlp")
    assert mlp.declaration().goal == "maximize"
    assert mlp.declaration("wine").metric == "val/accuracy"
    assert mlp.declaration({"source": "diabetes"}).metric == "val/rmse"
    assert mlp.declaration({"source": "diabetes"}).goal == "minimize"


def test_an_absolute_path_needs_no_base(folder: Path) -> None:
    assert resolve(f"{folder}/models/good.py:train").kind == "generator"


def test_a_file_is_imported_once_until_it_is_edited(folder: Path) -> None:
    first = resolve("models/good.py:train", folder)
    assert resolve(f"{folder}/models/good.py:train").target is first.target
    (folder / "models" / "good.py").write_text(GOOD + "edited = True\n")
    second = resolve("models/good.py:train", folder)
    assert second.target is not first.target
    assert second.target.__module__ == first.target.__module__


def test_a_file_sees_its_neighbours_and_hides_nothing_installed(folder: Path) -> None:
    (folder / "models" / "own_neighbour.py").write_text("LOSS = 2.5\n")
    (folder / "models" / "json.py").write_text("raise RuntimeError('not the one that is meant')\n")
    (folder / "models" / "user.py").write_text(
        "import json\nfrom own_neighbour import LOSS\ndef train(config):\n    yield json.loads('{\"loss\": 2.5}')\n"
    )
    host = Host(resolve("models/user.py:train", folder))
    host.start({}, seed=0)
    assert host.advance() == {"loss": 2.5}


def test_a_package_beside_the_sweep_file(folder: Path) -> None:
    package = folder / "own_package_here"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(GOOD)
    assert resolve("own_package_here.models:Saved", folder).can_checkpoint


def test_a_file_with_dataclasses_works(folder: Path) -> None:
    """`dataclasses` looks its module up in sys.modules while the file is still being imported."""
    (folder / "d.py").write_text(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Options:\n    x: int = 1\ndef train(config):\n    yield {'loss': Options().x}\n"
    )
    assert resolve("d.py:train", folder).kind == "generator"


def test_objects_from_python() -> None:
    plug = resolve(importlib.import_module("trainables.synthetic.curves").Curves)
    assert plug.ref == "trainables.synthetic.curves:Curves"
    assert plug.importable
    assert resolve(plug.ref).target is plug.target
    assert resolve(plug) is plug


def test_objects_that_live_in_no_module_are_to_be_shipped() -> None:
    def train(config: dict[str, Any]) -> Iterator[dict[str, float]]:
        yield {"loss": config["x"]}

    plug = resolve(train)
    assert plug.kind == "generator"
    assert not plug.importable
    partial = resolve(functools.partial(train))
    assert partial.kind == "generator"
    assert not partial.importable
    assert resolve(branin).kind == "generator"
    assert not resolve(branin).importable


@pytest.mark.parametrize("target", [5, object(), lambda: 0])
def test_objects_that_are_no_trainables(target: Any) -> None:
    with pytest.raises(PlugError, match="a trainable is a class"):
        resolve(target)


def test_native_kinds_are_refused_by_the_host(folder: Path) -> None:
    from trainables import TrainableError

    with pytest.raises(TrainableError, match="only under the Ray runner"):
        Host(resolve("models/good.py:ray_style", folder))


def test_a_class_that_looks_like_rays_is_known_without_importing_ray() -> None:
    base = type("Trainable", (), {"__module__": "ray.tune.trainable.trainable"})
    assert resolve(type("Own", (base,), {})).kind == "ray_class"


@pytest.mark.slow
def test_rays_own_classes_are_recognised(folder: Path) -> None:
    """In a process of its own: importing ray.tune takes seconds and would stay loaded."""
    (folder / "native.py").write_text(
        "from ray import tune\n"
        "class Own(tune.Trainable):\n    def step(self):\n        return {'loss': 1}\n"
        "def train(config):\n    tune.report({'loss': 1})\n"
    )
    code = (
        "from pathlib import Path\nfrom trainables import resolve\n"
        "print(*(resolve(f'native.py:{n}', Path('.')).kind for n in ('Own', 'train')))"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=folder,
        env={"PYTHONPATH": root, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["ray_class", "ray_function"]


def test_resolving_the_whole_catalogue_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom trainables import CATALOGUE, resolve\n"
        "for name in CATALOGUE: resolve(name).declaration()\n"
        "print(*({'ray', 'torch', 'sklearn', 'pandas', 'optuna', 'hyperopt', 'scipy.stats'} & set(sys.modules)))"
    )
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": root}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_catalogue_resolves(name: str) -> None:
    plug = resolve(name)
    assert isinstance(plug, Plug)
    assert plug.ref == name
    assert not plug.native
    assert plug.importable


class _Steps:
    def setup(self, config: dict[str, Any]) -> None: ...

    def step(self) -> dict[str, float]:
        return {}


@pytest.mark.parametrize(
    ("draw", "can"),
    [
        (lambda self, directory: None, True),
        (lambda self, directory, scale=2: None, True),
        (lambda self, *where: None, True),
        (lambda self: None, False),
        (lambda self, x, y: None, False),
        ("not callable", False),
    ],
)
def test_a_class_draws_if_its_draw_takes_a_directory(draw: Any, can: bool) -> None:
    assert resolve(type("Draws", (_Steps,), {"draw": draw})).can_draw is can


def test_what_has_no_draw_does_not_draw() -> None:
    assert not resolve(_Steps).can_draw
    assert not resolve("curves").can_draw
    assert resolve("mlp").can_draw
