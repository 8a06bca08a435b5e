"""Is a second round that `tuneyard next` proposes worth it, against going on with the same file?

    python benchmarks/next.py                    every case; writes results/next.json
    python benchmarks/next.py --case NAME        one case (again); the others' figures stay
    python benchmarks/next.py --quick            two cases, four seeds, nothing is kept; the tests run it

Two rounds: half of the steps on the file, then `next`, then the other half on the file that it proposes, warm-started;
where it proposes nothing, the first sweep goes on. One long run: all steps on the first file. Both with the same seed, so
that the long run's first half is the first round. Proposals, priors, searcher and passive sweep are the real ones; the
curves are played (`_next_case.py`).

The figure is the regret: the true value (without luck) of the best trial by what was observed, less the best value there
is. A ratio below 1 speaks for two rounds. Intervals: 95 % bootstrap of the ratio of the means over paired seeds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _machine import describe, keep
from _next_case import CASES, Case, Known

from search.history import History, Observation
from search.journal import MemoryJournal
from search.next import Proposal
from search.problem import Budget
from search.run import Run
from search.searchers.priors import priors_of
from search.settings import Settings
from search.settings.document import Document
from search.sweep import PassiveSweep
from search.trial import Outcome

SEEDS = 24
RESULTS = Path(__file__).parent / "results" / "next.json"


@dataclass(frozen=True)
class Pair:
    """One seed: the regret of two rounds and of one long run; the checks that changed something."""

    case: str
    seed: int
    rounds: float
    long: float
    checks: tuple[str, ...]


def play(
    known: Known, keys: Mapping[str, Any], seed: int, steps: int, priors: Sequence[Observation] = ()
) -> History:
    """A sweep of a file over so many steps in all, one worker, a second a step."""
    document = Document({**keys, "seed": seed})
    settings = Settings.from_document(document, Path.cwd(), "case").resolved()
    problem = replace(settings.problem(), budget=Budget(steps=steps))
    about = {"settings": settings.to_dict(), "written": document.data}
    sweep = PassiveSweep.begin(
        problem,
        settings.searcher(problem),
        settings.scheduler(problem),
        MemoryJournal(),
        about=about,
        priors=priors,
    )
    as_asked = replace(known, keys=keys)
    now = 0.0
    while asked := sweep.ask(1, now):
        number = asked[0].number
        sweep.start(number, now, node="node", pid=1)
        outcome, reason, failure = Outcome.COMPLETED, "", None
        for step, value in enumerate(
            as_asked.curve(asked[0].config, np.random.default_rng([seed, number])), start=1
        ):
            now += 1.0
            decision = sweep.report(number, step, {"loss": value}, now)
            if decision.outcome is not None:
                outcome, reason, failure = decision.outcome, decision.reason, decision.failure
                break
        sweep.close(number, outcome, now, reason, failure)
    return sweep.history


def regret(known: Known, histories: Sequence[History]) -> float:
    """Of the best trial as it was observed; what it is worth without its luck."""
    best = min((h.best for h in histories if h.best is not None and h.best.best is not None), key=_score)
    assert best.best is not None
    return known.value(best.config, best.best.step) - known.best


def _score(trial: Any) -> float:
    return float(trial.best.score)


def pair(name: str, case: Case, seed: int) -> Pair:
    """Both ways on one problem."""
    known = case.make(np.random.default_rng([seed, 1]))
    steps = case.trials * int(known.keys["max_steps"])
    first = play(known, known.keys, seed, steps // 2)
    whole = play(known, known.keys, seed, steps)
    proposal = Run(first, None, "first").next()
    long = regret(known, [whole])
    if not proposal.changes:
        return Pair(name, seed, long, long, ())
    second = _second(known, proposal, first, seed, steps - first.steps_total)
    checks = tuple(change.check for change in proposal.changes if change.weight)
    return Pair(name, seed, regret(known, [first, second]), long, checks)


def _second(known: Known, proposal: Proposal, first: History, seed: int, steps: int) -> History:
    keys = {
        key: value for key, value in proposal.keys().items() if key not in ("confirm", "name", "warm_start")
    }
    settings = Settings.from_document(Document(keys), Path.cwd(), "case").resolved()
    priors = list(priors_of(first, settings.problem(), proposal.ignored))
    assert len(priors) == proposal.fit
    return play(known, keys, seed + 10_000, steps, priors)


def summary(name: str, pairs: Sequence[Pair], seconds: float) -> dict[str, Any]:
    """The figures of one case."""
    two, one = np.array([p.rounds for p in pairs]), np.array([p.long for p in pairs])
    drawn = np.random.default_rng(0).integers(0, len(pairs), (10_000, len(pairs)))
    ratios = two[drawn].mean(axis=1) / one[drawn].mean(axis=1)
    changes = Counter(check for p in pairs for check in set(p.checks))
    return {
        "case": name,
        "fault": CASES[name].fault,
        "seeds": len(pairs),
        "regret_two_rounds": float(two.mean()),
        "regret_one_long_run": float(one.mean()),
        "ratio": float(two.mean() / one.mean()),
        "interval": [float(q) for q in np.quantile(ratios, (0.025, 0.975))],
        "median_ratio": float(np.median(two / np.maximum(one, 1e-12))),
        "better": float(np.mean(two < one)),
        "worse": float(np.mean(two > one)),
        "proposed": float(np.mean([bool(p.checks) for p in pairs])),
        "changes": dict(sorted(changes.items())),
        "seconds": round(seconds, 1),
        "pairs": [asdict(p) for p in pairs],
    }


def line(found: Mapping[str, Any]) -> str:
    """One row of the table."""
    low, high = found["interval"]
    changes = ", ".join(f"{check} {count}" for check, count in found["changes"].items())
    return (
        f"{found['case']:28} {found['regret_one_long_run']:8.4f} {found['regret_two_rounds']:8.4f}  "
        f"{found['ratio']:6.2f} [{low:5.2f}, {high:5.2f}]  {found['better']:4.0%} {found['worse']:4.0%}  {changes}"
    )


def main() -> int:
    """The exit code is 1 where a planted fault is not mended (ratio not below 1) or a sound case is hurt surely."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    names = args.case or (["optimum beyond a bound", "sound bowl"] if args.quick else list(CASES))
    seeds = 4 if args.quick else args.seeds
    print(f"{'case':28} {'one long':>8} {'two':>8}  {'ratio of means':22}  better/worse  changes (seeds)")
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        began = time.perf_counter()
        found[name] = summary(
            name, [pair(name, CASES[name], seed) for seed in range(seeds)], time.perf_counter() - began
        )
        print(line(found[name]), flush=True)
        if not args.quick:
            _keep(found)
    bad = [n for n, f in found.items() if (f["ratio"] >= 1 if f["fault"] else f["interval"][0] > 1)]
    print(f"two rounds are not better where they should be: {', '.join(bad)}" if bad else "as claimed")
    return bool(bad)


def _keep(found: Mapping[str, dict[str, Any]]) -> None:
    kept = json.loads(RESULTS.read_text())["cases"] if RESULTS.exists() else []
    by_name = {each["case"]: each for each in kept if each["case"] in CASES} | dict(found)
    cases = [by_name[name] for name in CASES if name in by_name]
    what = "regret after equal steps: two rounds with `next` between them, and one long run; paired seeds"
    keep("next", {"what": what, "machine": describe(), "cases": cases})


if __name__ == "__main__":
    sys.exit(main())
