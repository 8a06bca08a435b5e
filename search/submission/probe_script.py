"""Runs on the head of a cluster, as a job of its own, and asks every node. Needs Python and Ray there, nothing of ours.

Its one argument is JSON: `storage`, `packages`. It prints one line, `@@probe {...}`.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from typing import Any

__all__ = ["answer", "look"]


def look(storage: str, packages: list[str], nonce: str) -> dict[str, Any]:
    """What one node has: versions, and whether it reads and may write the storage."""
    import importlib.metadata
    import os
    import platform
    import secrets

    def version(package: str) -> str | None:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return None

    found: dict[str, Any] = {
        "versions": {"python": platform.python_version(), **{each: version(each) for each in packages}},
        "reads": True,
        "writes": True,
        "problem": "",
    }
    try:
        if "://" in storage:
            from search.storage import open_store

            store = open_store(storage)
            found["reads"] = store.exists(nonce)
        else:
            found["reads"] = os.path.isfile(os.path.join(storage, nonce))
            if found["reads"]:
                mine = os.path.join(storage, nonce + secrets.token_hex(4))
                open(mine, "x").close()
                os.unlink(mine)
    except Exception as error:
        found["writes"] = False
        found["problem"] = f"{type(error).__name__}: {error}"
    return found


def answer(storage: str, packages: list[str]) -> dict[str, Any]:
    """The whole answer, one entry a node."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    ray.init(address="auto", log_to_driver=False, logging_level=40)
    nonce = ".tuneyard-" + secrets.token_hex(8)
    store = None
    if "://" in storage:
        try:
            from search.storage import open_store

            store = open_store(storage)
            store.put(nonce, b"")
        except Exception:
            pass  # the nodes say what is wrong
    else:
        storage = os.path.abspath(os.path.expanduser(storage))
        try:
            os.makedirs(storage, exist_ok=True)
            open(os.path.join(storage, nonce), "x").close()
        except OSError:
            pass  # the nodes say what is wrong
    task = ray.remote(num_cpus=0, max_retries=0)(look)
    nodes = []
    try:
        asked = []
        for node in ray.nodes():
            if node["Alive"]:
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                asked.append((node, task.options(scheduling_strategy=there).remote(storage, packages, nonce)))
        for node, reference in asked:
            resources = {
                name: amount
                for name, amount in node["Resources"].items()
                if not name.startswith("node:") and name not in ("memory", "object_store_memory")
            }
            facts = ray.get(reference, timeout=120)
            head = "node:__internal_head__" in node["Resources"]
            name = node.get("NodeManagerHostname") or node["NodeManagerAddress"]
            nodes.append({"name": name, "head": head, "resources": resources, **facts})
    finally:
        if store is not None:
            store.delete([nonce])
        elif os.path.isfile(os.path.join(storage, nonce)):
            os.unlink(os.path.join(storage, nonce))
    return {"python": sys.executable, "storage": storage, "nodes": nodes}


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print("@@probe " + json.dumps(answer(asked["storage"], asked["packages"])), flush=True)
