"""Sphinx settings: `make docs`."""

from __future__ import annotations

from tuneyard import __version__

project = "tuneyard"
release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "tuneyard"
exclude_patterns = ["_build"]
html_static_path = ["_static"]
html_css_files = ["tables.css"]
