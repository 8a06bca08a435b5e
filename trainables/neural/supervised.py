"""What all networks that learn to predict have in common: everything but the network."""

from __future__ import annotations

import json
import os
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

from trainables.base import Declaration, Trainable
from trainables.data import load
from trainables.data.dataset import Array, Dataset, View
from trainables.data.section import Task
from trainables.errors import DataError, TrainableError
from trainables.neural.architecture import ARCHITECTURE_RULES
from trainables.neural.options import TRAINING, TRAINING_OPTIONS, check_training
from trainables.options import Rule, read_options
from trainables.supervised import declaration_for, view_for

if TYPE_CHECKING:
    from torch import nn

    from trainables.neural.losses import Targets
    from trainables.neural.pretrained.translation import Translation

__all__ = ["BY_EPOCHS", "NETWORK", "Inputs", "Prepared", "Supervised", "use_threads"]

BY_EPOCHS = Declaration(
    metric="val/accuracy",
    goal="maximize",
    step_unit="epoch",
    max_steps=27,
    data="digits",
    clocked=("examples_per_second",),
)
"""What a network declares for a classification; each replaces what is its own."""

NETWORK = "network.json"
"""The file of a checkpoint that says which network its weights fit."""


@dataclass(frozen=True)
class Inputs:
    """What a network is to be built for.

    Attributes:
        view: what a row is: "features", "images", "tokens" or "sequences" (`trainables.data.Dataset`).
        shape: of one row: (features,), (channels, height, width), (length,) or (length, channels).
        outputs: numbers that the network puts out for a row: one per class, or per value to be predicted.
        vocabulary_size: words that "tokens" may name, padding and the unknown word included; else 0.
        task: what is to be learnt; outputs are logits of classes, or standardised values.
    """

    view: View
    shape: tuple[int, ...]
    outputs: int
    vocabulary_size: int = 0
    task: Task = "classification"


@dataclass(frozen=True)
class Prepared:
    """A config that was read: all that the training of its trial follows from, but for the seed.

    Attributes:
        options: every option by its dotted name, checked.
        dataset: the rows.
        inputs: what the network is to be built for.
        description: the content of `NETWORK`.
    """

    options: Mapping[str, Any]
    dataset: Dataset
    inputs: Inputs
    description: Mapping[str, Any]


