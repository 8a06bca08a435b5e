"""Durations, secrets, plain values, and the settings of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.settings import parse_duration, redact
from search.settings.data_section import absolute_source, constants, missing_file, parameters_of
from search.settings.durations import spell_duration
from search.settings.plain import plain
from search.settings.secrets import HIDDEN, find_secrets
from spaces import Categorical, Float, Integer


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("90m", 5400),
        ("1h30m", 5400),
        ("45s", 45),
        ("1d", 86400),
        ("1.5h", 5400),
        ("1h 30m", 5400),
        ("90", 90),
        (90, 90),
        (0.5, 0.5),
        ("2H", 7200),
    ],
)
def test_times_people_write(text: str | float, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "h", "2 hours", "5:30", "-1h", "0s", 0, -3, True, "1m2h", "nan", None, [1]]
)
def test_what_is_no_time_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="must be a time above zero"):
        parse_duration(text)


@given(st.floats(min_value=1e-3, max_value=1e9) | st.integers(1, 10**7).map(float))
def test_a_time_reads_back_as_it_was_spelt(seconds: float) -> None:
    assert parse_duration(spell_duration(seconds)) == seconds


@pytest.mark.parametrize(
    "data",
    [
        {"api_key": "x"},
        {"API_KEY": "x"},
        {"data": {"db_password": "x"}},
        {"a": [{"hf_token": "x"}]},
        {"secret": {"value": "x"}},
        {"token": {"values": ["x", "y"]}},
        {"source": "postgresql://me:hunter2@host/db"},
        {"source": "postgresql+psycopg://me:hunter2/hunter2@hunter2@host:5432/db"},
        {"source": "postgresql://host:5432/db?sslmode=disable&password=hunter2&x=1"},
    ],
)
def test_secrets_are_found_and_hidden(data: dict[str, Any]) -> None:
    assert len(list(find_secrets(data))) >= 1
    shown = redact(data)
    assert HIDDEN in str(shown)
    assert "hunter2" not in str(shown)
    assert "'x'" not in str(shown)


@pytest.mark.parametrize(
    "data",
    [
        {"max_token_length": "long"},
        {"tokenizer": "bert"},
        {"num_tokens": 512},
        {"token": {"min": 1, "max": 9}},
        {"password": ""},
        {"source": "postgresql://host/db"},
        {"source": "postgresql://host:5432/db?application_name=a@b"},
        {"source": "postgresql://me:${PGPASSWORD}@host/db"},
        {"source": "postgresql://host/db?password=${PGPASSWORD}"},
        {"secretary": "x"},
    ],
)
def test_what_only_looks_like_a_secret_stays(data: dict[str, Any]) -> None:
    assert list(find_secrets(data)) == []
    assert redact(data) == data


def test_values_from_python_become_plain() -> None:
    given = {
        "a": np.float64(0.5),
        "b": (1, np.int64(2)),
        "c": np.array([[1, 2]]),
        "d": Path("x"),
        "e": range(3),
        "f": Integer(1, 9),
        "g": Float(1e-3, 1.0, log=True),
        "h": Categorical(("x", "y")),
    }
    assert plain(given) == {
        "a": 0.5,
        "b": [1, 2],
        "c": [[1, 2]],
        "d": "x",
        "e": [0, 1, 2],
        "f": {"min": 1, "max": 9},
        "g": {"min": 1e-3, "max": 1.0, "log": True},
        "h": {"values": ["x", "y"]},
    }


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"a": {"b": object()}}, r"parameters\.a\.b: object cannot be written"),
        ({"a": [1, {2}]}, r"parameters\.a\[1\]: set cannot be written"),
        ({1: 2}, "parameters: a key must be text, got 1"),
        ({"a": float("nan")}, r"parameters\.a: a number must be finite"),
    ],
)
def test_what_no_file_could_hold_is_refused_by_place(value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        plain(value, ("parameters",))


def test_settings_of_data_are_constants_unless_they_are_searched() -> None:
    data = {
        "source": "digits",
        "columns": ["a", "b"],
        "none": None,
        "scale": {"values": ["a", "b"]},
        "in": {"x": 1},
    }
    assert parameters_of(data) == {
        "source": "digits",
        "columns": {"value": ["a", "b"]},
        "none": {"value": None},
        "scale": {"values": ["a", "b"]},
        "in": {"x": 1},
    }
    assert constants(data) == {"source": "digits", "columns": ["a", "b"], "none": None, "in": {"x": 1}}


def test_a_source_that_is_a_file_is_given_by_its_absolute_path(tmp_path: Path) -> None:
    (tmp_path / "sales.csv").write_text("x,y\n1,2\n")
    found = str(tmp_path / "sales.csv")
    assert absolute_source({"source": "sales.csv", "target": "y"}, tmp_path) == {
        "source": found,
        "target": "y",
    }
    assert absolute_source({"source": {"values": ["sales.csv", "digits"]}}, tmp_path) == {
        "source": {"values": [found, "digits"]}
    }
    for other in ("digits", "s3://bucket/sales.csv", "org/name"):
        assert absolute_source({"source": other}, tmp_path) == {"source": other}
        assert missing_file({"source": other}, tmp_path) is None
    assert missing_file({"source": "prices.csv"}, tmp_path) == "prices.csv"
    assert missing_file({"source": {"values": ["sales.csv", "prices.parquet"]}}, tmp_path) == "prices.parquet"
