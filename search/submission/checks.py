"""Whether a cluster can run a sweep as it runs here: both sides compared, before anything is spent."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Mapping, Sequence

from search.errors import RunnerError
from search.provenance import version
from search.runners.base import Resources
from search.submission.probe import NodeFacts, Probed

__all__ = ["PACKAGES", "check", "own_versions", "problems"]

PACKAGES = ("tuneyard", "ray", "torch", "numpy", "scipy", "pandas", "scikit-learn", "optuna", "hyperopt")
"""Compared on both sides. The first two have to be equal, Python to its minor version; of the others the nodes have to
agree among each other, and a difference from here is worth a note."""

_EQUAL = ("tuneyard", "ray")


def own_versions() -> dict[str, str | None]:
    """Of Python and `PACKAGES`, here."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def check(probed: Probed, resources: Resources, here: Mapping[str, str | None]) -> list[str]:
    """What is worth a note. Raises RunnerError: every problem at once, one line each."""
    found = problems(probed, resources, here)
    if found:
        raise RunnerError(
            "the cluster cannot run this sweep; nothing was sent\n" + "\n".join(f"- {each}" for each in found)
        )
    return list(_notes(probed, here))


def problems(probed: Probed, resources: Resources, here: Mapping[str, str | None]) -> list[str]:
    """Why the sweep cannot run there, each with the next move; [] where it can."""
    return [
        *_versions(probed.nodes, here),
        *_among_nodes(probed.nodes),
        *_storage(probed),
        *_resources(probed.nodes, resources),
    ]


def _versions(nodes: Sequence[NodeFacts], here: Mapping[str, str | None]) -> Iterable[str]:
    for node in nodes:
        there = node.versions
        if _minor(there["python"]) != _minor(here["python"]):
            yield (
                f"{node.name} has Python {there['python']}, here it is {here['python']}: the minor version has to be the "
                "same. Run this from an environment like the cluster's, or start Ray there with this Python"
            )
        for name in _EQUAL:
            if there.get(name) is None:
                yield f"{node.name} has no {name}: pip install '{name}=={here[name]}' there, in the environment of Ray"
            elif there[name] != here[name]:
                yield (
                    f"{node.name} has {name} {there[name]}, here it is {here[name]}: they have to be the same. "
                    f"pip install '{name}=={there[name]}' here, or '{name}=={here[name]}' there"
                )


def _among_nodes(nodes: Sequence[NodeFacts]) -> Iterable[str]:
    for name in PACKAGES[len(_EQUAL) :]:
        found: dict[str, list[str]] = {}
        for node in nodes:
            found.setdefault(node.versions.get(name) or "none", []).append(node.name)
        if len(found) > 1:
            said = ", ".join(f"{number} on {' '.join(names)}" for number, names in found.items())
            yield (
                f"the nodes differ in {name}: {said}. A trial may move from one to another: install the same "
                "everywhere (constraints.txt)"
            )


def _storage(probed: Probed) -> Iterable[str]:
    for node in probed.nodes:
        if node.problem:
            yield f"storage {probed.storage}: on {node.name} {node.problem}"
        elif not node.reads:
            yield (
                f"storage {probed.storage}: {node.name} does not see what the head wrote there, and a trial that moves "
                "there would not find its checkpoint. Put `storage:` on a file system that all nodes share, or into an "
                "object store (s3://...)"
                if not node.head
                else f"storage {probed.storage}: the head cannot write there. Name another place: --storage"
            )


def _resources(nodes: Sequence[NodeFacts], resources: Resources) -> Iterable[str]:
    need = {"CPU": resources.cpu, "GPU": resources.gpu, **resources.custom}
    need = {name: amount for name, amount in need.items() if amount > 0}
    if not need or room(nodes, need) > 0:
        return
    wanted = " and ".join(f"{amount:g} {name}" for name, amount in need.items())
    most = {name: max((node.resources.get(name, 0.0) for node in nodes), default=0.0) for name in need}
    scarcest = min(need, key=lambda name: most[name] / need[name])
    yield (
        f"a trial needs {wanted} on one node, and no node has more than {most[scarcest]:g} {scarcest} along with the "
        f"rest. Lower resources.{scarcest.lower()} in the sweep file, or add a node"
    )


def room(nodes: Sequence[NodeFacts], need: Mapping[str, float]) -> int:
    """Trials that the nodes carry at the same time. A trial runs on one node."""
    return sum(
        min(math.floor(node.resources.get(name, 0.0) / amount + 1e-9) for name, amount in need.items())
        for node in nodes
    )


def _notes(probed: Probed, here: Mapping[str, str | None]) -> Iterable[str]:
    head = next((node for node in probed.nodes if node.head), probed.nodes[0])
    for name in PACKAGES[len(_EQUAL) :]:
        there = head.versions.get(name)
        if there != here[name]:
            yield f"{name} is {there or 'not installed'} on the cluster, {here[name] or 'not installed'} here"


def _minor(number: str | None) -> tuple[str, ...]:
    return tuple((number or "").split(".")[:2])
