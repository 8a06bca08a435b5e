"""The interface of a trainable, and what one declares about itself.

Nobody has to inherit from `Trainable`: any class with its verbs is one, and so is any generator function
(see `trainables.plug`). The class exists to state the interface in one place, and for the catalogue.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from trainables.options import Rule

__all__ = ["Declaration", "Goal", "Trainable"]

Goal = Literal["minimize", "maximize"]


@dataclass(frozen=True)
class Declaration:
    """What a trainable says about itself, so that a sweep file may leave it out.

    Attributes:
        metric: the metric to optimise; None = the sweep file must name one.
        goal: whether small or large values of `metric` are good.
        step_unit: what one step is, in the singular: "epoch", "5 rounds".
        max_steps: steps of a trial at full fidelity, at least 1; None = the sweep file must say.
        parameters: the default space in the spelling of a sweep file (`spaces.parse_parameters`).
        data: the data set used when the sweep file names none.
        sections: whether ``config["data"]`` is read by the rules of `trainables.data`; one that names a default data
            set does so anyhow. Below the `data` of any other stands whatever it likes.
        goals: of further metrics that it reports, by their names.
        clocked: metrics that the wall clock measures; all others repeat exactly under one seed.
        length: the option that says how many steps a whole training has, where the training depends on that (the
            horizon of a schedule): a sweep with another `max_steps` sets it, unless its file does.
        defaults: the value of each option, by dotted name, where a config leaves it out: the baseline that a
            confirmation compares the best configs with.
        options: the dotted name of every option, where the trainable refuses any other: a sweep file that gives one is
            refused before a trial starts. () = it takes what it is given.
        rules: what the values of an option may be, by its dotted name, told before a trial starts in the same way.

    Raises:
        ValueError: for an unknown goal, or `max_steps` below 1.
    """

    metric: str | None = None
    goal: Goal = "minimize"
    step_unit: str = "step"
    max_steps: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    data: str | None = None
    sections: bool = False
    goals: Mapping[str, Goal] = field(default_factory=dict)
    clocked: tuple[str, ...] = ()
    length: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.goal not in ("minimize", "maximize"):
            raise ValueError(f"goal is minimize or maximize, not {self.goal!r}")
        if self.max_steps is not None and self.max_steps < 1:
            raise ValueError(f"max_steps is at least 1, not {self.max_steps}")

    @property
    def reads_sections(self) -> bool:
        """Whether its data is a section by the rules of `trainables.data`."""
        return self.sections or self.data is not None


class Trainable(ABC):
    """A model definition that trains step by step.

    `trainables.host.Host` is the only caller, in this order: the constructor without arguments, `setup` once,
    `load` at most once, then `step` again and again, with `save` after any of them, and last, if there is
    one, `close()` (which frees what `setup` took; it is not part of the interface's duties).

    There may be a fifth verb, ``draw(directory: Path) -> None``, called now and then after a `step`: it writes
    pictures of the model's work into the existing, empty `directory`, as PNG files named with a-z, 0-9, ``_`` and ``-``
    (`trainables.pictures` draws the usual ones). It changes nothing about the training; if it raises, that is logged and
    the trial goes on.

    And a sixth, ``measure() -> Mapping[str, float]``: the metrics of the model as it stands, "val/..." on the
    validation rows of its data, without training. A confirmation calls it while the locked test part stands where the
    validation rows are (`trainables.data.locked`). It changes nothing about the training either.

    A trainable may declare itself in `declared`, or, where its defaults depend on the data, in a classmethod
    ``declare(data: Mapping | None) -> Declaration``. Neither needs an instance, nor may it import anything
    heavy: a dry run asks for it.
    """

    declared: ClassVar[Declaration]

    @abstractmethod
    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Build the model for one trial.

        Args:
            config: the config, nested (``config["model"]["width"]``); the data set is ``config["data"]``.
            seed: 0 <= seed < 2**32; with it alone every metric not `clocked` repeats exactly.
            device: "cpu", "cuda" or "cuda:N".
        """

    @abstractmethod
    def step(self) -> Mapping[str, float]:
        """Train for one step and return the metrics of it.

        Raises:
            StopIteration: training is over by itself; nothing was trained.
        """

    @abstractmethod
    def save(self, directory: Path) -> None:
        """Write all that `load` needs into the existing, empty `directory`."""

    @abstractmethod
    def load(self, directory: Path) -> None:
        """Go back to where `save` was called: the steps that follow give the same metrics.

        Called after `setup` with the same config and seed, perhaps in another process. The files are read
        only; a checkpoint never executes code.
        """
