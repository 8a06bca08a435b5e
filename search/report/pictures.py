"""What the winner drew of its work, to be put into the page itself."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from search.paths import RunPaths
from search.pictures import drawings, pictures
from search.trial import trial_number

__all__ = ["winner_pictures"]

LARGEST = 2 * 2**20
"""Bytes of all pictures of a page together; what comes after them by name is left out."""

_TITLES = {
    "confusion": "Confusion matrix",
    "misclassified": "Misclassified examples",
    "pr": "Precision against recall",
    "predictions": "Predicted against true",
    "roc": "ROC curves",
    "samples": "Samples",
    "series": "Forecast along the series",
}


def winner_pictures(report: dict[str, Any], root: Path | None) -> dict[str, Any] | None:
    """The newest drawing of the best trial: ``{"trial", "step", "images": [{"title", "address"}]}``, addresses that hold
    the pictures themselves. None where it drew nothing.
    """
    best = report["summary"]["best"]
    if best is None or root is None:
        return None
    found = drawings(RunPaths(root).pictures(trial_number(best["trial"])))
    if not found:
        return None
    step, drawing = found[-1]
    images, room = [], LARGEST
    for name, content in pictures(drawing).items():
        if len(content) <= room:
            room -= len(content)
            address = "data:image/png;base64," + base64.b64encode(content).decode()
            images.append({"title": _TITLES.get(name, name), "address": address})
    return {"trial": best["trial"], "step": step, "images": images} if images else None
