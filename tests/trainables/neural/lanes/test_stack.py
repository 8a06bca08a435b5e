"""A lane is the trial trained alone: the same draws, the same metrics but for rounding, the same files."""

from __future__ import annotations

import copy
import math
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables import Host, TrainableError, resolve
from trainables.neural.lanes import Shape, Stack, lane_shape, training

CLOCKED = {"examples_per_second"}
TOLERANCE = 1e-4  # relative, after a few epochs: what rounding grows to in a smooth network (at ReLU's kink it may grow faster)
BASE: dict[str, Any] = {
    "data": {"source": "wine"},
    "model": {"width": 16, "depth": 2},
    "batch_size": 32,
    "dropout": 0.0,
    "activation": "tanh",
}
LANES: tuple[dict[str, Any], ...] = (
    {"lr": 1e-3, "weight_decay": 1e-3},
    {"lr": 1e-2, "label_smoothing": 0.1, "beta1": 0.8},
    {"lr": 3e-3, "l1": 1e-3, "clip": 0.1, "schedule": "cosine", "schedule_every": "batch"},
    {"lr": 5e-3, "schedule": "plateau", "schedule_patience": 1, "initializer": "he"},
)


def config(*parts: Mapping[str, Any]) -> dict[str, Any]:
    return copy.deepcopy({name: value for part in (BASE, *parts) for name, value in part.items()})


def stack_of(*configs: Mapping[str, Any], ref: Any = "mlp", width: int = 8, threads: int = 1) -> Stack:
    plug = resolve(ref)
    shape = lane_shape(plug, configs[0])
    assert isinstance(shape, Shape), shape
    stack = Stack(plug, shape, width=width, threads=threads)
    for key, each in enumerate(configs):
        stack.add(key, each, seed=key)
    return stack


def alone(each: Mapping[str, Any], seed: int, ref: Any = "mlp") -> Host:
    host = Host(resolve(ref))
    host.start(each, seed=seed)
    return host


def same(lane: Any, trial: Any, tolerance: float = TOLERANCE) -> None:
    assert isinstance(lane, dict)
    assert lane.keys() == trial.keys()
    for name in trial.keys() - CLOCKED:
        bound = (
            max(tolerance, 0.02 if tolerance else 0.0)
            if name.split("/")[-1] in ("accuracy", "precision", "recall", "f1")
            else tolerance
        )
        assert lane[name] == pytest.approx(trial[name], rel=bound, abs=tolerance / 100, nan_ok=True), name


@pytest.mark.parametrize(
    "common",
    [
        {},
        {"optimizer": "sgd", "nesterov": True, "model": {"width": 16, "norm": "batch"}},
        {"optimizer": "adamw", "ema": 0.9, "accumulate": 2, "model": {"width": 16, "norm": "layer"}},
        {"optimizer": "rmsprop", "mixup": 0.3, "model": {"width": 64, "norm": "group"}},
        {"data": {"source": "diabetes"}, "mixup": 0.3},
    ],
)
def test_a_lane_reports_what_its_trial_reports_alone(common: dict[str, Any]) -> None:
    lanes = [dict(lane) for lane in LANES]
    if "data" in common:
        lanes = [{name: value for name, value in lane.items() if name != "label_smoothing"} for lane in lanes]
    configs = [config(common, lane) for lane in lanes]
    stack = stack_of(*configs)
    hosts = [alone(each, seed) for seed, each in enumerate(configs)]
    for _ in range(4):
        reports = stack.step()
        for key, host in enumerate(hosts):
            same(reports[key], host.advance())


def test_with_dropout_a_lane_is_another_run_of_its_trial() -> None:
    """Means over seeds agree within three standard errors, and differ from those without dropout by more."""
    seeds, rates = 24, {"dropout": 0.5, "dropconnect": 0.2}
    lanes, trials, without = [], [], []
    each = config(LANES[0], rates, {"lr": 5e-3})
    plug = resolve("mlp")
    shape = lane_shape(plug, each)
    assert isinstance(shape, Shape)
    stack = Stack(plug, shape, width=seeds)
    plain = config(LANES[0], {"lr": 5e-3})
    for seed in range(seeds):
        stack.add(seed, each, seed=seed)
    for _ in range(3):
        reports = stack.step()
    for seed in range(seeds):
        report = reports[seed]
        assert isinstance(report, dict)
        lanes.append(report["train/loss"])
        for found, options in ((trials, each), (without, plain)):
            host = alone(options, seed)
            for _ in range(2):
                host.advance()
            found.append((host.advance() or {})["train/loss"])
    error = np.hypot(np.std(lanes), np.std(trials)) / np.sqrt(seeds)
    assert abs(np.mean(lanes) - np.mean(trials)) < 3 * error
    assert abs(np.mean(lanes) - np.mean(without)) > 6 * error


