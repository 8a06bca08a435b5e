"""Which configs train together: those whose computation differs in numbers only. Nothing here needs torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainables.data.section import read_section
from trainables.errors import TrainableError
from trainables.neural.supervised import Supervised
from trainables.neural.user_module import UserModule
from trainables.plug import Plug

__all__ = ["Refusal", "Shape", "lane_shape"]

OWN = frozenset(
    {"lr", "momentum", "beta1", "beta2", "rho", "weight_decay", "l1", "mixup", "label_smoothing", "clip"}
    | {"schedule", "schedule_epochs", "schedule_every", "schedule_factor", "schedule_step", "schedule_patience"}
    | {"schedule_decay", "warmup", "initializer", "initializer_scale", "ema", "early_stopping", "epochs"}
    | {"nesterov", "lbfgs_iterations", "dropout", "model.dropout", "dropconnect", "drop_path"}
)  # fmt: skip
"""Options that each lane has for itself; all others are the shape's. ``model.dropout`` is that of a user's module."""

SWITCHES = ("mixup", "ema", "dropout", "model.dropout", "dropconnect", "drop_path")
"""Of these, options that at 0 leave a part of the computation out: on or off is the shape's."""

AUGMENTATION = "augmentation."
HOOKS = ("dataset", "groups", "before_epoch")


@dataclass(frozen=True)
class Shape:
    """What configs have in common that train as lanes of one stack; equal shapes, one stack.

    Attributes:
        ref: the trainable.
        options: every option that changes the computation itself, by its dotted name, in order.
        switches: options that each lane has for itself and that are switched on in all of them.
        data: the data section as canonical JSON, but for the augmentation, which is each lane's own.
    """

    ref: str
    options: tuple[tuple[str, Any], ...]
    switches: frozenset[str]
    data: str

    def __str__(self) -> str:
        """One line for people: the trainable, its architecture, optimizer, batch size, and what is switched on."""
        named = [f"{name} {value}" for name, value in self.options if name.startswith("model.")]
        named += [
            str(dict(self.options)[name])
            for name in ("optimizer", "activation")
            if name in dict(self.options)
        ]
        rows = dict(self.options)["batch_size"]
        named.append(f"batches of {rows} rows" if rows else "one batch of all rows")
        return ", ".join([self.ref, *named, *(f"with {name}" for name in sorted(self.switches))])


@dataclass(frozen=True)
class Refusal:
    """A config that trains as an ordinary trial.

    Attributes:
        reason: why it cannot share a computation with others; a sentence's end, to be read after "not in lanes: ".
    """

    reason: str


def lane_shape(plug: Plug, config: Mapping[str, Any]) -> Shape | Refusal:
    """The shape of a config's computation, or why it has to train alone.

    Nothing is loaded, but for a module of the user's own: it is tried in two lanes on rows of its data, once a shape.

    Args:
        plug: the trainable.
        config: nested, with its `data`.
    """
    target = plug.target
    if plug.inner is not None:
        return Refusal("each of its steps is a whole training (folds or repeats); lanes take turns by epochs")
    if plug.kind != "class" or not issubclass(target, Supervised):
        return Refusal(f"{plug.ref} is not a network of the common training loop, the one that lanes batch")
    if target.alone:
        return Refusal(f"{target.name}: {target.alone}")
    if any(getattr(target, hook) is not getattr(Supervised, hook) for hook in HOOKS):
        return Refusal(f"{target.name} has {' or '.join(HOOKS)} of its own, which lanes do not call")
    try:
        options = target().read(config)
        section = read_section(config.get("data") or target.declared.data or {})
    except TrainableError as error:
        return Refusal(f"the config cannot be used: {error}")
    refusal = _refused(options)
    if refusal is not None:
        return Refusal(refusal)
    data = {name: value for name, value in section.values.items() if not name.startswith(AUGMENTATION)}
    shape = Shape(
        plug.ref,
        tuple((name, _hashable(value)) for name, value in options.items() if name not in OWN),
        frozenset(name for name in SWITCHES if options.get(name)) | _sgd(options),
        json.dumps(data, sort_keys=True, default=str),
    )
    if issubclass(target, UserModule):
        if (target, shape) not in _tried:
            from trainables.neural.lanes.trial_run import why_not  # it needs torch and the data

            _tried[target, shape] = why_not(target(), config)
        if (reason := _tried[target, shape]) is not None:
            return Refusal(reason)
    return shape


_tried: dict[tuple[type[UserModule], Shape], str | None] = {}
"""By the class and not its name: in a notebook another may have taken it."""


def _hashable(value: Any) -> Any:
    """An option of a user's module may be a list."""
    return tuple(map(_hashable, value)) if isinstance(value, list | tuple) else value


def _refused(options: Mapping[str, Any]) -> str | None:
    if options["optimizer"] == "lbfgs":
        return "optimizer lbfgs: a line search asks for as many gradients as each trial needs"
    if options["adversarial.strength"]:
        return "adversarial.strength: each attack follows the gradients of its own trial, step by step"
    if options["precision"] != "float32":
        return f"precision {options['precision']}: lanes compute in float32"
    return None


def _sgd(options: Mapping[str, Any]) -> set[str]:
    """Momentum and Nesterov's kind of it are other arithmetic; other optimizers do not read them."""
    if options["optimizer"] != "sgd":
        return set()
    return {name for name in ("momentum", "nesterov") if options[name]}
