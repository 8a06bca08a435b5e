"""Grid, random and Sobol: what each promises beyond the contract."""

from __future__ import annotations

import numpy as np
import pytest

from contracts.searchers import SPACES, asked, play, problem_on
from search.history import History
from search.searchers import make_searcher
from spaces import Categorical, Condition, Float, Integer, Parameter, Space, SpaceError


def test_grid_is_the_exact_product_and_ends() -> None:
    space = SPACES["constrained"]
    problem = problem_on(space)
    records = play(problem, make_searcher("grid", problem, {"resolution": 3}), 1000)
    expected = [
        {"a": a, "b": b, "x": x}
        for a in range(1, 9)
        for b in range(1, a + 1)
        if a * b <= 16
        for x in (0.0, 0.5, 1.0)
    ]
    assert asked(records) == expected


def test_grid_leaves_out_what_was_given() -> None:
    space = Space([Parameter("n", Integer(1, 3)), Parameter("x", Float(0.0, 1.0))])
    problem = problem_on(space, points=({"n": 2, "x": 0.0}, {"n": 2, "x": 0.1}))
    configs = asked(play(problem, make_searcher("grid", problem, {"resolution": {"x": 2}}), 100))
    assert len(configs) == 2 + 6 - 1
    assert len({space.fingerprint(config) for config in configs}) == len(configs)


def test_grid_respects_conditions() -> None:
    space = Space(
        [
            Parameter("c", Categorical(("a", "b"))),
            Parameter("n", Integer(1, 3), when=(Condition("c", "==", "a"),)),
        ]
    )
    problem = problem_on(space)
    configs = asked(play(problem, make_searcher("grid", problem), 100))
    assert configs == [{"c": "a", "n": 1}, {"c": "a", "n": 2}, {"c": "a", "n": 3}, {"c": "b"}]


def test_grid_refuses_what_would_never_end() -> None:
    with pytest.raises(SpaceError, match="n: 1099511627776 values are too many for a grid"):
        make_searcher("grid", problem_on(SPACES["large integers"]))


def test_sobol_covers_each_cell_once() -> None:
    """The first 64 elements put one point into each of the 8 x 8 cells: chance leaves a third of them empty."""
    space = Space([Parameter("x", Float(0.0, 8.0)), Parameter("y", Float(0.0, 8.0))])
    problem = problem_on(space, seed=11)
    configs = asked(play(problem, make_searcher("sobol", problem), 64))
    assert len({(int(c["x"]), int(c["y"])) for c in configs}) == 64


def test_sobol_proposals_do_not_depend_on_given_points() -> None:
    space = SPACES["floats"]
    plain, given = problem_on(space), problem_on(space, points=({"x": 0.0, "y": 1.0},))
    assert (
        asked(play(plain, make_searcher("sobol", plain), 8))
        == asked(play(given, make_searcher("sobol", given), 9))[1:]
    )


def test_sobol_skips_to_any_number() -> None:
    problem = problem_on(SPACES["constrained"])
    one_by_one = [make_searcher("sobol", problem).ask(History(problem), number) for number in range(20)]
    same = make_searcher("sobol", problem)
    assert [same.ask(History(problem), number) for number in reversed(range(20))] == one_by_one[::-1]


def test_sobol_finds_the_rare_feasible_and_says_when_there_is_none() -> None:
    rare, none = (
        problem_on(Space([Parameter("x", Float(0.0, 1.0))], [text])) for text in ("x < 0.001", "x > 2")
    )
    config = make_searcher("sobol", rare).ask(History(rare), 0)
    assert config is not None
    assert rare.space.feasible(config)
    with pytest.raises(SpaceError, match=r"no feasible config.*'x > 2' refused 100"):
        make_searcher("sobol", none).ask(History(none), 0)


def test_random_is_uniform_in_scale() -> None:
    space = Space(
        [Parameter("x", Float(1e-4, 1.0, log=True)), Parameter("c", Categorical(("a", "b", "c", "d")))]
    )
    problem = problem_on(space)
    searcher, history = make_searcher("random", problem), History(problem)
    configs = [searcher.ask(history, number) for number in range(2000)]
    decades = np.histogram([np.log10(float(c["x"])) for c in configs if c], bins=4, range=(-4, 0))[0]
    choices = np.unique([str(c["c"]) for c in configs if c], return_counts=True)[1]
    for counts in (decades, choices):  # 500 each, within five sigmas
        assert np.all(np.abs(counts - 500) < 5 * np.sqrt(2000 * 0.25 * 0.75))
