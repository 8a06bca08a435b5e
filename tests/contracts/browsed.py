"""A page in a real browser, and all that it said and asked for while it was open."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

__all__ = ["CHROMIUM", "PATIENCE", "Reader", "playwright"]

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright (extra: dev)")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

PATIENCE = 120_000.0  # milliseconds for anything, on a busy machine
playwright.expect.set_options(timeout=PATIENCE)


class Reader:
    """A page that is open, and what it said and asked for."""

    def __init__(self, page: Any, path: Path) -> None:
        self.page, self.said, self.asked = page, [], []
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]", state="attached")
        self.own = path.as_uri()

    def is_calm(self) -> bool:
        outside = [url for url in self.asked if url != self.own and not url.startswith(("data:", "blob:"))]
        return self.said == [] and outside == []
