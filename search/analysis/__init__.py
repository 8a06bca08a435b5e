"""What a sweep's history says, as plain numbers: one question a file, no picture, no page.

- `verdict`: what won, how far it can be trusted, what to do next (`moves`: with what the doctor found).
- `facts`: what was searched, with what, where. `spending`: the budget and what became of it.
- `leaderboard`: every trial in order of merit (the rule: `ranking`).
- `repeats`: how sure each mean is where steps are folds or seeds (`repeats_verdict`: in words).
- `history_curve`: best so far by trial, steps and time. `curves`: learning curves. `fit`: training against
  validation (`parts`: which part of the data a metric is of).
- `parallel`, `slices`, `contours`: configs against values, on the scales of `axes`.
- `importance`: which parameters the result depends on, by `ped_anova` and `fanova`, with intervals.
- `isolation`: what each value of a parameter can do at equal effort, everything else tuned (`groups`, `equal_effort`,
  `fair_comparison`; `isolation_verdict`: that in words).
- `confirmation`: what fresh seeds said of the best configs (`paired`: the tests of paired differences); `outdated`: whether
  those are no longer the best.
- `checks` (imported by itself, for it loads scipy.stats): the doctor, who looks for what is wrong with a sweep and says what to do.
- `pareto`: several objectives: the front, what lies behind it, and (`hypervolume`) how it grew; `front_verdict`: in words.
- `lineage`: the line of copies that led to the best trial of a population.
- `timeline`: who trained what, when. `savings`: what early stopping saved, `audit`: what showed whether it was right. `failures`: by cause.
- `compare`: several sweeps side by side (`anytime`: at the same spending; `replicates`: over shared seeds), and
  `comparison_verdict`: that in words.

Everything returned is JSON: it goes into report.json as it is, and the page shows nothing else.
"""

from __future__ import annotations

from search.analysis.auditing import audit
from search.analysis.compare import compare
from search.analysis.comparison_verdict import comparison_verdict
from search.analysis.confirmation import confirmation
from search.analysis.confirmed_verdict import outdated
from search.analysis.contours import contours
from search.analysis.curves import learning_curves
from search.analysis.facts import facts
from search.analysis.failures import failures
from search.analysis.fit import fit
from search.analysis.history_curve import history_curve
from search.analysis.importance import importance
from search.analysis.isolation import isolation
from search.analysis.leaderboard import leaderboard
from search.analysis.lineage import lineage
from search.analysis.parallel import parallel_coordinates
from search.analysis.pareto import pareto
from search.analysis.repeats import repeats
from search.analysis.savings import savings
from search.analysis.slices import slices
from search.analysis.spending import spending
from search.analysis.timeline import timeline
from search.analysis.verdict import verdict

__all__ = [
    "audit",
    "compare",
    "comparison_verdict",
    "confirmation",
    "contours",
    "facts",
    "failures",
    "fit",
    "history_curve",
    "importance",
    "isolation",
    "leaderboard",
    "learning_curves",
    "lineage",
    "outdated",
    "parallel_coordinates",
    "pareto",
    "repeats",
    "savings",
    "slices",
    "spending",
    "timeline",
    "verdict",
]
