"""Repeats as steps: every step trains the trainable wholly once more, on another fold of its data or under another seed.

So a search early-stops a config after few folds, and a trial's value is a mean with a spread, as of scikit-learn's
`cross_val_score`, and not one lucky split or seed.
"""

from __future__ import annotations

import json
import logging
import math
import shutil
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from trainables.base import Declaration, Trainable
from trainables.checkpoint import newest_valid, prune, write_checkpoint
from trainables.errors import CheckpointError, TrainableError
from trainables.host import Host
from trainables.metrics import MAX_KEY_LENGTH, clean_metrics
from trainables.plug import Plug

__all__ = ["OWN", "SPREAD", "Repetition", "repeated"]

log = logging.getLogger(__name__)

STATE_FILE, PROGRESS_FILE, INNER = "repeats.json", "progress.json", "model"
COST = "seconds"  # what the simulated runner takes for the cost of a step: of a repeat it is that of all its steps

OWN = "/fold"
"""Ending of the name under which a repeat's own value of a metric is reported."""

SPREAD = "/std"
"""Ending of the name of the standard deviation (n - 1) of a metric over the repeats so far."""


@dataclass(frozen=True)
class Repetition:
    """How a trainable is repeated.

    Attributes:
        times: repeats, and so steps of a trial; at least 1.
        length: steps of one training, at most; it may end by itself before.
        metric: the objective; a training whose value of it is missing or not finite ends at once, and is reported so.
        folds: repeat k (from 0) trains on all folds of ``config["data"]`` but the k-th: its options ``split.folds`` and
            ``split.fold`` are set.
        seeds: of each repeat, as many as `times`; () = all have the trial's own.
        every: steps of one training between two checkpoints within it.
    """

    times: int
    length: int
    metric: str
    folds: bool = False
    seeds: tuple[int, ...] = ()
    every: int = 1


def repeated(plug: Plug, repetition: Repetition) -> Plug:
    """A plug whose every step is a whole training of `plug`. It can always be saved: a checkpoint holds what the
    finished repeats gave.

    Raises:
        TrainableError: it is a native Ray Tune trainable, which reports to Ray itself.
    """
    if plug.native:
        raise TrainableError(
            f"{plug.ref} is a native Ray Tune trainable ({plug.kind}): it reports to Ray itself, so its trainings "
            "cannot be repeated as steps; a generator function or a class with step() can"
        )
    verbs: dict[str, Any] = {"plug": plug, "repetition": repetition}
    if plug.can_draw:
        verbs["draw"] = _draw
    if plug.can_measure:
        verbs["measure"] = _measure
    target = type("Repeated", (Repeated,), verbs)
    return replace(plug, kind="class", target=target, inner=plug)