@pytest.mark.parametrize(
    "common",
    [
        {"dropout": 0.3, "dropconnect": 0.1, "mixup": 0.2, "clip": 0.1, "ema": 0.9},
        {"activation": "relu", "model": {"width": 16, "norm": "layer"}, "data": {"source": "diabetes"}},
        {"accumulate": 2, "model": {"width": 16, "norm": "batch"}},
    ],
)
def test_two_threads_compute_what_one_does_to_the_last_bit(
    monkeypatch: pytest.MonkeyPatch, common: dict[str, Any]
) -> None:
    configs = [config(common, {"lr": 1e-3 * (1 + key)}) for key in range(19)]
    two, one = (stack_of(*configs, width=19, threads=2) for _ in range(2))
    for leaving in (3, 0):
        for _ in range(2):
            found = two.step()
            with monkeypatch.context() as patched:  # the same blocks, one after the other
                patched.setattr(training, "ThreadPoolExecutor", lambda _, name: ThreadPoolExecutor(1, name))
                expected = one.step()
            assert found.keys() == expected.keys()
            for key in expected:
                same(found[key], expected[key], tolerance=0.0)
        one.free(leaving)
        two.free(leaving)


def test_what_one_thread_raises_ends_the_others_within_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_of(*[config() for _ in range(19)], width=19, threads=2)
    stack.step()
    own = stack._training
    assert own is not None
    gathered, batches, begun = own._gathered, [], threading.Event()

    def failing(chosen: Any, lanes: Any) -> Any:
        batches.append(lanes[0].key)
        if lanes[0].key == 0:
            assert begun.wait(60)
            raise MemoryError("no room")
        begun.set()
        deadline = time.monotonic() + 60
        while (
            not own._broken_off and time.monotonic() < deadline
        ):  # it is in its first batch when it is broken off
            time.sleep(0.001)
        return gathered(chosen, lanes)

    monkeypatch.setattr(own, "_gathered", failing)
    with pytest.raises(MemoryError, match="no room"):
        stack.step()
    assert sorted(batches) == [0, 9], "neither has begun a second batch"
    assert not [each for each in threading.enumerate() if each.name.startswith("lanes")]


def test_a_diverged_lane_harms_no_other_by_a_bit() -> None:
    sound = [config(LANES[0]), config(LANES[1])]
    quiet = stack_of(*sound, config(LANES[2]))
    loud = stack_of(*sound, config(LANES[2], {"lr": 3e38, "clip": 0.0, "l1": 0.0}))
    for _ in range(4):
        expected, found = quiet.step(), loud.step()
        for key in (0, 1):
            same(found[key], expected[key], tolerance=0.0)
    lost = found[2]
    assert isinstance(lost, dict)
    assert math.isnan(lost["val/loss"])
    assert math.isnan(lost["val/accuracy"])


def test_lanes_close_ranks_and_new_ones_come_at_their_own_step() -> None:
    configs = [config(lane) for lane in LANES]
    stack, hosts = stack_of(*configs), {key: alone(each, key) for key, each in enumerate(configs)}
    same(stack.step()[1], hosts[1].advance())
    stack.free(0)
    assert set(stack.lanes) == {1, 2, 3}
    same(stack.step()[1], hosts[1].advance())
    stack.add(9, configs[0], seed=5)
    hosts[9] = alone(configs[0], 5)
    for _ in range(3):
        reports = stack.step()
        assert reports.keys() == {1, 2, 3, 9}
        for key in (1, 9):
            same(reports[key], hosts[key].advance())


def test_lanes_that_leave_change_no_other() -> None:
    """Nor its dropout masks. A matrix kernel may round otherwise in a smaller company."""
    common = {
        "data": {"source": "digits", "limit": 300},
        "model": {"width": 16, "norm": "batch"},
        "dropout": 0.2,
    }
    configs = [config(common, {"lr": 1e-3 * (1 + key)}) for key in range(6)]
    full, left = stack_of(*configs), stack_of(*configs)
    full.step()
    left.step()
    for key in (0, 2, 5):
        left.free(key)
    for _ in range(2):
        expected, found = full.step(), left.step()
        assert found.keys() == {1, 3, 4}
        for key, own in found.items():
            other = expected[key]
            assert isinstance(own, dict)
            assert isinstance(other, dict)
            for name in ("train/loss", "val/loss", "grad_norm"):
                assert own[name] == pytest.approx(other[name], rel=1e-4), name


