"""Opening a trained trial: the right one, its own data, and a reason where there is nothing to open."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from contracts.winners import run_of, trained
from deploy.errors import DeployError
from deploy.export.card import card_of, card_text
from deploy.trained import Trained
from search import Sweep
from search.confirmation import confirm
from search.errors import RunNotFoundError

LOGISTIC = {"estimator": "logistic"}


OWN = """
class Silent:
    def setup(self, config, *, seed, device):
        self.x = config["x"]
    def step(self):
        return {"loss": self.x}
    def save(self, directory):
        (directory / "x").write_text(str(self.x))
    def load(self, directory):
        self.x = float((directory / "x").read_text())

def shrinking(config):
    yield {"loss": config["x"]}
"""


@pytest.mark.parametrize(
    ("trainable", "data", "parameters", "unit"),
    [
        ("classical", "wine", LOGISTIC, "val/accuracy"),
        ("boosting", "diabetes", {"rounds_per_step": 3}, "val/rmse"),
        ("mlp", "wine", {}, "val/accuracy"),
        ("mlp", {"source": "co2", "features": {"horizon": 2}, "limit": 200}, {}, "val/rmse"),
    ],
)
def test_what_it_predicts_has_the_metric_that_the_trial_reported(
    trainable: str, data: Any, parameters: dict[str, Any], unit: str, tmp_path: Path
) -> None:
    from trainables.scoring import scores

    winner = trained(tmp_path, trainable, data, parameters, max_steps=2)
    outputs = winner.predict(winner.data.valid_x)
    last = winner.trial.results[-1]
    assert winner.step == last.step
    found = scores(winner.task, outputs, winner.data.valid_y)[unit.removeprefix("val/")]
    assert found == pytest.approx(last.metrics[unit], rel=1e-6)
    if winner.labels:
        assert outputs.shape == (len(winner.data.valid_x), len(winner.labels))
        assert outputs.sum(axis=1) == pytest.approx(1)
    raw = winner.raw("valid")
    prepared = winner.inputs(raw)
    if winner.task != "forecasting":
        assert np.array_equal(prepared, winner.data.valid_x)
    assert (winner.module is None) != (winner.estimator is None)


def test_a_source_that_holds_other_rows_by_now_is_refused(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": np.arange(90.0), "y": ["a", "b", "c"] * 30})
    frame.to_csv(tmp_path / "rows.csv", index=False)
    winner = trained(tmp_path, "classical", {"source": str(tmp_path / "rows.csv"), "target": "y"}, LOGISTIC)
    pd.concat([frame, frame.assign(x=frame["x"] + 90)]).to_csv(tmp_path / "rows.csv", index=False)
    with pytest.raises(DeployError, match="holds other rows than when"):
        Trained.open(winner.run)
    frame.to_csv(tmp_path / "rows.csv", index=False)
    assert np.array_equal(Trained.open(winner.run).data.valid_x, winner.data.valid_x)


def test_it_is_the_trial_that_was_asked_for_the_confirmed_winner_or_the_best(tmp_path: Path) -> None:
    parameters = {"estimator": "logistic", "logistic": {"C": {"values": [1e-4, 1.0]}}}
    run = run_of(tmp_path, "classical", "wine", parameters, run_cap=3, max_steps=1)
    assert run.best is not None
    assert run.paths is not None
    assert Trained.open(run).trial.id == run.best.trial
    assert Trained.open(run, 2).trial.id == "t00002"
    with pytest.raises(RunNotFoundError, match="has no trial 't00009'"):
        Trained.open(run, "t00009")
    confirm(run.paths.root, top=2, seeds=2, runner="inline")
    confirmed = Trained.open(run)
    assert confirmed.confirmed
    assert "confirmation" in confirmed.note
    assert confirmed.name.startswith("winner-confirm-")
    assert not Trained.open(run, 0).confirmed
    card = card_of(confirmed, [], {})
    low, high = card["confirmation"]["interval"]
    assert low <= card["confirmation"]["mean"] <= high
    assert card["test"]["opening"] == 1
    assert "test/accuracy" in card["test"]["metrics"]
    assert "opening 1" in card_text(card)


def test_of_repeated_trainings_it_is_the_last_one(tmp_path: Path) -> None:
    run = run_of(tmp_path, "classical", "wine", LOGISTIC, repeats={"over": "folds", "times": 2})
    winner = Trained.open(run)
    assert "of several trainings as steps it is the last one" in winner.note
    assert winner.section["split.fold"] == 1
    last = winner.trial.results[-1].metrics["val/accuracy/fold"]
    found = winner.predict(winner.data.valid_x).argmax(axis=1) == winner.data.valid_y
    assert found.mean() == pytest.approx(last)


@pytest.mark.parametrize(
    ("name", "reason"), [("shrinking", "is a generator function"), ("Silent", r"has no predict\(x\)")]
)
def test_a_trainable_that_cannot_be_asked_is_refused_with_what_to_do(
    name: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    run = Sweep(
        f"{tmp_path / 'mine.py'}:{name}",
        name="mute",
        parameters={"x": {"min": 0.0, "max": 1.0}},
        metric="loss",
        max_steps=1,
        run_cap=1,
        storage=str(tmp_path / "runs"),
        runner="inline",
    ).run()
    with pytest.raises(DeployError, match=reason):
        Trained.open(run)


def test_a_trial_without_a_checkpoint_is_refused_with_the_next_move(tmp_path: Path) -> None:
    run = run_of(tmp_path, "classical", "wine", LOGISTIC)
    assert run.paths is not None
    shutil.rmtree(run.paths.checkpoints(0))
    with pytest.raises(DeployError, match=r"no sound checkpoint is left of t00000.*tuneyard confirm"):
        Trained.open(run)
