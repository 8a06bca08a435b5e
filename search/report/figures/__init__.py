"""The figures of a report, one a file: each reads the report's numbers and gives a figure in Plotly's JSON form.

- `base`: what they share, `Figure` and `View`.
- `confirmation`, `history`, `curves`, `fit`, `parallel`, `importance`, `isolation`, `slices`, `contours`,
   `timeline`, `rungs`, `repeats`, `pareto`: of one run. `anytime`: of several.
"""

from __future__ import annotations

from search.report.figures.anytime import anytime_figure
from search.report.figures.base import Figure, View
from search.report.figures.confirmation import confirmation_figure
from search.report.figures.contours import contour_figures
from search.report.figures.curves import curves_figure
from search.report.figures.fit import fit_figure
from search.report.figures.history import history_figure
from search.report.figures.importance import importance_figure
from search.report.figures.isolation import isolation_figures
from search.report.figures.parallel import parallel_figure
from search.report.figures.pareto import hypervolume_figure, pareto_figure
from search.report.figures.repeats import repeats_figure
from search.report.figures.rungs import rungs_figure
from search.report.figures.slices import slice_figures
from search.report.figures.timeline import timeline_figure

__all__ = [
    "Figure",
    "View",
    "anytime_figure",
    "confirmation_figure",
    "contour_figures",
    "curves_figure",
    "fit_figure",
    "history_figure",
    "hypervolume_figure",
    "importance_figure",
    "isolation_figures",
    "parallel_figure",
    "pareto_figure",
    "repeats_figure",
    "rungs_figure",
    "slice_figures",
    "timeline_figure",
]
