"""Trained trials of tiny sweeps, opened again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.trained import Trained
from search import Run, Sweep

__all__ = ["run_of", "trained"]


def run_of(
    folder: Path,
    trainable: Any,
    data: Mapping[str, Any] | str,
    parameters: Mapping[str, Any],
    *,
    split: bool = True,
    **changed: Any,
) -> Run:
    """A finished sweep of one trial of one step, unless `changed` says otherwise. `split`: search the seed of the split,
    so that there is something to search."""
    section = {"source": data} if isinstance(data, str) else dict(data)
    if split:
        section["split"] = {**section.get("split", {}), "seed": {"values": [0, 1]}}
    settings: dict[str, Any] = {
        "name": "winner",
        "data": section,
        "parameters": dict(parameters),
        "method": "random",
        "max_steps": 1,
        "run_cap": 1,
        "storage": str(folder / "runs"),
        "runner": "inline",
        **changed,
    }
    return Sweep(trainable, **settings).run()


def trained(
    folder: Path, trainable: Any, data: Mapping[str, Any] | str, parameters: Mapping[str, Any], **changed: Any
) -> Trained:
    """The best trial of such a sweep."""
    return Trained.open(run_of(folder, trainable, data, parameters, **changed))
