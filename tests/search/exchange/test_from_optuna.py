"""Studies made by Optuna itself, read into runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.studies import saved, study_of
from search.errors import RunExistsError, SettingsError
from search.run import Run
from spaces import Categorical, Condition, Float, Integer


def bowl(trial: Any) -> float:
    """Conditional, early-stopped and failing: what a real study looks like."""
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
    lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    momentum = trial.suggest_float("momentum", 0.0, 0.9, step=0.1) if optimizer == "sgd" else 0.0
    layers = trial.suggest_int("layers", 1, 3)
    for layer in range(layers):
        trial.suggest_int(f"units_{layer}", 16, 256, log=True)
    if trial.number == 7:
        raise ValueError("broke")
    trial.set_user_attr("accuracy", 1 - lr)
    for step in range(5):
        trial.report(lr + momentum + 1 / (step + 1), step)
        if trial.should_prune():
            import optuna

            raise optuna.TrialPruned
    return float(lr + momentum + 0.2)


@pytest.fixture(scope="module")
def bowls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A study of every state: (its file, the study)."""
    import optuna

    study = study_of(bowl, 24, pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=1))
    unfinished = study.ask()
    unfinished.suggest_categorical("optimizer", ["sgd", "adam"])
    study.enqueue_trial({"lr": 1e-3})
    return saved(study, tmp_path_factory.mktemp("bowls") / "study.db"), study


def test_a_study_becomes_a_run(bowls: tuple[Path, Any], storage: Path) -> None:
    path, study = bowls
    run = Run.import_from(path, storage=storage)
    assert run.name == "study"
    assert run.state == "finished"
    states = {
        "COMPLETE": "completed",
        "PRUNED": "stopped",
        "FAIL": "failed",
        "RUNNING": "running",
        "WAITING": "waiting",
    }
    assert [trial.state for trial in run.history.trials] == [states[t.state.name] for t in study.trials]
    assert {trial.state for trial in run.history.trials} == set(states.values())
    for ours, theirs in zip(run.history.trials, study.trials, strict=True):
        assert dict(ours.config) == pytest.approx(theirs.params)
        curve = {step + 1: value for step, value in theirs.intermediate_values.items()}
        assert {result.step: result.metrics["value"] for result in ours.results} == curve
        if theirs.state.name == "COMPLETE":
            assert ours.results[-1].metrics["accuracy"] == theirs.user_attrs["accuracy"]
        if theirs.datetime_complete and theirs.state.name != "FAIL":
            assert ours.seconds == pytest.approx(theirs.duration.total_seconds(), abs=1e-5)
    assert run.best is not None
    assert (run.best.trial, run.best.value) == (f"t{study.best_trial.number:05d}", study.best_value)


def test_domains_are_exact_and_conditions_are_found(bowls: tuple[Path, Any], storage: Path) -> None:
    space = Run.import_from(bowls[0], storage=storage).history.problem.space
    found = {each.name: (each.domain, each.when) for each in space.parameters}
    units = Integer(16, 256, log=True)
    assert found == {
        "optimizer": (Categorical(("sgd", "adam")), ()),
        "lr": (Float(1e-5, 1e-1, log=True), ()),
        "momentum": (Float(0.0, 0.9, step=0.1), (Condition("optimizer", "==", "sgd"),)),
        "layers": (Integer(1, 3), ()),
        "units_0": (units, ()),
        "units_1": (units, (Condition("layers", ">=", 2),)),
        "units_2": (units, (Condition("layers", ">=", 3),)),
    }


def test_the_storage_is_only_read(bowls: tuple[Path, Any], storage: Path) -> None:
    before = bowls[0].read_bytes()
    bowls[0].chmod(0o444)
    Run.import_from(f"sqlite:///{bowls[0]}", storage=storage)
    assert bowls[0].read_bytes() == before
    assert sorted(path.name for path in bowls[0].parent.glob("study*")) == ["study.db"]


def test_stopped_trials_were_stopped_by_a_scheduler(bowls: tuple[Path, Any], storage: Path) -> None:
    from search.analysis.savings import savings

    run = Run.import_from(bowls[0], storage=storage)
    stopped = sum(trial.state == "stopped" for trial in run.history.trials)
    assert savings(run.history)["stopped"] == stopped > 0


def test_a_journal_file_is_a_storage_too(tmp_path: Path, storage: Path) -> None:
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path = tmp_path / "journal.log"
    study_of(
        lambda trial: trial.suggest_float("x", 0, 1), 5, storage=JournalStorage(JournalFileBackend(str(path)))
    )
    before = path.read_bytes()
    run = Run.import_from(path, storage=storage)
    assert len(run.history.trials) == 5
    assert path.read_bytes() == before
    path.write_bytes(b'{"op_code": 0}\nnot a line\n' + before)
    with pytest.raises(SettingsError, match=r"journal\.log:2: is no line of an Optuna journal"):
        Run.import_from(path, storage=storage, name="again")


