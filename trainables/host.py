"""The host: runs one trial of a class or a generator function under one face, in whatever process."""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from trainables.errors import CheckpointError, TrainableError
from trainables.plug import Plug
from trainables.randomness import capture_globals, restore_globals, seed_globals

__all__ = ["Host"]

STATE_FILE = "host-state.json"


class Host:
    """Hosts one trainable; a runner drives it, one trial after the other.

    ```
    host = Host(plug)
    host.start(config, seed=7)              # again for the next trial: the previous one is closed
    while (metrics := host.advance()) is not None:
        write_checkpoint(folder, host.save, host.step)
    host.close()
    ```

    What the user's code raises comes through untouched. Verbs called out of order raise `TrainableError`.

    Raises:
        TrainableError: the plug is a native Ray Tune trainable, which only the Ray runner can run.
    """

    def __init__(self, plug: Plug) -> None:
        if plug.native:
            raise TrainableError(
                f"{plug.ref} is a native Ray Tune trainable ({plug.kind}): it reports to Ray itself and runs "
                "only under the Ray runner; a generator function or a class with step() runs under any"
            )
        self.plug = plug
        self._accepted = _accepted(plug.target if plug.kind == "generator" else plug.target.setup)
        self._step = 0
        self._trainable: Any = None
        self._next: Callable[[], Any] | None = None

    @property
    def step(self) -> int:
        """Steps done, those before a resume included."""
        return self._step

    def start(
        self,
        config: Mapping[str, Any],
        *,
        seed: int,
        device: str = "cpu",
        checkpoint: Path | None = None,
        from_step: int = 0,
        scratch: Path | None = None,
    ) -> None:
        """Begin a trial, or go on with one that has done `from_step` steps.

        Args:
            config: the config, nested.
            seed: the trial's seed, 0 <= seed < 2**32; also seeds the global generators.
            device: handed to the trainable: "cpu", "cuda", "cuda:N".
            checkpoint: a directory `save` wrote. Without one, the `from_step` steps are run again silently.
            from_step: steps already reported, at least 0; with a checkpoint of this host its own count holds.
            scratch: a folder of the trial's own, which need not exist, for checkpoints within a step, where a step is a
                whole training (`trainables.repeats`); None = a step that is broken off begins anew.

        Raises:
            CheckpointError: the trainable cannot load, or the checkpoint is of another step.
        """
        self.close()
        if from_step < 0:
            raise TrainableError(f"from_step is at least 0, not {from_step}")
        if checkpoint is not None and not self.plug.can_checkpoint:
            raise CheckpointError(f"{self.plug.ref} has no save and load: it resumes by from_step alone")
        seed_globals(seed)
        own = copy.deepcopy(dict(config))  # the user's code may change what it is given
        given = {n: v for n, v in (("seed", seed), ("device", device)) if n in self._accepted}
        if self.plug.kind == "generator":
            yielded: Iterator[Any] = self.plug.target(own, **given)
            self._trainable, self._next = yielded, lambda: next(yielded)
        else:
            trainable = self.plug.target()
            self._trainable, self._next = trainable, trainable.step
            trainable.setup(own, **given)
            if self.plug.inner is not None and scratch is not None:
                trainable.keep_in(scratch)
        if checkpoint is None:
            while self._step < from_step and self.advance() is not None:
                pass
        else:
            self._load(checkpoint, from_step)

    @property
    def trainable(self) -> Any:
        """The trainable itself, to be asked what it has learnt; of one that repeats its training the newest training's.

        Raises:
            TrainableError: called before `start`.
        """
        if self._next is None:
            raise TrainableError("trainable before start(): there is no trial to be asked")
        return getattr(self._trainable, "newest", self._trainable)

    def advance(self) -> dict[str, Any] | None:
        """One step.

        Returns:
            what the trainable reported, unchecked (`clean_metrics` judges it): {} where it reported nothing
            or something that is no mapping; None when it has ended by itself.

        Raises:
            TrainableError: called before `start`.
        """
        if self._next is None:
            raise TrainableError("advance() before start(): a host trains one started trial")
        try:
            raw = self._next()
        except StopIteration:
            return None
        self._step += 1
        return dict(raw) if isinstance(raw, Mapping) else {}

    def save(self, directory: Path) -> None:
        """Write the trainable's checkpoint, and the host's own state, into the existing `directory`.

        Raises:
            TrainableError: called before `start`.
            CheckpointError: the trainable cannot be saved.
        """
        if self._next is None:
            raise TrainableError("save() before start(): there is no trial to save")
        if not self.plug.can_checkpoint:
            raise CheckpointError(f"{self.plug.ref} has no save and load: it cannot be saved")
        state = {"step": self._step, "random": capture_globals()}
        self._trainable.save(directory)
        (directory / STATE_FILE).write_text(json.dumps(state))

    def draw(self, directory: Path) -> None:
        """Have the trainable draw pictures of its work into the existing `directory`.

        What it draws from the global generators is put back: a trial goes on as if there had been no drawing.

        Raises:
            TrainableError: called before `start`, or the trainable does not draw.
        """
        if self._next is None:
            raise TrainableError("draw() before start(): there is no trial to draw")
        if not self.plug.can_draw:
            raise TrainableError(f"{self.plug.ref} has no draw(directory): there are no pictures of it")
        generators = capture_globals()
        try:
            self._trainable.draw(directory)
        finally:
            restore_globals(generators)

    def measure(self) -> dict[str, Any]:
        """The metrics of the model as it stands; nothing is trained, and no generator is left moved.

        Raises:
            TrainableError: called before `start`, or the trainable does not measure.
        """
        if self._next is None:
            raise TrainableError("measure() before start(): there is no trial to measure")
        if not self.plug.can_measure:
            raise TrainableError(f"{self.plug.ref} has no measure(): it cannot be measured without training")
        generators = capture_globals()
        try:
            return dict(self._trainable.measure())
        finally:
            restore_globals(generators)

    def close(self) -> None:
        """End the trial, if there is one: a class's own ``close()`` is called, a generator is closed."""
        trainable, self._trainable, self._next, self._step = self._trainable, None, None, 0
        close = getattr(trainable, "close", None)
        if callable(close):
            close()

    def _load(self, checkpoint: Path, from_step: int) -> None:
        try:
            state = json.loads((checkpoint / STATE_FILE).read_text())
            step, generators = int(state["step"]), state["random"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(f"{checkpoint / STATE_FILE} cannot be read: {error}") from error
        if from_step not in (0, step):
            raise CheckpointError(f"{checkpoint} was saved after step {step}, not after step {from_step}")
        self._trainable.load(checkpoint)
        restore_globals(generators)
        self._step = step


def _accepted(target: Callable[..., Any]) -> frozenset[str]:
    """Which of seed and device the target takes: a user may not care for a device."""
    parameters = inspect.signature(target).parameters
    every = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return frozenset(name for name in ("seed", "device") if every or name in parameters)
