"""plan: what it says is what the sweep then does, and it writes and trains nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.api import Sweep
from search.journal import MemoryJournal
from search.run import Run
from search.sweep import PassiveSweep

Call = Callable[..., Any]

CURVES = """\
trainable: curves
max_steps: 27
run_cap: 30
method: random
early_terminate: {type: asha, min_iter: 1, eta: 3}
"""


@pytest.fixture
def sweep_file(tmp_path: Path) -> Path:
    file = tmp_path / "sweep.yaml"
    file.write_text(CURVES)
    return file


def test_plan_writes_nothing(call: Call, sweep_file: Path) -> None:
    done = call("plan", sweep_file)
    assert done.code == 0
    assert [path.name for path in Path().iterdir()] == ["sweep.yaml"]
    assert "rungs at 1, 3, 9 of 27" in done.out
    assert "at most 810, about" in done.out
    assert f"tuneyard run {sweep_file}" in done.err


def test_the_first_configs_are_exact(call: Call, sweep_file: Path) -> None:
    plan = call("plan", sweep_file, "--set", "points=[{quality: 0.25}]", "--json")
    settings = Sweep.from_file(sweep_file, ["points=[{quality: 0.25}]"]).resolved if plan.code == 0 else None
    assert settings is not None, plan.err
    problem = settings.problem()
    sweep = PassiveSweep.begin(
        problem, settings.searcher(problem), settings.scheduler(problem), MemoryJournal()
    )
    searched = {parameter.name for parameter in problem.space.searched}
    begins = [{k: v for k, v in trial.config.items() if k in searched} for trial in sweep.ask(5, 0.0)]
    assert plan.json["first"] == begins


def test_the_first_configs_are_those_after_what_was_learnt(call: Call, sweep_file: Path) -> None:
    assert call("run", sweep_file, "--runner", "inline", "--name", "first").code == 0
    sets = ("--set", "warm_start=[first]", "--set", "method=tpe", "--set", "run_cap=3")
    planned = call("plan", sweep_file, *sets, "--json").json
    assert planned["warm_start"] == {"runs": ["first"], "trials": 30}
    assert "warm start learns from 30 trials of first" in call("plan", sweep_file, *sets).out
    assert planned["first"][0] != call("plan", sweep_file, "--set", "method=tpe", "--json").json["first"][0]
    assert call("run", sweep_file, *sets, "--runner", "inline", "--name", "second").code == 0
    done = Run.open("second").history.trials
    searched = set(planned["first"][0])
    assert {k: v for k, v in done[0].config.items() if k in searched} == planned["first"][0]


def test_a_run_to_learn_from_that_is_not_there_is_told_before_the_run(call: Call, sweep_file: Path) -> None:
    done = call("plan", sweep_file, "--set", "warm_start=[nowhere]")
    assert done.code == 2
    assert "warm_start: no run 'nowhere'" in done.err


def test_a_confirmation_is_counted(call: Call, sweep_file: Path) -> None:
    assert call("plan", sweep_file, "--json").json["confirm"] is None
    asked = ("--set", "confirm={top: 2, seeds: 4, baseline: {quality: 0.5}}")
    assert call("plan", sweep_file, *asked, "--json").json["confirm"] == {"trials": 12, "steps": 12 * 27}
    said = "confirm    afterwards 12 trials more, at most 324 steps, which no budget limits"
    assert said in call("plan", sweep_file, *asked).out
    repeated = call(
        "plan",
        sweep_file,
        *asked,
        "--set",
        "repeats={over: seeds, times: 3}",
        "--set",
        "early_terminate=none",
    )
    assert "at most 12 seeds" in repeated.out  # each of them is one training


def test_steps_are_rehearsed_with_the_real_scheduler(call: Call, sweep_file: Path) -> None:
    def steps(*sets: str) -> dict[str, Any]:
        options = [part for text in sets for part in ("--set", text)]
        found: dict[str, Any] = call("plan", sweep_file, *options, "--json").json["steps"]
        return found

    stopped = steps()
    assert stopped["at_most"] == 810
    assert 30 < stopped["about"] < 405
    assert steps("early_terminate=none")["about"] == 810
    assert steps("step_budget=100")["at_most"] == 100
    assert steps("run_cap=3000")["about"] > 3000  # a long sweep is rehearsed in part


def test_what_the_audit_is_expected_to_cost(call: Call, sweep_file: Path) -> None:
    plain = call("plan", sweep_file, "--json").json
    assert plain["audit"] is None
    audited = call("plan", sweep_file, "--set", "audit=0.2", "--json").json
    assert audited["audit"]["share"] == 0.2
    assert 1 < audited["audit"]["trials"] < 0.2 * audited["budget"]["trials"]
    assert audited["steps"]["about"] == pytest.approx(
        plain["steps"]["about"] + audited["audit"]["steps"], abs=1
    )
    assert (
        "audit      20% of the stopped trials run on: about"
        in call("plan", sweep_file, "--set", "audit=0.2").out
    )
    idle = call("plan", sweep_file, "--set", "audit=0.2", "--set", "early_terminate=none")
    assert "nothing to audit" in idle.out
    assert "audit: nothing is stopped early" in idle.out


def test_the_size_of_the_space(call: Call, sweep_file: Path) -> None:
    sweep_file.write_text(
        "trainable: sphere\nmetric: loss\nmethod: grid\nmax_steps: 1\nparameters: {a: {values: [1, 2, 3]}, b: {min: 1, max: 4}, c: 5}\n"
    )
    plan = call("plan", sweep_file, "--json").json
    assert plan["space"] == {"searched": 2, "constants": 1, "constraints": 0, "size": 12}
    assert plan["first"][0] == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("max_stpes: 3", "sweep.yaml:6:1 max_stpes: "),
        ("metric: {goal: up}", "sweep.yaml:6:10 metric.goal"),
        ("parameters: {quality: {min: 1, mx: 2}}", "sweep.yaml:6:32 parameters.quality.mx"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_column(
    call: Call, sweep_file: Path, change: str, said: str
) -> None:
    sweep_file.write_text(f"{CURVES}{change}\n")
    for command in ("plan", "run"):
        done = call(command, sweep_file)
        assert done.code == 2
        assert said in done.err
        assert [path.name for path in Path().iterdir()] == ["sweep.yaml"]


def test_a_missing_file_is_named_with_the_nearest(call: Call, sweep_file: Path) -> None:
    done = call("plan", "swep.yaml")
    assert done.code == 2
    assert "did you mean sweep.yaml?" in done.err


def test_roles_are_listed(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(
        "trainable: branin\nmethod: sobol\nrun_cap: 40\nparameters:\n"
        "  x1: {min: -5.0, max: 10.0, role: scientific}\n  x2: {min: 0.0, max: 15.0, role: nuisance}\n"
    )
    assert call("plan", file, "--json").json["roles"] == {
        "scientific": ["x1"],
        "nuisance": ["x2"],
        "fixed": [],
    }
    assert "roles      scientific: x1; nuisance: x2" in call("plan", file).out
    file.write_text(file.read_text().replace(", role: nuisance", "") + "  noise: 0.5\n")
    assert "roles      scientific: x1; nuisance: x2; fixed: noise" in call("plan", file).out
    file.write_text("trainable: branin\n")
    assert "roles  " not in call("plan", file).out
