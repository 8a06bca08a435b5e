"""What a real `ray.tune.Tuner` left, read without Ray: two recorded experiments, and one made on the spot."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from search.errors import SettingsError
from search.run import Run
from spaces import Categorical, Constant, Float

ROOT = Path(__file__).parents[3]


def rows(experiment: Path) -> dict[str, list[dict[str, float]]]:
    """Trial's folder -> its results as Ray wrote them, by the time of their first result."""
    found = {
        path.parent.name: [json.loads(line) for line in path.read_text().splitlines()]
        for path in experiment.glob("*/result.json")
    }
    return dict(sorted(found.items()))


def test_a_class_under_asha(ray_class: Path, storage: Path) -> None:
    run = Run.import_from(ray_class, storage=storage, goal="minimize")
    assert (run.name, run.state) == ("class", "finished")
    assert run.summary()["metric"] == "loss"  # TuneConfig's, from the state file
    theirs = rows(ray_class)
    by_config = {json.dumps(each[0]["config"], sort_keys=True): each for each in theirs.values()}
    assert len(run.history.trials) == len(theirs) == 8
    for trial in run.history.trials:
        config = trial.config
        nested = {
            "crash": config["crash"],
            "layers": 3,
            "model": {"width": config["model.width"]},
            "opt": {"lr": config["opt.lr"], "name": config["opt.name"]},
        }
        seen = by_config[json.dumps(nested, sort_keys=True)]
        assert [result.metrics["loss"] for result in trial.results] == [row["loss"] for row in seen]
        assert [result.step for result in trial.results] == list(range(1, len(seen) + 1))
        expected = "failed" if config["crash"] else "completed" if len(seen) == 6 else "stopped"
        assert trial.state == expected
    assert {trial.state for trial in run.history.trials} == {"completed", "stopped", "failed"}
    assert run.best is not None
    assert run.best.value == min(
        row["loss"] for seen in theirs.values() if not seen[0]["config"]["crash"] for row in seen
    )


def test_its_domains_are_inferred_and_say_so(ray_class: Path, storage: Path) -> None:
    run = Run.import_from(ray_class, storage=storage, goal="minimize")
    domains = {each.name: each.domain for each in run.history.problem.space.parameters}
    assert set(domains) == {"crash", "layers", "model.width", "opt.lr", "opt.name"}
    assert domains["layers"] == Constant(3)
    assert isinstance(domains["opt.lr"], Float)
    assert domains["opt.lr"].log
    assert isinstance(domains["opt.name"], Categorical)
    assert run.history.about["imported"]["inferred"] == ["crash", "model.width", "opt.lr", "opt.name"]


def test_nested_metrics_have_slashes_and_ray_s_own_are_left_out(ray_class: Path, storage: Path) -> None:
    run = Run.import_from(ray_class, storage=storage, goal="maximize", metric="valid/accuracy")
    assert run.history.trials[0].results[0].metrics.keys() == {"loss", "valid/accuracy", "ratio"}
    with pytest.raises(SettingsError, match=r"no trial reports 'valid/acuracy'.*valid/accuracy"):
        Run.import_from(ray_class, storage=storage, goal="maximize", metric="valid/acuracy", name="x")


def test_a_failure_keeps_its_traceback(ray_class: Path, storage: Path) -> None:
    run = Run.import_from(ray_class, storage=storage, goal="minimize")
    failed = [trial for trial in run.history.trials if trial.failure]
    assert failed
    for trial in failed:
        assert trial.failure is not None
        assert trial.failure.message == "ValueError: the bowl broke: <script>alert(1)</script>"
        assert trial.failure.log is not None
        assert run.paths is not None
        assert "the bowl broke" in (run.paths.root / trial.failure.log).read_text()


def test_a_function_that_returns_has_completed(ray_function: Path, storage: Path) -> None:
    run = Run.import_from(ray_function, storage=storage, goal="maximize")
    assert [trial.state for trial in run.history.trials] == ["completed"] * 4
    assert sorted(trial.steps for trial in run.history.trials) == [3, 3, 4, 4]
    assert run.history.problem.max_steps == 4


def test_the_goal_has_to_be_said(ray_class: Path, storage: Path) -> None:
    with pytest.raises(
        SettingsError, match=r"class: does not say whether loss is to be small or large\. Give --goal"
    ):
        Run.import_from(ray_class, storage=storage)
    assert not storage.exists()


