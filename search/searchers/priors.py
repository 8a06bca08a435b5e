"""Trials of earlier runs: which of them a searcher can learn from."""

from __future__ import annotations

from search.history import Observation
from spaces import Space, SpaceError

__all__ = ["belongs"]


def belongs(space: Space, observation: Observation) -> bool:
    """Whether the config of an observation is one of this space. Always so for a trial of the sweep itself."""
    if observation.number is not None:
        return True
    try:
        space.validate(observation.config)
    except SpaceError:
        return False
    return True
