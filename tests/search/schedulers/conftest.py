from __future__ import annotations

import pytest

from contracts.playing import problem_of
from search.problem import Problem


@pytest.fixture
def problem_27() -> Problem:
    """Full fidelity at 27 steps: rungs by three."""
    return problem_of(27)
