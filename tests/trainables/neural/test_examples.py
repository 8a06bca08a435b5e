"""Rows as tensors: nothing is copied that need not be, every row comes once, no batch is a single row."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.neural.examples import Examples, batch_sizes, tensor

CPU = torch.device("cpu")


@given(rows=st.integers(1, 500), size=st.integers(0, 600))
def test_batches_hold_every_row_once(rows: int, size: int) -> None:
    sizes = batch_sizes(rows, size)
    assert sum(sizes) == rows
    assert all(each == size for each in sizes[:-1])
    assert sizes[-1] <= max(size + 1, 1) or size == 0
    if rows > 1 and size != 1:
        assert min(sizes) > 1


def test_arrays_of_the_right_type_are_not_copied_and_not_warned_of() -> None:
    x, y = np.ones((4, 3), np.float32), np.arange(4)
    x.flags.writeable = y.flags.writeable = False
    assert tensor(x).data_ptr() == x.ctypes.data
    assert tensor(y).data_ptr() == y.ctypes.data
    assert tensor(np.ones(3)).dtype == torch.float32
    assert tensor(np.ones(3, np.int32)).dtype == torch.int64


def test_shuffled_rows_keep_their_targets() -> None:
    x = np.arange(20, dtype=np.float32).reshape(10, 2)
    examples = Examples(x, np.arange(10), CPU)
    order = torch.randperm(10, generator=torch.Generator().manual_seed(1))
    found = list(examples.shuffled([4, 4, 2], order))
    assert [len(part) for part, _ in found] == [4, 4, 2]
    assert torch.equal(torch.cat([y for _, y in found]), order)
    for part, y in found:
        assert torch.equal(part[:, 0], 2 * y.float())


def test_rows_in_order() -> None:
    examples = Examples(np.arange(5.0)[:, None], np.arange(5), CPU)
    assert torch.equal(torch.cat([y for _, y in examples.in_order([3, 2])]), torch.arange(5))
    assert len(examples) == 5
