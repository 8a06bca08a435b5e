"""Every key survives to_dict, JSON, from_dict, and the written YAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from search.settings import ResolvedSettings, SweepFile, read_settings
from search.settings.document import read_text
from search.settings.yaml_text import yaml_text

words = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp", "Co", "Cn")),
    min_size=1,
    max_size=12,
)
finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
positive = st.floats(min_value=1e-6, max_value=1e6)
counts = st.integers(1, 10**9)
leaves = st.one_of(
    st.builds(lambda low, width: {"min": low, "max": low + width}, st.integers(-50, 50), st.integers(0, 100)),
    st.builds(lambda low: {"min": low, "max": low * 10, "log": True}, st.floats(1e-9, 1e3)),
    st.builds(
        lambda vs: {"values": vs},
        st.lists(st.one_of(words, st.integers()), min_size=1, max_size=4, unique_by=repr),
    ),
    st.builds(lambda value: {"value": value}, st.one_of(st.none(), st.booleans(), finite, words)),
)
files = st.fixed_dictionaries(
    {
        "trainable": st.just("branin"),
        "metric": st.fixed_dictionaries(
            {"name": words}, optional={"goal": st.sampled_from(["minimize", "maximize"]), "target": finite}
        ),
        "parameters": st.dictionaries(
            st.from_regex(r"[a-c][a-z]{1,6}", fullmatch=True), leaves, min_size=1, max_size=4
        ),
    },
    optional={
        "name": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True),
        "description": st.lists(words, min_size=1, max_size=30).map(" ".join),
        "method": st.sampled_from(["random", "sobol", {"name": "random"}]),
        "early_terminate": st.sampled_from(["none", "asha", {"type": "hyperband", "min_iter": 1, "eta": 4}]),
        "max_steps": st.integers(1, 100),
        "step_unit": words,
        "run_cap": counts,
        "time_budget": positive,
        "step_budget": counts,
        "confirm": st.fixed_dictionaries(
            {},
            optional={
                "top": counts,
                "seeds": st.integers(2, 99),
                "folds": st.none(),  # they need a data section: test_confirm
                "racing": st.booleans(),
                "baseline": st.just({"a": 1}),
            },
        ),
        "audit": st.floats(0.0, 1.0),
        "repeats": st.fixed_dictionaries({"over": st.just("seeds")}, optional={"times": st.integers(2, 100)}),
        "workers": st.integers(1, 64),
        "resources": st.fixed_dictionaries(
            {},
            optional={
                "cpu": positive,
                "gpu": positive,
                "custom": st.dictionaries(words, positive, max_size=2),
            },
        ),
        "failure": st.fixed_dictionaries(
            {},
            optional={
                "retries": st.integers(0, 5),
                "stop_after": st.none() | counts,
                "step_timeout": st.none() | positive,
            },
        ),
        "checkpoint": st.fixed_dictionaries({"every": st.integers(1, 50)}),
        "warm_start": st.lists(
            words | st.fixed_dictionaries({"run": words}, optional={"ignore": st.lists(words, max_size=2)}),
            max_size=3,
        ),
        "storage": st.sampled_from(["runs", "/tmp/elsewhere", "a b/c"]),
        "seed": st.integers(0, 2**31),
    },
)

trees = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(files)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_key_round_trips(data: dict[str, Any]) -> None:
    Path("sweep.yaml").write_text(json.dumps(data))  # JSON is YAML
    first = read_settings(Path("sweep.yaml")).resolved()
    again = ResolvedSettings.from_dict(json.loads(json.dumps(first.to_dict(), allow_nan=False)))
    assert again.file == first.file
    assert again.problem() == first.problem()
    Path("written.yaml").write_text(first.to_yaml())
    reread = read_settings(Path("written.yaml")).resolved()
    assert reread.file == first.file


def test_every_key_is_among_those_that_round_trip() -> None:
    """Guards the strategy above: a key added to the sweep file has to be added there."""
    keys = set(SweepFile.model_fields)
    elsewhere = {"version", "base", "data", "constraints", "points"}  # tests of their own
    elsewhere |= {"metrics", "outcome_constraints"}  # test_objectives
    elsewhere |= {"mirrors"}  # test_mirrors
    elsewhere |= {"lanes"}  # test_lanes
    strategy = {
        "trainable",
        "metric",
        "parameters",
        "name",
        "description",
        "method",
        "early_terminate",
        "audit",
        "repeats",
        "max_steps",
    }
    strategy |= {"step_unit", "run_cap", "time_budget", "step_budget", "workers", "resources", "failure"}
    strategy |= {"checkpoint", "confirm", "warm_start", "storage", "seed"}
    assert keys == elsewhere | strategy


@given(trees)
@settings(deadline=None)
def test_json_reads_as_yaml(value: Any) -> None:
    assert read_text(json.dumps(value), "f").data == value


@given(trees)
@settings(deadline=None, max_examples=300)
def test_written_yaml_reads_back(value: Any) -> None:
    assert read_text(yaml_text({"value": value}, {}), "f").data == {"value": value}


def test_a_long_text_with_a_backslash_at_the_fold() -> None:
    """ruamel breaks a long quoted line before a backslash and then loses it."""
    for length in range(80, 130):
        text = f"{'0 ' * (length // 2)}{'0' * (length % 2)}\\0 0"
        assert read_text(yaml_text({"description": text}, {}), "sweep.yaml").data == {"description": text}
