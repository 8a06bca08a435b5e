"""torch.export: the network as a program that torch runs without its Python source."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.errors import DeployError
from deploy.export.served import quietly, served
from trainables.data.dataset import Array

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["write_torch_export"]

FILE = "model.pt2"


def write_torch_export(trained: Trained, folder: Path) -> tuple[str, Array]:
    """Write `model.pt2`: inputs (rows, \\*shape) to probabilities or values, for any number of rows.

    Returns:
        the file's name, and the outputs for the validation rows of what was read back from it.

    Raises:
        DeployError: it is no network, or torch cannot trace it.
    """
    import torch

    from trainables.neural.examples import tensor

    module = served(trained)
    if module is None:
        raise DeployError(
            f"torch-export: {trained.ref} is no network but a {type(trained.estimator).__name__}; leave the format out, or "
            "take --format onnx"
        )
    rows = tensor(trained.data.valid_x)
    example = torch.cat([rows, rows])[:2].contiguous()
    try:
        with quietly(), torch.no_grad():
            program = torch.export.export(module, (example,), dynamic_shapes=({0: torch.export.Dim.DYNAMIC},))
    except Exception as error:
        raise DeployError(
            f"torch-export: torch cannot trace {trained.ref}: {type(error).__name__}: {_short(error)}; leave the format out"
        ) from error
    program._example_inputs = None  # they would be rows of the data, and stored as a pickle
    torch.export.save(program, folder / FILE)
    again = torch.export.load(folder / FILE).module()
    with torch.no_grad():
        found = torch.cat([again(batch) for batch in torch.split(rows, 1024)]).double().numpy()
    return FILE, found[:, 0] if not trained.labels and found.shape[1] == 1 else found


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