class Repeated(Trainable):
    """See `repeated`.

    Step k reports, for every metric of the last step of a training, its mean over the k trainings so far; as
    ``<metric>/std`` their standard deviation (from the second on), and as ``<metric>/fold`` the value of the k-th
    training alone. The last step, not the best: the best of the steps would have been chosen on the very rows that it
    is then measured on. A metric that a training did not report is averaged over the others.
    """

    plug: ClassVar[Plug]
    repetition: ClassVar[Repetition]

    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """What the repeated trainable declares."""
        return cls.plug.declaration(data)

    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Nothing is trained or read yet."""
        self._config, self._seed, self._device = config, seed, device
        self._host = Host(self.plug)
        self._values: dict[str, list[float | None]] = {}
        self._done = 0
        self._scratch: Path | None = None
        self._midway = False

    def keep_in(self, scratch: Path) -> None:
        """From now on a training that is broken off in the middle goes on from its last checkpoint in this folder."""
        self._scratch = scratch

    def step(self) -> Mapping[str, float]:
        """One whole training.

        Raises:
            StopIteration: all were trained.
            TrainableError: a training ended before its first step.
        """
        if self._done == self.repetition.times:
            raise StopIteration
        self._midway = True
        metrics, problem = self._train()
        self._midway = False
        if problem is not None:
            return metrics
        for name, value in metrics.items():
            self._values.setdefault(name, [None] * self._done).append(value)
        self._done += 1
        for values in self._values.values():
            values.extend([None] * (self._done - len(values)))
        return self._summary()

    def save(self, directory: Path) -> None:
        """Write what the repeats gave, and the newest model where it can be measured."""
        state = {"done": self._done, "values": self._values, "steps": self._host.step}
        (directory / STATE_FILE).write_text(json.dumps(state))
        if self.plug.can_measure and self._done:
            (directory / INNER).mkdir()
            self._host.save(directory / INNER)

    def load(self, directory: Path) -> None:
        """Go back to between two repeats.

        Raises:
            CheckpointError: the file is missing, cut, or of another sweep.
        """
        try:
            state = json.loads((directory / STATE_FILE).read_text())
            done, steps = int(state["done"]), int(state["steps"])
            values = {str(name): [_number(v) for v in given] for name, given in state["values"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CheckpointError(f"{directory / STATE_FILE} cannot be read: {error}") from error
        if not 0 <= done <= self.repetition.times or any(len(each) != done for each in values.values()):
            raise CheckpointError(
                f"{directory / STATE_FILE} tells of {done} repeats, of {self.repetition.times} here"
            )
        self._done, self._values = done, values
        if self.plug.can_measure and done:
            self._begin(done - 1, directory / INNER, steps)

    @property
    def newest(self) -> Any:
        """The trainable of the training that was begun last.

        Raises:
            TrainableError: none was.
        """
        return self._host.trainable

    def close(self) -> None:
        """Let go of the newest model, and of what is kept of trainings that are finished."""
        self._host.close()
        if self._scratch is not None and not self._midway:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _train(self) -> tuple[dict[str, float], str | None]:
        """The metrics of the last step of the next training; why they cannot be used, or None."""
        host, spent = self._host, 0.0
        metrics: dict[str, float] = {}
        if (found := self._broken_off()) is not None:
            metrics, spent = _progress(found[0])
        self._begin(self._done, *(found or (None, 0)))
        while host.step < self.repetition.length and (raw := host.advance()) is not None:
            metrics, problem = clean_metrics(raw, self.repetition.metric)
            if problem is not None:
                return raw, problem
            spent += metrics.get(COST, 0.0)
            self._keep(metrics, spent)
        if not metrics:
            raise TrainableError(f"{self.plug.ref}: training {self._done + 1} ended before its first step")
        return {**metrics, **({COST: spent} if COST in metrics else {})}, None

    def _begin(self, turn: int, checkpoint: Path | None, steps: int) -> None:
        """Start training number `turn`, or go on with it from a checkpoint."""
        config, plan = dict(self._config), self.repetition
        if plan.folds:
            data = dict(config.get("data") or {})
            config["data"] = {
                **data,
                "split": {**(data.get("split") or {}), "folds": plan.times, "fold": turn},
            }
        seed = plan.seeds[turn] if plan.seeds else self._seed
        self._host.start(config, seed=seed, device=self._device, checkpoint=checkpoint, from_step=steps)

    def _keep(self, metrics: Mapping[str, float], spent: float) -> None:
        """A checkpoint within a training. A disk that does not take it is no fault of the trial's."""
        folder, host = self._folder(), self._host
        if folder is None or host.step >= self.repetition.length or host.step % self.repetition.every:
            return

        def save(directory: Path) -> None:
            host.save(directory)
            (directory / PROGRESS_FILE).write_text(json.dumps({"metrics": metrics, "seconds": spent}))

        try:
            write_checkpoint(folder, save, host.step)
            prune(folder, keep=1)
            if (
                self._done
            ):  # kept until now: a crash before the result was recorded would have gone on from it
                shutil.rmtree(folder.with_name(str(self._done - 1)), ignore_errors=True)
        except OSError as error:
            log.warning("no checkpoint after step %d of a repeat (%s); it goes on", host.step, error)

    def _broken_off(self) -> tuple[Path, int] | None:
        """(checkpoint, steps) within the training that comes next, from an attempt that was broken off in it."""
        folder = self._folder()
        return None if folder is None else newest_valid(folder)

    def _folder(self) -> Path | None:
        """Where the training that comes next is kept; None where it cannot be."""
        if self._scratch is None or not self.plug.can_checkpoint:
            return None
        return self._scratch / str(self._done)

    def _summary(self) -> dict[str, float]:
        told: dict[str, float] = {}
        for name, values in self._values.items():
            known = [value for value in values if value is not None]
            own = values[-1]
            told[name] = _mean(known)
            if len(name) + len(OWN) > MAX_KEY_LENGTH:
                continue
            if len(known) > 1:
                told[name + SPREAD] = _spread(known)
            if own is not None:
                told[name + OWN] = own
        if COST in told:  # what this step took, not what the others took
            del told[COST]
            told.pop(COST + SPREAD, None)
            if (own := told.pop(COST + OWN, None)) is not None:
                told[COST] = own
        return told


def _draw(self: Repeated, directory: Path) -> None:
    """Pictures of the newest model."""
    self._host.draw(directory)


def _measure(self: Repeated) -> Mapping[str, float]:
    """The metrics of the newest model."""
    return self._host.measure()


def _mean(values: list[float]) -> float:
    try:
        return statistics.fmean(values)
    except (OverflowError, ValueError):  # beyond what a float holds, or infinite to both sides
        return sum(values) / len(values)


def _spread(values: list[float]) -> float:
    if not all(map(math.isfinite, values)):
        return math.nan
    try:
        return statistics.stdev(values)
    except OverflowError:
        return math.inf


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _progress(checkpoint: Path) -> tuple[dict[str, float], float]:
    """The metrics of the last step before a checkpoint within a training, and what its steps took."""
    try:
        progress = json.loads((checkpoint / PROGRESS_FILE).read_text())
        return {str(k): float(v) for k, v in progress["metrics"].items()}, float(progress["seconds"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"{checkpoint / PROGRESS_FILE} cannot be read: {error}") from error
