"""How many trials a cluster carries: counted by node, since a trial runs on one, and counted again while it changes."""

from __future__ import annotations

import pytest

from contracts.nodes import Nodes
from search.errors import RunnerError
from search.resources import ResourceRule, Resources
from search.runners.ray_tune import capacity as counting
from search.runners.ray_tune.capacity import Capacity, pack
from spaces import Constraint


def admitted(capacity: Capacity, resources: Resources) -> int:
    """How many trials of one class it lets in, one after the other."""
    for number in range(100):
        if not capacity.admits():
            return number
        capacity.enter(f"{number}", resources)
    return 100


@pytest.mark.parametrize(
    ("nodes", "resources", "workers", "carried"),
    [
        (Nodes({"CPU": 2.0}, {"CPU": 3.0}), Resources(cpu=2), None, 2),
        (Nodes({"CPU": 2.0}, {"CPU": 2.0}), Resources(cpu=1), 3, 3),
        (Nodes({"CPU": 2.0}, {"CPU": 2.0}), Resources(cpu=1), 5, 4),
        (Nodes({"CPU": 2.0}, {"CPU": 2.0}, dead=1), Resources(cpu=1), None, 2),
        (Nodes({"CPU": 2.0}, {"CPU": 2.0}, leaving=("00",)), Resources(cpu=1), None, 2),
        (Nodes({"CPU": 8.0, "GPU": 1.0}), Resources(cpu=1, gpu=0.25), None, 4),
        (Nodes({"CPU": 8.0, "GPU": 1.0}), Resources(cpu=1, gpu=0.1), None, 8),
        (Nodes({"CPU": 8.0, "GPU": 1.0}), Resources(cpu=0.1, gpu=0.1), None, 10),
        (Nodes({"CPU": 8.0, "fast_disk": 2.0}), Resources(cpu=1, custom={"fast_disk": 1}), None, 2),
        (Nodes({"CPU": 8.0, "memory": 5e9}), Resources(cpu=1, memory=2 * 10**9), None, 2),
        (Nodes({"CPU": 2.0}), Resources(cpu=0), None, 2),
        (Nodes({"CPU": 2.0}), Resources(cpu=0), 7, 7),
    ],
)
def test_trials_are_counted_by_node(
    nodes: Nodes, resources: Resources, workers: int | None, carried: int
) -> None:
    assert admitted(Capacity(nodes, resources, workers), resources) == carried


def test_what_only_all_nodes_together_have_is_refused() -> None:
    with pytest.raises(RunnerError, match="needs 4 CPU on one node; no node has more than 3 CPU"):
        Capacity(Nodes({"CPU": 2.0}, {"CPU": 3.0}), Resources(cpu=4), None)
    with pytest.raises(RunnerError, match="on one node"):
        Capacity(Nodes({"CPU": 1.0, "GPU": 4.0}, {"CPU": 8.0}), Resources(cpu=2, gpu=1), None)
    with pytest.raises(RunnerError, match=r"no node has more than 954 MiB memory .* Lower resources\.memory"):
        Capacity(Nodes({"CPU": 1.0, "memory": 1e9}), Resources(memory=2 * 10**9), None)


def test_the_class_of_a_rule_has_to_fit_as_well() -> None:
    large = ResourceRule(Constraint("width > 256"), Resources(cpu=4))
    with pytest.raises(RunnerError, match="needs 4 CPU on one node; no node has more than 2 CPU"):
        Capacity(Nodes({"CPU": 2.0}), Resources(rules=(large,)), None)


def test_a_node_that_joins_is_counted_and_one_that_is_lost_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    hour = [100.0]
    monkeypatch.setattr(counting.time, "monotonic", lambda: hour[0])
    nodes, one = Nodes({"CPU": 1.0}), Resources()
    capacity = Capacity(nodes, one, None)
    assert admitted(capacity, one) == 1
    nodes.nodes().append({"NodeID": "01", "Alive": True, "Resources": {"CPU": 2.0}})
    assert not capacity.admits(), "the cluster is asked once a second"
    hour[0] += 1.0
    for trial in ("a", "b"):
        assert capacity.admits()
        capacity.enter(trial, one)
    assert not capacity.admits()
    nodes.nodes()[1]["Alive"] = False
    hour[0] += 1.0
    for trial in ("a", "b"):
        assert not capacity.admits(), "two trials wait for a place already"
        capacity.leave(trial)
    assert not capacity.admits()
    capacity.leave("0")
    assert capacity.admits()


def test_trials_of_two_classes_fill_the_nodes_of_each() -> None:
    accel = Resources(custom={"accel": 1.0})
    both = Resources(rules=(ResourceRule(Constraint("deep == true"), accel),))
    capacity = Capacity(Nodes({"CPU": 1.0, "accel": 1.0}, {"CPU": 2.0}), both, None)
    plain = both.classes[0]
    for trial, resources in (("a", plain), ("b", plain), ("c", accel)):
        assert capacity.admits()
        capacity.enter(trial, resources)
    assert not capacity.admits(), "all is taken"
    capacity.leave("a")
    assert capacity.admits()
    capacity.enter("d", accel)
    assert capacity.admits(), "one waits for its node, and a CPU stands idle: it may be for the next one"
    capacity.enter("e", accel)
    assert not capacity.admits(), "no more than one of each class is asked for early"


def test_the_plainest_node_is_taken_first() -> None:
    waiting, free = pack([{"CPU": 1.0, "GPU": 1.0}, {"CPU": 1.0}], {(("CPU", 1.0),): 1})
    assert waiting == 0
    assert {"CPU": 1.0, "GPU": 1.0} in free


@pytest.mark.parametrize(
    ("config", "cpu"),
    [
        ({"width": 300, "kind": "a"}, 4.0),
        ({"width": 100, "kind": "a"}, 2.0),
        ({"width": 300}, 4.0),
        ({}, 1.0),
    ],
)
def test_the_first_rule_that_holds_counts(config: dict[str, object], cpu: float) -> None:
    rules = (
        ResourceRule(Constraint("width > 256"), Resources(cpu=4)),
        ResourceRule(Constraint("kind == 'a'"), Resources(cpu=2)),
    )
    assert Resources(rules=rules).of(config).cpu == cpu  # type: ignore[arg-type]
