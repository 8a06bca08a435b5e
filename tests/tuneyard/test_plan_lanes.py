"""`tuneyard plan`: which trials would share a computation, and why others would not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

SPACE = """trainable: mlp
parameters:
  lr: {min: 1e-4, max: 1e-1, log: true}
  optimizer: {values: [adam, sgd, lbfgs]}
  batch_size: {values: [32, 64]}
  momentum: 0.9
run_cap: 30
lanes: 32
"""


@pytest.fixture
def sweep_file(tmp_path: Path) -> Path:
    file = tmp_path / "sweep.yaml"
    file.write_text(SPACE)
    return file


def test_shapes_are_listed_and_so_is_what_trains_by_itself(call: Call, sweep_file: Path) -> None:
    lanes = call("plan", sweep_file, "--json").json["lanes"]
    assert (lanes["width"], lanes["queue"], lanes["drawn"]) == (32, 128, 200)
    assert len(lanes["shapes"]) == 4
    assert all(each["shape"].startswith("mlp, ") for each in lanes["shapes"])
    assert [each["reason"].partition(":")[0] for each in lanes["alone"]] == ["optimizer lbfgs"]
    shares = [each["share"] for each in (*lanes["shapes"], *lanes["alone"])]
    assert sum(shares) == pytest.approx(1.0)
    assert lanes["remark"] is None
    out = call("plan", sweep_file).out
    assert "lanes      32 in a worker, 128 open trials at most; of 200 configs drawn at random " in out
    assert "% train together, in 4 shapes" in out
    assert "% by themselves: optimizer lbfgs: " in out
    assert "needs      1 CPU a worker" in out


def test_shapes_that_look_alike_are_told_apart(call: Call, sweep_file: Path) -> None:
    sweep_file.write_text(
        "trainable: mlp\ndata: {source: digits, scaling: {values: [none, zscore]}}\nparameters:\n  optimizer: adam\n"
        "  batch_size: 64\n  accumulate: {values: [1, 2]}\nlanes: auto\n"
    )
    shapes = call("plan", sweep_file, "--json").json["lanes"]["shapes"]
    assert len(shapes) == 4
    assert {each["shape"].split(", accumulate ")[-1] for each in shapes} == {
        f"{accumulate}, data.scaling {scaling}" for accumulate in (1, 2) for scaling in ("none", "zscore")
    }


def test_lanes_that_would_be_nearly_empty_are_remarked_upon(call: Call, sweep_file: Path) -> None:
    wide = call("plan", sweep_file, "--set", "parameters.model.width={min: 16, max: 256, step: 2}").out
    assert "in a worker" in wide
    assert "give options that are part of the shape fewer values, or write a longer queue" in wide


def test_a_trainable_without_lanes_is_told_so(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("trainable: branin\nlanes: auto\n")
    assert (
        "no config of this space can be trained in lanes, so they change nothing; leave lanes out"
        in call("plan", file).out
    )


def test_without_lanes_nothing_is_said_of_them(call: Call, sweep_file: Path) -> None:
    sweep_file.write_text(SPACE.replace("lanes: 32\n", ""))
    assert call("plan", sweep_file, "--json").json["lanes"] is None
    assert "\nlanes  " not in call("plan", sweep_file).out


def test_it_is_worked_out_without_torch(sweep_file: Path) -> None:
    code = (
        "import sys; from tuneyard.__main__ import main\n"
        "print(main(['plan', sys.argv[1]]), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(sweep_file)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert done.stdout.rstrip().endswith("0 False"), done.stdout
