from __future__ import annotations

import pytest

from contracts.reported import run_of
from search.analysis import verdict
from search.problem import Objective

SPACE = {"a": {"min": 0.0, "max": 1.0}}
LOSS = Objective("loss", "minimize")


def words(answer: dict[str, object]) -> str:
    return " ".join(str(answer[key]) for key in ("headline", "sentences", "cautions", "next"))


def test_the_winner_is_named_with_its_step_and_its_lead() -> None:
    values = {0: [3.0, 1.0, 2.0], 1: [4.0, 1.5, 1.25], 2: [9.0, 9.0, 9.0]}
    run = run_of(
        lambda config, number, step: values[number][step - 1],
        parameters=SPACE,
        objective=LOSS,
        trials=3,
        max_steps=3,
        scheduler="none",
    )
    answer = verdict(run.history, "digits", "finished")
    assert answer["headline"] == "t00000 is best: loss 1.000 at step 2"
    assert answer["lead"] == 0.25
    assert answer["winner"]["last"] == 2.0
    assert answer["runner_up"] == {"trial": "t00001", "value": 1.25}
    assert "one seed" in words(answer)
    assert "0.25 ahead of the second, t00001" in words(answer)


def test_a_lead_below_the_wobble_is_called_noise() -> None:
    run = run_of(
        lambda config, number, step: 1.0 + 0.1 * (step % 2) + 0.01 * number,
        parameters=SPACE,
        objective=LOSS,
        trials=4,
        max_steps=6,
        scheduler="none",
    )
    answer = verdict(run.history, "digits", "finished")
    assert answer["wobble"] == pytest.approx(0.1)
    assert "treat the first places as equal" in words(answer)


def test_ties_go_to_the_earlier_trial_and_are_said() -> None:
    run = run_of(lambda *_: 1.0, parameters=SPACE, objective=LOSS, trials=3, max_steps=1)
    answer = verdict(run.history, "digits", "finished")
    assert answer["winner"]["trial"] == "t00000"
    assert "ties with t00001" in words(answer)


def test_a_best_that_came_late_asks_for_more_trials() -> None:
    run = run_of(
        lambda config, number, step: -float(number), parameters=SPACE, objective=LOSS, trials=20, max_steps=1
    )
    assert "tuneyard resume digits --add-trials 10" in words(verdict(run.history, "digits", "finished"))


@pytest.mark.parametrize(
    ("state", "command"),
    [
        ("killed", "tuneyard resume digits"),
        ("interrupted", "tuneyard resume digits"),
        ("running", "tuneyard report digits"),
    ],
)
def test_an_unfinished_sweep_says_how_to_go_on(state: str, command: str) -> None:
    run = run_of(trials=10, until=30)
    assert command in [step["command"] for step in verdict(run.history, "digits", state)["next"]]


def test_all_failed_and_nothing_yet() -> None:
    failed = run_of(lambda *_: "boom", parameters=SPACE, objective=LOSS, trials=3)
    answer = verdict(failed.history, "digits", "failed")
    assert answer["headline"] == "All 3 trials failed"
    assert answer["winner"] is None
    assert "--retry-failed" in words(answer)
    empty = run_of(parameters=SPACE, objective=LOSS, trials=1, workers=0)
    assert verdict(empty.history, "digits", "finished")["headline"] == "No trial has run yet"


def test_names_stand_quoted_in_commands() -> None:
    run = run_of(trials=3, until=5)
    assert "tuneyard resume '$(boom)'" in words(verdict(run.history, "$(boom)", "killed"))
