"""Failures: their share, and the region that they lie in."""

from __future__ import annotations

from typing import Any

import numpy as np
from ruamel.yaml import YAML

from contracts.scripted import scripted
from search.analysis.checks.infeasible import infeasible
from search.history import History

PARAMETERS: dict[str, Any] = {
    "lr": {"min": 1e-5, "max": 1e-1, "log": True},
    "width": {"min": 16, "max": 256, "step": 16},
    "optimizer": {"values": ["sgd", "adam", "lion"]},
}


def sweep(fails: Any, trials: int = 60) -> History:
    rng, told = np.random.default_rng(1), []
    for number in range(trials):
        config = {
            "lr": float(10 ** rng.uniform(-5, -1)),
            "width": int(16 * rng.integers(1, 17)),
            "optimizer": PARAMETERS["optimizer"]["values"][number % 3],
        }
        told.append((config, None if fails(config, number) else float(rng.random())))
    return scripted(PARAMETERS, told)


def test_a_threshold_on_a_log_scale_is_named_with_its_counts_and_the_smaller_range() -> None:
    history = sweep(lambda config, number: config["lr"] > 0.02)
    (finding,) = infeasible(history)
    failed = sum(trial.outcome == "failed" for trial in history.trials)
    assert (finding.verdict, finding.about) == ("warn", "lr")
    assert (finding.evidence["failed_inside"], finding.evidence["inside"]) == (failed, failed)
    assert finding.evidence["failed_elsewhere"] == 0
    assert f"{failed} of {failed} fail, elsewhere 0 of {60 - failed}" in finding.says
    written = YAML(typ="safe").load(finding.next.split(": ", 1)[1])
    best_edge = max(t.config["lr"] for t in history.trials if t.outcome != "failed")
    assert 0.9 * best_edge <= written["lr"]["max"] <= best_edge


def test_the_lower_end_of_a_stepped_number() -> None:
    (finding,) = infeasible(sweep(lambda config, number: config["width"] <= 48))
    assert finding.evidence["side"] == "below"
    assert YAML(typ="safe").load(finding.next.split(": ", 1)[1])["width"] == {
        "min": 64,
        "max": 256,
        "step": 16,
    }


def test_a_choice_that_fails() -> None:
    (finding,) = infeasible(sweep(lambda config, number: config["optimizer"] == "lion"))
    assert finding.evidence["at"] == "lion"
    assert "optimizer = lion 20 of 20 fail" in finding.says


def test_failures_without_a_region_are_counted() -> None:
    (finding,) = infeasible(sweep(lambda config, number: number % 5 == 0))
    assert finding.verdict == "warn"
    assert finding.evidence["share"] == 0.2
    assert "no threshold" in finding.says


def test_one_failure_passes_and_all_failures_fail() -> None:
    assert infeasible(sweep(lambda config, number: number == 7))[0].verdict == "pass"
    assert infeasible(sweep(lambda config, number: False))[0].evidence["failed"] == 0
    assert infeasible(sweep(lambda config, number: True))[0].verdict == "fail"


def test_too_few_cannot_tell() -> None:
    assert infeasible(scripted(PARAMETERS, []))[0].verdict == "cannot tell"
    assert infeasible(sweep(lambda config, number: number < 2, trials=4))[0].verdict == "cannot tell"


def test_the_same_history_gives_the_same_finding() -> None:
    def fails(config: Any, number: int) -> bool:
        return bool(config["lr"] > 0.02)

    assert infeasible(sweep(fails)) == infeasible(sweep(fails))
