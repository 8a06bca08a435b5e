"""`python -m fuzz`: hostile input to everything that reads what somebody else wrote; see docs/testing.md."""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from benchmarks._machine import describe, keep
from fuzz.oracle import Finding, inner_room, judge
from fuzz.targets import TARGETS

__all__ = ["generate", "main"]


def generate(name: str, inputs: int, seed: int, found: Path) -> int:
    """Give a target so many mutated inputs; what is found is written to `found`. Returns how many it was."""
    target, chance, kinds = TARGETS[name], Random(f"{seed}/{name}"), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        room = inner_room(Path(folder))
        seeds = target.seeds()
        for data in seeds:  # what is imported on the way, once, is none of an input's doing
            judge(name, target.call, data, room)
        for data in (
            *seeds,
            *(target.mutate(chance.choice(seeds), chance) for _ in range(inputs - len(seeds))),
        ):
            finding = judge(name, target.call, data, room)
            if finding is not None:
                kinds[finding.kind] += 1
                _keep(finding, found)
    return kinds.total()


def _keep(finding: Finding, found: Path) -> None:
    """One input of each kind, with what it did."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", f"{finding.target} {finding.kind}")[:120]
    if not (path := found / f"{stem}.input").exists():
        path.write_bytes(finding.input)
        path.with_suffix(".txt").write_text(f"{finding.kind}\n\n{finding.detail}\n", errors="replace")
        print(f"FOUND {finding.target}: {finding.kind}", flush=True)


def _guided(name: str, inputs: int, seed: int, found: Path) -> dict[str, int]:
    """The same with libFuzzer: what reaches new code is mutated further. In a process of its own, which it ends."""
    done = subprocess.run(
        [sys.executable, "-m", "fuzz.guided", name, str(found), f"-runs={inputs}", f"-seed={seed + 1}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    last = re.findall(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)", done.stdout)
    assert last, done.stdout[-3000:]
    ran, edges, features, corpus = map(int, last[-1])
    return {"inputs": ran, "edges": edges, "features": features, "corpus": corpus}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="over all targets (20000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one; may be repeated")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/fuzz.json")
    asked = parser.parse_args()
    found = Path(tempfile.mkdtemp(prefix="tuneyard-fuzz-"))
    print(f"seed {asked.seed}; what is found goes to {found}", flush=True)
    guidable = importlib.util.find_spec("atheris") is not None
    names = asked.target or list(TARGETS)
    whole = sum(TARGETS[name].share for name in names)
    figures: dict[str, Any] = {}
    for name in names:
        target, began = TARGETS[name], time.monotonic()
        inputs = max(10, round(asked.inputs * target.share / whole))
        guided = inputs // 2 if guidable and target.guided else 0
        figures[name] = {
            "generated": inputs - guided,
            "findings": generate(name, inputs - guided, asked.seed, found),
        }
        if guided:
            figures[name]["guided"] = _guided(name, guided, asked.seed, found)
        figures[name]["seconds"] = round(time.monotonic() - began, 1)
        print(f"{name:20}{json.dumps(figures[name])}", flush=True)
    kinds = sorted(path.stem for path in found.glob("*.input"))
    total = sum(row["generated"] + row.get("guided", {}).get("inputs", 0) for row in figures.values())
    print(f"{total} inputs, {len(kinds)} kinds of findings")
    if asked.keep:
        told = {
            "machine": describe(),
            "seed": asked.seed,
            "inputs": total,
            "findings": kinds,
            "targets": figures,
        }
        print(f"written: {keep('fuzz', told)}")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
