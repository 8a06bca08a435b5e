"""Each analysis against a count over the raw records of sweeps in which everything happens."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from contracts.journals import eventful
from search.analysis import (
    failures,
    history_curve,
    leaderboard,
    learning_curves,
    savings,
    spending,
    timeline,
)
from search.history import History, Record

SCHEDULERS = ("none", "asha", "median", "hyperband")
CASES = [(seed, SCHEDULERS[seed % 4]) for seed in range(24)]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def told(request: pytest.FixtureRequest) -> tuple[list[Record], History]:
    records = eventful(*request.param)
    return records, History.from_records(records)


def finite_results(records: list[Record]) -> list[Record]:
    """First reports of steps with a finite loss, in order."""
    return [
        r
        for r in records
        if r["type"] == "result" and not r.get("again") and math.isfinite(r["metrics"].get("loss", math.nan))
    ]


def final_states(records: list[Record]) -> dict[int, str]:
    states: dict[int, str] = {}
    for record in records:
        if record["type"] in ("ask", "reopen"):
            states[record["trial"]] = "open"
        elif record["type"] == "close":
            states[record["trial"]] = record["outcome"]
    return states


def better(goal: str, values: list[float]) -> float:
    return max(values) if goal == "maximize" else min(values)


def test_the_leaderboard_ranks_by_the_best_value_over_steps(told: tuple[list[Record], History]) -> None:
    records, history = told
    goal, states = history.problem.objective.goal, final_states(records)
    values: dict[int, list[float]] = {}
    for result in finite_results(records):
        values.setdefault(result["trial"], []).append(result["metrics"]["loss"])
    expected = sorted(
        ((better(goal, seen), number) for number, seen in values.items() if states[number] != "failed"),
        key=lambda pair: (-pair[0] if goal == "maximize" else pair[0], pair[1]),
    )
    rows = leaderboard(history)["rows"]
    ranked = [row for row in rows if row["rank"] is not None]
    assert [(row["best"], int(row["trial"][1:])) for row in ranked] == expected
    assert [row["rank"] for row in ranked] == list(range(1, len(ranked) + 1))
    assert sorted(row["trial"] for row in rows) == [trial.id for trial in history.trials]


def test_the_best_so_far_is_the_running_best_of_the_sound_trials(told: tuple[list[Record], History]) -> None:
    records, history = told
    goal, states = history.problem.objective.goal, final_states(records)
    best, improvements = None, []
    for result in finite_results(records):
        value = result["metrics"]["loss"]
        if states[result["trial"]] == "failed":
            continue
        if best is None or better(goal, [value, best]) != best:
            best = value
            improvements.append(value)
    curve = history_curve(history)
    # Results of the same moment may change places; the last of each moment is the same.
    assert curve["improvements"]["value"][-1:] == improvements[-1:]
    assert set(curve["improvements"]["value"]) >= {*improvements[-1:]}
    for column in ("steps", "seconds"):
        assert curve["improvements"][column] == sorted(curve["improvements"][column])
    assert curve["by_trial"]["value"][-1:] == improvements[-1:]
    assert curve["steps"] == sum(r["type"] == "result" and not r.get("again") for r in records) or any(
        r["type"] == "reopen" for r in records
    )


def test_rungs_count_the_recorded_decisions(told: tuple[list[Record], History]) -> None:
    records, history = told
    compared = [r for r in records if r["type"] == "decision" and r["rung"] is not None]
    result = savings(history)
    assert sum(rung["entered"] for rung in result["rungs"]) == len(compared)
    assert sum(rung["stopped"] for rung in result["rungs"]) == sum(r["scheduler"] is True for r in compared)
    stopped = {r["trial"] for r in records if r["type"] == "decision" and r["scheduler"]}
    saved = sum(
        9 - trial.steps for trial in history.trials if trial.number in stopped and trial.state == "stopped"
    )
    assert result["saved_steps"] == saved
    assert result["stopped"] + result["by_other_means"] == sum(t.state == "stopped" for t in history.trials)


def test_lanes_never_train_two_trials_at_once(told: tuple[list[Record], History]) -> None:
    records, history = told
    result = timeline(history)
    starts = [r for r in records if r["type"] == "start"]
    assert result["total"] == len(starts)
    by_lane: dict[int, list[tuple[float, float]]] = {}
    bars = result["bars"]
    for lane, start, end in zip(bars["lane"], bars["start"], bars["end"], strict=True):
        assert start <= end
        by_lane.setdefault(lane, []).append((start, end))
    for spans in by_lane.values():
        spans.sort()
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert result["utilisation"] is None or 0 <= result["utilisation"] <= 1
    assert math.isclose(sum(lane["seconds"] for lane in result["lanes"]), result["worker_seconds"])


def test_every_failure_is_in_one_group(told: tuple[list[Record], History]) -> None:
    records, history = told
    result = failures(history)
    assert result["failed"] == sum(state == "failed" for state in final_states(records).values())
    listed = [item["trial"] for group in result["groups"] for item in group["trials"]]
    assert sorted(listed) == [trial.id for trial in history.trials if trial.failure is not None]
    retried = sum(r["type"] == "start" and r["after"] is not None for r in records)
    assert sum(group["count"] for group in result["recovered"]) == retried


def test_curves_hold_the_finite_results(told: tuple[list[Record], History]) -> None:
    _records, history = told
    seen: dict[str, list[tuple[int, float]]] = {}
    for trial in history.trials:
        points = [(r.step, r.metrics["loss"]) for r in trial.results if r.score is not None]
        if points:
            seen[trial.id] = points
    result = learning_curves(history)
    drawn: dict[str, Any] = {
        curve["trial"]: list(zip(curve["steps"], curve["values"], strict=True)) for curve in result["curves"]
    }
    assert drawn == seen


def test_spending_is_what_the_history_counts(told: tuple[list[Record], History]) -> None:
    _, history = told
    rows = {row["what"]: row for row in spending(history)["rows"]}
    assert rows["trials"]["spent"] == len(history.trials)
    assert rows["steps"]["spent"] == history.steps_total
    assert rows["trials"]["limit"] == history.problem.budget.trials
