"""Confirming over folds in place of seeds, and confirming a search whose steps were folds or seeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from search import Run, Sweep
from search.analysis import confirmation
from search.confirmation import confirm
from search.errors import SettingsError
from search.seeds import repeat_seed, replicate_seed


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def folded(config: dict[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """A fold and a seed have a luck that all configs share, and one of each config's own."""
    split = config.get("data", {}).get("split", {})
    own = np.random.default_rng([seed, split.get("fold", 99), int(config["x"] * 1e6)]).normal()
    for step in range(1, 4):
        yield {"loss": config["x"] + split.get("fold", 0) + 0.1 * own + 1 / step, "seed": seed}


def searched(trainable: Any = folded, **changed: Any) -> Run:
    settings: dict[str, Any] = {
        "name": "first",
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "metric": "loss",
        "data": {"source": "anything"},
        "method": "random",
        "max_steps": 3,
        "run_cap": 6,
        "storage": "runs",
        "runner": "inline",
        **changed,
    }
    return Sweep(trainable, **settings).run()


def again(**options: Any) -> Run:
    return confirm("first", **{"top": 2, "folds": 4, "trainable": folded, **options})


def test_the_best_configs_are_trained_on_the_same_folds_each_under_a_fresh_seed() -> None:
    first, run = searched(), again()
    best = sorted((trial.best.score, trial.config["x"]) for trial in first.history.trials if trial.best)
    expected = [x for _, x in best[:2]]
    trials = run.history.trials
    assert [(t.config["data.split.fold"], t.config["x"]) for t in trials] == [
        (fold, x) for fold in range(4) for x in expected
    ]
    assert {t.config["data.split.folds"] for t in trials} == {4}
    assert [t.seed for t in trials] == [replicate_seed(0, fold) for fold in range(4) for _ in expected]
    assert {t.steps for t in trials} == {3}


def test_the_same_judgement_with_what_folds_share_taken_into_account() -> None:
    searched()
    run = again(folds=5)
    found = confirmation(run.history)
    assert (found["over"], found["seeds"], found["refolded"]) == ("folds", 5, False)
    first, other = found["configs"]
    values, theirs = np.array(first["values"]), np.array(other["values"])
    half = stats.t.ppf(0.975, 4) * values.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4)
    assert first["interval"] == pytest.approx([values.mean() - half, values.mean() + half])
    differences = values - theirs
    t = abs(differences.mean()) / (differences.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4))
    assert found["pairs"][0]["p"] == pytest.approx(2 * stats.t.sf(t, 4))
    assert first["probability_best"] == pytest.approx(stats.t.cdf(t, 4), abs=0.02)
    assert found["headline"] == f"{first['label']} is best over 5 folds"
    assert "seed" not in " ".join(found["sentences"])


def test_called_again_it_trains_nothing_and_other_folds_are_refused() -> None:
    searched()
    run = again()
    same = again()
    assert len(same.history.trials) == len(run.history.trials)
    with pytest.raises(SettingsError, match="other folds"):
        again(folds=5)
    with pytest.raises(SettingsError, match="other folds"):
        again(folds=None, seeds=5)


def test_a_search_over_folds_is_confirmed_on_folds_one_training_a_trial() -> None:
    searched(repeats={"over": "folds", "times": 4})
    run = again()
    assert {trial.steps for trial in run.history.trials} == {1}
    assert {trial.config["data.split.fold"] for trial in run.history.trials} == {0, 1, 2, 3}
    for trial in run.history.trials:
        assert trial.last is not None
        assert trial.last.metrics["seed"] == trial.seed
    found = confirmation(run.history)
    assert found["refolded"]
    assert "The search chose by these very folds" in " ".join(found["sentences"])


def test_a_search_over_folds_is_confirmed_over_seeds_a_cross_validation_a_trial() -> None:
    searched(repeats={"over": "folds", "times": 4})
    run = again(folds=None, seeds=3)
    assert [trial.steps for trial in run.history.trials] == [4] * 6
    found = confirmation(run.history)
    assert found["over"] == "seeds"
    for trial in run.history.trials:
        assert trial.last is not None
        assert trial.last.metrics["loss/fold"] > 3  # the fourth fold
    promised = [each["promised"] for each in found["configs"]]
    assert all(abs(each["mean"] - mean) < 0.5 for each, mean in zip(found["configs"], promised, strict=True))


def test_a_search_over_seeds_is_confirmed_under_fresh_ones() -> None:
    searched(data=None, repeats={"over": "seeds", "times": 3})
    run = again(folds=None, seeds=5)
    assert {trial.steps for trial in run.history.trials} == {1}
    used = {int(trial.last.metrics["seed"]) for trial in run.history.trials if trial.last}
    assert used == {replicate_seed(0, turn) for turn in range(5)}
    assert not used & {repeat_seed(0, turn) for turn in range(3)}


def test_what_has_no_folds_or_races_is_refused() -> None:
    searched(data=None)
    with pytest.raises(
        SettingsError, match=r"folds are folds of the `data:` section, and this sweep has none"
    ):
        again()
    searched(name="second")
    with pytest.raises(SettingsError, match="racing holds its error rate over independent seeds"):
        confirm("second", folds=4, racing=True, trainable=folded)


def test_the_sweep_file_may_ask_for_folds() -> None:
    run = searched(confirm={"top": 2, "folds": 3})
    assert run.paths is not None
    confirmed = Run.open(run.paths.confirmation.root)
    assert len(confirmed.history.trials) == 6
    assert confirmation(confirmed.history)["over"] == "folds"


def test_the_models_of_the_folds_are_measured_on_the_locked_test_rows() -> None:
    settings: dict[str, Any] = {
        "name": "real",
        "data": {"source": "breast_cancer"},
        "parameters": {"estimator": "logistic", "logistic": {"C": {"min": 0.1, "max": 1.0}}},
        "repeats": {"over": "folds", "times": 3},
        "max_steps": 1,
        "run_cap": 2,
        "storage": "runs",
        "runner": "inline",
    }
    Sweep("classical", **settings).run()
    test = confirmation(confirm("real", top=1, folds=3).history)["test"]
    assert test["error"] is None
    assert test["opening"] == 1
    assert len(test["values"]["test/accuracy"]) == 3
    assert 0.9 < test["metrics"]["test/accuracy"] <= 1.0
