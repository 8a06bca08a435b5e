"""A state of tensors and plain values in one file, which executes nothing when it is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from trainables.errors import CheckpointError

__all__ = ["loading", "write_state"]

FILE = "training.pt"


def write_state(directory: Path, state: Mapping[str, Any]) -> None:
    """Write the state: tensors, numbers, texts, and lists and dicts of them."""
    torch.save(dict(state), directory / FILE)


@contextmanager
def loading(directory: Path) -> Iterator[dict[str, Any]]:
    """The state that `write_state` wrote, to be put into place inside the block.

    Raises:
        CheckpointError: the file is missing, cut or holds more than tensors and plain values, or what the block
            does with it fails: then it is of another architecture.
    """
    file = directory / FILE
    try:
        yield torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise CheckpointError(f"{file} cannot be loaded: {error}") from error
