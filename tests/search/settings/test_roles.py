from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.api import Sweep
from search.errors import SettingsError
from search.problem import Problem
from search.settings import ResolvedSettings, read_settings

HEAD = "trainable: examples/generator.py:train\nmetric: loss\nparameters:\n"
RANGE = "{min: 1e-5, max: 1e-1, log: true, role: nuisance}"


def problems(tmp_path: Path, parameters: str) -> list[str]:
    file = tmp_path / "sweep.yaml"
    file.write_text(HEAD + parameters)
    with pytest.raises(SettingsError) as caught:
        read_settings(file)
    return [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            "  lr: {min: 1e-5, max: 1e-1, log: true, role: fixed}\n",
            "sweep.yaml:4:41 parameters.lr.role: a fixed parameter has one value, and lr is searched (1e-05 to 0.1); "
            "write that value in place of the range, lr: 0.001, or role: nuisance",
        ),
        (
            "  model:\n    kind:\n      values: [a, b]\n      role: fixed\n",
            "sweep.yaml:7:7 parameters.model.kind.role: a fixed parameter has one value, and model.kind is searched (a, b); "
            "write that value in place of the range, kind: b, or role: nuisance",
        ),
        (
            "  lr: {value: 0.1, role: scientific}\n",
            "sweep.yaml:4:20 parameters.lr.role: a scientific parameter is searched, and lr has one value (0.1), so there is "
            "nothing to compare; give it {values: [..]} or {min: .., max: ..}, or write role: fixed",
        ),
        (
            "  kind: {values: [a], role: nuisance}\n",
            "sweep.yaml:4:23 parameters.kind.role: a nuisance parameter is searched, and kind has one value (a), so there is "
            "nothing to tune; give it {values: [..]} or {min: .., max: ..}, or write role: fixed",
        ),
        (
            "  model:\n    role: nuisance\n    width: {min: 1, max: 4}\n",
            "sweep.yaml:5:5 parameters.model.role: a group has no role; write role: nuisance at each of its parameters "
            "(model.width)",
        ),
        (
            "  kind: {values: [a, b]}\n  x:\n    - {min: 0, max: 1, when: {kind: a}, role: nuisance}\n"
            "    - {min: 0, max: 2, when: {kind: b}, role: scientific}\n",
            "sweep.yaml:6:41 parameters.x[0].role: one parameter has one role, and its branches say nuisance and scientific; "
            "write the same in all of them",
        ),
        (
            "  x: {min: 0, max: 1, role: scientfic}\n",
            "sweep.yaml:4:3 parameters.x: unknown role 'scientfic' (did you mean scientific?)",
        ),
    ],
)
def test_a_role_that_does_not_go_with_the_values_is_refused(
    tmp_path: Path, parameters: str, said: str
) -> None:
    assert problems(tmp_path, parameters) == [said]


def test_all_of_them_are_said_at_once(tmp_path: Path) -> None:
    lines = "  a: {value: 1, role: scientific}\n  b: {values: [1, 2], role: fixed}\n"
    assert [problem.split(" ")[1] for problem in problems(tmp_path, lines)] == [
        "parameters.a.role:",
        "parameters.b.role:",
    ]


@pytest.mark.parametrize(
    "parameters",
    [
        {"lr": {"value": 0.1, "role": "fixed"}, "x": {"values": [1, 2], "role": "scientific"}},
        {
            "kind": {"values": ["a", "b"], "role": "scientific"},
            "x": [
                {"value": 3, "when": {"kind": "a"}},
                {"min": 0, "max": 2, "when": {"kind": "b"}, "role": "nuisance"},
            ],
        },
        {"role": {"values": ["leader", "follower"], "role": "scientific"}},
    ],
)
def test_what_goes_together_is_taken(parameters: dict[str, Any]) -> None:
    settings = Sweep("examples/generator.py:train", metric="loss", parameters=parameters).settings
    assert settings.file.parameters == parameters


