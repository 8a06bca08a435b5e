"""Repeats as steps: what is reported of them, resuming between and within them, and agreement with scikit-learn."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables import CheckpointError, Host, Plug, TrainableError, newest_valid, resolve, write_checkpoint
from trainables.data import load
from trainables.repeats import Repetition, repeated

DATA = {"source": "breast_cancer"}


def told(config: dict[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """Three steps; the values tell fold, seed and step."""
    fold = config.get("data", {}).get("split", {}).get("fold", -1)
    for step in range(1, 4):
        yield {"loss": 100 * fold + step, "seed": seed, "seconds": 2.0}


def plan(times: int = 3, length: int = 3, **more: Any) -> Repetition:
    return Repetition(times, length, more.pop("metric", "loss"), **more)


def steps_of(
    plug: Plug, config: dict[str, Any], *, seed: int = 7, checkpoint: Path | None = None, **more: Any
) -> list[dict[str, Any]]:
    host = Host(plug)
    host.start(config, seed=seed, checkpoint=checkpoint, **more)
    found = []
    while (metrics := host.advance()) is not None:
        found.append(metrics)
    host.close()
    return found


# -- what is reported -----------------------------------------------------------------------------------------------------


def test_a_step_is_the_mean_over_the_folds_so_far_of_the_last_inner_step() -> None:
    first, second, third = steps_of(repeated(resolve(told), plan(folds=True)), {"data": DATA})
    assert (first["loss"], first["loss/fold"]) == (3.0, 3.0)
    assert "loss/std" not in first  # one value has no spread
    assert (second["loss"], second["loss/fold"]) == (53.0, 103.0)
    assert third["loss"] == 103.0
    assert third["loss/std"] == statistics.stdev([3.0, 103.0, 203.0])


def test_a_training_is_cut_at_its_length_and_may_end_before() -> None:
    assert steps_of(repeated(resolve(told), plan(1, length=2)), {})[0]["loss/fold"] == -98.0
    assert steps_of(repeated(resolve(told), plan(1, length=50)), {})[0]["loss/fold"] == -97.0


def test_the_cost_of_a_step_is_that_of_its_whole_training() -> None:
    assert [each["seconds"] for each in steps_of(repeated(resolve(told), plan()), {})] == [6.0, 6.0, 6.0]


def test_folds_have_the_seed_of_the_trial_and_seeds_their_own() -> None:
    folds = steps_of(repeated(resolve(told), plan(folds=True)), {"data": DATA})
    assert [each["seed/fold"] for each in folds] == [7, 7, 7]
    seeds = steps_of(repeated(resolve(told), plan(seeds=(11, 12, 13))), {})
    assert [each["seed/fold"] for each in seeds] == [11, 12, 13]


def sometimes(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    fold = config["data"]["split"]["fold"]
    yield {"loss": fold, **({"odd": 5.0} if fold == 1 else {})}


def test_a_metric_that_only_some_folds_report_is_averaged_over_those() -> None:
    first, second, third = steps_of(repeated(resolve(sometimes), plan(folds=True)), {"data": DATA})
    assert "odd" not in first
    assert (second["odd"], second["odd/fold"]) == (5.0, 5.0)
    assert third["odd"] == 5.0
    assert "odd/fold" not in third


def timed_once(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": 1.0, **({"seconds": 2.0} if config["data"]["split"]["fold"] == 0 else {})}


def test_a_cost_that_only_some_folds_report_is_of_those_steps_alone() -> None:
    first, second, third = steps_of(repeated(resolve(timed_once), plan(folds=True)), {"data": DATA})
    assert first["seconds"] == 2.0
    assert set(second) == set(third) == {"loss", "loss/fold", "loss/std"}


def extreme(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    odd = config["data"]["split"]["fold"] % 2
    yield {"loss": 1.0, "sides": math.inf if odd else -math.inf, "vast": 1.7e308}


def test_a_metric_that_has_no_mean_ends_no_trial() -> None:
    *_, third = steps_of(repeated(resolve(extreme), plan(folds=True)), {"data": DATA})
    assert third["loss"] == 1.0
    assert math.isnan(third["sides"])
    assert third["vast"] == math.inf


def diverging(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    for step in range(1, 4):
        config["steps"].write_text(str(step))
        yield {"loss": math.nan if step == 2 else 1.0}


def test_a_training_whose_objective_is_not_finite_ends_at_once(tmp_path: Path) -> None:
    host = Host(repeated(resolve(diverging), plan()))
    host.start({"steps": tmp_path / "steps"}, seed=0)
    metrics = host.advance()
    assert metrics is not None
    assert math.isnan(metrics["loss"])
    assert (tmp_path / "steps").read_text() == "2"


def nothing(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield from ()


def test_a_training_without_a_step_is_an_error() -> None:
    host = Host(repeated(resolve(nothing), plan()))
    host.start({}, seed=0)
    with pytest.raises(TrainableError, match="training 1 ended before its first step"):
        host.advance()


def test_a_native_ray_trainable_is_refused_by_name() -> None:
    def native(config: dict[str, Any]) -> None: ...

    with pytest.raises(TrainableError, match="is a native Ray Tune trainable"):
        repeated(resolve(native), plan())


def test_what_is_repeated_declares_what_it_declared() -> None:
    inner = resolve("classical")
    assert repeated(inner, plan()).declaration(DATA) == inner.declaration(DATA)


# -- against scikit-learn -------------------------------------------------------------------------------------------------


def test_the_mean_agrees_with_cross_val_score_on_the_same_folds() -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = [load({"source": "breast_cancer", "split": {"folds": 5, "fold": k}}) for k in range(5)]
    raw = {**DATA, "scaling": "none"}
    whole = [load({**raw, "split": {"folds": 5, "fold": k}}) for k in range(5)]
    rows = np.sort(np.concatenate([each.valid_rows for each in folds]))
    x = np.zeros((len(rows), whole[0].valid_x.shape[1]))
    y = np.zeros(len(rows), int)
    for each in whole:
        at = np.searchsorted(rows, each.valid_rows)
        x[at], y[at] = each.valid_x, each.valid_y
    cuts = [
        (np.searchsorted(rows, each.train_rows), np.searchsorted(rows, each.valid_rows)) for each in folds
    ]
    theirs = cross_val_score(
        make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000)), x, y, cv=cuts
    )

    config = {"data": DATA, "estimator": "logistic", "logistic": {"C": 0.5}, "steps": 1}
    plug = repeated(resolve("classical"), plan(5, 1, metric="val/accuracy", folds=True))
    ours = steps_of(plug, config)
    np.testing.assert_allclose([each["val/accuracy/fold"] for each in ours], theirs, atol=1e-12)
    assert ours[-1]["val/accuracy"] == pytest.approx(theirs.mean(), abs=1e-12)
    assert ours[-1]["val/accuracy/std"] == pytest.approx(theirs.std(ddof=1), abs=1e-12)


# -- resuming -------------------------------------------------------------------------------------------------------------

MLP = {"data": {"source": "digits", "limit": 200}, "epochs": 4}
NETWORK = plan(3, 4, metric="val/loss", folds=True)


def timeless(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in each.items() if not k.startswith("examples_per_second")} for each in steps]


def test_a_trial_goes_on_exactly_between_two_folds(tmp_path: Path) -> None:
    plug = repeated(resolve("classical"), plan(3, 2, metric="val/accuracy", folds=True))
    config = {"data": DATA, "estimator": "random_forest", "steps": 2}
    whole = steps_of(plug, config)
    host = Host(plug)
    host.start(config, seed=7)
    host.advance()
    checkpoint = write_checkpoint(tmp_path, host.save, host.step)
    host.close()
    assert steps_of(plug, config, checkpoint=checkpoint, from_step=1) == whole[1:]


class Counted:
    """Counts its steps in a file, dies where it is told to, and can be saved."""

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        self._config, self._step, self._value = config, 0, float(config["data"]["split"]["fold"])

    def step(self) -> dict[str, float]:
        self._step += 1
        self._value = self._value * 0.7 + 0.1
        with Path(self._config["log"]).open("a") as log:
            log.write(f"{self._config['data']['split']['fold']}.{self._step} ")
        if Path(self._config["die"]).exists() and self._config["at"] == [
            self._config["data"]["split"]["fold"],
            self._step,
        ]:
            raise RuntimeError("killed")
        return {"loss": self._value, "seconds": 1.0}

    def save(self, directory: Path) -> None:
        (directory / "state.json").write_text(json.dumps([self._step, self._value]))

    def load(self, directory: Path) -> None:
        self._step, self._value = json.loads((directory / "state.json").read_text())


@pytest.mark.parametrize("every", [1, 2])
def test_a_trial_goes_on_exactly_within_a_fold(tmp_path: Path, every: int) -> None:
    plug = repeated(resolve(Counted), plan(3, 6, folds=True, every=every))
    config = {"data": DATA, "log": str(tmp_path / "log"), "die": str(tmp_path / "die"), "at": [1, 4]}
    whole = steps_of(plug, config)
    (tmp_path / "log").unlink()
    (tmp_path / "die").touch()
    scratch = tmp_path / "scratch"
    host = Host(plug)
    host.start(config, seed=7, scratch=scratch)
    first = host.advance()
    checkpoint = write_checkpoint(tmp_path / "kept", host.save, host.step)
    with pytest.raises(RuntimeError, match="killed"):
        host.advance()
    (tmp_path / "die").unlink()
    (tmp_path / "log").write_text("")
    rest = steps_of(plug, config, checkpoint=checkpoint, from_step=1, scratch=scratch)
    assert [first, *rest] == whole
    done = 3 if every == 1 else 2
    ran = " ".join(f"1.{step}" for step in range(done + 1, 7))
    assert (tmp_path / "log").read_text() == f"{ran} {' '.join(f'2.{step}' for step in range(1, 7))} "


def test_a_cut_checkpoint_within_a_fold_is_passed_over(tmp_path: Path) -> None:
    plug = repeated(resolve(Counted), plan(1, 6, folds=True))
    config = {"data": DATA, "log": str(tmp_path / "log"), "die": str(tmp_path / "die"), "at": [0, 4]}
    whole = steps_of(plug, config)
    (tmp_path / "die").touch()
    host = Host(plug)
    host.start(config, seed=7, scratch=tmp_path / "scratch")
    with pytest.raises(RuntimeError, match="killed"):
        host.advance()
    (tmp_path / "die").unlink()
    found = newest_valid(tmp_path / "scratch" / "0")
    assert found is not None
    (found[0] / "state.json").write_text("[")
    assert steps_of(plug, config, scratch=tmp_path / "scratch") == whole


def test_a_network_goes_on_exactly_within_a_fold(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="networks need torch")
    plug = repeated(resolve("mlp"), NETWORK)
    whole = timeless(steps_of(plug, MLP))
    scratch = tmp_path / "scratch"
    host = Host(plug)
    host.start(MLP, seed=7, scratch=scratch)
    host.advance()
    checkpoint = write_checkpoint(tmp_path / "kept", host.save, host.step)
    host.advance()  # its last checkpoint within the fold stays until the next fold begins
    assert newest_valid(scratch / "1") is not None
    assert timeless(steps_of(plug, MLP, checkpoint=checkpoint, from_step=1, scratch=scratch)) == whole[1:]
    assert not scratch.exists()  # what is over needs no way back


def test_a_generator_repeats_the_fold_it_was_broken_off_in(tmp_path: Path) -> None:
    plug = repeated(resolve(told), plan(folds=True))
    assert plug.can_checkpoint
    host = Host(plug)
    host.start({"data": DATA}, seed=7, scratch=tmp_path / "scratch")
    host.advance()
    checkpoint = write_checkpoint(tmp_path / "kept", host.save, host.step)
    host.close()
    assert not (tmp_path / "scratch").exists()
    rest = steps_of(plug, {"data": DATA}, checkpoint=checkpoint, from_step=1)
    assert [each["loss"] for each in rest] == [53.0, 103.0]


def test_a_checkpoint_of_more_folds_is_refused(tmp_path: Path) -> None:
    host = Host(repeated(resolve(told), plan(3)))
    host.start({}, seed=7)
    host.advance()
    host.advance()
    checkpoint = write_checkpoint(tmp_path, host.save, host.step)
    with pytest.raises(CheckpointError, match="tells of 2 repeats, of 1 here"):
        Host(repeated(resolve(told), plan(1))).start({}, seed=7, checkpoint=checkpoint)


# -- the other verbs ------------------------------------------------------------------------------------------------------


def test_pictures_and_measures_are_those_of_the_newest_model(tmp_path: Path) -> None:
    plug = repeated(resolve("classical"), plan(2, 1, metric="val/accuracy", folds=True))
    assert plug.can_draw
    assert plug.can_measure
    config = {"data": DATA, "estimator": "logistic", "steps": 1}
    host = Host(plug)
    host.start(config, seed=7)
    metrics = host.advance()
    assert metrics is not None
    assert host.measure()["val/accuracy"] == metrics["val/accuracy/fold"]
    (tmp_path / "drawn").mkdir()
    host.draw(tmp_path / "drawn")
    assert list((tmp_path / "drawn").glob("*.png"))
    checkpoint = write_checkpoint(tmp_path / "kept", host.save, host.step)
    host.start(config, seed=7, checkpoint=checkpoint)
    assert host.measure()["val/accuracy"] == metrics["val/accuracy/fold"]


def test_what_cannot_draw_or_measure_does_not_when_repeated() -> None:
    plug = repeated(resolve(told), plan())
    assert not plug.can_draw
    assert not plug.can_measure
