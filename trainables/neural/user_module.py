"""The user's own `torch.nn.Module`, trained by the loop that trains the catalogue's networks.

```python
class Net(nn.Module):                                   # net.py, named in a sweep file as net.py:Net
    views = "images"                                    # optional: which view of the data it reads
    declared = {"parameters": {"model": {"width": {"min": 8, "max": 64}}}}   # optional

    def __init__(self, shape, outputs, width=32, dropout=0.1):
        ...
```

`trainables.plug` knows such a class by the names of its base classes, and makes a trainable of it here.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from trainables.base import Declaration
from trainables.data.dataset import View
from trainables.errors import PlugError, TrainableError, nearest
from trainables.neural.options import TRAINING_SPACE
from trainables.neural.supervised import BY_EPOCHS, Inputs, Supervised

if TYPE_CHECKING:
    from torch import nn

__all__ = ["UserModule", "trainable_of"]

VIEWS: tuple[View, ...] = ("images", "tokens", "sequences", "features")
GIVEN = ("inputs", "outputs", "shape", "vocabulary_size")
DECLARED = replace(BY_EPOCHS, parameters=TRAINING_SPACE, data=None, sections=True)
PLAIN = (bool, int, float, str)


class UserModule(Supervised):
    """The trainable of one class of modules; `trainable_of` makes it.

    The constructor gets those of these arguments that its signature names:
    ``outputs``: numbers to put out for a row, one per class or per value to be predicted;
    ``shape``: of one input, (features,), (channels, height, width), (words,) or (length, channels);
    ``inputs``: the features, the channels, or for texts the vocabulary's size;
    ``vocabulary_size``: words that a text may hold, padding (0) and the unknown word (1) included; 0 elsewhere.
    All others are options ``model.<argument>`` of the config, and have to be in it where they have no default.
    """

    rules = {}  # its options mean what its author says
    network: ClassVar[type[nn.Module]]
    required: ClassVar[tuple[str, ...]]

    def build(self, inputs: Inputs, options: Mapping[str, Any]) -> nn.Module:
        """The module, tried on two rows: a forward pass that does not fit the data shows now, and lazy layers learn
        their sizes.

        Raises:
            TrainableError: a required option is missing, or the outputs have the wrong shape.
        """
        import torch

        missing = [name for name in self.required if options[name] is None]
        if missing:
            raise TrainableError(
                f"{self.name} requires {', '.join(missing)}; give it under model: in parameters"
            )
        last = inputs.shape[0] if inputs.view in ("features", "images") else inputs.shape[-1]
        known: dict[str, Any] = {
            "inputs": inputs.vocabulary_size if inputs.view == "tokens" else last,
            "outputs": inputs.outputs,
            "shape": inputs.shape,
            "vocabulary_size": inputs.vocabulary_size,
        }
        names = _arguments(self.network)
        given = {name: known[name] for name in GIVEN if name in names}
        own = {name: options[f"model.{name}"] for name in names if f"model.{name}" in self.architecture}
        kept = {
            name: value for name, value in own.items() if value is not None or names[name].default is None
        }
        module = self.network(**given, **kept)
        kind = torch.int64 if inputs.view == "tokens" else torch.float32
        if not list(module.parameters()):
            raise TrainableError(f"{self.name} has no parameters: there is nothing to train")
        batch = torch.zeros((2, *inputs.shape), dtype=kind)
        module.eval()
        try:
            with torch.no_grad():
                made = module(batch)
        except Exception as error:
            error.add_note(
                f"{self.name}: tried on a batch of shape {tuple(batch.shape)}, {inputs.view} of the data"
            )
            raise
        found = tuple(made.shape) if isinstance(made, torch.Tensor) else f"a {type(made).__name__}"
        if found != (2, inputs.outputs):
            raise TrainableError(
                f"{self.name}: of a batch of shape {tuple(batch.shape)} its forward made {found}, not "
                f"{(2, inputs.outputs)}: one row each, and a number for each class or value to be predicted"
            )
        return module


def trainable_of(module: type[Any], ref: str, declared: Declaration | None) -> type[UserModule]:
    """The trainable that trains modules of this class.

    Args:
        module: a class of `torch.nn.Module`; its attribute ``views`` names the view or views it reads, preferred first
            (default: the data's own: images, tokens, sequences, or features of a table).
        ref: how the user named it, for messages.
        declared: what its attribute ``declared`` says; the fields that it leaves out, or at their defaults, are
            those of the catalogue's networks, and its parameters come on top of the training's.

    Raises:
        PlugError: an unknown view, or a constructor whose arguments cannot be named.
    """
    views = getattr(module, "views", VIEWS)
    views = (views,) if isinstance(views, str) else tuple(views)
    for view in views:
        if view not in get_args(View):
            raise PlugError(f"{ref}: there is no view {view!r}; {nearest(str(view), get_args(View))}")
    arguments = _arguments(module)
    for name, argument in arguments.items():
        if argument.kind is argument.POSITIONAL_ONLY:
            raise PlugError(f"{ref}: its constructor takes {name} by position only; options come by name")
    own = [argument for name, argument in arguments.items() if name not in GIVEN]
    shown = ", ".join(
        name if a.default is a.empty else f"{name}={a.default!r}" for name, a in arguments.items()
    )
    attributes = {
        "__module__": module.__module__,
        "__doc__": module.__doc__,
        "name": f"{module.__name__}({shown})",
        "ref": ref,
        "architecture": {f"model.{a.name}": a.default if isinstance(a.default, PLAIN) else None for a in own},
        "required": tuple(f"model.{a.name}" for a in own if a.default is a.empty),
        "views": views,
        "declared": _merged(declared),
        "network": module,
    }
    return type(module.__name__, (UserModule,), attributes)


def _merged(declared: Declaration | None) -> Declaration:
    if declared is None:
        return DECLARED
    empty = Declaration()
    said = {
        each.name: value
        for each in fields(Declaration)
        if (value := getattr(declared, each.name)) != getattr(empty, each.name)
    }
    if "metric" in said:
        said["goal"] = declared.goal
    if "parameters" in said:
        said["parameters"] = {**TRAINING_SPACE, **declared.parameters}
    return replace(DECLARED, **said)


def _arguments(module: type[Any]) -> dict[str, inspect.Parameter]:
    """The constructor's arguments that have a name."""
    found = inspect.signature(module).parameters
    return {n: p for n, p in found.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}
