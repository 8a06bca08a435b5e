"""The driver's side of the Ray runner, as far as it needs no Ray."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from contracts.runners import begin, chaos
from search.runners.base import Clock, Work
from trainables.plug import resolve


def test_a_driver_that_was_busy_itself_takes_no_trial_for_hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a proposal takes longer than the step time-out, the results of healthy trials wait to be read."""
    from search.runners.ray_tune import bridge as bridging

    hour, killed = [100.0], []
    monkeypatch.setattr(bridging, "time", SimpleNamespace(monotonic=lambda: hour[0]))
    monkeypatch.setattr(bridging.ray, "kill", killed.append)
    bridge = bridging.Bridge(begin(chaos(step_timeout=5.0)), Work(resolve("chaos")), Clock(0.0))
    trial: Any = SimpleNamespace(trial_id="a", temporary_state=SimpleNamespace(ray_actor="actor"))
    bridge._heard["a"] = hour[0]
    bridge.watch([trial])
    hour[0] += 60.0
    bridge.watch([trial])
    assert not killed
    for _ in range(52):
        hour[0] += 0.1
        bridge.watch([trial])
    assert killed == ["actor"]
