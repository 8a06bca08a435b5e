"""What `import spaces` costs: numpy and nothing heavier."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "ray",
    "torch",
    "optuna",
    "hyperopt",
    "sklearn",
    "pandas",
    "scipy",
    "ConfigSpace",
    "pydantic",
    "yaml",
    "ruamel",
)


@pytest.mark.parametrize(
    "program",
    [
        "import spaces",
        "import spaces.translate.optuna, spaces.translate.hyperopt, spaces.translate.ray, spaces.translate.configspace",
        "import spaces; s = spaces.parse_parameters({'a': {'min': 1, 'max': 2}}); spaces.Space.from_json(s.to_json())",
    ],
)
def test_nothing_heavy_is_imported(program: str) -> None:
    program += f"; import sys; print([name for name in {HEAVY} if name in sys.modules])"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "[]"
