"""Values of the command line: where they land, and how they are named when they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.errors import SettingsError
from search.settings import Override, read_settings
from search.settings.document import Document
from search.settings.overrides import apply_overrides

TEXT = """
trainable: branin
method: random
parameters:
  x1: {min: 0.0, max: 1.0}
  model:
    width: {min: 1, max: 9}
"""


def changed(data: dict[str, Any], *overrides: str) -> Any:
    return apply_overrides(Document(data), overrides).data


@pytest.mark.parametrize(
    ("data", "override", "expected"),
    [
        ({"a": 1}, "a=2", {"a": 2}),
        ({"a": 1}, "b=2", {"a": 1, "b": 2}),
        ({}, "a.b.c=1e-3", {"a": {"b": {"c": 0.001}}}),
        ({"a": {"b": 1, "c": 2}}, "a={b: 3}", {"a": {"b": 3}}),
        ({"a": None}, "a.b=1", {"a": {"b": 1}}),
        ({"a": 1}, "a=", {"a": None}),
        ({"a": 1}, "a=x=y", {"a": "x=y"}),
        ({"p": [{"x": 1}, {"x": 2}]}, "p.1.x=5", {"p": [{"x": 1}, {"x": 5}]}),
        ({"p": {"model.width": 1}}, "p.model.width=5", {"p": {"model.width": 5}}),
        ({"p": {"model.conv": {"width": 1}}}, "p.model.conv.width=5", {"p": {"model.conv": {"width": 5}}}),
        ({"method": "tpe"}, "method.n=5", {"method": {"name": "tpe", "n": 5}}),
        (
            {"early_terminate": "asha"},
            "early_terminate.eta=4",
            {"early_terminate": {"type": "asha", "eta": 4}},
        ),
        ({"data": "digits"}, "data.valid=0.1", {"data": {"source": "digits", "valid": 0.1}}),
        ({"a": 1}, "a=[1, 2.5, text]", {"a": [1, 2.5, "text"]}),
        ({"a": 1}, "a='1'", {"a": "1"}),
    ],
)
def test_a_value_lands_where_its_key_says(data: dict[str, Any], override: str, expected: Any) -> None:
    before = str(data)
    assert changed(data, override) == expected
    assert str(data) == before


def test_later_overrides_win() -> None:
    assert changed({"a": 1}, "a=2", "a=3") == {"a": 3}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("run_cap=0", "--set run_cap: must be 1 or more, got 0"),
        ("run_cpa=3", "--set run_cpa: unknown key (did you mean run_cap?)"),
        ("paramters.x1=3", "--set paramters.x1 (paramters): unknown key (did you mean parameters?)"),
        (
            "parameters.x1.max=-1",
            "--set parameters.x1.max (parameters.x1): the lower bound 0.0 exceeds the upper bound -1.0",
        ),
        ("parameters.x1.mx=2", "--set parameters.x1.mx: unknown key 'mx' in a range (did you mean max?)"),
        (
            "parameters.x1={min: 0, mx: 2}",
            "--set parameters.x1 (parameters.x1.mx): unknown key 'mx' in a range",
        ),
        ("method=tpee", "--set method: unknown method 'tpee' (did you mean tpe?)"),
        ("trainable=brannin", "--set trainable: there is no trainable 'brannin'"),
        ("run_cap", "--set run_cap: write --set key=value, for example --set parameters.lr.max=0.1"),
        ("=3", "--set =3: write --set key=value"),
        ("a..b=3", "--set a..b=3: write --set key=value"),
        ("run_cap=[1", "--set run_cap: not YAML: "),
        (
            "trainable.x=3",
            "--set trainable.x: trainable is text ('branin'), it has no 'x'; set trainable as a whole",
        ),
        ("data={token: abc}", "--set data (data.token): a secret would be written"),
    ],
)
def test_a_wrong_override_is_named_as_it_was_typed(override: str, said: str) -> None:
    Path("sweep.yaml").write_text(TEXT)
    with pytest.raises(SettingsError) as caught:
        read_settings(Path("sweep.yaml"), [override]).resolved()
    assert caught.value.problems[0].startswith(said)


def test_an_option_of_its_own_is_named_by_its_flag() -> None:
    Path("sweep.yaml").write_text(TEXT)
    overrides = [Override("time_budget", "soon", "--time-budget"), Override("run_cap", 7, "-n")]
    with pytest.raises(SettingsError, match=r"^--time-budget \(time_budget\): must be a time above zero"):
        read_settings(Path("sweep.yaml"), overrides)
    assert read_settings(Path("sweep.yaml"), overrides[1:]).file.run_cap == 7


def test_every_wrong_override_is_told() -> None:
    Path("sweep.yaml").write_text(TEXT)
    with pytest.raises(SettingsError) as caught:
        read_settings(Path("sweep.yaml"), ["a", "run_cap=[", "seed.x=1", "name.y=1"])
    assert len(caught.value.problems) == 2  # seed and name are not there yet, so they become mappings
