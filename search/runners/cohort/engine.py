"""What a cohort asks of the lanes engine; `neural` is the one of floor 1."""

from __future__ import annotations

import importlib
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, Protocol

from trainables.plug import Plug

__all__ = ["Engine", "NeuralEngine", "Stack"]


class Stack(Protocol):
    """Trains the trials in its lanes, all of one shape, as one computation (see `trainables.neural.lanes.Stack`)."""

    def add(self, key: int, config: Mapping[str, Any], *, seed: int, checkpoint: Path | None = None) -> None:
        """Fill a free lane. `config`: nested. Raises what setting up the trial raises."""

    def step(self) -> Mapping[int, Mapping[str, Any] | BaseException]:
        """One step of every lane: what each reported, or what it raised; StopIteration: it had ended by itself."""

    def save(self, key: int, directory: Path) -> None:
        """Write the lane's checkpoint, as the trial's own trainable would."""

    def free(self, key: int) -> None:
        """Empty a lane."""

    def close(self) -> None:
        """Let go of everything."""


class Engine(Protocol):
    """Says which trials can share a computation, and makes the stacks that share it."""

    def prepare(self, plug: Plug) -> None:
        """Load what stacks of this trainable are made of: seconds that no trial is to wait for."""

    def shape(self, plug: Plug, config: Mapping[str, Any]) -> Hashable | None:
        """Of a nested config: equal for those that go into one stack; None: it trains by itself."""

    def stack(self, plug: Plug, shape: Hashable, width: int, device: str, threads: int) -> Stack:
        """A stack of at most `width` lanes, computed by so many threads."""


class NeuralEngine:
    """The lanes of floor 1. Nothing of it is imported before it is asked for."""

    def prepare(self, plug: Plug) -> None:
        """See `Engine`."""
        from trainables.neural.supervised import Supervised

        if isinstance(plug.target, type) and issubclass(plug.target, Supervised):
            importlib.import_module("trainables.neural.lanes.stack")
            importlib.import_module("torch._dynamo")  # else the first optimizer imports it: seconds

    def shape(self, plug: Plug, config: Mapping[str, Any]) -> Hashable | None:
        """See `Engine`."""
        if plug.kind != "class" or plug.inner is not None:
            return None
        from trainables.neural.lanes import Refusal, lane_shape

        found = lane_shape(plug, config)
        return None if isinstance(found, Refusal) else found

    def stack(self, plug: Plug, shape: Hashable, width: int, device: str, threads: int) -> Stack:
        """See `Engine`."""
        from trainables.neural.lanes import Shape
        from trainables.neural.lanes import Stack as Lanes

        assert isinstance(shape, Shape)
        return Lanes(plug, shape, width=width, device=device, threads=threads)
