"""Records the learning curves of real trainings, to be replayed by benchmarks/early_stopping.py.

    python benchmarks/curves/record.py mlp digits
    python benchmarks/curves/record.py boosting breast_cancer --trials 48

Random search over the trainable's default space, each config trained to full fidelity; writes
`benchmarks/curves/<trainable>-<data>.json`: the validation loss after every step, one row a config, null where not finite.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from search.journal import MemoryJournal
from search.problem import Budget, FailurePolicy, Objective, Problem
from search.runners.base import Work
from search.runners.inline import InlineRunner
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep
from spaces import Constant, Parameter, Space
from spaces.reading import parse_parameters
from trainables.plug import resolve

METRIC = "val/loss"


def record(trainable: str, data: str, trials: int) -> Path:
    """Train, and write the curves; returns their file."""
    plug = resolve(trainable)
    declared = plug.declaration(data)
    assert declared.max_steps is not None
    source = Parameter("data.source", Constant(data))
    space = Space((*parse_parameters(declared.parameters).parameters, source))
    policy = FailurePolicy(stop_after=None)
    problem = Problem(space, Objective(METRIC), declared.max_steps, Budget(trials=trials), policy)
    sweep = PassiveSweep.begin(
        problem, make_searcher("random", problem), make_scheduler("none", problem), MemoryJournal()
    )
    InlineRunner().run(sweep, Work(plug))
    curves = [
        [None if result.score is None else round(result.score, 5) for result in trial.results]
        for trial in sweep.history.trials
    ]
    path = Path(__file__).parent / f"{trainable}-{data}.json"
    rows = ",\n".join(json.dumps(curve, separators=(",", ":")) for curve in curves)
    path.write_text(f'{{"metric": "{METRIC}", "max_steps": {declared.max_steps}, "curves": [\n{rows}\n]}}\n')
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("trainable")
    parser.add_argument("data")
    parser.add_argument("--trials", type=int, default=96)
    chosen = parser.parse_args()
    print(record(chosen.trainable, chosen.data, chosen.trials))
    return 0


if __name__ == "__main__":
    sys.exit(main())
