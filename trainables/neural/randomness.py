"""A random state of one's own for code that draws from torch's global generators.

Dropout and weight initialisation draw from the global generator and take no other. Several trials may take
turns in one process, so each keeps its own state and lends it to the global generator while it works.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["OwnRandomness"]


class OwnRandomness:
    """The states of the CPU generator and, on a GPU, of that device's generator.

    Args:
        seed: of both, 0 <= seed < 2**63.
        device: the device the trial computes on.
    """

    def __init__(self, seed: int, device: torch.device) -> None:
        self._device = device if device.type == "cuda" else None
        with self._kept():
            if self._device is None:
                torch.default_generator.manual_seed(
                    seed
                )  # torch.manual_seed would also note it for GPUs to come
            else:
                torch.manual_seed(seed)
            self.states = self._current()

    @property
    def generator(self) -> torch.Generator:
        """The device's global generator, for code that takes one; to be drawn from within `lent`."""
        if self._device is None:
            return torch.default_generator
        index = torch.cuda.current_device() if self._device.index is None else self._device.index
        found: torch.Generator = torch.cuda.default_generators[index]
        return found

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Draws made inside come from, and advance, this state; the global ones stay as they were."""
        with self._kept():
            self._use(self.states)
            yield
            self.states = self._current()

    def rewind(self) -> None:
        """Within `lent`: draw once more what has been drawn since it began."""
        self._use(self.states)

    @contextmanager
    def _kept(self) -> Iterator[None]:
        outside = self._current()
        try:
            yield
        finally:
            self._use(outside)

    def _current(self) -> list[torch.Tensor]:
        states = [torch.get_rng_state()]
        if self._device is not None:
            states.append(torch.cuda.get_rng_state(self._device))
        return states

    def _use(self, states: list[torch.Tensor]) -> None:
        torch.set_rng_state(states[0])
        if self._device is not None and len(states) > 1:
            torch.cuda.set_rng_state(states[1], self._device)
