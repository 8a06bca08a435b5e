"""Searches over a record: each config once, nearest first, the real scheduler, and nothing beyond the record unseen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from search import Sweep
from search.errors import SettingsError
from search.hindsight import Arm, Record, arm_of, hindsight, play
from search.hindsight.among import distances
from search.history import History
from search.searchers import SEARCHERS


def train(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """What is good in the end is good from the start."""
    for step in range(1, 10):
        yield {"loss": (config["x"] - 0.3) ** 2 + config["depth"] / step, "seconds": 2.0}


@cache
def run(trials: int = 40, method: str = "random", scheduler: str = "none", audit: float = 0.0) -> History:
    sweep = Sweep(
        train,
        parameters={"x": {"min": 0.0, "max": 1.0}, "depth": {"values": [1, 2, 3]}},
        metric="loss",
        goal="minimize",
        method=method,
        early_terminate={"type": "asha", "promote": True} if scheduler == "promoting" else scheduler,
        max_steps=9,
        run_cap=trials,
        workers=3,
        audit=audit,
        runner="simulated",
    )
    return sweep.run().history


@pytest.mark.parametrize(
    "method", ["recorded", *(name for name in SEARCHERS if name not in ("cmaes", "grid"))]
)
def test_every_method_tries_each_recorded_config_once(method: str) -> None:
    record = Record.from_history(run(16))
    searcher = Arm(method, "none", 1).searcher(record, record.problem, 0)
    history = History(record.problem)
    picked = []
    for number in range(16):
        config = searcher.ask(history, number)
        assert config is not None
        row = searcher.seed_of(number)
        assert record.trials[row].config == config
        picked.append(row)
        ask = {
            "type": "ask",
            "now": 0.0,
            "trial": number,
            "config": config,
            "seed": row,
            "origin": "searcher",
        }
        history.apply(ask)
    assert sorted(picked) == list(range(16))
    assert searcher.ask(history, 16) is None


def test_without_stopping_all_of_the_record_is_spent() -> None:
    record = Record.from_history(run())
    found = play(record, Arm("random", "none", 4), 0)
    assert (found.steps, found.trials, found.unrecorded) == (40 * 9, 40, 0)
    assert found.seconds == 10 * 9 * 2.0  # ten rounds of four workers
    assert found.best == record.best


def test_the_runs_own_order_is_the_run() -> None:
    """Played again as it was, a run comes out as it did."""
    history = run(40, "random", "asha")
    record = Record.from_history(history)
    found = play(record, Arm("recorded", "asha", 3), 0)
    assert found.steps == history.steps_total
    assert found.seconds == history.now
    assert (found.unrecorded, found.guessed) == (0, 0)
    assert play(record, Arm("recorded", "asha", 3), 1).steps > 0


def test_the_same_seed_gives_the_same_play_and_another_another() -> None:
    record = Record.from_history(run())
    arm = Arm("random", "asha", 4)
    assert play(record, arm, 3) == play(record, arm, 3)
    assert len({play(record, arm, seed).good for seed in range(4)}) > 1


def test_a_scheduler_that_goes_beyond_the_record_is_caught() -> None:
    record = Record.from_history(run(40, "random", "asha"))
    found = play(record, Arm("recorded", "none", 1), 0)
    assert found.steps == 40 * 9
    assert found.unrecorded == 40 * 9 - sum(row.steps for row in record.trials)
    assert found.guessed == 0
    assert play(record, Arm("random", "hyperband", 1), 0).guessed > 0


def test_what_runs_on_for_the_audit_is_recorded_whole() -> None:
    record = Record.from_history(run(40, "random", "asha", 1.0))
    assert {row.end for row in record.trials} == {"whole"}
    assert play(record, Arm("random", "asha", 1), 0).unrecorded == 0


def test_places_that_differ_in_kind_are_one_apart() -> None:
    cube = np.array([[0.2, math.nan, 0.1], [0.4, 0.5, 0.9]])
    apart = distances(cube, np.array([0.4, 0.5, 0.1]), np.array([False, False, True]))
    np.testing.assert_allclose(apart, [0.04 + 1.0 + 0.0, 1.0])


def test_an_arm_keeps_its_options_only_with_what_they_belong_to() -> None:
    own, lost = arm_of(run(40, "random", "asha"), 3)
    assert lost == []
    assert own.name == "random, asha, 3 workers"
    assert own.changed("tpe", None, 1).name == "tpe, asha, 1 worker"
    with pytest.raises(SettingsError, match=r"did you mean|nearest|hyperband"):
        own.changed(None, "hyperbnd", None)
    with pytest.raises(SettingsError, match="cmaes cannot be replayed"):
        own.changed("cmaes", None, None)
    with pytest.raises(SettingsError, match="population cannot be replayed"):
        own.changed(None, "population", None)


def test_the_runs_own_options_are_those_of_its_arm() -> None:
    method, stopping = {"name": "tpe", "startup_trials": 5}, {"type": "asha", "min_iter": 2, "eta": 2}
    sweep = Sweep(
        train,
        parameters={"x": {"min": 0.0, "max": 1.0}, "depth": {"values": [1, 2, 3]}},
        metric="loss",
        goal="minimize",
        method=method,
        early_terminate=stopping,
        max_steps=9,
        run_cap=20,
        workers=3,
        runner="simulated",
    )
    history = sweep.run().history
    own, _ = arm_of(history, 1)
    assert own == Arm("tpe", "asha", 3, {"startup_trials": 5}, {"min_iter": 2, "eta": 2})
    record = Record.from_history(history)
    again = play(record, own.changed("recorded", None, None), 0)
    assert (again.steps, again.seconds) == (history.steps_total, history.now)


def test_who_is_paused_holds_no_worker() -> None:
    assert Record.from_history(run(40, "random", "promoting")).concurrent == 3


def test_the_questions_are_answered_where_the_record_carries_them() -> None:
    told = hindsight(run(), scheduler="asha", seeds=5)
    arms = {arm["role"]: arm for arm in told["arms"]}
    assert arms.keys() == {"own", "asked"}  # random search is what was asked for
    by_question = {each["question"]: each for each in told["answers"]}
    assert by_question["would random have done as well?"]["verdict"] == "yes"
    saved = by_question["what would random, asha, 3 workers have saved?"]
    assert saved["verdict"] == "cost and quality"
    assert saved["ratio"]["high"] < 0.7
    assert arms["asked"]["steps"]["low"] <= arms["asked"]["steps"]["mean"] <= arms["asked"]["steps"]["high"]
    assert told["enough"]["best_at"] == 1 + min(range(40), key=lambda n: told_best(run(), n))


def test_a_run_of_random_search_is_what_another_method_is_set_against() -> None:
    told = hindsight(run(), method="tpe", seeds=3)
    assert {arm["role"] for arm in told["arms"]} == {"own", "asked"}
    answer = told["answers"][0]
    assert answer["question"] == "would random have done as well?"
    assert "random needed" in answer["says"]


def told_best(history: History, number: int) -> float:
    best = history.trials[number].best
    assert best is not None
    assert best.score is not None
    return best.score


def test_what_was_cut_short_is_not_made_up() -> None:
    told = hindsight(run(40, "tpe", "asha"), scheduler="none", seeds=3)
    asked = next(arm for arm in told["arms"] if arm["role"] == "asked")
    assert asked["unrecorded"] > 0.1
    verdicts = {each["question"].split(" ")[0]: each["verdict"] for each in told["answers"]}
    assert verdicts["would"] == "cannot tell"
    assert verdicts["what"] in ("cost only", "cannot tell")
    said = " ".join(told["limits"])
    assert "curves were cut short" in said
    assert "the configs were chosen by tpe" in said


def test_a_run_without_settings_is_replayed_in_its_order() -> None:
    history = run()
    own, lost = arm_of(History(history.problem), 2)
    assert (own.method, own.scheduler, own.workers) == ("recorded", "none", 2)
    assert "nothing says how its configs were chosen" in lost[0]
