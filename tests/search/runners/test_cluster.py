"""What is known of the nodes of a cluster."""

from __future__ import annotations

from contracts.nodes import Nodes
from search.runners.ray_tune.cluster import node_is_lost


def test_a_trial_of_which_no_node_is_known_has_lost_none() -> None:
    assert not node_is_lost(Nodes({"CPU": 1.0}, dead=1), "")
    assert node_is_lost(Nodes({"CPU": 1.0}, dead=1), "00")
