"""One sweep seed decides everything that can be decided.

Each consumer has its own stream, and each stream is a function of (sweep seed, trial number) alone, so that a
resumed sweep draws what an uninterrupted one would have drawn.
"""

from __future__ import annotations

import numpy as np

__all__ = ["audit_draw", "explore_rng", "repeat_seed", "replicate_seed", "searcher_rng", "trial_seed"]

_SEARCHER, _TRIAL, _REPLICATE, _AUDIT, _REPEAT, _EXPLORE = range(
    6
)  # spawn keys: never renumber, recorded sweeps depend on them


def trial_seed(seed: int, number: int) -> int:
    """Seed of trial `number`, in [0, 2**31)."""
    return _seed(seed, _TRIAL, number)


def replicate_seed(seed: int, replicate: int) -> int:
    """Seed number `replicate` of a confirmation, in [0, 2**31); no trial of the search has had it."""
    return _seed(seed, _REPLICATE, replicate)


def repeat_seed(seed: int, repeat: int) -> int:
    """Seed number `repeat` of every trial of a sweep that repeats over seeds, in [0, 2**31): configs are compared under
    the same ones. None of a confirmation is among them."""
    return _seed(seed, _REPEAT, repeat)


def audit_draw(seed: int, number: int) -> float:
    """Uniform in [0, 1): trial `number` is audited where it is stopped and this lies below the share to audit."""
    return _seed(seed, _AUDIT, number) / 2**31


def searcher_rng(seed: int, number: int, attempt: int = 0) -> np.random.Generator:
    """The generator with which a searcher proposes the config of trial `number`.

    `attempt` counts the proposals rejected so far for this trial (constraints), from 0.
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SEARCHER, number, attempt)))


def explore_rng(seed: int, number: int) -> np.random.Generator:
    """The generator with which the copy that takes the place of trial `number` is chosen, and its config changed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_EXPLORE, number)))


def _seed(seed: int, stream: int, number: int) -> int:
    state = np.random.SeedSequence(seed, spawn_key=(stream, number)).generate_state(1)
    return int(state[0]) & 0x7FFFFFFF
