"""`tuneyard import` and `tuneyard export`, and every other command on what was imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.studies import saved, study_of
from search.api import Sweep, resume
from search.errors import SettingsError
from tuneyard.cli import cli

GOLDEN = Path(__file__).parents[1] / "golden" / "ray_tune"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments), standalone_mode=True)


@pytest.fixture
def imported() -> None:
    """A run `class` in ./runs."""
    assert call("import", str(GOLDEN / "class"), "--goal", "minimize").exit_code == 0


def test_import_says_what_it_made_and_what_to_type_next() -> None:
    done = call("import", str(GOLDEN / "class"), "--goal", "minimize")
    assert done.exit_code == 0
    assert "class  8 trials from Ray Tune" in done.output
    assert "inferred from the values seen, and hardly wider than they are: crash, model.width" in done.output
    assert "tuneyard report class --open" in done.output


def test_import_for_programs(tmp_path: Path) -> None:
    path = saved(study_of(lambda trial: trial.suggest_float("a/b", 0, 1), 3), tmp_path / "s.db")
    done = call("import", str(path), "--name", "mine", "--json")
    told = json.loads(done.stdout)
    assert (told["name"], told["state"], told["trials"]["total"]) == ("mine", "finished", 3)
    assert told["imported"]["from"] == "Optuna"
    assert told["imported"]["renamed"] == {"a/b": "a_b"}


def test_a_table_by_its_options(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Name,State,lr,loss\na,finished,0.1,2\nb,finished,0.2,1\n")
    done = call("import", "t.csv", "--parameters", "lr", "--metric", "loss", "--goal", "minimize")
    assert done.exit_code == 0, done.output
    assert "t  2 trials from Weights & Biases" in done.output


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize(
    "arguments",
    [
        ("ls",),
        ("show", "class"),
        ("show", "class/t00003"),
        ("show", "class", "--csv"),
        ("report", "class"),
        ("doctor", "class", "--all"),
        ("compare", "class", "class"),
        ("export", "class", "--to", "optuna"),
        ("export", "class", "--to", "deepcave"),
    ],
)
def test_the_commands_that_read_work_on_it(arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert done.exit_code == 0, done.output
    assert "tuneyard resume" not in done.output
    assert "tuneyard confirm class" not in done.output


@pytest.mark.usefixtures("imported")
def test_what_it_has_no_trainable_for_is_refused_with_the_reason() -> None:
    from search.confirmation import confirm

    for refused in (lambda: resume("class"), lambda: resume("class", fork="copy"), lambda: confirm("class")):
        with pytest.raises(SettingsError, match="class was imported from Ray Tune, which did not say how"):
            refused()
    assert [path.name for path in Path("runs").iterdir()] == ["class"]


@pytest.mark.usefixtures("imported")
def test_tensorboard_has_it_too() -> None:
    folders = {path.name for path in Path("runs/class/tensorboard").iterdir() if path.is_dir()}
    assert folders == {f"t{number:05d}" for number in range(8)}


def test_a_sweep_learns_from_it(tmp_path: Path) -> None:
    path = saved(study_of(lambda trial: (trial.suggest_float("x", 0, 1) - 0.3) ** 2, 15), tmp_path / "s.db")
    assert call("import", str(path), "--metric", "loss", "--name", "earlier").exit_code == 0

    run = Sweep(
        trainable=parabola,
        parameters={"x": {"min": 0.0, "max": 1.0}},
        metric="loss",
        max_steps=1,
        run_cap=3,
        warm_start=["earlier"],
        storage=str(tmp_path / "runs"),
        runner="inline",
    ).run()
    assert sum(seen.number is None for seen in run.history.observations) == 15


def parabola(config: dict[str, float]):  # type: ignore[no-untyped-def]
    yield {"loss": (config["x"] - 0.3) ** 2}


@pytest.mark.usefixtures("imported")
def test_export_says_where_it_lies_and_is_not_repeated_unasked() -> None:
    done = call("export", "class", "--to", "optuna", "-o", "here.db")
    assert done.output.splitlines()[0] == "here.db"
    assert "optuna-dashboard sqlite:///here.db" in done.output
    again = call("export", "class", "--to", "optuna", "-o", "here.db")
    assert isinstance(again.exception, SettingsError)
    assert json.loads(call("export", "class", "--to", "deepcave", "--json").stdout) == {
        "run": "class",
        "to": "deepcave",
        "path": "class-deepcave",
    }
