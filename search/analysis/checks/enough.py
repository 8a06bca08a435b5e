"""Was enough sampled? What half as many trials again are expected to bring."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

from search.analysis.checks.base import Finding, cannot_tell
from search.analysis.numbers import number, percent
from search.analysis.ranking import best_score
from search.history import History

__all__ = ["enough", "expected_best", "expected_gain"]

Array = npt.NDArray[np.float64]
NEEDED = 20  # trials with a value
MORE = 0.5  # of the trials, in addition
PAYS = 0.03  # of the distance from the median to the best
RESAMPLES = 500
UNLEARNT = ("random", "sobol")  # methods whose trials are all drawn alike


def enough(history: History) -> list[Finding]:
    """Warns where half as many trials again are expected to gain 3 % and more of the distance from median to best.

    Of a method that learns, the later half of the trials stands for those to come; of random and Sobol search, all. The
    interval (95 %) is a bootstrap of the expected gain over trials; the gain itself is 0 more often than not.
    """
    scores = np.array([s for trial in history.trials if (s := best_score(trial)) is not None])
    if len(scores) < NEEDED:
        why = f"{len(scores)} trials have a value; {NEEDED} are needed to say what more would bring."
        return [cannot_tell("enough", why)]
    spread = float(np.median(scores) - scores.min())
    if spread == 0:
        why = "Half of the trials share the best value: it is not luck that more of them would change."
        return [Finding("enough", "pass", why, evidence={"trials": len(scores), "gain": 0.0})]
    method = _method(history)
    sample = scores if method in UNLEARNT else scores[len(scores) // 2 :]
    more = max(1, round(MORE * len(scores)))
    gain = expected_gain(sample, more)
    rng = np.random.default_rng(history.problem.seed)
    drawn = [expected_gain(rng.choice(sample, len(sample)), more) for _ in range(RESAMPLES)]
    low, high = (float(q) for q in np.quantile(drawn, (0.025, 0.975)))
    evidence = {
        "trials": len(scores),
        "more": more,
        "gain": gain,
        "interval": [low, high],
        "spread": spread,
        "share": gain / spread,
        "method": method,
    }
    picture = _picture(scores, sample)
    said = (
        f"{more} more trials are expected to gain {number(gain, 2)} (95 % {number(low, 2)} to {number(high, 2)}), "
        f"{percent(gain / spread)} of the distance from the median to the best"
    )
    if gain >= PAYS * spread:
        return [
            Finding(
                "enough",
                "warn",
                f"The best value has not levelled off: {said}. More trials are likely to pay.",
                evidence=evidence,
                next=f"Go on with {more} more trials.",
                picture=picture,
            )
        ]
    return [
        Finding(
            "enough", "pass", f"The best value has levelled off: {said}.", evidence=evidence, picture=picture
        )
    ]


def expected_best(values: Array, sizes: Array) -> Array:
    """The expected minimum of so many of the values, drawn without replacement. `sizes` in [1, len(values)]."""
    ordered = np.sort(values)
    below = np.arange(len(ordered) - 1, -1, -1, dtype=np.float64)  # values above the i-th smallest
    sizes = np.asarray(sizes, dtype=np.float64)[:, None]
    room = below - (sizes - 1)
    with np.errstate(invalid="ignore"):
        chances = _log_choose(below[None, :], sizes - 1) - _log_choose(np.float64(len(ordered)), sizes)
    return np.asarray(np.where(room >= 0, np.exp(chances), 0.0) @ ordered, dtype=np.float64)


def expected_gain(values: Array, more: int) -> float:
    """How much lower the minimum is expected to be after `more` draws of the same kind.

    The gain of the last such growth, exact in the sample, times its ratio to the gain of the growth before (Aitken 1926), at
    most 1: growth by a fixed factor gains in a geometric sequence where the lower tail follows a power law.
    """
    count = len(values)
    factor = count / (count + more)
    sizes = np.array([max(1, round(count * factor**2)), max(1, round(count * factor)), count])
    earlier, later, last = expected_best(values, sizes.astype(np.float64))
    before, now = earlier - later, later - last
    return float(now * min(1.0, now / before)) if before > 0 else 0.0


def _log_choose(of: Array | np.float64, choose: Array) -> Array:
    return np.asarray(gammaln(of + 1) - gammaln(choose + 1) - gammaln(np.maximum(of - choose, 0) + 1))


def _method(history: History) -> str:
    settings = history.about.get("settings")
    method = settings.get("method", "") if isinstance(settings, Mapping) else ""
    return str(method.get("name", "") if isinstance(method, Mapping) else method)


def _picture(scores: Array, sample: Array) -> dict[str, object]:
    """The expected best of 1, 2, ... trials, in the score's sign (smaller is better)."""
    sizes = np.unique(np.geomspace(1, len(sample), 25).round())
    best = expected_best(sample, sizes)
    return {
        "kind": "line",
        "x": [int(size) for size in sizes],
        "lines": {"expected best (smaller is better)": [float(b) for b in best]},
        "mark": None,
    }
