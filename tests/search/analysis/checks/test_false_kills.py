"""The share of false kills is estimated without bias, and its interval covers whatever the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from search.analysis.checks.false_kills import false_kills


@pytest.mark.parametrize("stopped", [5, 40, 300])
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_interval_covers_every_truth(stopped: int, share: float) -> None:
    audited = max(1, round(share * stopped))
    for true in range(0, stopped + 1, max(1, stopped // 20)):
        counts = np.arange(max(0, audited - (stopped - true)), min(audited, true) + 1)
        chances = stats.hypergeom.pmf(counts, stopped, true, audited)
        found = [false_kills(stopped, audited, int(count)) for count in counts]
        covers = [
            each.low <= true / stopped + 1e-12 and true / stopped <= each.high + 1e-12 for each in found
        ]
        assert float(chances @ covers) >= 0.95 - 1e-9
        assert float(chances @ [each.share for each in found]) == pytest.approx(true / stopped)


def test_all_audited_leave_nothing_open() -> None:
    found = false_kills(20, 20, 3)
    assert (found.low, found.share, found.high) == (0.15, 0.15, 0.15)


def test_none_ahead_of_few_says_little_and_of_many_much() -> None:
    few, many = false_kills(100, 5, 0), false_kills(100, 60, 0)
    assert few.low == many.low == 0.0
    assert 0.4 < few.high < 0.55
    assert many.high < 0.05


def test_what_cannot_be_is_refused() -> None:
    for stopped, audited, ahead in ((5, 6, 0), (5, 2, 3), (5, 0, 0), (5, 2, -1)):
        with pytest.raises(ValueError, match="cannot be"):
            false_kills(stopped, audited, ahead)
