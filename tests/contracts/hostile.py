"""A run directory in which every file is a trap: whoever unpickles, imports or follows one leaves a mark."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np

from search.api import Sweep
from search.journal import encode, read_journal
from search.paths import RunPaths

__all__ = ["Trap", "trapped_run"]

_BENIGN = """
    import math


    class Model:
        def setup(self, config, *, seed, device):
            self.lr, self.done = config["lr"], 0
            print("hello from", seed)
            if self.lr > 0.05:
                raise ValueError("too far")

        def step(self):
            self.done += 1
            return {"loss": (math.log10(self.lr) + 0.2) ** 2 + math.exp(-self.done)}

        def save(self, directory):
            (directory / "weights.pt").write_text(str(self.done))

        def load(self, directory):
            self.done = int((directory / "weights.pt").read_text())


    def load():
        return {"x": [1.0]}
"""
_SWEEP = """
    trainable: code.py:Model
    metric: loss
    method: random
    max_steps: 3
    run_cap: 40
    data: {source: "code.py:load"}
    parameters:
      lr: {min: 1e-4, max: 1e-1, distribution: log_uniform_values}
"""
_SHADOWS = (  # of modules that reading commands load, or that Python runs by itself
    *(
        "sitecustomize",
        "usercustomize",
        "conftest",
        "__init__",
        "__main__",
        "json",
        "numpy",
        "pandas",
        "torch",
    ),
    *("ray", "tensorboard", "optuna", "jinja2", "plotly", "rich", "yaml", "tuneyard", "search", "code"),
)
_PICKLES = (
    *("tune/g001/tuner.pkl", "tune/g001/trainable.pkl", "tune/g001/searcher-state-2026.pkl"),
    *("tune/g001/search_gen_state-2026.json", "tune/g001/basic-variant-state-2026.json"),
    *("tune/g001/experiment_state-2026.json", "tune/g001/t00000/params.pkl", "tune/g001/t00000/error.pkl"),
    *(
        "model/model.pkl",
        "model/model.joblib",
        "model/model.pt",
        "cache/data.pkl",
        "data.json",
        "searcher.pkl",
    ),
    *("wandb/run-1/files/output.pkl", "mlruns/0/artifacts/model/model.pkl", "trials/t00000/state.pickle"),
    *("tensorboard/t00000/events.out.tfevents.1.evil", "trials/t00000/pictures/3/confusion.png"),
    *("report/report.json", "confirm/journal.jsonl", "confirm/sweep.yaml"),
)


@dataclass(frozen=True)
class Trap:
    """`paths`: the run. `marks`: what is executed leaves a file there. `private`: a file outside that links lead to.

    `names`: of every trap that was set.
    """

    paths: RunPaths
    marks: Path
    private: Path
    names: tuple[str, ...]

    @property
    def sprung(self) -> list[str]:
        """The traps that somebody stepped into."""
        return sorted(mark.name for mark in self.marks.iterdir())


class _Payload:
    """What a pickle does when it is loaded."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return os.makedirs, (str(self._mark),)


def trapped_run(folder: Path) -> Trap:
    """A real run in `folder`/runs/trapped, all of whose files are then replaced or joined by traps. Its journal is sound,
    and names as trainable and data code that lies in the run directory."""
    project, marks = folder / "project", folder / "marks"
    project.mkdir()
    marks.mkdir()
    (project / "code.py").write_text(dedent(_BENIGN))
    (project / "sweep.yaml").write_text(dedent(_SWEEP))
    private = folder / "private.txt"
    private.write_text("PRIVATE-KEY-OF-THE-READER\n")
    run = Sweep.from_file(project / "sweep.yaml", ["name=trapped", f"storage={folder / 'runs'}"]).run(
        runner="inline"
    )
    assert run.paths is not None
    root, set_ = run.paths.root, _Traps(run.paths.root, marks)
    _rewrite(run.paths, private)
    for path in sorted(root.rglob("*")):  # every file of a run: checkpoints, event files, logs, the report
        if path.is_file() and path not in (run.paths.journal, run.paths.lock):
            set_.pickle(str(path.relative_to(root)))
    for name in _PICKLES:
        set_.pickle(name)
    set_.array("trials/t00001/values.npy")
    set_.archive("trials/t00001/values.npz")
    for name in _SHADOWS:
        for place in ("", "trials/", "report/", "tensorboard/"):
            set_.module(f"{place}{name}.py")
    set_.module("numpy/__init__.py")
    set_.yaml("sweep.yaml")
    set_.yaml("mlruns/0/meta.yaml")
    for name in ("trials/t00002/stdout.log", "trials/t00002/failure-1.txt", "trials/t00002/stderr.log"):
        set_.link(name, private)
    return Trap(run.paths, marks, private, tuple(set_.names))


def _rewrite(paths: RunPaths, private: Path) -> None:
    """The journal as an attacker would have it: the code in the run directory, a traceback that is somebody's private file."""
    records: list[Mapping[str, Any]] = []
    for record in read_journal(paths.journal):
        if record["type"] == "sweep":
            record["about"]["settings"]["base"] = str(paths.root)
        if record.get("failure"):
            record["failure"]["log"] = str(private)
        records.append(record)
    assert any(record.get("failure") for record in records), "no trial failed: nothing names a private file"
    paths.journal.write_bytes(b"".join(map(encode, records)))


class _Traps:
    def __init__(self, root: Path, marks: Path) -> None:
        self._root, self._marks = root, marks
        self.names: list[str] = []

    def pickle(self, name: str) -> None:
        self._put(name, pickle.dumps(_Payload(self._mark(name))))

    def array(self, name: str) -> None:
        buffer = io.BytesIO()
        np.save(buffer, np.array([_Payload(self._mark(name))], dtype=object), allow_pickle=True)
        self._put(name, buffer.getvalue())

    def archive(self, name: str) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as file:
            file.writestr("x.npy", pickle.dumps(_Payload(self._mark(name))))
        self._put(name, buffer.getvalue())

    def module(self, name: str) -> None:
        self._put(name, f"import os\nos.makedirs({str(self._mark(name))!r}, exist_ok=True)\n".encode())

    def yaml(self, name: str) -> None:
        self._put(name, f"trainable: !!python/object/apply:os.makedirs [{self._mark(name)}]\n".encode())

    def link(self, name: str, to: Path) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(to)
        self.names.append(name)

    def _mark(self, name: str) -> Path:
        return self._marks / name.replace("/", "+")

    def _put(self, name: str, content: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        self.names.append(name)
