"""Every searcher of the catalogue goes through the contract."""

from __future__ import annotations

import pytest

from contracts.searchers import Make, SearcherContract
from search.searchers import SEARCHERS, capabilities, make_searcher


class TestModels(SearcherContract):
    @pytest.fixture(params=[name for name in SEARCHERS if name != "grid"])
    def make(self, request: pytest.FixtureRequest) -> Make:
        return lambda problem: make_searcher(request.param, problem)


class TestGrid(SearcherContract):
    random = False

    @pytest.fixture
    def make(self) -> Make:
        return lambda problem: make_searcher("grid", problem)


class TestSeveralObjectives(SearcherContract):
    """Two objectives, and an outcome constraint that about half of the trials break."""

    asks = 20
    several = True
    limits = ("size <= 2.5",)

    @pytest.fixture(params=["random", "sobol", "tpe", "nsga2"])
    def make(self, request: pytest.FixtureRequest) -> Make:
        return lambda problem: make_searcher(request.param, problem)


class TestOutcomeConstraints(SearcherContract):
    """One objective, and constraints on what comes of a trial."""

    limits = ("size <= 2.5", "gain >= 0.5")

    @pytest.fixture(params=["tpe", "nsga2"])
    def make(self, request: pytest.FixtureRequest) -> Make:
        return lambda problem: make_searcher(request.param, problem)


@pytest.mark.slow
class TestProcessesOfSeveralObjectives(SearcherContract):
    """gp fits a model to each objective and each constraint: the same suite, and few trials beyond its warm-up."""

    asks = 13
    several = True
    limits = ("size <= 2.5",)

    @pytest.fixture
    def make(self) -> Make:
        return lambda problem: make_searcher("gp", problem)


@pytest.mark.parametrize("name", SEARCHERS)
def test_the_suites_know_who_has_several_objectives_and_outcome_constraints(name: str) -> None:
    able = capabilities(name)
    assert (
        able.several == able.outcomes == (name in ("auto", "random", "sobol", "grid", "tpe", "nsga2", "gp"))
    )
