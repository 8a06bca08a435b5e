"""Every member of the catalogue keeps the contract of a trainable; those that learn from data do so in tests of their own."""

from __future__ import annotations

from pathlib import Path

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
    """It is in a case, here or in another file of this folder."""
    here = {case.ref for case in CASES}
    others = "".join(path.read_text() for path in Path(__file__).parent.rglob("test_*.py"))
    assert not [name for name in CATALOGUE if name not in here and f'Case("{name}"' not in others]


class TestCatalogue(TrainableContract):
    @pytest.fixture(params=CASES, ids=str)
    def case(self, request: pytest.FixtureRequest) -> Case:
        found = request.param
        assert isinstance(found, Case)
        return found
