"""Every searcher of the catalogue goes through the contract."""

from __future__ import annotations

import pytest

from contracts.searchers import Make, SearcherContract
from search.searchers import SEARCHERS, make_searcher


class TestModels(SearcherContract):
    @pytest.fixture(params=[name for name in SEARCHERS if name != "grid"])
    def make(self, request: pytest.FixtureRequest) -> Make:
        return lambda problem: make_searcher(request.param, problem)


class TestGrid(SearcherContract):
    random = False

    @pytest.fixture
    def make(self) -> Make:
        return lambda problem: make_searcher("grid", problem)
