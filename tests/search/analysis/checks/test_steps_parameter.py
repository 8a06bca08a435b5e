"""The length of the training as a parameter is found by its name."""

from __future__ import annotations

import pytest

from contracts.scripted import scripted
from search.analysis.checks.steps_parameter import steps_parameter

RANGE = {"min": 1, "max": 100}


@pytest.mark.parametrize(
    "name", ["epochs", "n_steps", "max_iter", "num_epochs", "num_train_epochs", "max-epochs"]
)
def test_the_usual_names_are_known(name: str) -> None:
    (finding,) = steps_parameter(scripted({name: RANGE}, []))
    assert (finding.verdict, finding.about) == ("warn", name)
    assert "max_steps" in finding.next


def test_a_name_within_a_group_and_in_capitals() -> None:
    assert steps_parameter(scripted({"train": {"Epochs": RANGE}}, []))[0].about == "train.Epochs"


@pytest.mark.parametrize("name", ["warmup_steps", "n_estimators", "step_size", "lr", "step"])
def test_other_names_pass(name: str) -> None:
    assert steps_parameter(scripted({name: RANGE}, []))[0].verdict == "pass"


def test_a_constant_number_of_epochs_is_no_fault() -> None:
    assert steps_parameter(scripted({"epochs": 20, "lr": {"min": 0.1, "max": 1.0}}, []))[0].verdict == "pass"
