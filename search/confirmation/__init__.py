"""Confirm: train the best configs of a run again under fresh, paired seeds before anybody believes them.

A confirmation is a sweep of its own, in `confirm/` of the run directory: its searcher goes through the candidates seed
by seed, nothing is stopped early, and its journal is resumed like any other.

- `candidates`: which configs are trained again, and the baseline beside them.
- `replicates`: the searcher that trains every candidate under the same seeds.
- `racing`: when a candidate is so clearly beaten that its other seeds are not worth their time.
- `confirming`: `confirm` drives it.
"""

from search.confirmation.candidates import Candidate, candidates_of, confirmation_of
from search.confirmation.confirming import confirm, expected_trials
from search.confirmation.racing import beaten
from search.confirmation.replicates import Replicates

__all__ = [
    "Candidate",
    "Replicates",
    "beaten",
    "candidates_of",
    "confirm",
    "confirmation_of",
    "expected_trials",
]
