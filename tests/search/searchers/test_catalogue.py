"""The registry: names, options, capabilities, and how light it is to import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from contracts.heavy import HEAVY
from contracts.searchers import SPACES, problem_on
from search.errors import SettingsError
from search.searchers import SEARCHERS, capabilities, make_searcher

ROOT = Path(__file__).parents[3]


def test_capabilities_are_known_without_loading_a_library() -> None:
    code = (
        "import sys, search.searchers as s\n"
        "assert all(s.capabilities(name).summary for name in s.SEARCHERS)\n"
        f"print([name for name in {sorted(HEAVY)!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"


def test_unknown_names_list_the_nearest() -> None:
    with pytest.raises(SettingsError, match="did you mean sobol"):
        capabilities("soboll")
    with pytest.raises(SettingsError, match="did you mean startup_trials"):
        make_searcher("tpe", problem_on(SPACES["floats"]), {"startup_trails": 3})
    with pytest.raises(SettingsError, match="resolution names no parameter 'z'"):
        make_searcher("grid", problem_on(SPACES["floats"]), {"resolution": {"z": 3}})


def test_all_wrong_options_come_at_once() -> None:
    options = {"startup_trials": 0, "candidates": "many", "gamma": 1}
    with pytest.raises(SettingsError) as caught:
        make_searcher("tpe", problem_on(SPACES["floats"]), options)
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("grid", "resolution", 0),
        ("grid", "resolution", {"x": 2.5}),
        ("sobol", "scramble", 1),
        ("gp", "deterministic", "yes"),
        ("gp", "window", True),
        ("cmaes", "population", 1),
        ("hyperopt", "algorithm", "atpe"),
    ],
)
def test_wrong_values_are_refused(name: str, option: str, value: object) -> None:
    with pytest.raises(SettingsError, match=f"{name}: option {option} "):
        make_searcher(name, problem_on(SPACES["floats"]), {option: value})


def test_defaults_are_what_the_class_has() -> None:
    import inspect
    from importlib import import_module

    for name, place in SEARCHERS.items():
        module, attribute = place.split(":")
        signature = inspect.signature(getattr(import_module(module), attribute))
        defaults = {p.name: p.default for p in signature.parameters.values() if p.name != "problem"}
        assert defaults == {k: o.default for k, o in (capabilities(name).options or {}).items()}


def test_the_page_says_what_the_data_say() -> None:
    """docs/searchers.md: its tables of capabilities and of options are those of the classes."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "searchers.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    yes = {True: "yes", False: "no"}
    for name in SEARCHERS:
        can = capabilities(name)
        assert [
            f"`{name}`", yes[can.learns], can.stopped, can.conditions, can.categories, can.constraints, yes[can.parallel],
            yes[can.finite],
        ] in rows  # fmt: skip
        for option, each in (can.options or {}).items():
            default = each.default if isinstance(each.default, str) else json.dumps(each.default)
            assert [f"`{name}`", f"`{option}`", default, each.help] in rows
