"""Every member of the catalogue keeps the contract of a trainable."""

from __future__ import annotations

import pytest

from contracts.trainable import Case, TrainableContract
from trainables import CATALOGUE

CASES = [
    Case("mlp", {"data": "wine"}, diverging={"optimizer": "sgd", "lr": 1e30}, seeded=True),
    Case("mlp", {"data": "diabetes"}, diverging={"optimizer": "sgd", "lr": 1e30}, seeded=True),
    Case("boosting", {"data": "wine", "max_features": 0.3}, seeded=True),
    Case("boosting", {"data": "diabetes", "max_features": 0.3}, seeded=True),
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
    assert {case.ref for case in CASES} == set(CATALOGUE)


class TestCatalogue(TrainableContract):
    @pytest.fixture(params=CASES, ids=str)
    def case(self, request: pytest.FixtureRequest) -> Case:
        found = request.param
        assert isinstance(found, Case)
        return found
