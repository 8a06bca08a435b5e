"""The audit of early stopping: of the trials that the scheduler stops, a random few run on to full fidelity.

What a stopped trial would have come to is never seen, and those that went on were chosen by the very ranks that are in
question: nothing in a sweep tells whether early stopping threw away its best trial. A random share that runs on does, as
a random sample of parts taken off the line tells of the line.

Who is audited follows from the sweep's seed and the trial's number alone: neither the trial's values nor anything that
came before has a say, so the audited are a fair sample of all that were stopped (Poisson sampling, each with the same
chance), and a resumed sweep audits the same ones. A larger share audits the same trials and some more.

The sweep writes the decision with `audit: true` and lets the trial go on. From there the scheduler is not asked about it, and
neither scheduler nor searcher learns what becomes of it (`History.audited`): the search is the one that it would have been.
"""

from __future__ import annotations

from search.problem import Problem
from search.seeds import audit_draw

__all__ = ["SAID", "is_audited"]

SAID = "it runs on, for the audit"
"""What the reason of the decision ends with."""


def is_audited(problem: Problem, number: int) -> bool:
    """Whether trial `number` runs on if the scheduler stops it."""
    return audit_draw(problem.seed, number) < problem.audit
