"""`method: auto` brings its own early stopping where nothing else is said, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.settings import ResolvedSettings, read_settings

GENERATOR = (
    "def train(config):\n    for step in range(27):\n        yield {'loss': config['x'] + 1 / (step + 1)}\n"
)
FILE = """
metric: {name: loss, goal: minimize}
parameters: {x: {min: 0.0, max: 1.0}}
method: auto
"""
NETWORK = "trainable: mlp\ndata: digits\nmethod: auto\n"


def _resolved(text: str) -> ResolvedSettings:
    Path("training.py").write_text(GENERATOR)
    Path("sweep.yaml").write_text(text)
    return read_settings(Path("sweep.yaml")).resolved()


def _generator(more: str) -> ResolvedSettings:
    return _resolved(f"trainable: training.py:train\n{FILE}{more}")


def _stopping(settings: ResolvedSettings) -> dict[str, Any]:
    return dict(settings.to_dict()["early_terminate"])


@pytest.mark.parametrize(("cap", "opening"), [(200, 27), (40, 10), (8, 2)])
def test_the_opening_is_at_most_a_quarter_of_the_trials(cap: int, opening: int) -> None:
    settings = _resolved(f"{NETWORK}run_cap: {cap}\n")
    assert _stopping(settings) == {"type": "auto", "opening": opening}
    assert any("early_terminate: none" in note for note in settings.notes)


def test_what_cannot_be_saved_is_never_paused() -> None:
    assert _stopping(_generator("max_steps: 27\nstep_budget: 500\n")) == {"type": "auto", "opening": 0}


def test_it_is_the_method_of_a_file_that_names_none() -> None:
    settings = _resolved("trainable: mlp\ndata: digits\nrun_cap: 40\n")
    assert settings.to_dict()["method"] == {"name": "auto"}
    assert _stopping(settings) == {"type": "auto", "opening": 10}


def test_what_is_said_stands() -> None:
    assert _stopping(_generator("max_steps: 27\nearly_terminate: none\n"))["type"] == "none"
    assert _stopping(_generator("max_steps: 27\nearly_terminate: asha\n"))["type"] == "asha"


def test_trials_of_one_step_are_not_stopped() -> None:
    assert _stopping(_generator("max_steps: 1\n"))["type"] == "none"


def test_it_resolves_to_itself() -> None:
    settings = _resolved(f"{NETWORK}run_cap: 40\n")
    assert _stopping(_resolved(settings.to_yaml())) == _stopping(settings)
