"""A choice dismissed after a few trials, as against one that was beaten, or is rare for a reason."""

from __future__ import annotations

from typing import Any

import numpy as np

from contracts.scripted import scripted
from search.analysis.checks.effort import effort
from search.history import History

PARAMETERS: dict[str, Any] = {"x": {"min": 0.0, "max": 1.0}, "kind": {"values": ["a", "b", "c"]}}


def sweep(counts: dict[str, int], penalty: float = 0.0, **options: Any) -> History:
    """So many trials of each choice, those of c first; c's values are worse by `penalty`."""
    rng, told = np.random.default_rng(0), []
    for kind in ("c", "a", "b"):
        for _ in range(counts[kind]):
            x = float(rng.random())
            told.append(
                ({"x": x, "kind": kind}, (x - 0.5) ** 2 + 0.1 * (kind == "b") + penalty * (kind == "c"))
            )
    return scripted(options.pop("parameters", PARAMETERS), told, **options)


def test_a_good_choice_with_two_trials_was_dismissed() -> None:
    (finding,) = effort(sweep({"a": 30, "b": 28, "c": 2}, penalty=-0.1))
    assert (finding.verdict, finding.about, finding.evidence["choice"]) == ("warn", "kind", "c")
    assert finding.evidence["counts"] == {"a": 30, "b": 28, "c": 2}
    assert "kind = c 18 trials more" in finding.next


def test_a_choice_that_the_method_came_back_to_is_being_heard() -> None:
    told = [({"x": i / 60, "kind": "ab"[i % 2]}, abs(i / 60 - 0.5)) for i in range(58)]
    dismissed = [({"x": 0.5, "kind": "c"}, -0.2), ({"x": 0.4, "kind": "c"}, -0.1)]
    assert effort(scripted(PARAMETERS, [*dismissed, *told]))[0].verdict == "warn"
    assert effort(scripted(PARAMETERS, [dismissed[0], *told, dismissed[1]]))[0].verdict == "pass"


def test_a_choice_that_is_worse_was_beaten() -> None:
    assert effort(sweep({"a": 30, "b": 28, "c": 2}, penalty=0.5))[0].verdict == "pass"


def test_a_choice_that_was_never_tried_was_dismissed() -> None:
    assert effort(sweep({"a": 30, "b": 30, "c": 0}))[0].evidence["trials"] == 0


def test_few_by_chance_or_enough_is_fair() -> None:
    assert effort(sweep({"a": 9, "b": 9, "c": 3}))[0].verdict == "pass"
    assert effort(sweep({"a": 80, "b": 75, "c": 5}))[0].verdict == "pass"


def test_a_choice_that_always_fails_is_told_elsewhere() -> None:
    told = [({"x": i / 60, "kind": "c"}, None) for i in range(2)]
    told += [({"x": i / 60, "kind": "ab"[i % 2]}, i / 60) for i in range(58)]
    assert effort(scripted(PARAMETERS, told))[0].verdict == "pass"


def test_a_constraint_that_makes_a_choice_rare_is_no_fault() -> None:
    parameters = {"x": {"min": 0.0, "max": 1.0}, "kind": {"values": [1, 2]}}
    rng, told = np.random.default_rng(0), []
    while len(told) < 60:
        x, kind = float(rng.random()), int(rng.integers(1, 3))
        if kind == 1 or x < 0.02:
            told.append(({"x": x, "kind": kind}, x))
    history = scripted(parameters, told, constraints=["kind == 1 or x < 0.02"])
    assert effort(history)[0].verdict == "pass"


def test_few_trials_and_no_choice() -> None:
    assert effort(sweep({"a": 10, "b": 8, "c": 1}))[0].verdict == "cannot tell"
    assert effort(scripted({"x": {"min": 0.0, "max": 1.0}}, []))[0].verdict == "pass"
