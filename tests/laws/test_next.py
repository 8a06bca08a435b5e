"""Whatever a run was, the file after it validates, and neither its space nor its beginning loses the winner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.followed import followed
from search.run import Run
from search.searchers.priors import priors_of
from spaces import Constant, flatten

RANGES = st.one_of(
    st.tuples(st.floats(1e-6, 1e-2), st.floats(1.5, 1e4)).map(
        lambda t: {"min": t[0], "max": t[0] * t[1], "distribution": "log_uniform_values"}
    ),
    st.tuples(st.floats(-5, 5), st.floats(0.1, 9)).map(lambda t: {"min": t[0], "max": t[0] + t[1]}),
    st.tuples(st.integers(-3, 9), st.integers(1, 12), st.integers(1, 4)).map(
        lambda t: {"min": t[0], "max": t[0] + t[1] * t[2], "step": t[2]}
    ),
)
NAMES = ("lr", "dropout", "width", "opt.momentum", "epochs", "data.share")


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Runs of odd files: nested names, conditions, constraints; values that trend, fail, diverge, tie."""
    names = draw(st.lists(st.sampled_from(NAMES[:5]), min_size=1, max_size=4, unique=True))
    parameters: dict[str, Any] = {}
    for name in names:
        group, _, leaf = name.rpartition(".")
        (parameters.setdefault(group, {}) if group else parameters)[leaf] = draw(RANGES)
    if draw(st.booleans()):
        parameters["kind"] = {"values": ["a", "b", "c"]}
        parameters["of_a"] = {"min": 0.1, "max": 0.9, "when": {"kind": "a"}}
        parameters["of_bc"] = {"min": 0.1, "max": 0.9, "when": {"kind": ["b", "c"]}}
        parameters["below"] = {"values": [1, 2], "when": {"of_a": "> 0.3"}}
    steps = draw(st.sampled_from([1, 3, 12, 30]))
    keys: dict[str, Any] = {
        "max_steps": steps,
        "run_cap": 50,
        "parameters": parameters,
        "failure": {"stop_after": None},
    }
    if draw(st.booleans()) and steps > 1:
        keys["early_terminate"] = draw(
            st.sampled_from(["asha", {"type": "hyperband", "min_iter": 1}, "median"])
        )
    if "kind" in parameters and draw(st.booleans()):
        keys["constraints"] = ["of_a <= 0.8"]
    weights = {name: draw(st.floats(-3, 3)) for name in names}
    by_kind = dict(zip("abc", draw(st.permutations([0.0, 0.0, 2.0])), strict=True))
    failing, speed = draw(st.sampled_from([None, *names])), draw(st.floats(0.02, 2))
    noise = draw(st.sampled_from([0.0, 0.01, 0.5]))

    def values(config: Mapping[str, Any], rng: np.random.Generator) -> list[float] | None:
        at = {}
        for name in names:
            leaf = flatten(parameters)  # the spelled leaves, by dotted path
            low, high = leaf[f"{name}.min"], leaf[f"{name}.max"]
            at[name] = (config[name] - low) / (high - low)
        if failing is not None and at[failing] > 0.8:
            return None
        end = sum(weights[name] * at[name] for name in names) + by_kind.get(config.get("kind", ""), 0.0)
        end += noise * float(rng.standard_normal())
        return [end + float(np.exp(-speed * step)) for step in range(1, steps + 1)]

    trials = draw(st.sampled_from([0, 1, 12, 45, 90]))
    return followed(keys, values, trials, seed=draw(st.integers(0, 99)), written=draw(st.booleans()))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs())
def test_the_next_file_validates_and_keeps_the_winner(run: Run) -> None:
    proposal = run.next()
    if not proposal.changes:
        assert proposal.instead is not None
        return
    problem = proposal.settings().problem()
    best = run.best
    assert best is not None
    constants = {each.name for each in problem.space.parameters if isinstance(each.domain, Constant)}
    searched = {
        name: value
        for name, value in best.config.items()
        if name in problem.space.names and name not in constants
    }
    inside = problem.space.validate(searched)
    priors = list(priors_of(run.history, problem, proposal.ignored))
    assert len(priors) == proposal.fit <= proposal.of
    known = [
        {name: each[name] for name in searched}
        for each in [*(p.config for p in priors), *map(dict, problem.points)]
        if set(searched) <= set(each)
    ]
    assert {name: inside[name] for name in searched} in known
    assert all(problem.space.validate(prior.config) for prior in priors)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(runs())
def test_the_same_run_gives_the_same_file(run: Run) -> None:
    assert run.next().text() == run.next().text()
