"""One file per command, each with a click command called `command`; tuneyard.cli lists and loads them."""

from __future__ import annotations

__all__: list[str] = []
