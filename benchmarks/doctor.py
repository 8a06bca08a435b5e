"""Does each check of the doctor find a planted fault, and leave sound sweeps alone?

    python benchmarks/doctor.py                    every case; writes results/doctor.json
    python benchmarks/doctor.py --cases NAME ...   these cases (so --trials, --methods); the others keep their figures
    python benchmarks/doctor.py --audit            only what the audit says against the truth; the cases keep their figures
    python benchmarks/doctor.py --quick            60 trials, few sweeps, random search, looser limits; writes nothing

Each case is a family of simulated sweeps whose truth is known (`_doctor_space.py`, `_doctor_curves.py`), played by the
real searcher, sweep and journal. A check *accuses* where one of its findings says warn or fail (of the right
parameter or trial, where a fault is planted; it is no false alarm that a method dismissed a choice that truly is the best). Detection = share of sweeps with the fault that are accused; false alarm =
share of sweeps without it that are accused. The audit of early stopping says more than a verdict: its estimates are held
against the truth, which is known of every sweep (`_doctor_audit.py`). A check passes with >= 80 % of detections in 60 trials, over its
cases and methods together, and <= 5 % of false alarms over all sizes; the exit code is 1 where one does not.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from _doctor_audit import AUDIT_CASES, agreement, judge, lines
from _doctor_case import Case, play
from _doctor_curves import CURVE_CASES
from _doctor_space import SPACE_CASES
from _machine import describe, keep

from search.analysis.checks import CHECKS

CASES: dict[str, Case] = {**SPACE_CASES, **CURVE_CASES, **AUDIT_CASES}
RESULTS = Path(__file__).parent / "results" / "doctor.json"
ACCUSES = ("warn", "fail")
DETECTED, FALSE_ALARM, JUDGED_AT = 0.8, 0.05, 60
SLACK = 0.3, 0.15  # what ten sweeps of a quick run are let off of each limit

Row = dict[str, Any]
Task = tuple[str, str, int, int]


def examine(task: Task) -> list[tuple[str, bool, str]]:
    """(check, whether the fault is planted, "accused" | "cannot tell" | "passed") for one sweep."""
    name, method, trials, seed = task
    case = CASES[name]
    history = play(case, method, trials, seed)
    best = case.make(np.random.default_rng([seed, 0]), trials).best
    answers = []
    for check, planted in [*((c, True) for c in case.planted), *((c, False) for c in case.sound)]:
        if check not in CHECKS:
            continue
        findings = CHECKS[check](history)
        wanted = case.planted.get(check, "")
        accusing = [f for f in findings if f.verdict in ACCUSES and wanted in ("", f.about)]
        if any(planted or best.get(f.about, "") != f.evidence.get("choice") for f in accusing):
            answer = "accused"
        else:
            answer = "cannot tell" if all(f.verdict == "cannot tell" for f in findings) else "passed"
        answers.append((check, planted, answer))
    return answers


def spread(function: Callable[[Any], Any], tasks: Sequence[Any], jobs: int) -> list[Any]:
    """`function` of each task, in `jobs` processes."""
    if jobs == 1:
        return [function(task) for task in tasks]
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(function, tasks, chunksize=8))


def measure(
    names: Iterable[str], sweeps: int, sizes: Sequence[int], methods: Sequence[str], jobs: int
) -> list[Row]:
    """One row for each check, case, method and number of trials."""
    tasks: list[Task] = [
        (name, method, trials, seed)
        for name in names
        for method, trials, seed in product(CASES[name].methods, CASES[name].trials, range(sweeps))
        if method in methods and trials in sizes
    ]
    answers = spread(examine, tasks, jobs)
    rows: dict[tuple[Any, ...], Row] = {}
    for (name, method, trials, _), found in zip(tasks, answers, strict=True):
        for check, planted, answer in found:
            row = rows.setdefault(
                (check, name, method, trials),
                {"check": check, "case": name, "method": method, "trials": trials, "planted": planted}
                | {"sweeps": 0, "accused": 0, "cannot_tell": 0},
            )
            row["sweeps"] += 1
            row["accused"] += answer == "accused"
            row["cannot_tell"] += answer == "cannot tell"
    return list(rows.values())


def summary(rows: Sequence[Row]) -> dict[str, Row]:
    """check -> detection at 60 trials and false alarms at any, each with its sweeps; None where not measured."""
    return {
        check: {
            "detection": _share(
                [r for r in rows if r["check"] == check and r["planted"] and r["trials"] == JUDGED_AT]
            ),
            "false_alarm": _share([r for r in rows if r["check"] == check and not r["planted"]]),
        }
        for check in CHECKS
    }


def passed(found: dict[str, Row], slack: tuple[float, float] = (0.0, 0.0)) -> bool:
    """Whether every check that was measured keeps both limits, each loosened by its `slack`."""
    least, most = DETECTED - slack[0], FALSE_ALARM + slack[1]
    return all(
        (each["detection"] is None or each["detection"]["share"] >= least)
        and (each["false_alarm"] is None or each["false_alarm"]["share"] <= most)
        for each in found.values()
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as text, by check, and the summary under them."""
    lines = [
        f"{'check':16} {'case':26} {'method':7} {'trials':>6} {'sweeps':>6}  {'detected':>8} {'accused':>8} {'cannot tell':>11}"
    ]
    for row in sorted(
        rows,
        key=lambda r: (list(CHECKS).index(r["check"]), not r["planted"], r["case"], r["method"], r["trials"]),
    ):
        share = f"{row['accused'] / row['sweeps']:8.0%}"
        both = (share, " " * 8) if row["planted"] else (" " * 8, share)
        lines.append(
            f"{row['check']:16} {row['case']:26} {row['method']:7} {row['trials']:6} {row['sweeps']:6}  "
            f"{both[0]} {both[1]} {row['cannot_tell'] / row['sweeps']:11.0%}"
        )
    for check, each in summary(rows).items():
        said = [
            f"{k.replace('_', ' ')} {v['share']:.1%} of {v['sweeps']}"
            for k, v in each.items()
            if v is not None
        ]
        lines.append(f"{check}: {', '.join(said) or 'not measured'}")
    return "\n".join(lines)


