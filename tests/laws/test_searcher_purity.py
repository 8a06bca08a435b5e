"""Law: what a searcher proposes depends on nothing but the history, the seed and the trial's number."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.searchers import SPACES, asked, assert_pure, play, problem_on
from search.searchers import SEARCHERS, make_searcher

QUICK = [name for name in SEARCHERS if name != "gp"]
SPACE_NAMES = st.sampled_from(["floats", "mixed", "conditional", "constrained", "one category"])


def _check(name: str, space: str, seed: int, workers: int, asks: int) -> None:
    problem = problem_on(SPACES[space], seed=seed)
    records = play(problem, make_searcher(name, problem), asks, seed=seed, workers=workers)
    number = len(asked(records))
    assert_pure(lambda each: make_searcher(name, each), records, {number - 1, 3 * number // 4, number // 2})


@pytest.mark.parametrize("name", QUICK)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(space=SPACE_NAMES, seed=st.integers(0, 2**20), workers=st.integers(1, 8), asks=st.integers(1, 45))
def test_fresh_proposes_as_the_one_that_lived_through_it(
    name: str, space: str, seed: int, workers: int, asks: int
) -> None:
    _check(name, space, seed, workers, asks)


@pytest.mark.slow
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(space=SPACE_NAMES, seed=st.integers(0, 2**20), workers=st.integers(1, 4), asks=st.integers(12, 24))
def test_gp_is_pure_too(space: str, seed: int, workers: int, asks: int) -> None:
    _check("gp", space, seed, workers, asks)


@pytest.mark.parametrize("name", ["tpe", "cmaes", "hyperopt"])
def test_also_once_the_model_forgets(name: str) -> None:
    """A small window is passed several times, by the living one and by the fresh one."""
    options = {} if name == "cmaes" else {"window": 50}
    asks = 420 if name == "cmaes" else 130
    problem = problem_on(SPACES["mixed" if name != "cmaes" else "floats"], seed=1)
    records = play(problem, make_searcher(name, problem, options), asks, seed=1, trouble=False)
    assert_pure(lambda each: make_searcher(name, each, options), records, {asks - 1})
