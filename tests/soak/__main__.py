"""`python -m soak`: let a sweep endure every fault for as long as you like; see docs/testing.md."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks._machine import describe, keep
from soak.account import Account, draw_up, read_truth
from soak.agreement import disagreements
from soak.storm import Endured, endure

__all__ = ["figures", "soaked", "table"]


def soaked(folder: Path, minutes: float, seed: int) -> tuple[Endured, Account, list[str]]:
    """The soak, accounted for: what it went through, what each fault cost, and every promise that was not kept."""
    endured = endure(folder, minutes, seed, lambda line: print(line, flush=True))
    truth = read_truth(endured.truth)
    account = draw_up(endured.history, truth, endured.strikes)
    return endured, account, [*endured.surprises, *account.broken, *disagreements(endured.run, truth)]


def figures(endured: Endured, account: Account, problems: list[str]) -> dict[str, Any]:
    """What is kept of a soak."""
    history = endured.history
    return {
        "machine": describe(),
        "seed": endured.seed,
        "minutes": round(endured.seconds / 60, 1),
        "faults": len(endured.strikes),
        "drivers": endured.drivers,
        "trials": len(history.trials),
        "steps": history.steps_total,
        "steps_lost": sum(len(loss.again) for loss in account.losses),
        "steps_in_vain": len(account.in_vain),
        "trials_lost": len(account.lost_trials),
        "problems": len(problems),
        "by_fault": account.by_kind(endured.strikes),
    }


def table(kept: dict[str, Any]) -> str:
    """The figures as text."""
    head = f"{'fault':14}{'tries':>7}{'running':>9}{'steps lost':>12}{'most at once':>14}{'trials lost':>13}"
    rows = [
        f"{kind:14}{row['tries']:7}{row['running']:9}{row['steps_lost']:12}{row['most_at_once']:14}{row['trials_lost']:13}"
        for kind, row in kept["by_fault"].items()
    ]
    sums = (
        f"{kept['minutes']} minutes, seed {kept['seed']}: {kept['faults']} faults, {kept['drivers']} drivers, "
        f"{kept['trials']} trials, {kept['steps']} steps of which {kept['steps_lost']} were run twice, "
        f"{kept['trials_lost']} finished trials lost"
    )
    return "\n".join([head, *rows, sums])


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0, help="how long faults come (5)")
    parser.add_argument("--seed", type=int, default=0, help="of the faults and of the sweep (0)")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/soak.json")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tuneyard-soak-"))
    print(f"seed {asked.seed}; all that it leaves is in {folder}", flush=True)
    endured, account, problems = soaked(folder, asked.minutes, asked.seed)
    kept = figures(endured, account, problems)
    (folder / "soak.json").write_text(json.dumps(kept, indent=1))
    print(table(kept))
    for problem in problems:
        print(f"NOT KEPT: {problem}")
    if asked.keep and not problems:
        print(f"written: {keep('soak', kept)}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