class Supervised(Trainable):
    """A network that learns to predict; a step is an epoch.

    A member says what it is in class attributes and builds its network; the training is the same for all. Its
    options are its own (`architecture`) and those of the training (`trainables.neural.options`), whose defaults it may
    replace by naming them in `architecture` too. Metrics: see `Training.epoch`.

    Attributes:
        name: what messages call it: its name in the catalogue.
        ref: what `trainables.resolve` takes for it, where that is not its name.
        architecture: its own options by their dotted names, with their defaults.
        rules: what the values of its own options may be, by name; of those that it does not have, nothing is said.
        views: what it can read, preferred first.
        alone: why its trials cannot share a computation (`trainables.neural.lanes`), a sentence's end; "" = they can.
        declared: its declaration for a classification.
    """

    name: ClassVar[str]
    ref: ClassVar[str] = ""
    architecture: ClassVar[Mapping[str, Any]]
    rules: ClassVar[Mapping[str, Rule]] = ARCHITECTURE_RULES
    views: ClassVar[tuple[View, ...]]
    alone: ClassVar[str] = ""

    @classmethod
    def declare(cls, data: Mapping[str, Any] | None) -> Declaration:
        """As `declared`, with the metric of the data's task and the default of every option.

        Raises:
            DataError: the data cannot be read, or is of a kind that this model cannot read.
        """
        every = cls._defaults()
        defaults = {name: value for name, value in every.items() if value is not None}
        declared = replace(
            cls.declared,
            defaults=defaults,
            options=tuple(every),
            rules={name: rule for name, rule in {**TRAINING_OPTIONS, **cls.rules}.items() if name in every},
            length="schedule_epochs",
        )
        return declaration_for(declared, data, owner=cls.name, views=cls.views)

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Every option with its default; a schedule is as long as a trial at full fidelity."""
        horizon = cls.declared.max_steps or TRAINING["schedule_epochs"]
        return {**TRAINING, "schedule_epochs": horizon, **cls.architecture}

    @abstractmethod
    def build(self, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
        """The network, which takes a batch (rows, \\*inputs.shape) and gives (rows, inputs.outputs).

        Its first weights may be drawn from torch's global generator: the caller has seeded it.

        Args:
            inputs: what it is to read and to put out.
            options: every option, its type checked; the training options' ranges are checked too.

        Raises:
            TrainableError: an option out of its range.
        """

    def dataset(self, data: Mapping[str, Any] | str, options: Mapping[str, Any], device: str) -> Dataset:
        """The rows to learn from; a member may choose the view by its options, or prepare the rows further.

        Raises:
            DataError: the data cannot be read, or has no view that this model can read.
        """
        return load(data, view_for(data, self.views, self.name))

    def groups(self, module: nn.Module, options: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """The parameters to be trained, as torch's optimizers take them; a member may give parts rates of their own."""
        return [{"params": list(module.parameters())}]

    @property
    def translation(self) -> Translation | None:
        """From inputs as `data` prepares them to what the network reads; None: they are the same."""
        return None

    def whole(self, module: nn.Module) -> nn.Module:
        """The network from its inputs on, of the one that is trained; a member that trains the end of a network alone
        puts the two together."""
        return module

    def blueprint(self) -> dict[str, Any]:
        """How `whole` is built again without its weights, see `trainables.neural.blueprint`."""
        return {name: self._prepared.description[name] for name in ("trainable", "options", "inputs")}

    def before_epoch(self, module: nn.Module, epochs: int, options: Mapping[str, Any]) -> None:
        """Called before each epoch with the number of epochs done; a member may freeze and unfreeze parts.

        What it does has to follow from its arguments alone, or a resumed trial would differ.
        """

    @final
    def read(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Every option of a config by its dotted name, the training options' values checked.

        Raises:
            TrainableError: an unknown option, or one out of its range.
        """
        options = read_options(config, self._defaults(), self.name)
        check_training(options, self.name)
        return options

    @final
    def prepare(self, config: Mapping[str, Any], device: str) -> Prepared:
        """Read a config, have torch compute with the threads it asks for, and load its data; nothing is built yet.

        Raises:
            TrainableError: an unknown option, or one out of its range.
            DataError: the data cannot be read.
        """
        options = self.read(config)
        use_threads(options["threads"])
        data = config.get("data") or self.declared.data
        if data is None:
            raise DataError(f"data: is missing; {self.name} learns from a data set; name one: data: digits")
        dataset = self.dataset(data, options, device)
        if options["label_smoothing"] and not dataset.n_classes:
            raise TrainableError(
                f"{self.name}: label_smoothing spreads probability over classes; {dataset.source} has none"
            )
        if options["mixup"] and dataset.view == "tokens":
            raise TrainableError(
                f"{self.name}: mixup blends numbers, and words have none between them; mixup: 0"
            )
        if options["adversarial.strength"] and dataset.train_x.dtype.kind != "f":
            raise TrainableError(
                f"{self.name}: an attack takes small steps, and there is none between words; adversarial.strength: 0"
            )
        inputs = Inputs(dataset.view, dataset.shape, dataset.outputs, len(dataset.vocabulary), dataset.task)
        description = {
            "trainable": self.ref or self.name,
            "options": {name: options[name] for name in self.architecture},
            "inputs": asdict(inputs),
            "vocabulary": list(dataset.vocabulary),
        }
        return Prepared(options, dataset, inputs, description)

    @final
    def setup(self, config: dict[str, Any], *, seed: int, device: str) -> None:
        """Load the data and build the network.

        Raises:
            TrainableError: an unknown option, or one out of its range.
            DataError: the data cannot be read.
        """
        from trainables.neural.training import Training

        self._prepared = prepared = self.prepare(config, device)
        options = prepared.options
        self._training = Training(
            lambda: self.build(prepared.inputs, options),
            prepared.dataset,
            options,
            seed=seed,
            device=device,
            groups=lambda module: self.groups(module, options),
            before_epoch=lambda module, epochs: self.before_epoch(module, epochs, options),
        )

    @final
    def step(self) -> Mapping[str, float]:
        """Train for one epoch.

        Raises:
            StopIteration: after `epochs`, or when it has been stopped early.
        """
        if self._training.over:
            raise StopIteration
        return self._training.epoch()

    @final
    def save(self, directory: Path) -> None:
        """Write weights, the optimizer's state, the generators' and the rest."""
        self._training.save(directory)
        (directory / NETWORK).write_text(json.dumps(self._prepared.description, indent=1), encoding="utf-8")

    @final
    def load(self, directory: Path) -> None:
        """Read what `save` wrote.

        Raises:
            CheckpointError: the file is missing, cut, or of another architecture.
        """
        self._training.load(directory)

    @final
    def measure(self) -> Mapping[str, float]:
        """The loss and the scores of the validation rows now."""
        return self._training.measure()

    @final
    @property
    def module(self) -> nn.Module:
        """The network in evaluation: translated inputs to logits, or to values that are standardised (`targets`).

        Raises:
            TrainableError: before the first step.
        """
        if not self._training.epochs:
            raise TrainableError(
                f"{self.name}: nothing is learnt before the first step; call step() or load() first"
            )
        return self.whole(self._training.module).eval()

    @final
    @property
    def targets(self) -> Targets:
        """Between the target's unit and what the network puts out."""
        return self._training.targets

    @final
    @property
    def prepared(self) -> Prepared:
        """The config as it was read, the data, and what the network was built for."""
        return self._prepared

    @final
    def predict(self, x: Array) -> Array:
        """Probabilities (rows, classes), or values (rows,) or (rows, horizon) in the target's unit, of translated inputs.

        They are computed in float32, whatever `precision` the training had.

        Raises:
            TrainableError: before the first step.
        """
        return self._training.predict(x, self.module)

    @final
    def draw(self, directory: Path) -> None:
        """Pictures of what it predicts for the validation rows now."""
        from trainables.pictures import draw_evaluation

        draw_evaluation(directory, self._training.dataset, self._training.outputs())


def use_threads(asked: int) -> None:
    """Have torch compute with so many threads from now on, in the whole process; 0 = OMP_NUM_THREADS, else 1."""
    import torch

    torch.set_num_threads(asked or int(os.environ.get("OMP_NUM_THREADS") or 1))