def test_a_trial_leaves_its_lane_goes_on_alone_and_comes_back(tmp_path: Path) -> None:
    configs = [config({"ema": 0.9, "early_stopping": 50}, lane) for lane in LANES]
    stack, host = stack_of(*configs), alone(configs[2], 2)
    for _ in range(2):
        stack.step()
        host.advance()
    (tmp_path / "lane").mkdir()
    stack.save(2, tmp_path / "lane")
    stack.free(2)
    left = Host(resolve("mlp"))
    left.start(configs[2], seed=2, checkpoint=tmp_path / "lane", from_step=2)
    for _ in range(2):
        same(left.advance(), host.advance())
    (tmp_path / "alone").mkdir()
    left.save(tmp_path / "alone")
    stack.add(2, configs[2], seed=2, checkpoint=tmp_path / "alone")
    for _ in range(2):
        same(stack.step()[2], host.advance())


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad", "adadelta", "rmsprop", "adam", "adamw"])
def test_a_lane_that_goes_on_from_its_checkpoint_repeats_to_the_last_bit(
    optimizer: str, tmp_path: Path
) -> None:
    configs = [
        config({"optimizer": optimizer, "model": {"width": 16, "norm": "batch"}}, lane) for lane in LANES
    ]
    stack = stack_of(*configs)
    stack.step()
    for key in range(4):
        (tmp_path / str(key)).mkdir()
        stack.save(key, tmp_path / str(key))
    resumed = Stack(stack.plug, stack.shape, width=8)
    for key, each in enumerate(configs):
        resumed.add(key, each, seed=key, checkpoint=tmp_path / str(key))
    for _ in range(2):
        expected, found = stack.step(), resumed.step()
        for key in range(4):
            same(found[key], expected[key], tolerance=0.0)


def test_a_trial_that_is_over_by_itself_says_so_and_keeps_its_best_weights(tmp_path: Path) -> None:
    configs = [
        config(LANES[0], {"epochs": 2}),
        config(LANES[1], {"lr": 0.3, "early_stopping": 1}),
        config(LANES[2]),
    ]
    stack, hosts = stack_of(*configs), [alone(each, seed) for seed, each in enumerate(configs)]
    ended: set[int] = set()
    for _ in range(8):
        reports = stack.step()
        for key, host in enumerate(hosts):
            expected = host.advance()
            if expected is None:
                assert isinstance(reports[key], StopIteration)
                ended.add(key)
            else:
                same(reports[key], expected)
    assert ended == {0, 1}
    assert set(stack.lanes) == {0, 1, 2}
    (tmp_path / "over").mkdir()
    stack.save(0, tmp_path / "over")
    again = Host(resolve("mlp"))
    again.start(configs[0], seed=0, checkpoint=tmp_path / "over")
    assert again.advance() is None
    stack.free(0)
    assert set(stack.lanes) == {1, 2}


def test_what_does_not_fit_is_refused_with_a_sentence() -> None:
    stack = stack_of(config(LANES[0]), width=1)
    with pytest.raises(TrainableError, match="all 1 lanes are occupied"):
        stack.add(1, config(LANES[1]), seed=1)
    with pytest.raises(TrainableError, match="lane 0 is occupied"):
        stack.add(0, config(LANES[1]), seed=1)
    stack.free(0)
    with pytest.raises(TrainableError, match="does not fit this stack"):
        stack.add(1, config(LANES[1], {"batch_size": 16}), seed=1)
    with pytest.raises(TrainableError, match="there is no lane 5"):
        stack.free(5)
    assert stack.step() == {}


def test_lanes_go_on_where_there_is_no_memory_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    from trainables.neural.lanes import optimizers

    def full(*_: Any) -> None:
        raise MemoryError("no room for another lane")

    configs = [config({"ema": 0.9}, lane) for lane in LANES]
    calm, crowded = stack_of(*configs), stack_of(*configs)
    with monkeypatch.context() as patch:
        patch.setattr(optimizers, "grown", full)
        with pytest.raises(MemoryError):
            crowded.add(4, configs[0], seed=4)
    for _ in range(2):
        expected, found = calm.step(), crowded.step()
        for key in range(4):
            same(found[key], expected[key], tolerance=0.0)
    crowded.add(4, configs[0], seed=4)
    assert len(crowded.step()) == 5
