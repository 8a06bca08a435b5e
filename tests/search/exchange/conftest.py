"""Foreign searches for the tests of the exchange: the recorded Ray Tune experiments."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[2] / "golden" / "ray_tune"


@pytest.fixture
def ray_class(tmp_path: Path) -> Path:
    """A class under ASHA, with failed, stopped and completed trials, in a folder of the test's own."""
    return Path(shutil.copytree(GOLDEN / "class", tmp_path / "experiments" / "class"))


@pytest.fixture
def ray_function(tmp_path: Path) -> Path:
    """A function that returns by itself."""
    return Path(shutil.copytree(GOLDEN / "function", tmp_path / "experiments" / "function"))


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """Where imported runs go."""
    return tmp_path / "runs"
