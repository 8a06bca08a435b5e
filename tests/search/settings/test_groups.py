"""What a file gets beside what it says: the group of a choice, and the length of the training."""

from __future__ import annotations

from typing import Any

import pytest

from search.settings.groups import groups_of_choices

RIDGE = {"min": 0.1, "max": 1.0, "when": {"estimator": "ridge"}}
C = {"min": 0.1, "max": 1.0, "when": {"estimator": "svm"}}
GAMMA = {"min": 0.1, "max": 1.0, "when": {"estimator": "svm", "svm.kernel": "rbf"}}
DECLARED: dict[str, Any] = {
    "estimator": {"values": ["ridge", "svm"]},
    "ridge": {"alpha": RIDGE},
    "svm": {"C": C, "gamma": GAMMA},
    "optimizer": {"values": ["sgd", "adam"]},
    "momentum": {"min": 0.5, "max": 0.9, "when": {"optimizer": "sgd"}},
}


@pytest.mark.parametrize("given", ["svm", {"value": "svm"}, {"values": ["svm"]}])
def test_a_choice_brings_its_own_group_alone(given: Any) -> None:
    assert groups_of_choices(DECLARED, {"estimator": given}) == {"svm.C": C, "svm.gamma": GAMMA}


def test_several_choices_bring_several_groups() -> None:
    found = groups_of_choices(DECLARED, {"estimator": {"values": ["svm", "ridge"]}})
    assert set(found) == {"svm.C", "svm.gamma", "ridge.alpha"}


@pytest.mark.parametrize("given", [{"svm.C": 2.0}, {"svm": {"C": {"min": 1, "max": 2}}}])
def test_a_file_that_names_one_of_a_group_says_all_of_it(given: dict[str, Any]) -> None:
    assert groups_of_choices(DECLARED, {"estimator": "svm", **given}) == {}


@pytest.mark.parametrize("given", [{"optimizer": "sgd"}, {"x": 1}, {}])
def test_nothing_else_is_added(given: dict[str, Any]) -> None:
    assert groups_of_choices(DECLARED, given) == {}


def resolved(text: str, tmp_path: Any) -> Any:
    from search.settings import read_settings

    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    return read_settings(path).resolved()


def test_a_sweep_file_names_an_estimator_and_its_settings_are_searched(tmp_path: Any) -> None:
    settings = resolved("trainable: classical\nparameters: {estimator: ridge}\ndata: diabetes\n", tmp_path)
    assert [each.name for each in settings.space.searched] == ["ridge.alpha"]
    assert any("below ridge is searched" in note for note in settings.notes)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("trainable: classical\nmax_steps: 3\n", 3),
        ("trainable: classical\nmax_steps: 3\nparameters: {steps: 9, estimator: knn}\n", 9),
        ("trainable: classical\n", None),
    ],
)
def test_another_length_of_the_trials_is_told_to_the_trainable(text: str, steps: Any, tmp_path: Any) -> None:
    constants = {
        p.name: p.domain.value for p in resolved(text, tmp_path).space.parameters if p.domain.size == 1
    }
    assert constants.get("steps") == steps


@pytest.mark.parametrize(
    ("text", "epochs"),
    [
        ("trainable: mlp\nmax_steps: 5\n", 5),
        ("trainable: mlp\n", None),
        ("trainable: rnn\ndata: movie_sentences\n", 9),
    ],
)
def test_schedules_are_as_long_as_the_trials(text: str, epochs: int | None, tmp_path: Any) -> None:
    space = resolved(text, tmp_path).space
    told = {p.name: p.domain.value for p in space.parameters if p.name == "schedule_epochs"}
    assert told == ({} if epochs is None else {"schedule_epochs": epochs})


@pytest.mark.parametrize(
    ("metric", "goal"), [("val/f1", "maximize"), ("val/mae", "minimize"), ("val/loss", "minimize")]
)
def test_the_goal_of_a_metric_that_every_learner_reports_is_known(
    metric: str, goal: str, tmp_path: Any
) -> None:
    settings = resolved(f"trainable: mlp\nmetric: {metric}\n", tmp_path)
    assert settings.problem().objective.goal == goal
    assert not any("metric.goal" in note for note in settings.notes)
