"""Foreign names become names that a space and a file system can carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.exchange.names import legal_names, run_name
from search.paths import check_name
from spaces import Constant, Parameter, Space


def test_a_legal_name_stays() -> None:
    assert legal_names(["lr", "model.width", "l2-norm", "größe"]) == {
        name: name for name in ("lr", "model.width", "l2-norm", "größe")
    }


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("model/width", "model_width"),
        ("../etc/passwd", "_etc_passwd"),
        ("<script>", "_script_"),
        ("=cmd|' /C calc'!A0", "_cmd____C_calc__A0"),
        ("2nd", "_2nd"),
        ("", "_"),
        ("a..b", "a.b"),
        ("units[layers=2]", "units_layers_2_"),
    ],
)
def test_an_illegal_one_is_mended(name: str, legal: str) -> None:
    assert legal_names([name]) == {name: legal}


def test_no_two_become_one_and_none_is_a_group_and_a_value() -> None:
    assert legal_names(["a b", "a_b"]) == {"a b": "a_b", "a_b": "a_b_2"}
    assert legal_names(["model", "model.width"]) == {"model": "model", "model.width": "model_width"}


@given(st.lists(st.text(max_size=12), unique=True, min_size=1, max_size=8))
def test_any_names_make_a_space(names: list[str]) -> None:
    legal = legal_names(names)
    assert len(set(legal.values())) == len(names)
    Space([Parameter(name, Constant(0)) for name in legal.values()])


@given(st.text(max_size=80))
def test_any_text_makes_a_run_name(text: str) -> None:
    assert check_name(run_name(text)) == run_name(text)


def test_a_run_name_tells_what_it_was() -> None:
    assert run_name("../My study <1>") == "My-study-1"
    assert run_name("last") == run_name("") == run_name("///") == "imported"
