"""`lanes`: short spellings, what it means where it leaves something open, and what it does not go with."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.errors import SettingsError
from search.runners.base import Lanes
from search.settings import ResolvedSettings, read_settings
from search.settings.lanes import with_width
from search.settings.sweep_file import LanesSection

NATIVE = """
from ray import tune


class Native(tune.Trainable):
    def step(self):
        return {"loss": 1.0}
"""


def resolved(folder: Path, text: str) -> ResolvedSettings:
    file = folder / "sweep.yaml"
    file.write_text(f"trainable: branin\nmetric: value\n{text}")
    return read_settings(file).resolved()


def refused(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as error:
        resolved(folder, text)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "lanes"),
    [
        ("", None),
        ("lanes: null", None),
        ("lanes: auto", Lanes(64, 256)),
        ("lanes: 16", Lanes(16, 64)),
        ("lanes: 1e1", Lanes(10, 40)),
        ("lanes: {width: 16}", Lanes(16, 64)),
        ("lanes: {width: 16, queue: 16}", Lanes(16, 16)),
        ("lanes: {width: auto, queue: 32}", Lanes(32, 32)),
        ("lanes: {queue: 500}", Lanes(64, 500)),
    ],
)
def test_what_is_left_open_is_filled_in(text: str, lanes: Lanes | None, tmp_path: Path) -> None:
    settings = resolved(tmp_path, f"method: random\nrun_cap: 100\n{text}\n")
    assert settings.lanes == lanes
    assert ResolvedSettings.from_dict(settings.to_dict()).lanes == lanes


def test_there_are_no_more_lanes_than_trials_for_a_worker_unless_asked_for(tmp_path: Path) -> None:
    assert resolved(tmp_path, "method: random\nrun_cap: 10\nlanes: auto\n").lanes == Lanes(10, 40)
    assert resolved(tmp_path, "method: random\nrun_cap: 10\nlanes: 20\n").lanes == Lanes(20, 80)
    assert resolved(tmp_path, "method: random\nrun_cap: 99\nworkers: 2\nlanes: auto\n").lanes == Lanes(
        50, 200
    )
    assert resolved(tmp_path, "method: random\nrun_cap: 999\nworkers: 2\nlanes: auto\n").lanes == Lanes(
        64, 256
    )


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("method: tpe\nrun_cap: 60", 8),
        ("method: auto\nrun_cap: 1000", 64),
        ("method: gp\nrun_cap: 3", 1),
        ("method: gp\nrun_cap: 100\nworkers: 2", 7),
        ("method: sobol\nrun_cap: 60", 60),
    ],
)
def test_a_method_that_learns_is_asked_in_rounds(text: str, width: int, tmp_path: Path) -> None:
    assert resolved(tmp_path, f"{text}\nlanes: auto\n").lanes == Lanes(width, 4 * width)
    assert resolved(tmp_path, f"{text}\nlanes: 64\n").lanes == Lanes(64, 256), "what is asked for is given"


def test_the_resolved_file_says_both(tmp_path: Path) -> None:
    settings = resolved(tmp_path, "lanes: auto\nrun_cap: 1000\n")
    assert settings.file.lanes == LanesSection(width=64, queue=256)
    (tmp_path / "again.yaml").write_text(settings.to_yaml())
    assert read_settings(tmp_path / "again.yaml").resolved().lanes == settings.lanes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "lanes: {width: 8, queue: 4}\n",
            "sweep.yaml:3:19 lanes.queue: counts the trials in lanes and those that wait for one, so it must be the width "
            "(8) or more, got 4; leave it out for 32",
        ),
        (
            "lanes: 8\nrepeats: {over: seeds}\n",
            "sweep.yaml:3:1 lanes: lanes take turns by steps, and with repeats a step is a whole training; leave one of "
            "the two out",
        ),
        (
            "lanes: 8\nearly_terminate: ray/median_stopping_rule\n",
            "sweep.yaml:3:1 lanes: ray/median_stopping_rule is asked by Ray Tune, which knows workers and not the trials in "
            "their lanes; leave lanes out, or use asha, hyperband or median",
        ),
        (
            "lanes: 8\nresources:\n  when: [{if: x1 > 1, cpu: 2}]\n",
            "sweep.yaml:5:3 resources.when: trials in lanes share one worker, so none has needs of its own; leave "
            "resources.when out, or lanes",
        ),
    ],
)
def test_what_does_not_go_with_lanes_is_said_before_anything_runs(
    text: str, said: str, tmp_path: Path
) -> None:
    assert said in refused(tmp_path, text)


def test_a_native_trainable_has_no_lanes(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the trainable is Ray's own kind")
    (tmp_path / "native.py").write_text(NATIVE)
    file = tmp_path / "sweep.yaml"
    file.write_text(
        "trainable: native.py:Native\nmetric: loss\nparameters: {x: {min: 0.0, max: 1.0}}\nlanes: 8\n"
    )
    with pytest.raises(SettingsError, match="which Ray trains trial by trial; leave lanes out"):
        read_settings(file).resolved()


def test_a_run_that_cannot_have_lanes_is_not_gone_on_with_in_some(tmp_path: Path) -> None:
    settings = resolved(tmp_path, "early_terminate: ray/median_stopping_rule\n")
    with pytest.raises(SettingsError) as error:
        with_width(settings.file, settings.plug, 8)
    assert "--lanes 8 (lanes): ray/median_stopping_rule is asked by Ray Tune" in str(error.value)
    assert with_width(settings.file, settings.plug, 0).lanes is None
    plain = resolved(tmp_path, "")
    assert with_width(plain.file, plain.plug, 8).lanes == LanesSection(width=8, queue=32)
