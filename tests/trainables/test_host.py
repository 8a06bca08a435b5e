"""The host: order of calls, users' exceptions, resumes, and the global generators."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables import CheckpointError, Host, TrainableError, resolve, write_checkpoint


def three_steps(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    for step in range(1, 4):
        yield {"loss": config["x"] / step}


def careless(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """Draws from every global generator, as users do."""
    import torch

    while True:
        yield {
            "python": random.random(),
            "numpy": float(np.random.rand()),  # noqa: NPY002 - what the test is about
            "torch": float(torch.rand(())),
        }


class Careless:
    """The same as a class that saves nothing at all."""

    def setup(self, config: dict[str, Any]) -> None:
        self._draws = careless(config)

    def step(self) -> dict[str, float]:
        return next(self._draws)

    def save(self, directory: Path) -> None:
        pass

    def load(self, directory: Path) -> None:
        pass


class Recorder:
    """Records the calls made to it, in a list that the config carries."""

    calls: list[str] = []

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        self.calls.append(f"setup {config} {seed} {device}")
        config["changed"] = config["nested"]["changed"] = True

    def step(self) -> Any:
        self.calls.append("step")
        if len(self.calls) > 4:
            raise StopIteration
        return None

    def close(self) -> None:
        self.calls.append("close")


def test_verbs_out_of_order() -> None:
    host = Host(resolve("curves"))
    with pytest.raises(TrainableError, match=r"advance\(\) before start\(\)"):
        host.advance()
    with pytest.raises(TrainableError, match=r"save\(\) before start\(\)"):
        host.save(Path())
    host.close()
    host.start({}, seed=1)
    host.close()
    with pytest.raises(TrainableError, match="before start"):
        host.advance()
    with pytest.raises(TrainableError, match="at least 0"):
        host.start({}, seed=1, from_step=-1)


def test_what_cannot_be_saved_says_so(tmp_path: Path) -> None:
    host = Host(resolve(three_steps))
    with pytest.raises(CheckpointError, match="resumes by from_step"):
        host.start({"x": 1.0}, seed=1, checkpoint=tmp_path)
    host.start({"x": 1.0}, seed=1)
    with pytest.raises(CheckpointError, match="cannot be saved"):
        host.save(tmp_path)


@pytest.mark.parametrize("content", [None, "", "[]", '{"step": "x", "random": {}}'])
def test_a_checkpoint_without_the_hosts_state(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "host-state.json").write_text(content)
    with pytest.raises(CheckpointError, match=r"host-state\.json cannot be read"):
        Host(resolve("curves")).start({}, seed=1, checkpoint=tmp_path)


def test_a_checkpoint_of_another_step(tmp_path: Path) -> None:
    host = Host(resolve("curves"))
    host.start({}, seed=1)
    host.advance()
    host.save(tmp_path)
    with pytest.raises(CheckpointError, match="after step 1, not after step 5"):
        host.start({}, seed=1, checkpoint=tmp_path, from_step=5)
    host.start({}, seed=1, checkpoint=tmp_path)
    assert host.step == 1


def test_a_users_exception_comes_through_untouched() -> None:
    host = Host(resolve("chaos"))
    host.start({"mode": "raise", "at": 1}, seed=1)
    with pytest.raises(RuntimeError, match="chaos was told to raise"):
        host.advance()


def test_a_generator_that_ends_and_one_that_is_replayed_past_its_end() -> None:
    host = Host(resolve(three_steps))
    host.start({"x": 6.0}, seed=1)
    assert [host.advance() for _ in range(5)] == [{"loss": 6.0}, {"loss": 3.0}, {"loss": 2.0}, None, None]
    assert host.step == 3
    host.start({"x": 6.0}, seed=1, from_step=2)
    assert host.step == 2
    assert host.advance() == {"loss": 2.0}
    host.start({"x": 6.0}, seed=1, from_step=9)
    assert host.step == 3
    assert host.advance() is None


def test_the_calls_a_class_gets() -> None:
    Recorder.calls.clear()
    config: dict[str, Any] = {"x": 1, "nested": {}}
    host = Host(resolve(Recorder))
    host.start(config, seed=7, device="cpu")
    assert host.advance() == {}
    assert host.advance() == {}
    assert host.step == 2
    host.close()
    host.close()
    assert Recorder.calls == ["setup {'x': 1, 'nested': {}} 7 cpu", "step", "step", "close"]
    assert config == {"x": 1, "nested": {}}, "what a user's code does to its config stays there"
    host.start(config, seed=7)
    assert host.advance() is None
    assert host.step == 0


@pytest.mark.parametrize("target", [careless, Careless])
def test_users_may_draw_from_the_global_generators(target: Any, tmp_path: Path) -> None:
    import torch

    host = Host(resolve(target))
    host.start({}, seed=11)
    straight = [host.advance() for _ in range(6)]
    host.start({}, seed=12)
    assert host.advance() != straight[0]
    host.start({}, seed=11)
    assert [host.advance() for _ in range(3)] == straight[:3]
    if not host.plug.can_checkpoint:
        host.start({}, seed=11, from_step=3)
    else:
        checkpoint = write_checkpoint(tmp_path, host.save, host.step)
        random.seed(0), torch.manual_seed(0)
        host.start({}, seed=11, checkpoint=checkpoint)
    assert [host.advance() for _ in range(3)] == straight[3:]


def test_host_state_is_plain_json(tmp_path: Path) -> None:
    host = Host(resolve("curves"))
    host.start({}, seed=2**32 - 1)
    host.advance()
    host.save(tmp_path)
    assert json.loads((tmp_path / "host-state.json").read_text())["step"] == 1


class Drawer:
    def setup(self, config: dict[str, Any]) -> None:
        self.steps = 0

    def step(self) -> dict[str, float]:
        self.steps += 1
        return {"loss": float(np.random.rand())}  # noqa: NPY002 - what the test is about

    def draw(self, directory: Path) -> None:
        (directory / "work.png").write_text(f"{self.steps} {np.random.rand()}")  # noqa: NPY002


def test_drawing_is_asked_of_the_trainable_and_disturbs_nothing(tmp_path: Path) -> None:
    host, losses = Host(resolve(Drawer)), []
    for draws in (False, True):
        host.start({}, seed=4)
        losses.append(host.advance())
        if draws:
            host.draw(tmp_path)
        losses.append(host.advance())
    assert losses[:2] == losses[2:]
    assert (tmp_path / "work.png").read_text().startswith("1 ")


def test_drawing_out_of_order_or_of_what_does_not_draw(tmp_path: Path) -> None:
    host = Host(resolve(Drawer))
    with pytest.raises(TrainableError, match=r"draw\(\) before start\(\)"):
        host.draw(tmp_path)
    host = Host(resolve("curves"))
    host.start({}, seed=1)
    with pytest.raises(TrainableError, match=r"curves has no draw\(directory\)"):
        host.draw(tmp_path)
