"""Five minutes of the soak; `scripts/soak --minutes 60` is the long one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soak.__main__ import figures, soaked, table
from soak.storm import ALWAYS

MINUTES = float(os.environ.get("SOAK_MINUTES", "5"))
SEED = int(os.environ.get("SOAK_SEED", "5"))


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_whatever_strikes_a_sweep_all_that_it_says_is_what_happened(tmp_path: Path) -> None:
    print(f"seed {SEED}")
    endured, account, problems = soaked(tmp_path, MINUTES, SEED)
    print(table(figures(endured, account, problems)))
    assert problems == []
    assert account.lost_trials == []
    assert {strike.kind for strike in endured.strikes} >= ALWAYS