def _key(row: Row) -> tuple[Any, ...]:
    return row["check"], row["case"], row["method"], row["trials"]


def _share(rows: Sequence[Row]) -> Row | None:
    sweeps = sum(row["sweeps"] for row in rows)
    if not sweeps:
        return None
    return {"share": sum(row["accused"] for row in rows) / sweeps, "sweeps": sweeps}


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--quick", action="store_true", help="60 trials, 10 sweeps, random search; writes nothing"
    )
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--sweeps", type=int, default=100, help="seeds of each case, method and size")
    parser.add_argument("--trials", nargs="+", type=int, default=[30, 60, 100])
    parser.add_argument("--methods", nargs="+", default=["random", "tpe"])
    parser.add_argument("--jobs", type=int, default=1, help="sweeps at a time, each in its own process")
    parser.add_argument("--audit", action="store_true", help="no case, only the estimates of the audit")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    chosen = parser.parse_args(argv)
    if chosen.quick:
        chosen.trials, chosen.methods, chosen.sweeps, chosen.dry = [JUDGED_AT], ["random"], 10, True
    return chosen


def main(argv: Sequence[str] | None = None) -> int:
    """Play, print, write; see the module's docstring for the exit code."""
    chosen = _arguments(argv)
    cases = [] if chosen.audit else chosen.cases
    rows = measure(cases, chosen.sweeps, chosen.trials, chosen.methods, chosen.jobs)
    if rows:
        print(table(rows))
    audits = None
    if chosen.audit or set(cases) == set(CASES):
        audits = agreement(2 if chosen.quick else chosen.sweeps, partial(spread, jobs=chosen.jobs))
        print("\n".join(lines(audits)))
    sound = passed(summary(rows), SLACK if chosen.quick else (0.0, 0.0))
    if audits is not None:
        sound = sound and judge(audits, SLACK[1] if chosen.quick else 0.0)
    if not chosen.dry:
        _keep(rows, audits)
    return 0 if sound else 1


def _keep(rows: list[Row], audits: Row | None) -> None:
    """Write what was measured; what was not keeps its figures."""
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"rows": []}
    measured = {_key(row) for row in rows}
    rows += [row for row in before["rows"] if row["case"] in CASES and _key(row) not in measured]
    rows.sort(key=_key)
    kept = audits or before.get("audit")
    figures = {"what": __doc__.split("\n")[0], "machine": describe(), "summary": summary(rows)}
    keep("doctor", figures | ({"audit": kept} if kept else {}) | {"rows": rows})


if __name__ == "__main__":
    sys.exit(main())
