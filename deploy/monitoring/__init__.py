"""What was served, looked at: has the world moved away from what the model learned from, and is it still right?

- `look` (contents): everything the page and `--json` say; `watched`: of which columns. `read_log` (log): what a server kept.
- drift: windows against the training data; stream: when it changed (ADWIN); quality: latency, errors, accuracy.
- `read_rules` (rules), `judge` (alerts): what is to be told, to whom. `build_page` (page): one offline page; figures.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy.monitoring.alerts import act, judge
    from deploy.monitoring.contents import look, watched
    from deploy.monitoring.log import read_log
    from deploy.monitoring.page import build_page
    from deploy.monitoring.rules import DEFAULT_RULES, Rules, read_rules

__all__ = [
    "DEFAULT_RULES",
    "Rules",
    "act",
    "build_page",
    "judge",
    "look",
    "read_log",
    "read_rules",
    "watched",
]

_HOMES = {
    "alerts": ("act", "judge"),
    "contents": ("look", "watched"),
    "log": ("read_log",),
    "page": ("build_page",),
    "rules": ("DEFAULT_RULES", "Rules", "read_rules"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"deploy.monitoring.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
