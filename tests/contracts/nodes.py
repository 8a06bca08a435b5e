"""The nodes of a cluster, as `ray.nodes()` tells of them, without a cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

__all__ = ["Nodes"]


class Nodes:
    """Stands in the place of the `ray` module. `dead`: so many of the first nodes are; `leaving`: ids of drained ones."""

    def __init__(self, *nodes: dict[str, float], dead: int = 0, leaving: tuple[str, ...] = ()) -> None:
        self._nodes = [
            {"NodeID": f"{index:02}", "Alive": index >= dead, "Resources": node}
            for index, node in enumerate(nodes)
        ]
        self._private = SimpleNamespace(
            state=SimpleNamespace(state=SimpleNamespace(get_draining_nodes=lambda: dict.fromkeys(leaving, 0)))
        )

    def nodes(self) -> list[dict[str, Any]]:
        return self._nodes
