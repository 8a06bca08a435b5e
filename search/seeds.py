"""One sweep seed decides everything that can be decided.

Each consumer has its own stream, and each stream is a function of (sweep seed, trial number) alone, so that a
resumed sweep draws what an uninterrupted one would have drawn.
"""

from __future__ import annotations

import numpy as np

__all__ = ["searcher_rng", "trial_seed"]

_SEARCHER, _TRIAL = 0, 1  # spawn keys: never renumber, recorded sweeps depend on them


def trial_seed(seed: int, number: int) -> int:
    """Seed of trial `number`, in [0, 2**31)."""
    state = np.random.SeedSequence(seed, spawn_key=(_TRIAL, number)).generate_state(1)
    return int(state[0]) & 0x7FFFFFFF


def searcher_rng(seed: int, number: int, attempt: int = 0) -> np.random.Generator:
    """The generator with which a searcher proposes the config of trial `number`.

    `attempt` counts the proposals rejected so far for this trial (constraints), from 0.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SEARCHER, number, attempt)))
