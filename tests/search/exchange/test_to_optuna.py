"""A run as a study: what Optuna says of it, and that nothing is lost on the way there and back."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from contracts.reported import digits_like, hostile_run, run_in, run_of
from contracts.studies import saved, study_of
from search.errors import SettingsError
from search.history import History
from search.journal import read_journal
from search.problem import Objective
from search.run import Run


def study_in(path: Path, name: str) -> Any:
    import optuna

    return optuna.load_study(study_name=name, storage=f"sqlite:///{path}")


def same(one: Run, other: Run) -> None:
    pd.testing.assert_frame_equal(one.trials, other.trials)
    pd.testing.assert_frame_equal(one.results, other.results)
    assert one.history.problem.space == other.history.problem.space
    assert one.history.problem.objectives == other.history.problem.objectives
    assert one.history.problem.outcome_constraints == other.history.problem.outcome_constraints
    assert one.history.problem.max_steps == other.history.problem.max_steps
    assert [trial.seed for trial in one.history.trials] == [trial.seed for trial in other.history.trials]
    assert one.best == other.best


def test_optuna_tells_the_same(tmp_path: Path) -> None:
    import optuna

    run = run_in(tmp_path / "runs" / "digits")
    study = study_in(run.export("optuna", tmp_path / "x.db"), "digits")
    assert study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert study.metric_names == ["val/accuracy"]
    states = {"completed": "COMPLETE", "stopped": "PRUNED", "failed": "FAIL"}
    for ours, theirs in zip(run.history.trials, study.trials, strict=True):
        assert theirs.state.name == states[ours.state]
        searched = {name: value for name, value in ours.config.items() if name != "epochs"}
        assert theirs.params == searched
        curve = {r.step: v for r in ours.results if not math.isnan(v := r.metrics["val/accuracy"])}
        assert {step: v for step, v in theirs.intermediate_values.items() if not math.isnan(v)} == curve
        assert theirs.user_attrs["seed"] == ours.seed
        if ours.state == "completed":
            assert ours.best is not None
            assert theirs.value == max(curve.values())
            assert theirs.user_attrs["best_step"] == ours.best.step
        if ours.state == "stopped":
            assert theirs.value == list(curve.values())[-1]
            assert theirs.user_attrs["reason"] == ours.reason
        if ours.failure:
            assert theirs.user_attrs["failure"].endswith(ours.failure.message)
        assert theirs.duration.total_seconds() == pytest.approx(ours.seconds, abs=1e-3)
    assert run.best is not None
    assert study.best_trial.number == int(run.best.trial[1:])
    lr = study.trials[0].distributions["lr"]
    assert (lr.low, lr.high, lr.log) == (1e-5, 1e-1, True)


RUNS: dict[str, dict[str, Any]] = {
    "stopped and failed": {},
    "minimised": {
        "curve": lambda config, number, step: config["lr"] / step,
        "objective": Objective("loss"),
        "trials": 12,
    },
    "killed on the way": {"until": 30},
    "hyperband with retries": {"scheduler": "hyperband", "retries": 1, "trials": 20},
    "branches, order, steps": {
        "parameters": {
            "kind": {"values": ["a", "b", 1, None]},
            "n": {"values": [8, 16, 64], "ordered": True},
            "units": {"min": 8, "max": 512, "log": True},
            "share": {"min": 0.1, "max": 0.9, "step": 0.1, "when": {"kind": ["a", 1]}},
            "shape": {"values": [[1, 2], [3]]},
        },
        "curve": lambda config, number, step: config.get("share", 0.0) + number / step,
        "trials": 16,
    },
}


@pytest.mark.parametrize("name", RUNS)
def test_there_and_back_the_tables_are_equal(name: str, tmp_path: Path) -> None:
    options = dict(RUNS[name])
    run = run_in(tmp_path / "runs" / "first", options.pop("curve", digits_like), **options)
    back = Run.import_from(run.export("optuna", tmp_path / "x.db"), storage=tmp_path / "back")
    same(run, back)


def test_several_objectives_and_constraints(tmp_path: Path) -> None:
    def both(trial: Any) -> tuple[float, float]:
        x = trial.suggest_float("x", 0, 1)
        trial.set_constraint("size", x - 0.7)
        return x**2, 1 - x

    study = study_of(both, 8, directions=["minimize", "maximize"])
    run = Run.import_from(saved(study, tmp_path / "theirs.db"), storage=tmp_path / "runs")
    path = run.export("optuna", tmp_path / "ours.db")
    ours = study_in(path, "study")
    assert [trial.values for trial in ours.trials] == [trial.values for trial in study.trials]
    assert [trial.number for trial in ours.best_trials] == [trial.number for trial in study.best_trials]
    same(run, Run.import_from(path, storage=tmp_path / "back"))


def test_hostile_text_comes_back_as_it_was(tmp_path: Path) -> None:
    run = hostile_run(tmp_path / "runs" / "hostile")
    back = Run.import_from(run.export("optuna", tmp_path / "x.db"), storage=tmp_path / "back")
    same(run, back)


def test_it_is_added_to_a_storage_and_replaced_only_when_asked(tmp_path: Path) -> None:
    import optuna

    path = saved(study_of(lambda trial: trial.suggest_float("x", 0, 1), 3, name="theirs"), tmp_path / "x.db")
    run = run_in(tmp_path / "runs" / "digits", trials=4)
    run.export("optuna", path)
    assert sorted(optuna.study.get_all_study_names(f"sqlite:///{path}")) == ["digits", "theirs"]
    before = path.read_bytes()
    with pytest.raises(SettingsError, match=r"holds a study 'digits' already\. Replace it with --force"):
        run.export("optuna", path)
    assert path.read_bytes() == before
    run.export("optuna", path, force=True)
    assert len(study_in(path, "digits").trials) == 4
    assert len(study_in(path, "theirs").trials) == 3
    assert sorted(each.name for each in tmp_path.iterdir()) == ["runs", "x.db"]


def test_another_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("my notes")
    run = run_in(tmp_path / "runs" / "digits", trials=2)
    with pytest.raises(SettingsError, match=r"notes\.db: is there, and is no Optuna storage"):
        run.export("optuna", tmp_path / "notes.db", force=True)
    assert (tmp_path / "notes.db").read_text() == "my notes"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["notes.db", "runs"]


def test_what_optuna_cannot_express_is_refused_by_name(tmp_path: Path) -> None:
    run = run_of(
        lambda config, number, step: 0.5,
        parameters={"big": {"min": 0, "max": 2**54, "step": 2**50}},
        trials=1,
    )
    with pytest.raises(SettingsError, match="cannot be told to Optuna: big: "):
        run.export("optuna", tmp_path / "x.db")
    assert not list(tmp_path.iterdir())


def test_an_altered_note_is_refused(tmp_path: Path) -> None:
    study = study_of(lambda trial: trial.suggest_float("x", 0, 1), 2)
    study.set_user_attr("tuneyard", {"problem": {"space": 3}})
    with pytest.raises(SettingsError, match="what tuneyard noted in study 'study' cannot be read"):
        Run.import_from(saved(study, tmp_path / "x.db"), storage=tmp_path / "runs")


def test_an_unknown_target_is_refused(tmp_path: Path) -> None:
    run = run_of(trials=1)
    with pytest.raises(SettingsError, match=r"--to optun: unknown.*optuna"):
        run.export("optun", tmp_path / "x")  # type: ignore[arg-type]


def test_the_default_file_lies_here(tmp_path: Path) -> None:
    run = replace_name(run_in(tmp_path / "runs" / "digits", trials=2))
    assert run.export("optuna") == Path("digits.db")
    assert (tmp_path / "digits.db").is_file()


def replace_name(run: Run) -> Run:
    """The run, opened anew from its journal."""
    assert run.paths is not None
    assert replace(run.paths) == run.paths
    return Run(History.from_records(read_journal(run.paths.journal)), run.paths)


def test_what_is_written_at_once_is_what_optuna_writes_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import optuna

    from search.exchange import optuna_rows

    run = run_in(tmp_path / "runs" / "digits")
    monkeypatch.setattr(optuna_rows, "AT_ONCE", 7)
    written = study_in(run.export("optuna", tmp_path / "x.db"), "digits")
    again = optuna.create_study(storage=f"sqlite:///{tmp_path / 'y.db'}", directions=written.directions)
    again.add_trials(written.trials)
    assert len(written.trials) > 7
    for ours, theirs in zip(written.trials, again.trials, strict=True):
        assert repr({**vars(ours), "_trial_id": 0}) == repr({**vars(theirs), "_trial_id": 0})
