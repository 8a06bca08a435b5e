"""Do the methods that learn find larger fronts than random search, at an equal budget?

    python benchmarks/multi_objective.py              every function, 20 seeds; writes results/multi_objective.json
    python benchmarks/multi_objective.py --quick      two functions, few seeds, seconds; the tests run it

Each run is one real sweep (searcher, passive sweep, journal in memory) of `--trials` trials, one worker, on a function
whose front is known. Its figure is the hypervolume of the feasible trials as a share of the true front's, both to the same
fixed reference point. Runs are paired with random search by function and seed. A method passes where its mean is above
random's; the exit code is 1 when a method that learns fails on more than one function (with --quick: on any).

- `zdt1`, `zdt2` (Zitzler, Deb, Thiele 2000), 6 variables: a convex and a concave front, far from most of the space.
- `dtlz2` (Deb et al. 2002), 3 objectives, 6 variables: a piece of a sphere.
- `bnh` (Binh, Korn 1997), 2 variables and 2 constraints, here outcome constraints, which are known only
  once a trial has run: so easy that random search leaves little to gain.
- `c2dtlz2` (Jain, Deb 2014), 2 objectives, 6 variables: the front is in pieces, the constraint forbids what is between.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
from _machine import describe, keep

from search.dominance import hypervolume
from search.front import points_of, settled
from search.journal import MemoryJournal
from search.outcomes import OutcomeConstraint
from search.problem import Budget, Objective, Problem
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from search.trial import Outcome
from spaces import Float, Parameter, Space

METHODS = ("random", "sobol", "nsga2", "tpe")
LEARNING = ("nsga2", "tpe")


@dataclass(frozen=True)
class Function:
    """`values` of a config: f1, f2, ... to be minimised, and g1, ... of the constraints (feasible at 0 and below).

    `whole`: the hypervolume of the true front to `reference`.
    """

    bounds: tuple[tuple[float, float], ...]
    values: Callable[[np.ndarray], Mapping[str, float]]
    reference: tuple[float, ...]
    whole: float
    limits: tuple[str, ...] = ()


def _zdt(shape: Callable[[float, float], float]) -> Callable[[np.ndarray], Mapping[str, float]]:
    def values(x: np.ndarray) -> Mapping[str, float]:
        distance = 1 + 9 * float(np.mean(x[1:]))
        return {"f1": float(x[0]), "f2": distance * shape(float(x[0]), distance)}

    return values


def _dtlz2(objectives: int) -> Callable[[np.ndarray], Mapping[str, float]]:
    def values(x: np.ndarray) -> Mapping[str, float]:
        angles = x[: objectives - 1] * math.pi / 2
        radius = 1 + float(np.sum((x[objectives - 1 :] - 0.5) ** 2))
        found = [radius * float(np.prod(np.cos(angles)))]
        for last in range(objectives - 2, -1, -1):
            found.append(radius * float(np.prod(np.cos(angles[:last])) * np.sin(angles[last])))
        return {f"f{place}": value for place, value in enumerate(found, start=1)}

    return values


def _c2dtlz2(x: np.ndarray) -> Mapping[str, float]:
    found = _dtlz2(2)(x)
    f1, f2 = found["f1"], found["f2"]
    corners = min((f1 - 1) ** 2 + f2**2, f1**2 + (f2 - 1) ** 2) - _HOLE**2
    middle = (f1 - math.sqrt(0.5)) ** 2 + (f2 - math.sqrt(0.5)) ** 2 - _HOLE**2
    return {**found, "g1": min(corners, middle)}


def _bnh(x: np.ndarray) -> Mapping[str, float]:
    a, b = map(float, x)
    return {
        "f1": 4 * a**2 + 4 * b**2,
        "f2": (a - 5) ** 2 + (b - 5) ** 2,
        "g1": (a - 5) ** 2 + b**2 - 25,
        "g2": 7.7 - (a - 8) ** 2 - (b + 3) ** 2,
    }


def _whole(curve: Callable[[float], Sequence[float] | None], reference: Sequence[float]) -> float:
    """The hypervolume of a front that is a curve over [0, 1], by a fine sample of it; None: not on the front."""
    points = [point for t in np.linspace(0, 1, 20_001) if (point := curve(float(t))) is not None]
    return hypervolume(np.array(points), reference)


_HOLE = 0.2  # radius around the feasible pieces of c2dtlz2


def _pieces(t: float) -> Sequence[float] | None:
    f1, f2 = math.cos(t * math.pi / 2), math.sin(t * math.pi / 2)
    ends = min((f1 - 1) ** 2 + f2**2, f1**2 + (f2 - 1) ** 2)
    middle = (f1 - math.sqrt(0.5)) ** 2 + (f2 - math.sqrt(0.5)) ** 2
    return (f1, f2) if min(ends, middle) <= _HOLE**2 else None


def _bnh_front(t: float) -> Sequence[float]:
    a = 5 * t
    found = _bnh(np.array([a, min(a, 3.0)]))
    return found["f1"], found["f2"]


_UNIT = ((0.0, 1.0),) * 6
_FAR = (1.1, 6.0)
FUNCTIONS = {
    "zdt1": Function(
        _UNIT, _zdt(lambda a, g: 1 - math.sqrt(a / g)), _FAR, _whole(lambda t: (t, 1 - math.sqrt(t)), _FAR)
    ),
    "zdt2": Function(
        _UNIT, _zdt(lambda a, g: 1 - (a / g) ** 2), _FAR, _whole(lambda t: (t, 1 - t * t), _FAR)
    ),
    "dtlz2": Function(_UNIT, _dtlz2(3), (2.0, 2.0, 2.0), 8 - math.pi / 6),
    "bnh": Function(
        ((0.0, 5.0), (0.0, 3.0)),
        _bnh,
        (140.0, 50.0),
        _whole(_bnh_front, (140.0, 50.0)),
        ("g1 <= 0", "g2 <= 0"),
    ),
    "c2dtlz2": Function(_UNIT, _c2dtlz2, (1.5, 1.5), _whole(_pieces, (1.5, 1.5)), ("g1 <= 0",)),
}


def ratio(method: str, name: str, seed: int, trials: int) -> float:
    """The hypervolume that one sweep attained, as a share of the true front's."""
    function = FUNCTIONS[name]
    names = [f"x{place}" for place in range(len(function.bounds))]
    objectives = [Objective(f"f{place + 1}", counts="last") for place in range(len(function.reference))]
    problem = Problem(
        Space([Parameter(each, Float(*ends)) for each, ends in zip(names, function.bounds, strict=True)]),
        objectives[0],
        1,
        Budget(trials=trials),
        seed=seed,
        secondary=tuple(objectives[1:]),
        outcome_constraints=tuple(map(OutcomeConstraint.parse, function.limits)),
    )
    sweep = PassiveSweep.begin(
        problem, make_searcher(method, problem), make_scheduler("none", problem), MemoryJournal()
    )
    for number in range(trials):
        (trial,) = sweep.ask(1, float(number))
        found = function.values(np.array([trial.config[each] for each in names]))
        sweep.start(number, float(number), node="here", pid=0)
        sweep.report(number, 1, found, float(number))
        sweep.close(number, Outcome.COMPLETED, float(number))
    points = points_of(settled(sweep.history), len(objectives))
    return hypervolume(points, function.reference) / function.whole


