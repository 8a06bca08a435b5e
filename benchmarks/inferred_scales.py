"""How often the scale of an imported parameter is inferred as it was: `python benchmarks/inferred_scales.py [--keep]`.

Values are drawn as a search draws them, uniform or log-uniform, at random or crowding around an optimum as a model-based
searcher's do (half at random, half normal around a random place, a tenth of the range wide, on the parameter's own
scale). Two rules are compared: the likelier of the two densities (what the import does), and the smaller distance of
Kolmogorov and Smirnov to either.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from search.exchange.inferred import infer_domain
from spaces import Float

RANGES = {"0.1 to 1": (0.1, 1.0), "0.01 to 1": (0.01, 1.0), "1e-5 to 0.1": (1e-5, 0.1)}
TRIALS = (10, 20, 50)
REPEATS = 2000

Values = npt.NDArray[np.float64]


def drawn(
    rng: np.random.Generator, span: tuple[float, float], log: bool, crowded: bool, trials: int
) -> Values:
    """The values that a search of so many trials tries."""
    places = rng.random(trials)
    if crowded:
        places[trials // 2 :] = np.clip(rng.normal(rng.random(), 0.1, trials - trials // 2), 0, 1)
    low, high = span
    return low * (high / low) ** places if log else low + (high - low) * places


def likelier(values: Values) -> bool:
    """What the import does."""
    domain = infer_domain([float(value) for value in values])
    return isinstance(domain, Float) and domain.log


def closer(values: Values) -> bool:
    """Whether the log-uniform distribution between the extremes is closer than the uniform one."""
    low, high = values.min(), values.max()
    steps = np.arange(len(values)) / (len(values) - 1)
    linear = np.abs((np.sort(values) - low) / (high - low) - steps).max()
    return bool(np.abs(np.log(np.sort(values) / low) / math.log(high / low) - steps).max() < linear)


def rates() -> list[dict[str, object]]:
    """Share of right answers, by range, scale, way of drawing and number of trials."""
    rng = np.random.default_rng(0)
    rows: list[dict[str, object]] = []
    for name, span in RANGES.items():
        for log in (False, True):
            for crowded in (False, True):
                for trials in TRIALS:
                    draws = [drawn(rng, span, log, crowded, trials) for _ in range(REPEATS)]
                    right = {
                        rule.__name__: float(np.mean([rule(each) == log for each in draws]))
                        for rule in (likelier, closer)
                    }
                    rows.append({"range": name, "log": log, "crowded": crowded, "trials": trials, **right})
    return rows


if __name__ == "__main__":
    found = rates()
    for row in found:
        print(*(f"{value:.3f}" if isinstance(value, float) else value for value in row.values()), sep="\t")
    if "--keep" in sys.argv:
        kept = Path(__file__).parent / "results" / "inferred_scales.json"
        kept.write_text(json.dumps({"repeats": REPEATS, "rows": found}, indent=1) + "\n")
