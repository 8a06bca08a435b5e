"""Clusters that add nodes by themselves: say how much a sweep could use, and let it go again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from search.resources import Resources

__all__ = ["autoscales", "nodes_asked_for"]

_STATUS = b"__autoscaling_status"
_NO_TYPE = "node_"  # how the status names the type of a node that somebody started by hand


def autoscales(ray: Any) -> bool:
    """Whether the cluster has an autoscaler that can start nodes, as `ray up` and KubeRay make them.

    There is no public call for it: it stands in what the autoscaler tells of itself, as `ray status` shows it. From
    outside the cluster (ray://) it cannot be known, and a cluster that has just begun has not said it yet.
    """
    with contextlib.suppress(Exception):
        from ray.experimental import internal_kv

        report = json.loads(internal_kv._internal_kv_get(_STATUS))["autoscaler_report"]
        types = {**report["active_nodes"], **(report["idle_nodes"] or {}), **report["pending_launches"]}
        return any(not name.startswith(_NO_TYPE) for name in types)
    return False


@contextlib.contextmanager
def nodes_asked_for(ray: Any, resources: Resources, workers: int | None) -> Iterator[None]:
    """While this is open, the autoscaler keeps room for `workers` trials of each class; for one without a number.

    So trials are not asked for before there is a node for them, and yet nodes come: a searcher that proposes late knows
    more. A cluster of a fixed size takes no notice.
    """
    if not autoscales(ray):
        yield
        return
    from ray.autoscaler.sdk import request_resources

    bundles = [each.amounts or {"CPU": 1} for each in resources.classes for _ in range(workers or 1)]
    request_resources(bundles=bundles)
    try:
        yield
    finally:
        with contextlib.suppress(Exception):  # the cluster may be gone
            request_resources(bundles=[])
