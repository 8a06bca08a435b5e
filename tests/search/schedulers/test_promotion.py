"""ASHA as published: who waits, who goes on, and when."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.playing import Counting, problem_of
from search.errors import OrderError, SettingsError
from search.history import Record
from search.journal import MemoryJournal
from search.problem import Budget, Problem
from search.schedulers import Promoter, make_scheduler
from search.schedulers.promotion import Promotion
from search.sweep import PassiveSweep
from search.trial import Outcome


def play(
    problem: Problem, scheduler: Promotion, curves: Sequence[Sequence[float]], workers: int = 1
) -> tuple[PassiveSweep, list[Record]]:
    """Trial i reports curves[i]; `workers` free workers ask whenever there is room. Ends in good order."""
    journal = MemoryJournal()
    sweep = PassiveSweep.begin(problem, Counting(), scheduler, journal)
    now = 0.0
    while True:
        for trial in sweep.ask(workers - len(sweep.history.running), now):
            sweep.start(trial.number, now, node="test", pid=0, from_step=trial.steps)
        if not sweep.history.running:
            break
        for trial in sweep.history.running:
            now += 1.0
            value = curves[trial.number][trial.steps]
            decision = sweep.report(trial.number, trial.steps + 1, {"loss": value}, now)
            if decision.outcome is not None:
                sweep.close(trial.number, decision.outcome, now, decision.reason, decision.failure)
    sweep.end("the end", now)
    return sweep, journal.records


def constant(*levels: float) -> list[list[float]]:
    return [[level] * 27 for level in levels]


def problem(trials: int, max_steps: int = 27) -> Problem:
    return problem_of(max_steps, budget=Budget(trials=trials))


def test_the_first_rung_is_a_ninth_of_a_full_training() -> None:
    made = make_scheduler("asha", problem_of(27), {"promote": True})
    assert made.rungs == (3, 9)
    assert isinstance(made, Promoter)
    assert not isinstance(make_scheduler("asha", problem_of(27)), Promoter)


def test_promote_is_yes_or_no() -> None:
    with pytest.raises(SettingsError, match=r"early_terminate.promote: must be true or false, got 'yes'"):
        make_scheduler("asha", problem_of(27), {"promote": "yes"})


def test_nobody_goes_further_before_eta_have_arrived_and_then_the_best_does() -> None:
    sweep, _ = play(problem(9), Promotion(problem(9)), constant(0.5, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2))
    first = [d for d in sweep.history.decisions if d["step"] == 3]
    assert [d["outcome"] for d in first[:3]] == ["paused"] * 3
    assert [d["trial"] for d in sweep.history.promotions] == [1, 0, 2, 1]
    assert first[0]["reason"] == "rung 3: 0.5 is 1st of 1, none goes on yet; it waits"
    assert sweep.history.promotions[0]["reason"] == "rung 3: 0.4 is 1st of 3, the best goes on"


def test_a_trial_is_taken_up_again_once_later_ones_turn_out_worse() -> None:
    """The stopping rule would have thrown trial 1 away: it was second of two when it came."""
    sweep, _ = play(problem(6), Promotion(problem(6)), constant(0.1, 0.2, 0.9, 0.9, 0.9, 0.9))
    second = sweep.history.trials[1]
    assert second.steps > 3
    assert [a.from_step for a in second.attempts] == [0, 3]
    assert len(second.pauses) >= 1


def test_who_would_be_taken_up_at_once_is_not_paused() -> None:
    sweep, _ = play(problem(9), Promotion(problem(9)), constant(0.5, 0.4, 0.3, *[0.9] * 6))
    third = next(d for d in sweep.history.decisions if d["trial"] == 2)
    assert (third["outcome"], third["scheduler"], third["rung"]) == (None, False, 3)


def test_what_still_waits_when_the_sweep_ends_is_closed_as_stopped() -> None:
    sweep, records = play(problem(9), Promotion(problem(9)), constant(*[0.1 * n for n in range(1, 10)]))
    assert not sweep.history.paused
    assert sweep.history.finished
    states = [t.state for t in sweep.history.trials]
    assert states.count("completed") == 1
    assert states.count("stopped") == 8
    last = sweep.history.trials[8]
    assert last.reason == "rung 3: 0.9 is 9th of 9, the best 3 go on; it waits; not taken up again: the end"
    assert records[-1]["type"] == "end"


def test_a_sweep_of_one_trial_trains_it_whole() -> None:
    sweep, _ = play(problem(1), Promotion(problem(1)), constant(0.5))
    assert [(t.state, t.steps) for t in sweep.history.trials] == [("completed", 27)]


def test_trials_that_cannot_be_told_apart_all_go_on() -> None:
    sweep, _ = play(problem(12), Promotion(problem(12)), constant(*[0.5] * 12), workers=4)
    assert {t.state for t in sweep.history.trials} == {"completed"}


def test_a_paused_trial_takes_no_verb_but_close() -> None:
    sweep = PassiveSweep.begin(problem(3), Counting(), Promotion(problem(3)), MemoryJournal())
    (trial,) = sweep.ask(1, 0.0)
    sweep.start(0, 0.0, node="test", pid=0)
    for step in (1, 2, 3):
        decision = sweep.report(0, step, {"loss": 0.5}, 1.0)
    assert decision.pause
    assert decision.outcome is None
    assert (trial.state, sweep.history.running, sweep.history.paused) == ("paused", [], [trial])
    with pytest.raises(OrderError, match=r"t00000\): it is paused, and goes on once ask"):
        sweep.report(0, 4, {"loss": 0.4}, 2.0)
    with pytest.raises(OrderError, match="it is paused"):
        sweep.start(0, 2.0, node="test", pid=0)
    sweep.close(0, Outcome.STOPPED, 2.0, "enough")
    assert trial.state == "stopped"


def test_the_searcher_learns_of_a_paused_trial_and_again_when_it_ends() -> None:
    sweep, _ = play(problem(9), Promotion(problem(9)), constant(0.5, 0.4, 0.3, *[0.9] * 6))
    seen = [(o.number, len(o.curve), o.outcome.value) for o in sweep.history.observations]
    assert (0, 3, "stopped") in seen
    assert (2, 27, "completed") in seen
    assert sorted(e for e in sweep.history.events if e[0] == "close") == [("close", n) for n in range(9)]
    newest = {number: (steps, outcome) for number, steps, outcome in seen}
    assert newest == {t.number: (t.steps, t.state) for t in sweep.history.trials}


def test_a_failed_trial_takes_nobodys_place_at_a_rung() -> None:
    curves = [[0.1, float("nan")], *constant(0.5, 0.6, 0.7)]
    sweep, _ = play(problem(4), Promotion(problem(4)), curves)
    assert sweep.history.trials[0].state == "failed"
    assert sweep.history.trials[1].state == "completed"


def test_a_budget_of_steps_ends_it_with_what_waits_closed() -> None:
    limited = problem_of(27, budget=Budget(steps=40))
    sweep, _ = play(limited, Promotion(limited), constant(*[0.5 + 0.01 * n for n in range(40)]))
    assert sweep.history.steps_total == 40
    assert sweep.history.finished
    assert all(not t.open for t in sweep.history.trials)


levels = st.lists(st.integers(0, 20).map(lambda n: n / 10), min_size=1, max_size=30)


@settings(max_examples=40, deadline=None)
@given(levels=levels, workers=st.integers(1, 6), eta=st.integers(2, 4))
def test_every_promotion_is_the_rule_spelled_out(levels: list[float], workers: int, eta: int) -> None:
    """Against a second reading of the rule, by sorting everything afresh: nobody beyond the best n // eta goes on, and
    no new trial begins, while a trial waits that may."""
    some = problem(len(levels), 12)
    scheduler = Promotion(some, min_iter=1, eta=eta)
    sweep, records = play(some, scheduler, [[level] * 12 for level in levels], workers)
    arrived: dict[int, list[float]] = {step: [] for step in scheduler.rungs}
    waits: dict[int, int] = {}

    def may(number: int) -> bool:
        scores = sorted(arrived[waits[number]])
        return scores.index(levels[number]) < len(scores) // eta

    for record in records:
        match record["type"]:
            case "result" if record["step"] in arrived:
                arrived[record["step"]].append(levels[record["trial"]])
            case "decision" if record["outcome"] == "paused":
                waits[record["trial"]] = record["step"]
            case "promote":
                ends = record["last"] and not any(may(number) for number in waits)
                assert may(record["trial"]) or ends
                higher = [n for n, step in waits.items() if step > waits[record["trial"]]]
                assert ends or not any(may(number) for number in higher)
                del waits[record["trial"]]
            case "ask":
                assert not any(may(number) for number in waits)
    assert all(not trial.open for trial in sweep.history.trials)
    assert any(trial.state == "completed" for trial in sweep.history.trials)