def test_no_pickle_is_opened(ray_class: Path, storage: Path) -> None:
    """Files that would end the process, were they unpickled: `os._exit(3)`."""
    poison = b"cos\n_exit\n(I3\ntR."
    for name in ("tuner.pkl", "basic-variant-state-2026-01-01_00-00-00.json", "search_gen_state.json"):
        (ray_class / name).write_bytes(poison)
    for folder in ray_class.glob("Bowl*"):
        (folder / "params.pkl").write_bytes(poison)
        (folder / "error.pkl").write_bytes(poison)
    code = (
        "import sys; from search.run import Run; "
        f"run = Run.import_from({str(ray_class)!r}, storage={str(storage)!r}, goal='minimize'); "
        "print(len(run.history.trials), *(m for m in ('ray', 'pickle', 'cloudpickle') if m in sys.modules and m != 'pickle'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, ["8"]), done.stderr


def test_without_the_state_file_the_trials_speak(ray_class: Path, storage: Path) -> None:
    whole = Run.import_from(ray_class, storage=storage, goal="minimize")
    for path in ray_class.glob("experiment_state*"):
        path.unlink()
    alone = Run.import_from(ray_class, storage=storage, goal="minimize", metric="loss", name="alone")
    states = [{str(trial.config): trial.state for trial in run.history.trials} for run in (whole, alone)]
    assert states[0] == states[1]
    assert "experiment_state-*.json is missing" in alone.history.about["imported"]["notes"][-1]


def test_progress_stands_in_for_lost_results(ray_class: Path, storage: Path) -> None:
    whole = Run.import_from(ray_class, storage=storage, goal="minimize")
    for path in ray_class.glob("*/result.json"):
        path.write_text("")
    again = Run.import_from(ray_class, storage=storage, goal="minimize", name="again")
    for one, other in zip(whole.history.trials, again.history.trials, strict=True):
        assert [(r.step, r.metrics["loss"]) for r in one.results] == [
            (r.step, r.metrics["loss"]) for r in other.results
        ]
        assert other.state == one.state


def test_a_killed_experiment(ray_class: Path, storage: Path) -> None:
    """Ray died: a line is torn, a trial was running, and one had not begun."""
    state = next(ray_class.glob("experiment_state*"))
    told = json.loads(state.read_text())
    changed = [json.loads(each) for each, _ in told["trial_data"]]
    stopped = next(i for i, each in enumerate(changed) if len(rows(ray_class)[each["relative_logdir"]]) == 1)
    changed[stopped]["status"] = "RUNNING"
    folder = ray_class / changed[stopped]["relative_logdir"]
    (folder / "error.txt").unlink(missing_ok=True)
    with open(folder / "result.json", "a") as file:
        file.write('{"loss": 0.1, "training_it')
    waiting = next(i for i in range(len(changed)) if i != stopped)
    changed[waiting]["status"] = "PENDING"
    shutil.rmtree(ray_class / changed[waiting]["relative_logdir"])
    told["trial_data"] = [[json.dumps(a), b] for a, (_, b) in zip(changed, told["trial_data"], strict=True)]
    state.write_text(json.dumps(told))
    run = Run.import_from(ray_class, storage=storage, goal="minimize")
    assert [trial.state for trial in run.history.trials].count("running") == 1
    assert run.history.trials[-1].state == "waiting"
    assert run.history.ended == "imported from Ray Tune; 2 of its trials had not ended"


def test_a_restored_trial_repeats_its_steps(ray_function: Path, storage: Path) -> None:
    path = next(ray_function.glob("*steps=3*/result.json"))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], *lines[1:]]))
    run = Run.import_from(ray_function, storage=storage, goal="maximize")
    assert sorted(trial.steps for trial in run.history.trials) == [3, 3, 4, 4]
    assert [r.step for trial in run.history.trials for r in trial.results].count(2) == 4


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("*/result.json", "{}\nnot json\n{}\n", r"result\.json:2: is not a result of Ray Tune"),
        ("*/params.json", "[1, 2]", r"params\.json: must hold an object, got list"),
        ("*/params.json", "{", r"params\.json: is not JSON"),
        ("experiment_state*", "{}", r"is not a state file of Ray Tune 2.*Remove it"),
    ],
)
def test_damage_is_named_and_leaves_nothing(
    ray_class: Path, storage: Path, file: str, content: str, message: str
) -> None:
    next(ray_class.glob(file)).write_text(content)
    with pytest.raises(SettingsError, match=message):
        Run.import_from(ray_class, storage=storage, goal="minimize")
    assert not storage.exists()


