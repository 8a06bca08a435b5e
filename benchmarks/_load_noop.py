"""The trainables of the load benchmark: they do nothing, and say that they were there."""

from __future__ import annotations

from typing import Any


class Noop:
    """One line in the file `truth` for each step: the config, by its only searched parameter."""

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        self.x, self.truth = config["x"], config["truth"]

    def step(self) -> dict[str, float]:
        note(self.truth, self.x)
        return {"loss": self.x}


class Decaying:
    """Loss x + 1 / step; no file."""

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        self.x, self.done = config["x"], 0

    def step(self) -> dict[str, float]:
        self.done += 1
        return {"loss": self.x + 1 / self.done}


def note(truth: str, x: float) -> None:
    """One whole line, whoever else is writing."""
    with open(truth, "a", encoding="utf-8") as file:
        file.write(f"{x!r}\n")
