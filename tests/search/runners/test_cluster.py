"""How many trials a cluster carries: counted by node, since a trial runs on one."""

from __future__ import annotations

from typing import Any

import pytest

from search.errors import RunnerError
from search.runners.base import Resources
from search.runners.ray_tune.cluster import concurrency, node_is_lost


class Nodes:
    """A cluster of given nodes, as `ray.nodes()` tells of them."""

    def __init__(self, *nodes: dict[str, float], dead: int = 0) -> None:
        self._nodes = [
            {"NodeID": f"{index:02}", "Alive": index >= dead, "Resources": node}
            for index, node in enumerate(nodes)
        ]

    def nodes(self) -> list[dict[str, Any]]:
        return self._nodes


@pytest.mark.parametrize(
    ("nodes", "resources", "workers", "carried"),
    [
        (Nodes({"CPU": 2.0}, {"CPU": 3.0}), Resources(cpu=2), None, 2),
        (Nodes({"CPU": 2.0}, {"CPU": 2.0}), Resources(cpu=1), 3, 3),
        (Nodes({"CPU": 2.0}, {"CPU": 2.0}, dead=1), Resources(cpu=1), None, 2),
        (Nodes({"CPU": 8.0, "GPU": 1.0}), Resources(cpu=1, gpu=0.25), None, 4),
        (Nodes({"CPU": 8.0, "GPU": 1.0}), Resources(cpu=1, gpu=0.1), None, 8),
        (Nodes({"CPU": 8.0, "fast_disk": 2.0}), Resources(cpu=1, custom={"fast_disk": 1}), None, 2),
        (Nodes({"CPU": 2.0}), Resources(cpu=0), None, 2),
        (Nodes({"CPU": 2.0}), Resources(cpu=0), 7, 7),
    ],
)
def test_trials_are_counted_by_node(
    nodes: Nodes, resources: Resources, workers: int | None, carried: int
) -> None:
    assert concurrency(nodes, resources, workers) == carried


def test_what_only_all_nodes_together_have_is_refused() -> None:
    with pytest.raises(RunnerError, match="needs 4 CPU on one node; no node has more than 3 CPU"):
        concurrency(Nodes({"CPU": 2.0}, {"CPU": 3.0}), Resources(cpu=4), None)
    with pytest.raises(RunnerError, match="on one node"):
        concurrency(Nodes({"CPU": 1.0, "GPU": 4.0}, {"CPU": 8.0}), Resources(cpu=2, gpu=1), None)


def test_a_trial_of_which_no_node_is_known_has_lost_none() -> None:
    assert not node_is_lost(Nodes({"CPU": 1.0}, dead=1), "")
    assert node_is_lost(Nodes({"CPU": 1.0}, dead=1), "00")
