"""Lanes: many trials of one shape trained as one batched computation in one process.

- `shape`: `lane_shape`, which configs train together (`Shape`), and why others do not (`Refusal`); needs no torch.
- `stack`: `Stack`, the lanes of one shape: filled, stepped, saved and freed.
- What it is made of: `lane` (what a trial has for itself), `training` (an epoch of all lanes), `network` (stacked
  parameters; `layers`, faster ones for plain sequences), `randomness` (each lane draws what its trial would draw alone),
  `losses`, `optimizers` (torch's, with hyperparameters for each lane), `checkpoint` (the files of an ordinary trial).
"""

from typing import TYPE_CHECKING, Any

from trainables.neural.lanes.shape import Refusal, Shape, lane_shape

if TYPE_CHECKING:
    from trainables.neural.lanes.stack import Stack

__all__ = ["Refusal", "Shape", "Stack", "lane_shape"]


def __getattr__(name: str) -> Any:
    """`Stack` brings torch, which `tuneyard plan` does without."""
    if name == "Stack":
        from trainables.neural.lanes.stack import Stack

        return Stack
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
