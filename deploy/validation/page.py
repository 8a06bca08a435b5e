"""The page of a validation, in the report's look."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.validation.figures import figures
from search.analysis.numbers import plural
from search.report.page import render_page

__all__ = ["headline", "render_validation"]

_TITLES = {
    "attacks": "Attacks",
    "robustness": "Noise and missing inputs",
    "calibration": "Calibration",
    "explanations": "What it goes by",
    "slices": "Where it is worst",
    "shift": "Shift",
}


def render_validation(found: dict[str, Any]) -> str:
    """The page. `found`: the contents of validation.json."""
    drawn = figures(found)
    return render_page(
        "validation.html.j2",
        list(drawn.values()),
        templates=Path(__file__).parent / "template",
        found=found,
        figures=drawn,
        titles={name: _TITLES[name] for name in found["checks"]},
        headline=headline(found),
    )


def headline(found: dict[str, Any]) -> str:
    """The result in a sentence."""
    checks = len(found["checks"])
    warned = sorted(
        {each["check"] for each in found["findings"] if each["verdict"] == "warn"}, key=list(_TITLES).index
    )
    if not warned:
        return f"Nothing speaks against {found['trial']} in {plural(checks, 'check')}"
    return f"Look at {', '.join(_TITLES[name].lower() for name in warned)} before {found['trial']} is shipped"