def test_a_data_option_has_a_role_in_its_place(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(
        "trainable: classical\nparameters:\n  estimator: {values: [svm, knn]}\n"
        "data:\n  source: iris\n  scaling: {values: [none, standard], role: fixed}\n"
    )
    with pytest.raises(
        SettingsError, match=r"sweep\.yaml:6:39 data\.scaling\.role: a fixed parameter has one value"
    ):
        read_settings(file)


def resolved(**keys: Any) -> ResolvedSettings:
    return Sweep("branin", **keys).resolved


def test_roles_stand_in_the_problem_and_come_back_from_the_journal() -> None:
    settings = resolved(
        parameters={
            "x1": {"min": -5.0, "max": 10.0, "role": "scientific"},
            "x2": {"min": 0.0, "max": 15.0},
        },
        run_cap=50,
        method="random",
    )
    problem = settings.problem()
    assert problem.roles == {"x1": "scientific"}
    assert Problem.from_json(problem.to_json()).roles == problem.roles
    again = ResolvedSettings.from_dict(settings.to_dict())
    assert again.problem().roles == problem.roles
    assert not settings.notes


def test_a_recorded_sweep_with_a_role_that_is_refused_today_is_still_read() -> None:
    settings = resolved(parameters={"x1": {"min": -5.0, "max": 10.0}, "x2": {"min": 0.0, "max": 15.0}})
    recorded = settings.to_dict()
    recorded["parameters"]["x1"]["role"] = "fixed"
    assert ResolvedSettings.from_dict(recorded).problem().roles == {"x1": "fixed"}


def test_what_leaves_little_to_be_said_is_noted() -> None:
    parameters = {
        "x1": {"values": [0.0, 1.0, 2.0], "role": "scientific"},
        "x2": {"min": 0.0, "max": 15.0, "role": "nuisance"},
    }
    notes = resolved(parameters=parameters, method="tpe", run_cap=12).notes
    assert notes == (
        "method: tpe gives the values of x1 that look good early more trials; to compare them at equal effort write "
        "method: sobol",
        "run_cap: 12 trials over 3 values of x1 leave about 4 each; to tell them apart takes 10 each and more (run_cap: 30)",
    )
    assert resolved(parameters=parameters, method="sobol", run_cap=30).notes == ()


def roles_and_names(**keys: Any) -> tuple[dict[str, str], set[str]]:
    space = Sweep(**keys).resolved.space
    return {each.name: each.role for each in space.parameters if each.role}, set(space.names)


def test_roles_alone_search_what_the_trainable_declares() -> None:
    everything = set(Sweep("mlp", data="digits").resolved.space.names)
    given = {"optimizer": {"role": "scientific"}, "model": {"width": {"role": "nuisance"}}}
    roles, names = roles_and_names(trainable="mlp", data="digits", parameters=given)
    assert roles == {"optimizer": "scientific", "model.width": "nuisance"}
    assert names == everything
    dotted, _ = roles_and_names(
        trainable="mlp", data="digits", parameters={"model.width": {"role": "scientific"}}
    )
    assert dotted == {"model.width": "scientific"}


def test_a_role_alone_beside_ranges_searches_what_is_named() -> None:
    given = {"optimizer": {"role": "scientific"}, "lr": {"min": 1e-4, "max": 1e-1, "log": True}}
    roles, names = roles_and_names(trainable="mlp", data="digits", parameters=given)
    assert roles == {"optimizer": "scientific"}
    assert names == {"optimizer", "lr", "data.source"}


def test_a_role_alone_keeps_the_conditions_of_what_is_declared() -> None:
    settings = Sweep("classical", data="digits", parameters={"estimator": {"role": "scientific"}}).resolved
    plain = Sweep("classical", data="digits").resolved
    assert settings.problem().roles == {"estimator": "scientific"}
    assert [(each.name, each.when) for each in settings.space.parameters] == [
        (each.name, each.when) for each in plain.space.parameters
    ]


def test_a_role_alone_of_nothing_declared_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text("trainable: mlp\ndata: digits\nparameters:\n  optimzer: {role: scientific}\n")
    with pytest.raises(SettingsError) as caught:
        Sweep.from_file(file).resolved  # noqa: B018 - the trainable is asked only here
    assert [str(problem).removeprefix(f"{tmp_path}/") for problem in caught.value.problems] == [
        "sweep.yaml:4:3 parameters.optimzer: has a role and no values, and mlp declares no such parameter "
        "(did you mean optimizer?); give it {min: .., max: ..} or {values: [..]}"
    ]


def test_resolved_roles_are_written_out_and_read_again() -> None:
    settings = Sweep("mlp", data="digits", parameters={"optimizer": {"role": "scientific"}}).resolved
    assert ResolvedSettings.from_dict(settings.to_dict()).problem().roles == {"optimizer": "scientific"}


def test_constraints_and_points_see_what_is_declared() -> None:
    given = {"lr": {"role": "nuisance"}, "optimizer": {"values": ["sgd", "adam"], "role": "scientific"}}
    settings = Sweep(
        "mlp",
        data="digits",
        parameters=given,
        constraints=["lr < 0.05"],
        points=[{"lr": 0.01, "optimizer": "sgd"}],
    ).resolved
    assert settings.problem().points[0]["lr"] == 0.01
