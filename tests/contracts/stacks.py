"""A lanes engine that can be told what goes wrong: for the runner's side of lanes, without torch."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from search.problem import Budget, FailurePolicy, Objective, Problem
from spaces import Categorical, Constant, Float, Parameter, Space
from trainables.host import STATE_FILE
from trainables.plug import Plug

__all__ = ["Counting", "CountingEngine", "counting"]


class Counting:
    """The ordinary trainable: loss = x + 1/step, and what its config says goes wrong."""

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        if config.get("fault") == "setup":
            raise ValueError("cannot be set up")
        self.config, self.done = config, 0

    def step(self) -> Mapping[str, float]:
        return {"loss": advanced(self)}

    def save(self, directory: Path) -> None:
        (directory / "done.json").write_text(json.dumps(self.done))

    def load(self, directory: Path) -> None:
        self.done = json.loads((directory / "done.json").read_text())


def advanced(trial: Counting) -> float:
    """One step of a trial, in a lane or alone."""
    fault, at = trial.config.get("fault"), trial.config.get("at", 2)
    if trial.done + 1 == at and fault == "raise":
        raise RuntimeError("told to raise")
    if trial.done + 1 == at and fault == "end":
        raise StopIteration
    trial.done += 1
    return float("nan") if trial.done == at and fault == "nan" else trial.config["x"] + 1 / trial.done


class CountingEngine:
    """Stacks of `Counting` by the option `shape`; configs without it, or with 0, have none.

    `built`: (shape, width) of every stack. `widest`: the most lanes that were occupied at a time. `steps`: of all stacks.
    `breaks`: which of these, from 1, fails as a whole.
    """

    def __init__(self, breaks: int = 0) -> None:
        self.built: list[tuple[Hashable, int]] = []
        self.open = self.widest = self.steps = self.threads = 0
        self.breaks = breaks

    def prepare(self, plug: Plug) -> None:
        pass

    def shape(self, plug: Plug, config: Mapping[str, Any]) -> Hashable | None:
        return config.get("shape") or None

    def stack(self, plug: Plug, shape: Hashable, width: int, device: str, threads: int) -> _Stack:
        self.built.append((shape, width))
        self.threads = threads
        self.open += 1
        return _Stack(self, shape, width)


class _Stack:
    def __init__(self, engine: CountingEngine, shape: Hashable, width: int) -> None:
        self.engine, self.shape, self.width = engine, shape, width
        self.lanes: dict[int, Counting] = {}

    def add(self, key: int, config: Mapping[str, Any], *, seed: int, checkpoint: Path | None = None) -> None:
        assert key not in self.lanes
        assert len(self.lanes) < self.width
        assert config["shape"] == self.shape
        trial = Counting()
        trial.setup(dict(config), seed=seed, device="cpu")
        if checkpoint is not None:
            trial.load(checkpoint)
        self.lanes[key] = trial
        self.engine.widest = max(self.engine.widest, len(self.lanes))

    def step(self) -> dict[int, dict[str, float] | Exception]:
        self.engine.steps += 1
        if self.engine.steps == self.engine.breaks:
            raise MemoryError("no room for so many lanes")
        done: dict[int, dict[str, float] | Exception] = {}
        for key, trial in self.lanes.items():
            try:
                done[key] = {"loss": advanced(trial)}
            except Exception as error:
                done[key] = error
        return done

    def save(self, key: int, directory: Path) -> None:
        self.lanes[key].save(directory)
        (directory / STATE_FILE).write_text(json.dumps({"step": self.lanes[key].done, "random": GENERATORS}))

    def free(self, key: int) -> None:
        del self.lanes[key]

    def close(self) -> None:
        self.engine.open -= 1


def _generators() -> dict[str, Any]:
    from trainables.randomness import capture_globals

    return capture_globals()


GENERATORS = _generators()


def counting(trials: int = 12, max_steps: int = 5, *, seed: int = 3, **options: Any) -> Problem:
    """A problem over x in [0, 1]; options are constants, or lists of values to choose from."""
    policy = {name: options.pop(name) for name in ("retries", "stop_after") if name in options}
    budget = options.pop("budget", Budget(trials=trials))
    options = {"shape": 1, **options}
    fixed = [
        Parameter(name, Categorical(tuple(value)) if isinstance(value, list) else Constant(value))
        for name, value in options.items()
    ]
    space = Space((Parameter("x", Float(0.0, 1.0)), *fixed))
    return Problem(
        space,
        Objective("loss"),
        max_steps,
        budget,
        FailurePolicy(**{"stop_after": None, **policy}),
        seed=seed,
    )
