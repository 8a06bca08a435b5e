"""The examples and the README's snippets, run as a user would: from a directory outside this repository."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.command_line import PATIENCE

Call = Callable[..., Any]

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.yaml"))
NATIVE = [name for name in EXAMPLES if name.startswith("ray_")]


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A copy of the examples, far from the repository, with the database that one of them reads."""
    copy = shutil.copytree(ROOT / "examples", tmp_path / "mine", ignore=shutil.ignore_patterns("__pycache__"))
    runpy.run_path(str(copy / "sql.py"))["make"](copy)
    return Path(copy)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in NATIVE])
def test_an_example_can_be_planned_and_run_in_this_process(call: Call, examples: Path, name: str) -> None:
    assert call("plan", examples / name).code == 0
    done = call("run", examples / name, "--runner", "inline", "-n", 3, "--set", "max_steps=3", "--json")
    assert done.code == 0, done.err
    assert done.json["trials"]["total"] == 3
    assert done.json["best"] is not None


@pytest.mark.ray
@pytest.mark.parametrize("name", [*NATIVE, "generator.yaml", "own_class.yaml"])
def test_an_example_runs_on_ray(examples: Path, name: str) -> None:
    """In a process of its own: a user's file that imports Ray has to find it as we set it up."""
    done = _tuneyard("run", str(examples / name), "-n", "6", "--json")
    assert done.returncode == 0, done.stderr
    summary = done.stdout.splitlines()[-1]
    assert '"total": 6' in summary
    assert '"failed": 0' in summary


@pytest.mark.ray
@pytest.mark.parametrize("name", NATIVE)
def test_a_native_trainable_is_refused_by_the_inline_runner(examples: Path, name: str) -> None:
    done = _tuneyard("run", str(examples / name), "--runner", "inline")
    assert done.returncode == 2
    assert "only the Ray runner" in done.stderr


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_demo_finds_what_it_promises(call: Call, examples: Path) -> None:
    """The sweep of `make demo`, in full."""
    done = _tuneyard("run", str(examples / "digits.yaml"), "--json", patience=850.0)
    assert done.returncode == 0, done.stderr
    summary = call("show", "last", "--json").json
    assert summary["trials"]["total"] == 40
    assert summary["best"]["value"] >= 0.97
    assert summary["steps_total"] < 40 * 27 / 2  # ASHA has saved more than half
    page = Path("runs/digits/report/index.html")
    assert page.stat().st_size > 100_000
    assert list(Path("runs/digits/tensorboard").rglob("events.out.tfevents.*"))


@pytest.mark.ray
def test_the_python_snippet_of_the_readme_runs() -> None:
    (snippet,) = _blocks("python")
    Path("snippet.py").write_text(
        snippet + "\nprint(len(run.trials), len(run.results))\nprint(run.report())\n"
    )
    done = subprocess.run([sys.executable, "snippet.py"], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    best, counts, page = done.stdout.splitlines()[-3:]
    assert best.startswith("Best(trial='t0000")
    assert counts.startswith("4 ")
    assert Path(page).is_file()


def test_the_shortest_sweep_file_of_the_readme_is_complete(call: Call) -> None:
    (text,) = _blocks("yaml")
    Path("sweep.yaml").write_text(text)
    assert len(text.splitlines()) == 2
    plan = call("plan", "sweep.yaml", "--json").json
    assert plan["metric"] == "val/accuracy"
    assert plan["space"]["searched"] > 5
    assert plan["budget"]["trials"]


def _blocks(language: str) -> list[str]:
    found = re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    return [str(block) for block in found]


def _tuneyard(*arguments: str, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tuneyard", *arguments], capture_output=True, text=True, timeout=patience
    )