def test_of_several_studies_one_is_named(tmp_path: Path, storage: Path) -> None:
    for name in ("first", "second"):
        path = saved(
            study_of(lambda trial: trial.suggest_float("x", 0, 1), 2, name=name), tmp_path / "two.db"
        )
    with pytest.raises(SettingsError, match=r"holds 2 studies \('first', 'second'\).*--study"):
        Run.import_from(path, storage=storage)
    with pytest.raises(SettingsError, match=r"no study 'secnd'.*second"):
        Run.import_from(path, storage=storage, study="secnd")
    assert Run.import_from(path, storage=storage, study="second").name == "second"
    assert not (storage / ".importing").exists()


def test_maximised_and_named(tmp_path: Path, storage: Path) -> None:
    study = study_of(lambda trial: trial.suggest_float("x", 0, 1), 5, direction="maximize")
    path = saved(study, tmp_path / "study.db")
    run = Run.import_from(path, storage=storage, metric="accuracy")
    assert (run.summary()["metric"], run.summary()["goal"]) == ("accuracy", "maximize")
    assert run.best is not None
    assert run.best.value == study.best_value
    with pytest.raises(SettingsError, match="says maximize accuracy, --goal says minimize"):
        Run.import_from(path, storage=storage, name="b", metric="accuracy", goal="minimize")
    with pytest.warns(Warning, match="experimental"):
        study.set_metric_names(["f1"])
    path = saved(study, tmp_path / "named.db")
    assert Run.import_from(path, storage=storage, name="c").summary()["metric"] == "f1"
    with pytest.raises(SettingsError, match="calls its metric 'f1', not 'f2'"):
        Run.import_from(path, storage=storage, name="d", metric="f2")


def test_several_objectives(tmp_path: Path, storage: Path) -> None:
    def both(trial: Any) -> tuple[float, float]:
        x = trial.suggest_float("x", 0, 1)
        return x**2, 1 - x

    study = study_of(both, 12, directions=["minimize", "maximize"])
    path = saved(study, tmp_path / "study.db")
    run = Run.import_from(path, storage=storage)
    problem = run.history.problem
    assert [(each.metric, each.goal) for each in problem.objectives] == [
        ("value_0", "minimize"),
        ("value_1", "maximize"),
    ]
    for ours, theirs in zip(run.history.trials, study.trials, strict=True):
        assert ours.results[0].metrics == {"value_0": theirs.values[0], "value_1": theirs.values[1]}
    turned = Run.import_from(path, storage=storage, name="turned", metric="value_1")
    assert [each.metric for each in turned.history.problem.objectives] == ["value_1", "value_0"]
    assert turned.history.trials[3].results[0].metrics["value_1"] == study.trials[3].values[1]
    study = study_of(
        lambda trial: [trial.suggest_float("x", 0, 1)] * 4, 2, directions=["minimize"] * 4, name="4"
    )
    path = saved(study, tmp_path / "study.db")
    with pytest.raises(SettingsError, match="has 4 objectives; 3 can be told apart"):
        Run.import_from(path, storage=storage, study="4")


def test_constraints_of_a_study(tmp_path: Path, storage: Path) -> None:
    def limited(trial: Any) -> float:
        x = float(trial.suggest_float("x", 0, 1))
        trial.set_constraint("size", 0.5 - x)
        return x

    study = study_of(limited, 12)
    path = saved(study, tmp_path / "study.db")
    run = Run.import_from(path, storage=storage)
    assert [each.text for each in run.history.problem.outcome_constraints] == ["constraint_size <= 0"]
    assert run.best is not None
    assert run.best.value == min(value for trial in study.trials if (value := trial.value) >= 0.5)


def test_a_final_value_off_the_curve_is_one_step_more(tmp_path: Path, storage: Path) -> None:
    def objective(trial: Any) -> float:
        x = float(trial.suggest_float("x", 0, 1))
        trial.report(x + 1, 10)
        trial.report(x + 0.5, 20)
        return x

    study = study_of(objective, 3)
    path = saved(study, tmp_path / "study.db")
    run = Run.import_from(path, storage=storage)
    assert [result.step for result in run.history.trials[0].results] == [10, 20, 21]
    assert run.history.trials[0].results[-1].metrics["value"] == study.trials[0].value


