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
PAYS = 0.04  # of the distance from the median to the best
RESAMPLES = 300
GROWTHS = 5  # of the sample, each by the same factor
UNLEARNT = ("random", "sobol")  # methods whose trials are all drawn alike


def enough(history: History) -> list[Finding]:
    """Warns where half as many trials again are expected to gain 4 % and more of the distance from median to best.

    Of a method that learns, the later half of the trials stands for those to come; of random and Sobol search, all. The
    interval (95 %) is a bootstrap of the expected gain over trials; the gain itself is 0 more often than not.
    """
    method = _method(history)
    if method == "grid":
        why = "The trials of a grid are no sample: what a finer grid would bring cannot be told from them."
        return [cannot_tell("enough", why)]
    scores = np.array([s for trial in history.trials if (s := best_score(trial)) is not None])
    if len(scores) < NEEDED:
        why = f"{len(scores)} trials have a value; {NEEDED} are needed to say what more would bring."
        return [cannot_tell("enough", why)]
    spread = float(np.median(scores) - scores.min())
    if spread == 0:
        why = "Half of the trials share the best value: it is not luck that more of them would change."
        return [Finding("enough", "pass", why, evidence={"trials": len(scores), "gain": 0.0})]
    sample = scores if method in UNLEARNT else scores[len(scores) // 2 :]
    more = max(1, round(MORE * len(scores)))
    gain = float(expected_gain(sample, more))
    rng = np.random.default_rng(history.problem.seed)
    drawn = expected_gain(rng.choice(sample, (RESAMPLES, len(sample))), more)
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
    picture = _picture(history, sample)
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
    """The expected minimum of so many of the values, drawn without replacement. `sizes`: real, in [1, len(values)].

    `values`: (..., n); the answer is (..., sizes). Between whole sizes the binomials go by the gamma function.
    """
    count = values.shape[-1]
    above = np.arange(count - 1, -1, -1, dtype=np.float64)  # how many are larger than the i-th smallest
    sizes = np.asarray(sizes, dtype=np.float64)[:, None]
    chances = _log_choose(above[None, :], sizes - 1) - _log_choose(np.float64(count), sizes)
    weights = np.where(above[None, :] >= sizes - 1, np.exp(chances), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.sort(values, axis=-1) @ weights.T, dtype=np.float64)


def expected_gain(values: Array, more: int) -> Array:
    """How much lower the minimum is expected to be after `more` draws of the same kind. `values`: (..., n) -> (...).

    Growing the sample by a fixed factor again and again gains in a geometric sequence where the lower tail follows a power
    law. The sequence is fitted to the gains within the sample (exact expectations; a smaller sample's is known better and
    weighs more) and goes on by one.
    """
    count = values.shape[-1]
    factor = count / (count + more)
    sizes = np.array([count * factor**k for k in range(GROWTHS + 1) if count * factor**k >= 1.5])
    best = expected_best(values, sizes)
    gains = best[..., 1:] - best[..., :-1]  # of the latest growth first
    return np.apply_along_axis(_continued, -1, gains)


def _continued(gains: Array) -> float:
    steps = np.arange(len(gains))[gains > 0]
    if len(steps) < 2:
        return float(gains[0])
    weights = np.sqrt(2.0**steps)  # of the roots of the squared errors
    slope, start = np.polyfit(steps, np.log(gains[gains > 0]), 1, w=weights)
    return (
        float(np.exp(start - slope)) if slope > 0 else float(np.average(gains[gains > 0], weights=weights**2))
    )


def _log_choose(of: Array | np.float64, choose: Array) -> Array:
    return np.asarray(gammaln(of + 1) - gammaln(choose + 1) - gammaln(np.maximum(of - choose, 0) + 1))


def _method(history: History) -> str:
    settings = history.about.get("settings")
    method = settings.get("method", "") if isinstance(settings, Mapping) else ""
    return str(method.get("name", "") if isinstance(method, Mapping) else method)


def _picture(history: History, sample: Array) -> dict[str, object]:
    """The expected best of 1, 2, ... trials, in the metric's own sign."""
    sizes = np.unique(np.geomspace(1, len(sample), 25).round())
    objective = history.problem.objective
    best = [objective.value(float(score)) for score in expected_best(sample, sizes)]
    lines = {f"expected best {objective.metric}": best}
    return {"kind": "line", "x": [int(size) for size in sizes], "lines": lines, "mark": None}
