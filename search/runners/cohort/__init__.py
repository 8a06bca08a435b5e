"""Cohorts: many trials trained as one batched computation, driven by the passive sweep like all others.

- `runner`: a cohort in this process
- `roster`: which trial is in which lane, and what becomes of it after each step (the driver's side)
- `waiting`: the trials that have no lane yet, and which of them is next
- `cohort`: the stacks of one worker: fills, steps, saves and frees lanes (the worker's side)
- `solo`: a trial that cannot share a computation, behind a stack's interface
- `engine`: what the lanes engine of floor 1 offers (`trainables.neural.lanes`)
- `messages`: what goes back and forth between the two sides, as JSON values

Neither side knows where the other runs: `runner` calls from one to the other, `search.runners.ray_tune` sends.
"""

from search.runners.cohort.runner import CohortRunner

__all__ = ["CohortRunner"]
