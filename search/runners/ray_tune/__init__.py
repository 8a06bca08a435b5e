"""The Ray Tune runner: `ray.tune.Tuner` does placement, actors and node failures; the passive sweep decides.

- `runner.RayTuneRunner`: puts a Tuner together and lets it run
- `adapters`: what Tune calls: a searcher, a scheduler, a callback, a stopper (driver side)
- `bridge`: between those and the sweep
- `hosted`: the Tune trainable that hosts ours (worker side)
- `cohort_bridge`, `cohort_host`: the same two for trials in lanes, many to a trial of Tune's
- `shared_data`: data sets read once for all trials of a run (an actor keeps them)
- `cluster`: connecting to a cluster, or starting a local one that listens on loopback only
- `capacity`: how many trials the nodes carry, counted again while they come and go; what Tune asks for each trial
- `autoscaling`: clusters that add nodes by themselves are asked for room
- `head`: a driver whose head is gone ends with a word
- `memory`: a trial's limit, and letting go of what it held

Importing this package imports nothing heavy; `RayTuneRunner.run` imports Ray.
"""

from search.runners.ray_tune.runner import RAY_SCHEDULERS, RayTuneRunner

__all__ = ["RAY_SCHEDULERS", "RayTuneRunner"]
