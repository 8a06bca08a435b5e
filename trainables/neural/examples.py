"""The rows of a data set as tensors, taken a batch at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from trainables.data.dataset import Array

__all__ = ["Examples", "batch_sizes", "tensor"]

RESIDENT_SHARE = 0.25  # of the free memory of a GPU that a data set may take


class Examples:
    """Inputs and targets, on the device where they fit.

    On the CPU the arrays are not copied where their type is right already. On a GPU the whole set lies on the device,
    unless it would take more than a quarter of its free memory: then each batch is sent over.

    Args:
        x: inputs, (rows, ...): integers become int64, numbers float32.
        y: targets, (rows,) or (rows, values), likewise.
        device: where batches are wanted.
    """

    def __init__(self, x: Array, y: Array, device: torch.device) -> None:
        self.device = device
        self.x, self.y = tensor(x), tensor(y)
        if device.type != "cpu":
            size = self.x.nbytes + self.y.nbytes
            if device.type != "cuda" or size <= RESIDENT_SHARE * torch.cuda.mem_get_info(device)[0]:
                self.x, self.y = self.x.to(device), self.y.to(device)
        self._home = self.x.device

    def __len__(self) -> int:
        return len(self.x)

    def shuffled(self, sizes: list[int], order: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of these sizes, in this order of the rows (an index each, on the CPU).

        Rows are gathered a batch at a time: a shuffled copy of the whole set would cost its memory once more.
        """
        for rows in torch.split(order.to(self._home), sizes):
            x, y = self.x.index_select(0, rows), self.y.index_select(0, rows)
            yield x.to(self.device, non_blocking=True), y.to(self.device, non_blocking=True)

    def in_order(self, sizes: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of these sizes, the rows as they lie."""
        for x, y in zip(torch.split(self.x, sizes), torch.split(self.y, sizes), strict=True):
            yield x.to(self.device, non_blocking=True), y.to(self.device, non_blocking=True)


def batch_sizes(rows: int, size: int) -> list[int]:
    """How many rows each batch of an epoch has: `size` each, the rest in the last.

    A single row that would be left over joins the batch before it: batch normalisation cannot train on one row.

    Args:
        rows: of the set, at least 1.
        size: of a batch; 0 = all rows.
    """
    if not size or size >= rows:
        return [rows]
    whole, rest = divmod(rows, size)
    sizes = [size] * whole
    if rest == 1 and size > 1:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def tensor(array: Array) -> Tensor:
    """The array as float32 or int64, without a copy where it is of that type."""
    kind = np.int64 if np.issubdtype(array.dtype, np.integer) else np.float32
    with warnings.catch_warnings():
        # data sets are shared between trials and so read-only; nothing here writes into them
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(np.ascontiguousarray(array, dtype=kind))
