"""Pictures of a model's work, as PNG files: `draw_evaluation` (evaluation) of predictions on validation rows, `draw_grid` (tiles) of samples.

Under them: `Canvas` (canvas) draws smooth lines and text with PIL, `Axes` (axes) a chart's frame; the charts
themselves are in `confusion`, `curves` and `agreement`.

Colours are those of Okabe and Ito (2008), which people with any kind of colour vision can tell apart.
"""

from trainables.pictures.evaluation import draw_evaluation
from trainables.pictures.tiles import draw_grid

__all__ = ["draw_evaluation", "draw_grid"]
