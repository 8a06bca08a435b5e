"""Does a confirmation keep what it promises? Simulated searches whose truth is known.

    python benchmarks/confirmation.py            600 searches of each kind; writes results/confirmation.json
    python benchmarks/confirmation.py --quick    120 searches; writes nothing: what CI runs

A search looks once at each of 40 configs: the true mean of a config, plus an effect of the seed, plus noise of the
config's own. The three best are trained again under fresh seeds that they share. Printed for each number of seeds:

- coverage: how often the 95 % interval of the winner's mean holds its true mean (wanted: 92 to 98 %);
- flattery: how much better the search saw its best config than it is, and what the confirmation says of it, both in
  units of the noise;
- right: how often the confirmation's first is truly the best of the three, and the search's first;
- reliability: among claims "this is the best with chance p", by p, how many are true;
- racing: how often it drops the truly best of the three (at most 5 %), and the share of the trainings that it saves.

The exit code is 1 unless coverage and racing hold.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from typing import Any

import numpy as np
from _machine import describe, keep

from search.analysis.confirmation import probability_best
from search.analysis.paired import mean_interval
from search.confirmation.racing import ERROR, FIRST_LOOK, beaten

CONFIGS, TOP = 40, 3
NOISE = 1.0
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0 + 1e-9)


def simulate(searches: int, seeds: int, spread: float, shared: float) -> dict[str, Any]:
    """`spread`: deviation of the true means; `shared`: of the seed's effect; both in units of the noise."""
    rng = np.random.default_rng([seeds, int(100 * spread), int(100 * shared)])
    covered, found, first, seen, told = [], [], [], [], []
    claims, true, lost, spent = [], [], [], []
    for _ in range(searches):
        truth = rng.normal(0, spread, CONFIGS)
        looked = truth + rng.normal(0, shared, CONFIGS) + rng.normal(0, NOISE, CONFIGS)
        top = np.argsort(looked)[:TOP]
        means = truth[top]
        table = means + rng.normal(0, shared, (seeds, 1)) + rng.normal(0, NOISE, (seeds, TOP))
        best, winner = int(means.argmin()), int(table.mean(axis=0).argmin())
        low, high = mean_interval(table[:, winner])
        covered.append(low <= means[winner] <= high)
        found.append(winner == best)
        first.append(best == 0)
        seen.append(means[0] - looked[top[0]])
        told.append(float(np.mean(table[:, 0] - looked[top[0]])))
        claims += [chance for chance in probability_best(table) if chance is not None]
        true += [place == best for place in range(TOP)]
        dropped, trained = race(table)
        lost.append(best in dropped)
        spent.append(trained)
    return {
        "seeds": seeds,
        "spread": spread,
        "shared": shared,
        "coverage": float(np.mean(covered)),
        "right": {"confirmed": float(np.mean(found)), "searched": float(np.mean(first))},
        "flattery": {"true": float(np.mean(seen)), "told": float(np.mean(told))},
        "reliability": reliability(np.array(claims), np.array(true)),
        "racing": {"lost": float(np.mean(lost)), "saved": 1 - float(np.mean(spent)) / (seeds * TOP)},
    }


def race(table: np.ndarray[Any, Any]) -> tuple[set[int], int]:
    """(candidates dropped, trainings spent) of a race over these scores, round by round."""
    seeds = len(table)
    seen: list[list[float | None]] = [[None] * TOP for _ in range(seeds)]
    out: set[int] = set()
    spent = 0
    for turn in range(seeds):
        out = beaten(seen, seeds)
        running = [c for c in range(TOP) if turn < FIRST_LOOK or c not in out]
        for c in running:
            seen[turn][c] = float(table[turn, c])
        spent += len(running)
    return out, spent


def reliability(claims: np.ndarray[Any, Any], true: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    rows = []
    for low, high in itertools.pairwise(BINS):
        inside = (claims >= low) & (claims < high)
        if inside.any():
            row = {
                "claims": int(inside.sum()),
                "said": float(claims[inside].mean()),
                "true": float(true[inside].mean()),
            }
            rows.append(row)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer searches; nothing is written")
    searches = 120 if parser.parse_args().quick else 600
    cases = [(seeds, spread, 2.0) for seeds in (5, 7, 10) for spread in (0.3, 1.0)]
    outcomes = [simulate(searches, *case) for case in cases]
    print("seeds spread  coverage  right (searched)  flattery (told)  racing loses  saves")
    for o in outcomes:
        right, flattery, racing = o["right"], o["flattery"], o["racing"]
        print(
            f"{o['seeds']:5} {o['spread']:6}  {o['coverage']:8.1%}  {right['confirmed']:5.0%} ({right['searched']:.0%})"
            f"       {flattery['true']:8.2f} ({flattery['told']:.2f})  {racing['lost']:12.1%}  {racing['saved']:5.0%}"
        )
    for row in outcomes[-1]["reliability"]:
        print(f"  said {row['said']:.2f}, true {row['true']:.2f} ({row['claims']} claims)")
    if searches == 600:
        keep("confirmation", {"machine": describe(), "searches": searches, "outcomes": outcomes})
    slack = 3 * (0.95 * 0.05 / searches) ** 0.5 if searches < 600 else 0.0
    held = all(0.92 - slack <= o["coverage"] <= 0.98 + slack for o in outcomes)
    raced = all(o["racing"]["lost"] <= ERROR + 3 * (ERROR * (1 - ERROR) / searches) ** 0.5 for o in outcomes)
    return 0 if held and raced else 1


if __name__ == "__main__":
    sys.exit(main())
