"""The driver's side of cohorts on Ray, as far as it needs no Ray: whose fault it is that a worker is gone."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from contracts.nodes import Nodes
from contracts.runners import begin
from contracts.stacks import Counting, CountingEngine, counting
from search.resources import Resources
from search.runners.base import Clock, Lanes, Work
from search.runners.cohort.messages import Orders, Report
from search.runners.ray_tune.capacity import Capacity
from search.runners.ray_tune.node_mirrors import NodeMirrors
from trainables.plug import resolve


class _TuneTrial:
    trial_id = "a"
    temporary_state = SimpleNamespace(ray_actor="actor")


class Cluster:
    """A bridge whose workers are told things that nobody does. `sent`: the orders, the newest last."""

    def __init__(self, sweep: Any, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
        from search.runners.ray_tune import cohort_bridge as bridging

        self.sent: list[Orders] = []
        monkeypatch.setattr(bridging, "send", lambda actor, orders: self.sent.append(orders))
        monkeypatch.setattr(bridging, "NeuralEngine", CountingEngine)
        monkeypatch.setattr(bridging, "whereabouts", lambda actor: ("here/abc", 1))
        monkeypatch.setattr(bridging, "error_text", lambda tune_trial: self.said)
        monkeypatch.setattr(bridging, "node_is_lost", lambda ray, node: False)
        work = Work(resolve(Counting), lanes=Lanes(width, 4 * width))
        room = Capacity(Nodes({"CPU": 1.0}), Resources(), None)
        self.bridge = bridging.CohortBridge(sweep, work, Clock(0.0), room, NodeMirrors(None))
        self.cohort: Any = _TuneTrial()
        self.said = ""
        assert isinstance(self.bridge.propose("a"), dict)

    def entered(self) -> list[int]:
        self.bridge.started(self.cohort)
        return [given.number for given in self.sent[-1].enter]

    def dies(self, said: str) -> None:
        self.said = said
        self.bridge.crashed(self.cohort)


def test_lanes_of_a_lost_node_go_on_together_three_times_and_are_then_taken_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Or trials that take their nodes down would do so for ever."""
    sweep = begin(counting(trials=4))
    cluster = Cluster(sweep, monkeypatch, width=4)
    for _ in range(4):
        assert cluster.entered() == [0, 1, 2, 3]
        cluster.dies("the actor's node has died")
    assert cluster.entered() == [0, 1]
    cluster.dies("the actor's node has died")
    assert [cluster.entered(), cluster.entered()] == [[2, 3], [0]]
    assert sweep.history.failed_total == 0
    cluster.dies("the actor's node has died")
    assert sweep.history.trials[0].state == "failed"


def test_what_kills_its_process_is_soon_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = begin(counting(trials=4))
    cluster = Cluster(sweep, monkeypatch, width=4)
    seen = []
    while not sweep.history.failed_total:
        seen.append(cluster.entered())
        if 2 in seen[-1]:
            cluster.dies("ActorDiedError")
    assert seen == [[0, 1, 2, 3], [0, 1], [2, 3], [2]]
    assert sweep.history.trials[2].failure.kind == "exited"


def test_a_report_after_the_last_trial_ends_the_cohort(monkeypatch: pytest.MonkeyPatch) -> None:
    from search.runners.ray_tune.hosted import KEY

    sweep = begin(counting(trials=1, max_steps=1))
    cluster = Cluster(sweep, monkeypatch, width=4)
    assert cluster.entered() == [0]
    report = Report(0, 1, {"loss": 0.5})
    assert cluster.bridge.reported(cluster.cohort, {KEY: json.dumps([report.to_json()])})
    assert sweep.history.trials[0].state == "completed"
    assert cluster.bridge.settle() == "all 1 trials asked for"
