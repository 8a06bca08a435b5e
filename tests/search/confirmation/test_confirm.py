"""Confirming a run: the best configs again, under fresh seeds that they share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search import Run, Sweep
from search.analysis import confirmation
from search.confirmation import confirm, confirmation_of
from search.errors import SettingsError
from search.history import History, Record
from search.journal import read_journal
from search.seeds import replicate_seed, trial_seed
from search.views.console import ConsoleView
from trainables.data.locked import Permit, load_test


def noisy(config: dict[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """Its seed decides a part that all configs share, and a part of each config's own."""
    shared = np.random.default_rng(seed).normal()
    own = np.random.default_rng([seed, int(config["x"] * 1e6)]).normal()
    for step in range(1, 4):
        yield {"loss": config["x"] + shared + 0.1 * own + 1 / step}


def fragile(config: dict[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """Fails under every other fresh seed."""
    yield {"loss": config["x"]}
    if seed in {replicate_seed(0, turn) for turn in range(0, 20, 2)}:
        raise ValueError("an unlucky seed")
    yield {"loss": config["x"]}


def slow_elsewhere(config: dict[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """Keeps its time under the seeds of a search alone, but for configs that never lose it."""
    lucky = seed in {trial_seed(0, number) for number in range(8)}
    yield {"loss": config["x"], "ms": 50.0 if lucky or config["x"] > 0.5 else 500.0}


def searched(trainable: Any = noisy, **changed: Any) -> Run:
    settings: dict[str, Any] = {
        "name": "first",
        "parameters": {"x": {"min": 0.0, "max": 1.0}, "mode": "plain"},
        "metric": "loss",
        "method": "random",
        "early_terminate": "none",
        "max_steps": 3,
        "run_cap": 8,
        "storage": "runs",
        "runner": "inline",
        **changed,
    }
    return Sweep(trainable, **settings).run()


def again(**options: Any) -> Run:
    return confirm("first", **{"top": 3, "seeds": 5, "trainable": noisy, **options})


def places(run: Run) -> list[tuple[int, float]]:
    return [(trial.seed, trial.config["x"]) for trial in run.history.trials]


def test_the_best_configs_are_trained_in_full_under_seeds_they_share() -> None:
    first = searched(early_terminate={"type": "asha", "min_iter": 1, "eta": 2})
    run = again()
    best = sorted(
        (trial.best.score, trial.config["x"])
        for trial in first.history.trials
        if trial.best is not None and trial.state == "completed"
    )
    expected = [x for _, x in best[:3]]
    seeds = [replicate_seed(0, turn) for turn in range(5)]
    assert places(run) == [(seed, x) for seed in seeds for x in expected]
    assert not set(seeds) & {trial_seed(0, number) for number in range(1000)}
    assert {trial.state for trial in run.history.trials} == {"completed"}
    assert {trial.steps for trial in run.history.trials} == {3}
    assert run.paths is not None
    assert first.paths is not None
    assert run.paths.root == first.paths.root / "confirm"


def test_what_was_found_is_what_was_trained() -> None:
    first, run = searched(), again(seeds=7)
    found = confirmation(run.history)
    assert found["complete"]
    for each in found["configs"]:
        values = [t.best.score for t in run.history.trials if t.config["x"] == each["config"]["x"] and t.best]
        assert each["values"] == values
        assert each["mean"] == pytest.approx(np.mean(values))
        assert each["promised"] == first.trial(each["label"]).best.score  # type: ignore[union-attr]
    means = [each["mean"] for each in found["configs"]]
    assert means == sorted(means)
    assert sum(each["probability_best"] for each in found["configs"]) == pytest.approx(1.0)
    bias = found["bias"]
    winner = next(each for each in found["configs"] if each["label"] == bias["trial"])
    assert bias["flattery"] == pytest.approx(winner["mean"] - winner["promised"])


def test_an_interrupted_confirmation_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    searched()
    whole = again(racing=True, seeds=8)
    assert whole.paths is not None
    records = whole.paths.journal.read_text().splitlines(keepends=True)
    for kept in (2, len(records) // 2, len(records) - 1):
        shutil.rmtree(whole.paths.root)
        whole.paths.root.mkdir()
        whole.paths.journal.write_text("".join(records[:kept]))
        resumed = again(racing=True, seeds=8)
        assert places(resumed) == places(whole)
        assert confirmation(resumed.history) == confirmation(whole.history)


def test_called_again_it_trains_nothing_and_more_seeds_are_added() -> None:
    searched()
    run = again()
    assert places(again()) == places(run)
    assert places(again(seeds=4)) == places(run)
    more = again(seeds=7)
    assert places(more)[:15] == places(run)
    assert len(more.history.trials) == 21
    assert confirmation(more.history)["seeds"] == 7


def test_other_configs_need_a_confirmation_of_their_own() -> None:
    searched()
    run = again()
    with pytest.raises(SettingsError, match=r"confirmation with other candidates.*--afresh"):
        again(top=2)
    other = again(top=2, afresh=True)
    assert len(other.history.trials) == 10
    assert other.paths is not None
    assert run.paths is not None
    kept = read_journal(run.paths.root.with_name("confirm-1") / "journal.jsonl")
    assert sum(record["type"] == "ask" for record in kept) == 15


def test_racing_does_not_take_more_seeds_than_it_announced() -> None:
    searched()
    again(racing=True)
    with pytest.raises(SettingsError, match="its error rate holds for those"):
        again(racing=True, seeds=9)


def test_a_clearly_beaten_config_gets_no_further_seeds() -> None:
    searched(points=[{"x": 0.0}, {"x": 1.0}], run_cap=2)
    run = again(racing=True, seeds=9)
    found = confirmation(run.history)
    assert [each["dropped"] for each in found["configs"]] == [False, True]
    assert len(run.history.trials) < 18
    assert sum(value is not None for value in found["configs"][0]["values"]) == 9
    assert run.history.finished


@pytest.mark.parametrize("baseline", [{"x": 7.5}, {"x": 0.5, "extra": "unheard of"}])
def test_a_baseline_may_lie_outside_the_space(baseline: dict[str, Any]) -> None:
    searched()
    found = confirmation(again(top=2, baseline=baseline).history)
    each = next(each for each in found["configs"] if each["label"] == "baseline")
    assert each["config"] == {**baseline, "mode": "plain"}
    assert each["promised"] is None
    assert len(found["configs"]) == 3


def test_trials_that_fail_are_said_to_fail() -> None:
    searched(fragile, max_steps=2, failure={"stop_after": None})
    found = confirmation(again(trainable=fragile, top=1, seeds=6).history)
    assert found["configs"][0]["failed"] == 3
    assert found["configs"][0]["values"].count(None) == 3
    assert any("Some failed" in sentence for sentence in found["sentences"])


def test_a_run_without_a_value_cannot_be_confirmed() -> None:
    def broken(config: dict[str, Any]) -> Iterator[dict[str, float]]:
        raise ValueError("no")
        yield {}

    searched(broken, run_cap=2)
    with pytest.raises(SettingsError, match="nothing to confirm"):
        again(trainable=broken)


def test_the_sweep_file_asks_for_it_and_the_report_tells_of_it() -> None:
    run = searched(confirm={"top": 2, "seeds": 3})
    assert run.paths is not None
    seeds = confirmation_of(run)
    assert seeds is not None
    assert len(seeds.trials) == 6
    run.report()
    report = json.loads((run.paths.report / "report.json").read_text())
    assert report["confirmation"] == confirmation(seeds)
    assert "Trained again under fresh seeds" in report["verdict"]["cautions"][0]
    page = (run.paths.report / "index.html").read_text()
    assert 'id="confirmation"' in page
    assert 'data-figure="confirmation"' in page


def test_the_declared_defaults_are_the_baseline_of_a_trainable_that_tells_them() -> None:
    run = Sweep(
        "mlp",
        name="first",
        data={"source": "wine"},
        parameters={"lr": {"min": 1e-3, "max": 1e-2}},
        metric="val/loss",
        method="random",
        run_cap=1,
        max_steps=1,
        runner="inline",
    ).run()
    assert run.best is not None
    found = confirmation(confirm("first", top=1, seeds=2).history)
    labels = [each["label"] for each in found["configs"]]
    assert sorted(labels) == ["baseline", "t00000"]


def learner(**changed: Any) -> Run:
    """A search over a real model on real data."""
    settings: dict[str, Any] = {
        "name": "first",
        "data": {"source": "wine"},
        "parameters": {"lr": {"min": 1e-3, "max": 1e-2}},
        "method": "random",
        "run_cap": 2,
        "max_steps": 2,
        "runner": "inline",
        **changed,
    }
    return Sweep("mlp", **settings).run()


def test_the_test_part_is_opened_once_and_the_journal_says_so() -> None:
    first = learner()
    assert first.history.tests == []
    run = confirm("first", top=1, seeds=2, baseline={"lr": 1e-4})
    begun, ended = run.history.tests
    assert (begun["type"], begun["opening"], ended["type"]) == ("test", 1, "tested")
    found = confirmation(run.history)
    winner = found["configs"][0]["config"]
    best = {trial.id for trial in run.history.trials if dict(trial.config) == dict(winner)}
    assert set(ended["results"]) == set(begun["trials"]) == best
    rows = len(load_test("wine", permit=Permit("first", 1)).y)
    for values in ended["results"].values():
        right = values["test/accuracy"] * rows
        assert right == pytest.approx(round(right))
    again = confirm("first", top=1, seeds=2, baseline={"lr": 1e-4})
    assert again.history.tests == run.history.tests


def test_opening_it_again_is_counted_even_over_confirmations_put_aside() -> None:
    learner()
    confirm("first", top=1, seeds=2)
    again = confirm("first", top=1, seeds=2, test=True)
    assert [record["opening"] for record in again.history.tests] == [1, 1, 2, 2]
    other = confirm("first", top=2, seeds=2, afresh=True)
    assert other.history.tests == []
    third = confirm("first", top=2, seeds=2, test=True)
    found = confirmation(third.history)
    assert found["test"]["opening"] == 3
    assert any("no longer a fair measure" in sentence for sentence in found["sentences"])


def test_it_stays_locked_where_asked_and_where_there_is_none() -> None:
    learner()
    assert confirm("first", top=1, seeds=2, test=False).history.tests == []
    learner(name="whole", data={"source": "wine", "split": {"test": 0.0}})
    assert confirm("whole", top=1, seeds=2, test=True).history.tests == []


def test_a_lost_checkpoint_is_told_and_the_opening_counts() -> None:
    learner()
    run = confirm("first", top=1, seeds=2, test=False)
    assert run.paths is not None
    for folder in run.paths.trials.glob("*/checkpoints"):
        shutil.rmtree(folder)
    told = confirmation(confirm("first", top=1, seeds=2, test=True).history)["test"]
    assert "no sound checkpoint" in told["error"]
    assert told["opening"] == 1


def test_a_measure_that_gives_no_metric_of_validation_is_told_and_breaks_no_report() -> None:
    searched()
    run = again(seeds=2)
    assert run.paths is not None
    opened: list[Record] = [
        {"type": "test", "now": 1.0, "opening": 1, "label": "t00000", "trials": ["t00000"]},
        {"type": "tested", "now": 1.0, "opening": 1, "results": {"t00000": {}}},
    ]
    found = confirmation(History.from_records([*read_journal(run.paths.journal), *opened]))
    assert "begins with val/" in found["test"]["error"]
    assert any("gave no value" in sentence for sentence in found["sentences"])


def test_no_single_seed_is_called_the_winner(capsys: pytest.CaptureFixture[str]) -> None:
    searched()
    again(top=2, seeds=3, observers=[ConsoleView()])
    told = capsys.readouterr().out
    assert "6 completed" in told
    assert "winner" not in told
    assert "best so far" not in told


def test_a_baseline_that_leaves_out_what_has_no_default_is_refused_before_the_search() -> None:
    searched(run_cap=2)
    with pytest.raises(
        SettingsError, match=r"confirm.baseline: leaves out x, for which .* declares no default"
    ):
        again(top=1, baseline={"mode": "fancy"})


def test_what_breaks_a_constraint_under_fresh_seeds_is_no_winner() -> None:
    run = searched(slow_elsewhere, max_steps=1, outcome_constraints=["ms <= 100"])
    found = confirmation(again(top=8, seeds=3, trainable=slow_elsewhere).history)
    values = {trial.id: trial.config["x"] for trial in run.history.trials}
    assert min(values.values()) < 0.5
    first = found["configs"][0]
    assert values[first["label"]] == min(x for x in values.values() if x > 0.5)
    for each in found["configs"]:
        keeps = each["config"]["x"] > 0.5
        assert (each["infeasible"], each["mean"] is None) == ((0, False) if keeps else (3, True))
    assert any("constraints were broken by" in sentence for sentence in found["sentences"])


def test_where_all_break_a_constraint_nothing_is_best() -> None:
    def never(config: dict[str, Any], seed: int) -> Iterator[dict[str, float]]:
        lucky = seed in {trial_seed(0, number) for number in range(8)}
        yield {"loss": config["x"], "ms": 50.0 if lucky else 500.0}

    searched(never, max_steps=1, outcome_constraints=["ms <= 100"])
    found = confirmation(again(trainable=never).history)
    assert found["headline"] == "No config keeps the outcome constraints"
