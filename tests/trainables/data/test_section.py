"""The data section: what is against a rule first, then spelling and keys."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainables.data import read_section
from trainables.data.section import OPTIONS, check_value
from trainables.errors import DataError


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ({}, "data.source: is missing"),
        ({"source": ""}, "data.source: is missing"),
        (
            {"source": "t.csv", "scalling": "none"},
            "data.scalling: there is no such option; did you mean scaling?",
        ),
        (
            {"source": "t.csv", "scaling": "z-score"},
            "data.scaling: 'z-score' is not possible; did you mean zscore?",
        ),
        ({"source": "t.csv", "cleaning": {"fill": "much"}}, "data.cleaning.fill: is a number, not 'much'"),
        ({"source": "t.csv", "limit": 2.5}, "data.limit: is a whole number, not 2.5"),
        ({"source": "t.csv", "limit": True}, "data.limit: is a whole number, not True"),
        ({"source": "t.csv", "limit": -1}, "data.limit: is at least 0, not -1"),
        (
            {"source": "t.csv", "features": {"pca": float("nan")}},
            "data.features.pca: is between 0.01 and 1, not nan",
        ),
        (
            {"source": "t.csv", "split": {"stratify": "yes"}},
            "data.split.stratify: is true or false, not 'yes'",
        ),
        ({"source": "t.csv", "columns": {"number": [1]}}, "data.columns.number: is a list of column names"),
        (
            {"source": "t.csv", "columns": {"number": "a", "ignore": ["b", "a"]}},
            "data.columns.ignore: column 'a' is also listed under number",
        ),
        (
            {"source": "t.csv", "split": {"valid": 0.5, "test": 0.5}},
            "data.split.valid: with split.test it takes 1",
        ),
        (
            {"source": "t.csv", "split": {"folds": 3, "fold": 3}},
            "data.split.fold: of 3 folds there is no number 3",
        ),
        ({"source": "t.csv", "split": {"folds": 1}}, "there are at least 2"),
        ({"source": "sqlite:///a.db"}, "data.query: is missing"),
    ],
)
def test_what_is_against_a_rule_is_said_with_its_option(data: dict[str, Any], rule: str) -> None:
    with pytest.raises(DataError, match=re.escape(rule)):
        read_section(data)


@pytest.mark.parametrize("name", OPTIONS)
def test_defaults_keep_their_own_rules(name: str) -> None:
    if name != "source":
        assert check_value(name, OPTIONS[name].default) == OPTIONS[name].default
    assert OPTIONS[name].help


def test_one_section_is_the_same_however_it_is_spelt() -> None:
    nested = read_section({"source": "digits", "split": {"seed": 3}, "columns": {"number": "a"}})
    dotted = read_section({"columns.number": ["a"], "split.seed": 3.0, "source": "digits"})
    assert nested == dotted
    assert read_section("digits") == read_section({"source": "digits"}) != nested
    assert nested["split.seed"] == 3
    assert nested.columns() == {"a": "number"}
    assert nested.group("split")["seed"] == 3


@settings(max_examples=200)
@given(
    name=st.sampled_from(sorted(OPTIONS)),
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.lists(st.text(max_size=3)),
    ),
)
def test_any_value_is_taken_or_refused_and_taking_twice_changes_nothing(name: str, value: Any) -> None:
    taken, refused = None, ""
    try:
        taken = check_value(name, value)
    except DataError as error:
        refused = str(error)
    if refused:
        assert refused.startswith(f"data.{name}: ")
    else:
        assert check_value(name, taken) == taken
