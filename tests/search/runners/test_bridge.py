"""The driver's side of the Ray runner, as far as it needs no Ray."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from contracts.nodes import Nodes
from contracts.runners import begin, chaos
from search.resources import Resources
from search.runners.base import Clock, Work
from search.runners.ray_tune.capacity import Capacity
from search.runners.ray_tune.node_mirrors import NodeMirrors
from trainables.plug import resolve


def room() -> Capacity:
    return Capacity(Nodes({"CPU": 1.0}), Resources(), None)


def test_a_driver_that_was_busy_itself_takes_no_trial_for_hanging(monkeypatch: pytest.MonkeyPatch) -> None:
    """While a proposal takes longer than the step time-out, the results of healthy trials wait to be read."""
    from search.runners.ray_tune import bridge as bridging

    hour, killed = [100.0], []
    monkeypatch.setattr(bridging, "time", SimpleNamespace(monotonic=lambda: hour[0]))
    monkeypatch.setattr(bridging.ray, "kill", killed.append)
    bridge = bridging.Bridge(begin(chaos(step_timeout=5.0)), Work(resolve("chaos")), Clock(0.0), room())
    trial: Any = _TuneTrial("a", "RUNNING")
    bridge._heard[trial] = hour[0]
    bridge.watch()
    hour[0] += 60.0
    bridge.watch()
    assert not killed
    for _ in range(52):
        hour[0] += 0.1
        bridge.watch()
    assert killed == ["actor"]


def test_the_next_trial_to_run_is_looked_for_among_the_live_ones_only() -> None:
    """Ray keeps every trial there ever was; a look at all of them for each event is what made its cost grow with them."""
    from search.runners.ray_tune import adapters
    from search.runners.ray_tune.bridge import Bridge

    bridge = Bridge(begin(chaos()), Work(resolve("chaos")), Clock(0.0), room())
    live = [_TuneTrial(name, "PENDING") for name in ("late", "early")]
    bridge._number.update(late=7, early=3)
    controller = SimpleNamespace(get_live_trials=lambda: set(live))  # and no get_trials
    scheduler = adapters.BridgeScheduler(bridge)
    assert scheduler.choose_trial_to_run(controller) is live[1]
    live[1].status = "RUNNING"
    assert scheduler.choose_trial_to_run(controller) is live[0]
    live[0].status, live[1].status = "RUNNING", "PAUSED"  # by a scheduler of Ray's own
    assert scheduler.choose_trial_to_run(controller) is live[1]
    live.clear()
    assert scheduler.choose_trial_to_run(controller) is None


def test_a_cohort_begins_with_trials_that_only_wait_to_be_taken_up() -> None:
    """All were asked for and none runs, after an interruption: what was paused goes on, and is not given up."""
    from search.runners.ray_tune.cohort_bridge import CohortBridge

    sweep = begin(chaos(max_steps=9, trials=1), "asha", options={"promote": True})
    sweep.ask(1, 0.0)
    sweep.start(0, 0.0, node="test", pid=0)
    assert sweep.report(0, 1, {"loss": 0.5}, 1.0).pause
    bridge = CohortBridge(sweep, Work(resolve("chaos")), Clock(1.0), room(), NodeMirrors(None))
    assert isinstance(bridge.propose("a"), dict)


class _TuneTrial:
    """What the bridge looks at in a trial of Tune's."""

    def __init__(self, trial_id: str, status: str) -> None:
        self.trial_id, self.status = trial_id, status
        self.temporary_state = SimpleNamespace(ray_actor="actor")