@pytest.mark.parametrize("folder", ["..", "../..", ""])
def test_nothing_is_read_above_the_experiment(ray_class: Path, storage: Path, folder: str) -> None:
    state = next(ray_class.glob("experiment_state*"))
    told = json.loads(state.read_text())
    first = json.loads(told["trial_data"][0][0]) | {"relative_logdir": folder}
    told["trial_data"][0][0] = json.dumps(first)
    state.write_text(json.dumps(told))
    with pytest.raises(SettingsError, match="is no folder of a trial"):
        Run.import_from(ray_class, storage=storage, goal="minimize")
    assert not storage.exists()


def test_another_directory_is_refused(tmp_path: Path, storage: Path) -> None:
    with pytest.raises(
        SettingsError, match="is no Ray Tune experiment directory, no Optuna storage and no CSV"
    ):
        Run.import_from(tmp_path, storage=storage)
    with pytest.raises(SettingsError, match="is no Ray Tune experiment: it has neither"):
        Run.import_from(tmp_path, storage=storage, kind="ray")
    with pytest.raises(SettingsError, match="no such file or directory"):
        Run.import_from(tmp_path / "none", storage=storage)


def test_odd_values_of_a_config(ray_function: Path, storage: Path) -> None:
    odd = {
        "lr": float("nan"),
        "net": {"layers": [64, 32], "act": None, "obj": "<f at 0x7f00aa>", "empty": {}},
        "blocks": [{"n": 1}],
        "../up": "=cmd()",
        "<script>": True,
    }
    for path in ray_function.glob("*/params.json"):
        path.write_text(json.dumps(odd))
    run = Run.import_from(ray_function, storage=storage, goal="maximize")
    assert run.history.trials[0].config == {
        "lr": "nan",
        "net.layers": [64, 32],
        "net.act": None,
        "net.obj": "<f>",
        "net.empty": "{}",
        "blocks": ['{"n": 1}'],
        "_up": "=cmd()",
        "_script_": True,
    }
    assert run.report().is_file()


@pytest.mark.ray
@pytest.mark.slow
def test_what_ray_writes_today(tmp_path: Path, storage: Path) -> None:
    """The recorded experiments stay true only as long as a live one reads alike."""
    # In a process of its own: one that was connected to another cluster before keeps that one's token.
    asked = [sys.executable, "-W", "ignore", "-m", "golden.record_ray_tune", str(tmp_path)]
    search_path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        asked, env={**os.environ, "PYTHONPATH": search_path}, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    made = [tmp_path / "class", tmp_path / "function"]
    for experiment, goal in zip(made, ("minimize", "maximize"), strict=True):
        run = Run.import_from(experiment, storage=storage, goal=goal)
        recorded = Run.import_from(
            ROOT / "tests" / "golden" / "ray_tune" / experiment.name,
            storage=storage,
            name="recorded",
            goal=goal,
        )
        assert len(run.history.trials) == len(recorded.history.trials)
        assert run.history.problem.space.names == recorded.history.problem.space.names
        assert run.history.problem.objective == recorded.history.problem.objective
        assert sum(trial.state == "failed" for trial in run.history.trials) == 2 * (
            experiment.name == "class"
        )
        assert all(trial.results for trial in run.history.trials)
        assert recorded.paths is not None
        shutil.rmtree(recorded.paths.root)


def test_the_report_says_where_it_comes_from(ray_class: Path, storage: Path) -> None:
    run = Run.import_from(ray_class, storage=storage, goal="minimize")
    page = run.report().read_text()
    assert "imported from</dt><dd>Ray Tune" in page
    assert "ranges inferred from the values seen" in page
    facts = json.loads((run.report().parent / "report.json").read_text())["facts"]
    assert facts["imported"]["inferred"] == ["crash", "model.width", "opt.lr", "opt.name"]
    assert facts["host"] is None