def test_a_curve_that_was_better_on_the_way_is_told(tmp_path: Path, storage: Path) -> None:
    def objective(trial: Any) -> float:
        x = float(trial.suggest_float("x", 0, 1))
        trial.report(-x, 1)
        trial.report(x, 2)
        return x

    study = study_of(objective, 5)
    path = saved(study, tmp_path / "study.db")
    run = Run.import_from(path, storage=storage)
    assert run.best is not None
    assert run.best.trial != f"t{study.best_trial.number:05d}"
    assert any(
        f"Optuna's best trial is {study.best_trial.number}" in n
        for n in run.history.about["imported"]["notes"]
    )


def test_ranges_that_moved_and_values_from_outside(tmp_path: Path, storage: Path) -> None:
    import optuna

    def objective(trial: Any) -> float:
        trial.suggest_int("n", 2, 8 + 2 * (trial.number % 2), step=2)
        return float(trial.suggest_float("x", 0, 1 + trial.number % 3))

    study = study_of(objective, 9)
    study.add_trial(
        optuna.create_trial(
            params={"n": 4, "x": 2.5},
            distributions={
                "n": optuna.distributions.IntDistribution(2, 8, step=2),
                "x": optuna.distributions.FloatDistribution(0, 3),
            },
            value=0.5,
        )
    )
    path = saved(study, tmp_path / "study.db")
    space = Run.import_from(path, storage=storage).history.problem.space
    assert {each.name: each.domain for each in space.parameters} == {
        "n": Integer(2, 10),
        "x": Float(0.0, 3.0),
    }


def test_values_that_are_no_numbers(tmp_path: Path, storage: Path) -> None:
    def objective(trial: Any) -> float:
        x = float(trial.suggest_float("x", 0, 1))
        trial.suggest_categorical("c", [None, True, 1, "1", float("inf")])
        trial.report(float("nan") if trial.number % 2 else x, 1)
        return float("inf") if trial.number == 2 else x

    study = study_of(objective, 8)
    path = saved(study, tmp_path / "study.db")
    run = Run.import_from(path, storage=storage)
    domain = next(each.domain for each in run.history.problem.space.parameters if each.name == "c")
    assert isinstance(domain, Categorical)
    assert "inf" in domain.choices
    assert run.history.trials[1].results[0].score is None
    assert run.best is not None
    assert run.best.value == min(trial.value for trial in study.trials if trial.value is not None)


def test_names_do_no_harm(tmp_path: Path, storage: Path) -> None:
    study = study_of(
        lambda trial: trial.suggest_float("../<script>", 0, 1) + trial.suggest_int("=cmd()", 0, 9),
        3,
        name="../../<img src=x>",
    )
    path = saved(study, tmp_path / "study.db")
    run = Run.import_from(path, storage=storage)
    assert run.paths is not None
    assert run.paths.root.parent == storage
    assert run.name == "img-src-x"
    assert run.history.problem.space.names == ("__script_", "_cmd__")
    assert run.history.about["imported"]["renamed"] == {"../<script>": "__script_", "=cmd()": "_cmd__"}


def test_what_is_no_storage_is_refused_and_leaves_nothing(tmp_path: Path, storage: Path) -> None:
    import sqlite3

    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE people (name TEXT)")
    connection.commit()
    connection.close()
    with pytest.raises(
        SettingsError, match=r"other\.db: is a SQLite file, but no Optuna storage: it holds people"
    ):
        Run.import_from(other, storage=storage)
    with pytest.raises(SettingsError, match="no such file"):
        Run.import_from(tmp_path / "none.db", storage=storage, kind="optuna")
    broken = tmp_path / "broken.db"
    broken.write_bytes(other.read_bytes()[:60])
    with pytest.raises(SettingsError, match="cannot be opened as an Optuna storage"):
        Run.import_from(broken, storage=storage)
    with pytest.raises(SettingsError, match=r"mysql://me:\[hidden\]@"):
        Run.import_from("mysql://me:secret@nowhere/x", storage=storage)
    assert not storage.exists()


def test_a_name_that_is_taken_is_refused(bowls: tuple[Path, Any], storage: Path) -> None:
    Run.import_from(bowls[0], storage=storage)
    with pytest.raises(RunExistsError, match="--name study-2"):
        Run.import_from(bowls[0], storage=storage)
    assert [path.name for path in storage.iterdir()] == ["study"]


def test_an_empty_study_and_one_without_parameters(tmp_path: Path, storage: Path) -> None:
    study = study_of(lambda trial: 1.0, 0)
    path = saved(study, tmp_path / "study.db")
    with pytest.raises(SettingsError, match="no trial has a parameter"):
        Run.import_from(path, storage=storage)
    assert not storage.exists()