@dataclass(frozen=True)
class Comparison:
    """A method on a function, over paired seeds. `ratio`: mean share of the true hypervolume, with its standard error.

    `difference`: mean of (method - random) with a 95 % bootstrap interval; `wins`: share of seeds where it is larger.
    """

    method: str
    function: str
    seeds: int
    ratio: float
    standard_error: float
    difference: float
    interval: tuple[float, float]
    wins: float


def compare(method: str, name: str, own: Sequence[float], chance: Sequence[float]) -> Comparison:
    apart = np.array(own) - np.array(chance)
    draws = np.random.default_rng(0).choice(apart, (4000, len(apart))).mean(axis=1)
    return Comparison(
        method,
        name,
        len(own),
        round(statistics.fmean(own), 4),
        round(statistics.stdev(own) / math.sqrt(len(own)), 4),
        round(float(apart.mean()), 4),
        (round(float(np.quantile(draws, 0.025)), 4), round(float(np.quantile(draws, 0.975)), 4)),
        float((apart > 0).mean()),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=150)
    given = parser.parse_args(arguments)
    names = ("zdt2", "c2dtlz2") if given.quick else tuple(FUNCTIONS)
    seeds, trials = (6, 80) if given.quick else (given.seeds, given.trials)
    methods = ("random", *LEARNING) if given.quick else METHODS
    found = {
        (method, name): [ratio(method, name, seed, trials) for seed in range(seeds)]
        for name, method in product(names, methods)
    }
    rows = [compare(method, name, found[method, name], found["random", name]) for method, name in found]
    for row in rows:
        print(
            f"{row.function:8} {row.method:7} {row.ratio:.3f} of the true hypervolume, {row.difference:+.3f} "
            f"[{row.interval[0]:+.3f}, {row.interval[1]:+.3f}] on random, wins {row.wins:.0%}"
        )
    if not given.quick:
        print(
            keep(
                "multi_objective",
                {"machine": describe(), "trials": trials, "rows": [asdict(row) for row in rows]},
            )
        )
    worse = [row.method for row in rows if row.method in LEARNING and row.difference <= 0]
    return 1 if any(worse.count(method) > (0 if given.quick else 1) for method in LEARNING) else 0


if __name__ == "__main__":
    sys.exit(main())
