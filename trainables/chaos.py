"""A trainable that misbehaves exactly as told: the faults a search must survive, on request.

Without a ``mode`` it behaves: loss = x + 1/step. Its options say what it does instead, when, and to whom.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from trainables.base import Declaration, Trainable
from trainables.errors import TrainableError, nearest
from trainables.options import read_options

__all__ = ["MODES", "Chaos"]

DEFAULTS: dict[str, Any] = {
    "x": 0.5,
    "mode": "none",
    "at": 2,
    "below": math.inf,
    "once": "",
    "truth": "",
    "delay": 0.0,
    "memory_mb": 256,
    "steps": 0,
}


def _raise(memory_mb: int) -> Mapping[str, Any]:
    raise RuntimeError("chaos was told to raise")


def _hang(memory_mb: int) -> Mapping[str, Any]:
    while True:
        time.sleep(3600)


def _exit(memory_mb: int) -> Mapping[str, Any]:
    os._exit(7)


def _kill(memory_mb: int) -> Mapping[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return _hang(memory_mb)


def _hoard(memory_mb: int) -> Mapping[str, Any]:
    """Touch that much memory, hold it for a second, and report that nothing stood in the way."""
    hoard = [bytearray(b"x" * 2**20) for _ in range(memory_mb)]
    time.sleep(1)
    return {"loss": 0.0, "hoarded_mb": float(len(hoard))}


MODES: dict[str, Callable[[int], Mapping[str, Any]]] = {
    "raise": _raise,
    "nan": lambda _: {"loss": math.nan},
    "inf": lambda _: {"loss": math.inf},
    "string": lambda _: {"loss": "0.5"},
    "missing": lambda _: {"los": 0.5},
    "hang": _hang,
    "exit": _exit,
    "sigkill": _kill,
    "memory": _hoard,
}


class Chaos(Trainable):
    """Trains nothing and fails as told.

    Options:
        x: the searched parameter, in [0, 1]; the loss tends to it.
        mode: "none", or one of `MODES`: raise an exception; report nan, inf, a string, or another metric;
            hang; leave by os._exit; kill its own process; hold `memory_mb` megabytes for a second.
        at: the step in which it happens, from 1.
        below: only configs with x < below misbehave; default all.
        once: a file that remembers whom it happened to: each x and seed misbehaves once, then passes.
        truth: a file that gets a JSON line at each start and after each step: event, x, seed,
            config (a hash of all options), step, attempt (from 1, by x and seed), pid. What really ran,
            whatever a journal says.
        delay: seconds that each step sleeps first.
        memory_mb: megabytes to hold in mode memory.
        steps: the trial ends by itself after so many; 0 = never.
    """

    declared = Declaration(
        metric="loss",
        goal="minimize",
        max_steps=9,
        parameters={"x": {"min": 0.0, "max": 1.0}},
        options=tuple(DEFAULTS),
    )

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Read the options; the device is not used.

        Raises:
            TrainableError: an unknown option or mode.
        """
        self._options = read_options(config, DEFAULTS, "chaos")
        mode = self._options["mode"]
        if mode != "none" and mode not in MODES:
            raise TrainableError(f"chaos has no mode {mode!r}; {nearest(mode, ['none', *MODES])}")
        self._seed = seed
        self._config = hashlib.sha256(json.dumps(self._options, sort_keys=True).encode()).hexdigest()[:12]
        self._step = 0
        self._attempt = 1 + self._lines("truth", "start")
        self._append("truth", "start")

    def step(self) -> Mapping[str, Any]:
        """Train for nothing, or misbehave.

        Raises:
            StopIteration: after `steps`.
            RuntimeError: in mode raise.
        """
        o = self._options
        if o["steps"] and self._step == o["steps"]:
            raise StopIteration
        time.sleep(o["delay"])
        self._step += 1
        metrics: Mapping[str, Any] = {"loss": o["x"] + 1 / self._step}
        if o["mode"] != "none" and self._step == o["at"] and o["x"] < o["below"] and not self._happened():
            metrics = MODES[o["mode"]](o["memory_mb"])
        self._append("truth", "step")
        return metrics

    def save(self, directory: Path) -> None:
        """Write the step; all else follows from the config."""
        (directory / "chaos.json").write_text(json.dumps({"step": self._step}))

    def load(self, directory: Path) -> None:
        """Read the step."""
        self._step = int(json.loads((directory / "chaos.json").read_text())["step"])

    def _happened(self) -> bool:
        """Whether this config was struck before; it is remembered before it strikes, which may be the end."""
        if not self._options["once"]:
            return False
        if self._lines("once", "struck"):
            return True
        self._append("once", "struck")
        return False

    def _append(self, option: str, event: str) -> None:
        if not self._options[option]:
            return
        record = {
            "event": event,
            "x": self._options["x"],
            "seed": self._seed,
            "config": self._config,
            "step": self._step,
            "attempt": self._attempt,
            "pid": os.getpid(),
        }
        descriptor = os.open(self._options[option], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, (json.dumps(record) + "\n").encode())  # one write: lines never mix
        finally:
            os.close(descriptor)

    def _lines(self, option: str, event: str) -> int:
        """How many lines of this config and seed, and of that event, the file of an option has."""
        file = Path(self._options[option])
        if not self._options[option] or not file.exists():
            return 0
        wanted = {"event": event, "x": self._options["x"], "seed": self._seed}
        records = (json.loads(line) for line in file.read_text().splitlines())
        return sum(wanted.items() <= record.items() for record in records)
