"""What is left out is filled in from the trainable's declaration, and everything is written out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from contracts.heavy import HEAVY
from search.errors import PlugError, SettingsError
from search.paths import check_name
from search.schedulers.asha import Asha
from search.schedulers.hyperband import Hyperband
from search.settings import ResolvedSettings, Settings, read_settings

EXAMPLE = """
version: 1
name: digits-mlp
trainable: mlp
data: digits
method: tpe
metric: {name: val/loss, goal: minimize}
parameters:
  lr:         {min: 1e-5, max: 1e-1, distribution: log_uniform_values}
  batch_size: {values: [32, 64, 128]}
  model:
    width:    {min: 16, max: 256, step: 16}
  optimizer:  {values: [sgd, adam]}
  momentum:   {min: 0.5, max: 0.99, when: {optimizer: sgd}}
constraints: ["model.width * batch_size <= 16384"]
early_terminate: {type: asha, min_iter: 1, max_iter: 27, eta: 3}
max_steps: 27
run_cap: 60
time_budget: 2h
resources: {cpu: 1, gpu: 0}
failure: {retries: 1, stop_after: 10}
storage: ./runs
seed: 0
"""

GENERATOR = """
def train(config):
    for step in range(3):
        yield {"loss": config["x"] / (step + 1), "val/accuracy": 0.5}
