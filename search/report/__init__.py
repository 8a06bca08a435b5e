"""The report of a sweep, written to be read: one offline page, and the same numbers for machines and pull requests.

- `build_report` writes index.html, report.json, report.md, trials.csv.
- `contents`: the numbers (report.json), from `search.analysis` alone. `figures/`: one file each.
- `page/`: template, style and script of index.html. `markdown`: report.md. `text`: foreign text made safe to look at.
"""

from __future__ import annotations

from search.report.build import build_report
from search.report.contents import FORMAT, contents

__all__ = ["FORMAT", "build_report", "contents"]
