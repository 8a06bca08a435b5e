"""The random generators a user's code may draw from without being handed one.

Our own code draws from injected generators only. A user's may call `random`, `numpy.random` or `torch`, so
the host seeds those at the start of a trial and keeps their state in its checkpoints.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

__all__ = ["capture_globals", "restore_globals", "seed_globals"]


def seed_globals(seed: int) -> None:
    """Seed the global generators of Python, NumPy and, if it is loaded, torch (all devices)."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the user's code may draw from it
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def capture_globals() -> dict[str, Any]:
    """The states of those generators, as JSON-able values."""
    version, words, position = random.getstate()
    name, keys, pos, has_gauss, gauss = np.random.get_state(legacy=True)  # noqa: NPY002
    states: dict[str, Any] = {
        "python": [version, list(words), position],
        "numpy": [str(name), [int(k) for k in keys], int(pos), int(has_gauss), float(gauss)],
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes().hex()
        if torch.cuda.is_initialized():
            states["cuda"] = [s.numpy().tobytes().hex() for s in torch.cuda.get_rng_state_all()]
    return states


def restore_globals(states: dict[str, Any]) -> None:
    """Put the generators back to what `capture_globals` saw."""
    version, words, position = states["python"]
    random.setstate((version, tuple(words), position))
    name, keys, pos, has_gauss, gauss = states["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), pos, has_gauss, gauss))  # noqa: NPY002
    torch = sys.modules.get("torch")
    if torch is not None and "torch" in states:

        def tensor(state: str) -> Any:
            return torch.frombuffer(bytearray.fromhex(state), dtype=torch.uint8)

        torch.set_rng_state(tensor(states["torch"]))
        if torch.cuda.is_initialized() and "cuda" in states:
            torch.cuda.set_rng_state_all([tensor(s) for s in states["cuda"][: torch.cuda.device_count()]])
