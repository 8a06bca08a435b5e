"""Do the intervals over folds hold what they are of? Simulated data sets from a known source, cross-validated.

    python benchmarks/folds.py            1000 data sets of each kind; writes results/folds.json
    python benchmarks/folds.py --quick    200 data sets; writes nothing: what CI runs

The source: 5 normal inputs, a smooth target, noise. The truth of a learner is its expected squared error when it is
trained on (k - 1)/k of the rows of a new data set; a mean over k folds is an unbiased estimate of that, so the mean over
all data sets is the truth. Printed for each learner, number of rows and of folds:

- corrected, plain: how often the 95 % interval of the mean holds the truth, with and without the correction of Nadeau and
  Bengio (wanted of the corrected one: at least 92 %);
- width: how much wider the correction makes it.

For pairs of learners the same of the difference over the same folds; and for the best of 20 neighbourhoods chosen by
their means over the folds, how often the interval of the chosen one holds its truth, and how far the choice flatters it,
in units of the interval's half width: what no interval over the same folds can make good.

The exit code is 1 unless the corrected intervals of learners and of differences hold.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from _machine import describe, keep

from search.analysis.paired import mean_interval

Floats = np.ndarray[Any, np.dtype[np.float64]]
Learner = Callable[[Floats, Floats, Floats], Floats]

INPUTS, NOISE = 5, 0.5
NEIGHBOURHOODS = range(1, 21)
WANTED = 0.92


def drawn(rng: np.random.Generator, rows: int) -> tuple[Floats, Floats]:
    """A data set of the source."""
    x = rng.normal(size=(rows, INPUTS))
    return x, np.sin(x[:, 0]) + 0.5 * x[:, 1] + rng.normal(0, NOISE, rows)


def ridge(x: Floats, y: Floats, there: Floats) -> Floats:
    """Linear, with a small penalty: hardly changed by a few other rows."""
    inputs, asked = (np.column_stack([np.ones(len(each)), each]) for each in (x, there))
    found: Floats = asked @ np.linalg.solve(inputs.T @ inputs + 0.1 * np.eye(INPUTS + 1), inputs.T @ y)
    return found


def neighbours(count: int) -> Learner:
    """The mean of the nearest rows; of one alone it follows every row."""

    def predict(x: Floats, y: Floats, there: Floats) -> Floats:
        distances = ((there[:, None] - x[None]) ** 2).sum(axis=2)
        near: Floats = y[np.argpartition(distances, count - 1, axis=1)[:, :count]].mean(axis=1)
        return near

    return predict


def tree(x: Floats, y: Floats, there: Floats) -> Floats:
    """A full decision tree: another one for every few other rows."""
    from sklearn.tree import DecisionTreeRegressor

    found: Floats = DecisionTreeRegressor(random_state=0).fit(x, y).predict(there)
    return found


LEARNERS: dict[str, Learner] = {
    "ridge": ridge,
    "10 neighbours": neighbours(10),
    "1 neighbour": neighbours(1),
    "tree": tree,
}
PAIRS = [("10 neighbours", "1 neighbour"), ("ridge", "10 neighbours"), ("1 neighbour", "tree")]


def validated(learner: Learner, x: Floats, y: Floats, folds: int) -> Floats:
    """(folds,) mean squared errors; rows are in random order already."""
    part = np.arange(len(x)) % folds
    return np.array(
        [
            np.mean((learner(x[part != k], y[part != k], x[part == k]) - y[part == k]) ** 2)
            for k in range(folds)
        ]
    )


def neighbourhoods(x: Floats, y: Floats, folds: int) -> Floats:
    """(configs, folds) as `validated` gives them for 1, 2, ... neighbours, with the distances taken once."""
    part, found = np.arange(len(x)) % folds, []
    for k in range(folds):
        distances = ((x[part == k][:, None] - x[part != k][None]) ** 2).sum(axis=2)
        near = y[part != k][np.argsort(distances, axis=1)[:, : len(NEIGHBOURHOODS)]]
        told = np.cumsum(near, axis=1) / np.array(NEIGHBOURHOODS)
        found.append(np.mean((told - y[part == k][:, None]) ** 2, axis=0))
    return np.array(found).T


def coverage(values: Floats, folds: int) -> dict[str, float]:
    """Of (data sets, folds) values, whose truth is their mean."""
    truth = values.mean()
    overlap = 1 / (folds - 1)
    corrected = np.array([mean_interval(each, overlap) for each in values])
    plain = np.array([mean_interval(each) for each in values])

    def holds(spans: Floats) -> float:
        return float(np.mean((spans[:, 0] <= truth) & (truth <= spans[:, 1])))

    return {
        "corrected": holds(corrected),
        "plain": holds(plain),
        "width": float(np.mean(np.diff(corrected)) / np.mean(np.diff(plain))),
    }


def simulate(sets: int, rows: int, folds: int) -> dict[str, Any]:
    rng = np.random.default_rng([rows, folds])
    values: dict[str, list[Floats]] = {name: [] for name in LEARNERS}
    searched = []
    for _ in range(sets):
        x, y = drawn(rng, rows)
        for name, learner in LEARNERS.items():
            values[name].append(validated(learner, x, y, folds))
        searched.append(neighbourhoods(x, y, folds))
    table = {name: np.array(found) for name, found in values.items()}
    return {
        "rows": rows,
        "folds": folds,
        "learners": {name: coverage(found, folds) for name, found in table.items()},
        "differences": {f"{a} - {b}": coverage(table[a] - table[b], folds) for a, b in PAIRS},
        "chosen": chosen(np.array(searched), folds),
    }


def chosen(values: Floats, folds: int) -> dict[str, float]:
    """Of (data sets, configs, folds) values: the config with the best mean of each data set."""
    means = values.mean(axis=2)
    truth, best = means.mean(axis=0), means.argmin(axis=1)
    held, flattery = [], []
    for each, winner in zip(values, best, strict=True):
        low, high = mean_interval(each[winner], 1 / (folds - 1))
        held.append(low <= truth[winner] <= high)
        flattery.append((truth[winner] - each[winner].mean()) / ((high - low) / 2))
    return {"corrected": float(np.mean(held)), "flattery": float(np.mean(flattery))}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    sets = 200 if quick else 1000
    kinds = [(60, 5)] if quick else [(60, 3), (60, 5), (60, 10), (200, 5), (200, 10)]
    lines = [simulate(sets, rows, folds) for rows, folds in kinds]
    for line in lines:
        print(f"{line['rows']} rows, {line['folds']} folds, {sets} data sets")
        for name, found in {**line["learners"], **line["differences"]}.items():
            print(
                f"  {name:28} corrected {found['corrected']:6.1%}  plain {found['plain']:6.1%}  width x {found['width']:.2f}"
            )
        told = line["chosen"]
        print(
            f"  {'best of 20 neighbourhoods':28} corrected {told['corrected']:6.1%}  flattered by {told['flattery']:.2f}"
        )
    worst = min(
        found["corrected"]
        for line in lines
        for kind in ("learners", "differences")
        for found in line[kind].values()
    )
    wanted = WANTED - (0.02 if quick else 0.0)
    print(f"lowest coverage of a corrected interval {worst:.1%} (wanted: {wanted:.0%} and more)")
    if not quick:
        keep("folds", {"sets": sets, "lines": lines, "machine": describe()})
    return 0 if worst >= wanted else 1


if __name__ == "__main__":
    sys.exit(main())
