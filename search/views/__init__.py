"""Views of a sweep: what people look at while it runs and after.

- `frames`: the history as tables: pandas DataFrames, and CSV.
"""

from __future__ import annotations

from search.views.frames import csv_text, results_frame, trials_frame

__all__ = ["csv_text", "results_frame", "trials_frame"]
