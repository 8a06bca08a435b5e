"""Reports written to be read: one offline page each, and the same numbers for machines and pull requests.

- `build_report`, of a run, writes index.html, report.json, report.md, trials.csv.
- `build_comparison`, of several, writes index.html and comparison.json (comparison).
- `contents`: the numbers (report.json), from `search.analysis` alone. `figures/`: one file each.
- `page/`: template, style and script of index.html. `markdown`: report.md. `text`: foreign text made safe to look at.
"""

from __future__ import annotations

from search.report.build import build_report
from search.report.comparison import build_comparison, comparison_contents
from search.report.contents import FORMAT, contents

__all__ = ["FORMAT", "build_comparison", "build_report", "comparison_contents", "contents"]
