"""The pages at / and /docs: empty shells that ask the server for what they show, in the look of the report.

- try.html, try.js: a form made of the schema; docs.html, docs.js: OpenAPI as a page. ask.js: what they share.
- serve.css: what the report's page.css lacks.
"""

from __future__ import annotations

from pathlib import Path

import search.report.page

__all__ = ["FILES"]

_HERE = Path(__file__).parent

FILES = {
    "/": _HERE / "try.html",
    "/docs": _HERE / "docs.html",
    "/assets/report.css": Path(search.report.page.__file__).parent / "page.css",
    **{f"/assets/{name}": _HERE / name for name in ("serve.css", "ask.js", "try.js", "docs.js")},
}
"""Path of the server -> file."""