"""


def settings_of(text: str, *overrides: str) -> Settings:
    Path("sweep.yaml").write_text(text)
    return read_settings(Path("sweep.yaml"), overrides)


def resolve(text: str, *overrides: str) -> ResolvedSettings:
    return settings_of(text, *overrides).resolved()


def own(text: str, *overrides: str) -> ResolvedSettings:
    """Settings of a generator that declares nothing."""
    Path("train.py").write_text(GENERATOR)
    return resolve(
        f"trainable: train.py:train\nparameters: {{x: {{min: 0.0, max: 1.0}}}}\n{text}", *overrides
    )


def test_the_example_says_what_it_says() -> None:
    settings = resolve(EXAMPLE)
    problem = settings.problem()
    assert (settings.name, settings.storage) == ("digits-mlp", Path.cwd() / "runs")
    assert problem.objective.metric == "val/loss"
    assert (problem.max_steps, problem.budget.trials, problem.budget.seconds) == (27, 60, 7200.0)
    assert (problem.failure.retries, problem.failure.stop_after) == (1, 10)
    assert settings.scheduler(problem).rungs == (1, 3, 9)
    assert settings.space.names == ("lr", "batch_size", "model.width", "optimizer", "momentum", "data.source")
    assert settings.notes == ()


def test_the_shortest_file_takes_everything_from_the_trainable() -> None:
    settings = resolve("trainable: mlp\ndata: digits\n")
    declared = settings.plug.declaration({"source": "digits"})
    problem = settings.problem()
    assert settings.name == "sweep"
    assert (problem.objective.metric, problem.objective.goal) == (declared.metric, declared.goal)
    assert problem.max_steps == declared.max_steps
    assert settings.step_unit == declared.step_unit
    assert {name.partition(".")[0] for name in problem.space.names} == {*declared.parameters, "data"}
    assert problem.budget.trials == min(100, 10 * len(problem.space.searched))


def test_the_data_may_be_left_out_too() -> None:
    settings = resolve("trainable: mlp\n")
    assert settings.file.data == {"source": settings.plug.declaration().data}


def test_the_goal_is_declared_with_the_metric_and_with_no_other() -> None:
    declared = resolve("trainable: mlp\n").file.metric
    assert declared is not None
    assert declared.goal == "maximize"
    other = resolve("trainable: mlp\nmetric: train/loss\n").file.metric
    assert other is not None
    assert (other.name, other.goal) == ("train/loss", "minimize")


def test_a_goal_that_looks_forgotten_is_noted() -> None:
    assert any(note.startswith("metric.goal: not given") for note in own("metric: val/accuracy\n").notes)
    assert not any("goal" in note for note in own("metric: loss\n").notes)
    assert not any("goal" in note for note in own("metric: {name: val/accuracy, goal: minimize}\n").notes)


def test_steps_of_a_trainable_that_declares_none() -> None:
    settings = own("metric: loss\n")
    assert settings.problem().max_steps == 100
    assert settings.notes[0].startswith("max_steps: neither the file nor train.py:train says")
    assert own("metric: loss\nearly_terminate: {type: asha, max_iter: 9}\n").problem().max_steps == 9


@pytest.mark.parametrize(
    ("text", "trials"),
    [
        ("", 20),
        ("time_budget: 1h\n", None),
        ("step_budget: 1e3\n", None),
        ("run_cap: 7\n", 7),
        ("metric: {target: 0.1}\n", 20),
        ("method: {name: grid, resolution: 4}\n", None),
    ],
)
def test_a_sweep_always_ends(text: str, trials: int | None) -> None:
    metric = "" if text.startswith("metric") else "metric: loss\n"
    text = text.replace("{target", "{name: loss, target")
    assert own(metric + text).problem().budget.trials == trials


def test_a_small_space_is_not_searched_more_often_than_it_is_large() -> None:
    settings = own("metric: loss\n", "parameters={x: {values: [1, 2, 3]}}")
    assert settings.problem().budget.trials == 3


def test_what_is_sound_but_may_surprise_is_noted() -> None:
    grid = own("metric: loss\nmethod: grid\nrun_cap: 5\n", "parameters={x: {min: 1, max: 9}}")
    assert grid.notes[-1] == "run_cap: the grid has 9 configs before constraints; the first 5 are tried"
    fixed = own("metric: loss\n", "parameters={x: 3}")
    assert (
        fixed.notes[-1] == "parameters: nothing is searched; every trial is the same config with another seed"
    )
    deaf = own("metric: loss\nmethod: cmaes\nearly_terminate: asha\nmax_steps: 9\n")
    assert deaf.notes[-1].startswith("method: cmaes learns nothing from trials that are stopped early")
    points = own("metric: loss\nrun_cap: 1\npoints: [{x: 0.1}, {x: 0.2}]\n")
    assert points.notes[-1] == "run_cap: 2 points are given, only the first 1 are tried"


def test_bohb_brings_hyperband() -> None:
    settings = own("metric: loss\nmethod: bohb\nmax_steps: 27\n")
    problem = settings.problem()
    assert settings.file.method is not None
    assert settings.file.method.name == "bohb"
    assert isinstance(settings.scheduler(problem), Hyperband)
    other = own("metric: loss\nmethod: bohb\nearly_terminate: asha\nmax_steps: 27\n")
    assert isinstance(other.scheduler(other.problem()), Asha)


def test_a_scheduler_of_rays_goes_to_the_ray_runner() -> None:
    settings = own("metric: loss\nearly_terminate: {type: ray/median_stopping_rule, grace_period: 3}\n")
    assert settings.ray_scheduler == ("median_stopping_rule", {"grace_period": 3})
    assert settings.scheduler(settings.problem()).rungs == ()
    assert own("metric: loss\n").ray_scheduler is None


def test_points_are_whole_configs() -> None:
    settings = own("metric: loss\ndata: {source: digits}\npoints: [{x: 0.5}]\n")
    assert settings.problem().points == ({"x": 0.5, "data.source": "digits"},)


def test_settings_of_the_data_may_be_searched() -> None:
    settings = own("metric: loss\ndata: {source: digits, scale: {values: [none, standard]}}\n")
    assert [parameter.name for parameter in settings.space.searched] == ["x", "data.scale"]


def test_paths_start_from_the_file_whatever_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    (project / "train.py").write_text(GENERATOR)
    (project / "d.csv").write_text("x,y\n1,2\n")
    (project / "own.yaml").write_text(
        "trainable: train.py:train\nmetric: loss\ndata: {source: d.csv}\nparameters: {x: {min: 0.0, max: 1.0}}\n"
    )
    monkeypatch.chdir(elsewhere)
    settings = read_settings(project / "own.yaml").resolved()
    assert settings.plug.origin == project / "train.py"
    assert settings.problem().space.sample(__import__("numpy").random.default_rng(0))["data.source"] == str(
        project / "d.csv"
    )
    assert settings.storage == elsewhere / "runs"
    assert settings.name == "own"


@pytest.mark.parametrize(
    ("file", "name"),
    [("a b.yaml", "a-b"), ("digits.v2.yaml", "digits.v2"), ("ü.yaml", "sweep"), (".hidden", "hidden")],
)
def test_a_file_gives_the_run_a_name_that_a_directory_can_have(file: str, name: str) -> None:
    Path(file).write_text("trainable: branin\n")
    assert check_name(read_settings(Path(file)).resolved().name) == name


def test_the_storage_of_the_environment_is_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TUNEYARD_STORAGE", str(tmp_path / "there"))
    assert own("metric: loss\n").storage == tmp_path / "there"
    assert own("metric: loss\nstorage: here\n").storage == Path.cwd() / "here"


def test_what_was_written_can_be_run_again_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = own(
        "metric: loss\ntime_budget: 1h30m\nmethod: {name: random}\npoints: [{x: 1e-7}]\ndescription: 'a: b # c'\n"
    )
    text = first.to_yaml({"tuneyard": "0.1.0", "git": "abc\ndirty: true"})
    assert text.startswith("# tuneyard: 0.1.0\n# git: abc dirty: true\n")
    assert "time_budget: 1h30m" in text
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "sweep.yaml").write_text(text)
    monkeypatch.chdir(tmp_path / "runs")
    again = read_settings(tmp_path / "runs" / "one" / "sweep.yaml").resolved()
    assert again.to_dict() == first.to_dict()
    assert again.problem() == first.problem()
    assert again.notes == ()


def test_reading_back_from_a_journal_imports_nothing_of_the_user() -> None:
    data = own("metric: loss\n").to_dict()
    Path("train.py").write_text("raise SystemExit('imported')\n")
    again = ResolvedSettings.from_dict(data)
    assert again.to_dict() == data
    assert again.problem().objective.metric == "loss"


def test_settings_of_another_version_are_refused_by_key() -> None:
    data = own("metric: loss\n").to_dict()
    with pytest.raises(SettingsError, match=r"^the recorded settings do not read\nshape: unknown key"):
        ResolvedSettings.from_dict({**data, "shape": 3})


def test_a_trainable_of_a_script_is_asked_for_again() -> None:
    data = own("metric: loss\n").to_dict() | {"trainable": "__main__:train"}
    with pytest.raises(PlugError, match=r"resume\(run, trainable=\.\.\.\)"):
        _ = ResolvedSettings.from_dict(data).plug


def test_errors_of_importing_the_trainable_stand_at_its_line() -> None:
    Path("train.py").write_text("import not_there_at_all\n")
    with pytest.raises(SettingsError, match=r"^sweep.yaml:2:1 trainable: .*not_there_at_all"):
        resolve("seed: 1\ntrainable: train.py:train\n")


def test_reading_imports_neither_the_trainable_nor_anything_heavy() -> None:
    Path("sweep.yaml").write_text(EXAMPLE)
    code = (
        "import sys; from pathlib import Path; from search.settings import read_settings\n"
        "s = read_settings(Path('sweep.yaml')); before = set(sys.modules); r = s.resolved(); r.problem()\n"
        f"print([m for m in {sorted(HEAVY)} if m in sys.modules], 'trainables.neural.mlp' in before)"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(root)}
    )
    assert done.stdout == "[] False\n", done.stderr


def test_the_written_file_is_plain_yaml() -> None:
    text = resolve(EXAMPLE).to_yaml()
    data = YAML(typ="safe", pure=True).load(text)
    assert data["parameters"]["lr"] == {"min": 1e-5, "max": 0.1, "distribution": "log_uniform_values"}
    assert list(data)[:4] == ["version", "name", "description", "trainable"]
