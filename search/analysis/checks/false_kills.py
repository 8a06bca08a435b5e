"""How many of the stopped trials would have ended ahead of all that were let through, by the audited ones alone.

The audited are a random sample of the stopped (`search.audit`), so their share is the stopped ones' share (Horvitz and
Thompson 1952), and how many are ahead among them follows the hypergeometric law. The interval inverts it at both ends (Clopper
and Pearson 1934, for a finite population): no model, no large sample, and it covers with 95 % or more whatever the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

__all__ = ["FalseKills", "false_kills"]

ALPHA = 0.05


@dataclass(frozen=True)
class FalseKills:
    """Of `stopped` trials in all, `audited` were seen to their end and `ahead` of these were ahead of those let through.

    `share`: the estimate for all of the stopped ones, `low` and `high` its 95 % interval, in [0, 1].
    """

    stopped: int
    audited: int
    ahead: int
    share: float
    low: float
    high: float


def false_kills(stopped: int, audited: int, ahead: int) -> FalseKills:
    """See the module. `stopped` counts the audited ones, too.

    Raises ValueError: not 0 <= ahead <= audited <= stopped, or nobody was audited.
    """
    if not (0 <= ahead <= audited <= stopped and audited > 0):
        raise ValueError(f"{ahead} ahead of {audited} audited of {stopped} stopped cannot be")
    possible = np.arange(ahead, stopped - (audited - ahead) + 1)
    at_least = stats.hypergeom.sf(ahead - 1, stopped, possible, audited)
    at_most = stats.hypergeom.cdf(ahead, stopped, possible, audited)
    low = int(possible[at_least > ALPHA / 2].min())
    high = int(possible[at_most > ALPHA / 2].max())
    return FalseKills(stopped, audited, ahead, ahead / audited, low / stopped, high / stopped)
