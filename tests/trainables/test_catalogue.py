"""Every member of the catalogue keeps the contract of a trainable; those that learn from data do so in tests of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.trainable import Case, TrainableContract
from trainables import CATALOGUE

CASES = [
    *(
        Case(
            name,
            {"steps": 5},
        )
        for name in ("branin", "hartmann6", "sphere", "rosenbrock", "ackley", "rastrigin")
    ),
    Case("mixed", {"steps": 5}),
    Case("conditional", {"steps": 5}),
    Case("noisy", {"steps": 5}, seeded=True),
    Case("curves", {"noise": 0.1}, seeded=True),
    Case("chaos", diverging={"mode": "nan", "at": 3}),
]


def test_no_member_is_left_out() -> None:
    """It is in a case here, or named in another file of this folder that uses the contract."""
    here = {case.ref for case in CASES}
    others = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py")]
    suites = [text for text in others if "Contract)" in text]
    assert not [
        name for name in CATALOGUE if name not in here and not any(f'"{name}"' in text for text in suites)
    ]


class TestCatalogue(TrainableContract):
    @pytest.fixture(params=CASES, ids=str)
    def case(self, request: pytest.FixtureRequest) -> Case:
        found = request.param
        assert isinstance(found, Case)
        return found
