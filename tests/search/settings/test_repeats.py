"""`repeats` in a sweep file: what it becomes, and what it does not go with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from search.errors import SettingsError
from search.problem import Objective, Problem, Repeats
from search.seeds import repeat_seed, replicate_seed, trial_seed
from search.settings import ResolvedSettings, read_settings

GENERATOR = """
def train(config):
    for step in range(3):
        yield {"loss": config["x"] / (step + 1)}


def native(config):
    from ray import tune

    tune.report({"loss": 1.0})
"""


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(GENERATOR)


def resolved(text: str) -> ResolvedSettings:
    Path("sweep.yaml").write_text(text)
    return read_settings(Path("sweep.yaml")).resolved()


def refused(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        resolved(text)
    return str(caught.value)


FOLDS = (
    "trainable: classical\ndata: {source: breast_cancer}\nrepeats: {over: folds, times: 4}\nmax_steps: 2\n"
)
MINE = "trainable: mine.py:train\nmetric: loss\nparameters: {x: {min: 0.0, max: 1.0}}\nmax_steps: 3\n"


def test_a_trial_has_as_many_steps_as_folds_and_max_steps_is_of_one_training() -> None:
    settings = resolved(FOLDS)
    problem = settings.problem()
    assert (problem.max_steps, problem.repeats) == (4, Repeats("folds", 4, 2))
    assert problem.objective == Objective("val/accuracy", "maximize", counts="last")
    assert settings.step_unit == "fold"
    assert settings.file.data == {"source": "breast_cancer", "split": {"folds": 4}}
    assert settings.file.parameters is not None
    assert settings.file.parameters["steps"] == 2
    repetition = settings.plug.target.repetition
    assert (repetition.times, repetition.length, repetition.folds) == (4, 2, True)
    assert Problem.from_json(problem.to_json()) == problem


def test_what_is_written_out_reads_as_the_same() -> None:
    settings = resolved(FOLDS + "early_terminate: asha\n")
    Path("again.yaml").write_text(settings.to_yaml())
    again = read_settings(Path("again.yaml")).resolved()
    assert again.to_dict() == settings.to_dict()
    assert ResolvedSettings.from_dict(settings.to_dict()).problem() == settings.problem()


def test_other_options_of_the_split_stay() -> None:
    nested = resolved(FOLDS.replace("breast_cancer}", "breast_cancer, split: {seed: 3}}"))
    assert nested.file.data == {"source": "breast_cancer", "split": {"seed": 3, "folds": 4}}
    dotted = resolved(FOLDS.replace("breast_cancer}", "breast_cancer, split.seed: 3, split.folds: 4}"))
    assert dotted.file.data == {"source": "breast_cancer", "split.seed": 3, "split.folds": 4}


def test_seeds_are_the_same_for_every_trial_and_no_others() -> None:
    settings = resolved(MINE + "repeats: {over: seeds, times: 3}\nseed: 5\n")
    seeds = settings.plug.target.repetition.seeds
    assert seeds == tuple(repeat_seed(5, turn) for turn in range(3))
    others = {f(5, n) for f in (trial_seed, replicate_seed) for n in range(1000)}
    assert not others & set(seeds)
    assert settings.step_unit == "seed"


def test_a_generator_of_the_users_own_may_read_folds_of_its_data_section() -> None:
    settings = resolved(MINE + "data: breast_cancer\nrepeats: {over: folds, times: 3}\n")
    assert settings.file.data == {"source": "breast_cancer", "split": {"folds": 3}}


def test_rungs_are_folds() -> None:
    settings = resolved(FOLDS + "early_terminate: {type: asha, max_iter: 4}\n")
    assert settings.scheduler(settings.problem()).rungs == (1, 3)
    said = refused(FOLDS + "early_terminate: {type: asha, min_iter: 5}\n")
    assert "with repeats it counts folds" in said
    assert "early_terminate.min_iter: must not exceed 4" in said
    unsaid = FOLDS.replace("max_steps: 2\n", "early_terminate: {type: asha, max_iter: 3}\n")
    assert resolved(unsaid).file.max_steps == 9  # of one training: what classical declares


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            MINE + "repeats: {over: folds, times: 5}\n",
            "sweep.yaml:5:11 repeats.over: folds are folds of the `data:` section, and there is none; write data: "
            "{source: table.csv}, or repeat over seeds: repeats: {over: seeds, times: 5}",
        ),
        (
            MINE.replace(":train", ":native") + "repeats: {over: seeds, times: 5}\n",
            "sweep.yaml:5:1 repeats: mine.py:native is a native Ray Tune trainable, which reports to Ray itself",
        ),
        (
            FOLDS.replace("breast_cancer}", "breast_cancer, split: {fold: {values: [0, 1]}, folds: 4}}"),
            "data.split.fold: repeats trains on every fold in turn, so none is chosen or searched here; leave "
            "data.split.fold out",
        ),
        (
            FOLDS.replace("breast_cancer}", "breast_cancer, split: {fold: 1, folds: 4}}"),
            "data.split.fold: repeats trains on every fold in turn",
        ),
        (
            FOLDS.replace("breast_cancer}", "breast_cancer, split.folds: 3}"),
            "data.split.folds: repeats cuts the data into 4 folds; leave data.split.folds out, or make it 4",
        ),
        (
            FOLDS.replace("breast_cancer}", "breast_cancer, split: {folds: {values: [2, 3]}}}"),
            "data.split.folds: repeats cuts the data into 4 folds",
        ),
        (FOLDS.replace("over: folds", "over: rows"), "repeats.over"),
        (FOLDS.replace("times: 4", "times: 1"), "repeats.times"),
    ],
)
def test_what_cannot_be_is_refused_in_its_place(text: str, said: str) -> None:
    assert said in refused(text)


def test_every_repeat_is_saved_and_checkpoints_within_follow_the_file() -> None:
    settings = resolved(FOLDS + "checkpoint: {every: 7}\n")
    assert settings.checkpoint_every == 1
    repetition: Any = settings.plug.target.repetition
    assert repetition.every == 7
