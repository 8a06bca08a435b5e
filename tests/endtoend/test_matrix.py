"""The same sweep file with every method and every scheduler: it runs, and it resumes to the same end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import search
from contracts.journals import Recorded
from contracts.sweeps import (
    COMBINATIONS,
    TRIALS,
    begin,
    drive,
    overrides,
    resume,
    settings_of,
    story,
    write_sweep,
)
from search import Run, Sweep
from search.history import History
from search.runners.base import Resources
from search.runners.inline import InlineRunner
from search.runners.ray_tune.cluster import cluster
from search.runners.simulated import SimulatedRunner
from search.settings import ResolvedSettings

combinations = pytest.mark.parametrize(("method", "scheduler"), COMBINATIONS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_sweep(tmp_path)


def check_sound(history: History, settings: ResolvedSettings) -> None:
    """What holds for any end of the sweep, however it was reached."""
    assert history.finished
    told = {each.number for each in history.observations}  # a trial that was paused is told more than once
    assert len(history.trials) == len(told) == TRIALS
    configs = [settings.space.validate(trial.config) for trial in history.trials]
    assert all(config["model.depth"] * config["model.width"] <= 64 for config in configs)
    assert all(("momentum" in config) == (config["optimizer"] == "sgd") for config in configs)
    states = {trial.state for trial in history.trials}
    stops = settings.file.early_terminate is not None and settings.file.early_terminate.type != "none"
    assert states == ({"completed", "stopped"} if stops else {"completed"})
    assert all(t.steps == settings.file.max_steps for t in history.trials if t.state == "completed")
    assert [[r.step for r in t.results] for t in history.trials] == [
        list(range(1, t.steps + 1)) for t in history.trials
    ]


@combinations
def test_one_worker_comes_to_the_same_end_wherever_it_was_interrupted(
    file: Path, tmp_path: Path, method: str, scheduler: str | None
) -> None:
    settings = settings_of(file, method, scheduler)
    journal = Recorded()
    whole = drive(SimulatedRunner(), begin(settings, journal), settings)
    check_sound(whole, settings)
    records = journal.records
    for i, cut in enumerate((1, 2, len(records) // 3, len(records) // 2, len(records) - 2)):
        runner, root = ((SimulatedRunner(), None), (InlineRunner(), tmp_path / f"cut-{cut}"))[i % 2]
        again = drive(runner, resume(settings, records[:cut], Recorded()), settings, root)
        assert story(again) == story(whole), f"resumed after {cut} of {len(records)} records"


@combinations
def test_with_several_workers_nothing_is_lost_and_nothing_finished_runs_again(
    file: Path, method: str, scheduler: str | None
) -> None:
    settings = settings_of(file, method, scheduler, workers=4)
    journal = Recorded()
    whole = drive(SimulatedRunner(), begin(settings, journal), settings)
    check_sound(whole, settings)
    for cut in (len(journal.records) // 2, 3 * len(journal.records) // 4):
        before = History.from_records(journal.records[:cut])
        records = Recorded()
        again = drive(SimulatedRunner(), resume(settings, journal.records[:cut], records), settings)
        check_sound(again, settings)
        finished = {trial.number for trial in before.trials if not trial.open}
        assert finished
        assert not finished & {record["trial"] for record in records.records if "trial" in record}
        assert [(t.config, t.seed) for t in again.trials][: len(before.trials)] == [
            (t.config, t.seed) for t in before.trials
        ]


@pytest.fixture(scope="module")
def one_ray() -> Iterator[Any]:
    """One local Ray for the sweeps of this file."""
    with cluster(None, 1, Resources()) as ray:
        yield ray


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.usefixtures("one_ray")
@pytest.mark.parametrize(
    ("method", "scheduler"),
    [("tpe", "asha"), ("hyperopt", "hyperband"), ("grid", "median"), ("bohb", None), ("cmaes", "none")],
)
def test_on_ray_it_comes_to_the_end_of_the_simulation(
    file: Path, tmp_path: Path, method: str, scheduler: str | None
) -> None:
    simulated = Sweep.from_file(file, overrides(method, scheduler), runner="simulated").run()
    run = Sweep.from_file(file, overrides(method, scheduler), runner="ray").run()
    assert run.paths is not None
    assert story(run.history) == story(simulated.history)

    cut = interrupted(run, tmp_path / "cut", share=0.6)
    again = search.resume(cut)
    assert again.state == "finished"
    assert story(again.history) == story(simulated.history)


def interrupted(run: Run, root: Path, share: float) -> Path:
    """A copy of a run as a driver leaves it that is killed at that share of its journal, inside a trial."""
    assert run.paths is not None
    shutil.copytree(run.paths.root, root)
    lines = run.paths.journal.read_bytes().splitlines(keepends=True)
    cut = int(share * len(lines))
    while b'"type":"result"' not in lines[cut - 1]:
        cut += 1
    (root / "journal.jsonl").write_bytes(b"".join(lines[:cut]))
    return root
