"""Racing: a candidate that is clearly beaten gets no further seeds (the idea of Maron and Moore 1994, F-Race 2002).

At every look, once `FIRST_LOOK` seeds are complete, each candidate is compared with the leader by a one-sided paired t
test. The error rate that is promised is the chance that the truly best candidate is ever dropped: at most `ERROR`,
shared (Bonferroni) among all looks and all rivals, so it holds however often and whenever one looks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["ERROR", "FIRST_LOOK", "beaten"]

ERROR = 0.05
FIRST_LOOK = 3
"""Complete seeds before the first look: a standard deviation of fewer differences says next to nothing."""


def beaten(table: Sequence[Sequence[float | None]], seeds: int) -> set[int]:
    """Candidates to be dropped.

    Args:
        table: scores (smaller is better) by seed, then candidate; None where there is none.
        seeds: how many seeds there will be at most, which is one more than the number of looks and `FIRST_LOOK`.

    Returns:
        positions of candidates; once one is in, more rows do not take it out.
    """
    out: set[int] = set()
    candidates = len(table[0]) if table else 0
    rivals = max(1, candidates - 1)
    looks = max(1, seeds - FIRST_LOOK)
    for rows in range(FIRST_LOOK, seeds):
        alive = [c for c in range(candidates) if c not in out]
        scores = np.array(
            [[np.nan if table[r][c] is None else table[r][c] for c in alive] for r in range(rows)], float
        )
        if len(alive) < 2 or not np.isfinite(scores).all():
            break  # the round is not complete: nothing is decided on part of it
        leader = int(scores.mean(axis=0).argmin())
        out |= {
            c
            for place, c in enumerate(alive)
            if place != leader and _worse(scores[:, place] - scores[:, leader], ERROR / (looks * rivals))
        }
    return out


def _worse(differences: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> bool:
    """Whether the mean difference is above 0 at this one-sided level."""
    from scipy.stats import t

    spread = differences.std(ddof=1)
    if spread == 0:  # equal under every seed, or a trainable without randomness
        return bool(differences[0] > 0)
    return bool(
        differences.mean() / (spread / np.sqrt(len(differences))) > t.ppf(1 - level, len(differences) - 1)
    )
