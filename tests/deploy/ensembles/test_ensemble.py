"""Ensembles of real runs: made, measured, written, opened again, from Python and from the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deploy.ensembles import METHODS, Ensemble, ensemble
from deploy.ensembles.members import open_members, quality_of, scored_by
from deploy.errors import DeployError
from deploy.trained import Trained
from search import Sweep
from search.run import Run
from trainables.scoring import scores
from tuneyard.__main__ import main


@pytest.mark.parametrize("method", METHODS)
def test_an_ensemble_opened_again_predicts_what_was_made(run: Run, method: str) -> None:
    made = ensemble(run, method, seed=3)
    opened = Ensemble.open(run)
    single = Trained.open(run, made.best)
    together = opened.predict(single.raw("valid"))
    every = np.stack([np.asarray(Trained.open(run, t).predict(single.data.valid_x)) for t in made.members])
    np.testing.assert_allclose(together, made.blend.apply(every), atol=1e-9)
    np.testing.assert_allclose(together.sum(axis=1), 1.0)
    assert opened.labels == single.labels
    assert made.measured.rows == len(single.data.valid_y)
    assert made.measured.metric == "accuracy"
    assert len(opened.members) <= len(made.members)


def test_the_same_seed_makes_the_same_and_members_come_best_first(run: Run) -> None:
    made = ensemble(run, "greedy", seed=5)
    assert ensemble(run, "greedy", seed=5) == made
    values = [run.trial(trial).best.score for trial in made.members]
    assert values == sorted(values)
    assert made.members[0] == run.best.trial


@pytest.mark.parametrize("method", METHODS)
def test_values_too(values: Run, method: str) -> None:
    made = ensemble(values, method)
    assert made.labels == ()
    assert (made.measured.metric, made.measured.goal) == ("rmse", "minimize")
    assert made.measured.low <= made.measured.difference <= made.measured.high
    opened = Ensemble.open(values)
    trained = Trained.open(values, made.best)
    found = scores("regression", opened.predict(trained.raw("valid")), trained.data.valid_y)
    assert found["rmse"] < 75  # the mean alone has 77


def test_what_was_chosen_and_measured_agrees_with_the_trials_own_values(run: Run) -> None:
    members = open_members(run, 20)
    for trial, outputs in zip(members.trials, members.outputs, strict=True):
        recorded = run.trial(trial).results[-1].metrics["val/accuracy"]
        assert quality_of(members, members.rows.y)(outputs) == pytest.approx(recorded)


@pytest.mark.parametrize("metric", ["accuracy", "log_loss", "f1", "roc_auc"])
def test_the_quick_ways_to_a_quality_are_the_scores(run: Run, metric: str) -> None:
    members = open_members(run, 4)
    goal = "minimize" if metric == "log_loss" else "maximize"
    quality = quality_of(replace(members, metric=metric, goal=goal), members.rows.y)
    sign = 1 if goal == "maximize" else -1
    for outputs in members.outputs:
        assert quality(outputs) == pytest.approx(
            sign * scores("classification", outputs, members.rows.y)[metric], rel=1e-9
        )


def test_rows_that_depend_on_each_other_are_told_with_the_verdict(run: Run) -> None:
    made = ensemble(run, "greedy", seed=5)
    assert not made.dependent
    gain = replace(made.measured, difference=0.1, low=0.05, high=0.15)
    for dependent in (False, True):
        verdict = replace(made, measured=gain, dependent=dependent).verdict
        assert ("too narrow" in verdict) == dependent
        assert verdict.startswith("The ensemble is better")


def test_metrics_that_are_no_scores_are_replaced() -> None:
    assert scored_by("classification", "val/accuracy") == "accuracy"
    assert scored_by("classification", "val/loss") == "log_loss"
    assert scored_by("classification", "perplexity") == "log_loss"
    assert scored_by("regression", "val/loss") == "mse"
    assert scored_by("regression", "business/value") == "rmse"


def test_networks_and_trees_of_one_run_of_each(tmp_path: Path) -> None:
    run = Sweep(
        trainable="mlp",
        data={"source": "wine", "split": {"valid": 0.4}},
        parameters={"lr": {"values": [0.01, 0.003]}, "epochs": 2},
        method="grid",
        max_steps=2,
        name="nets",
        storage=str(tmp_path),
        runner="inline",
    ).run()
    made = ensemble(run, "average")
    assert len(made.members) == 2
    assert Ensemble.open(run).predict(Trained.open(run).raw("valid")).shape[1] == 3


def test_a_run_that_makes_no_ensemble_says_why(tmp_path: Path, run: Run) -> None:
    one = Sweep(
        trainable="classical", data="wine", parameters={"estimator": {"values": ["knn"]}}, run_cap=1, max_steps=1,
        name="one", storage=str(tmp_path), runner="inline",
    ).run()  # fmt: skip
    with pytest.raises(DeployError, match="has 1 trial that can be a member"):
        ensemble(one)
    with pytest.raises(DeployError, match="Make one: tuneyard ensemble one"):
        Ensemble.open(one)
    with pytest.raises(DeployError, match="did you mean vote"):
        ensemble(run, "votes")
    with pytest.raises(DeployError, match="--top 1"):
        ensemble(run, top=1)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"format": 9}', '{"format": 1}', '{"format": 1, "members": [], "blend": {"kind": "mean"}}'],
)
def test_a_damaged_file_is_told(run: Run, text: str) -> None:
    made = ensemble(run, "average")
    run.paths.ensemble.write_text(text)
    with pytest.raises(DeployError, match=r"damaged|is no blend"):
        Ensemble.open(run)
    found = {**made.to_json(), "members": made.to_json()["members"][:-1]}
    run.paths.ensemble.write_text(json.dumps(found))
    with pytest.raises(DeployError, match="weights for"):
        Ensemble.open(run)


def test_the_command_says_whether_it_pays_and_what_to_type(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ensemble", str(run.paths.root), "--method", "greedy", "--top", "4"]) == 0
    told = capsys.readouterr()
    assert "single best trial" in told.out
    assert "95 % interval" in told.out
    assert any(said in told.out for said in ("within noise", "is better", "is worse"))
    assert "next: tuneyard export" in told.err
    assert main(["ensemble", str(run.paths.root), "--method", "stack", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {**json.loads(run.paths.ensemble.read_text()), "path": str(run.paths.ensemble)}
    assert main(["ensemble", "nothing-there"]) == 2
