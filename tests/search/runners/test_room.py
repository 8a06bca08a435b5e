"""More workers than a machine holds are refused with the arithmetic, before any is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from search.api import Sweep
from search.errors import SettingsError
from search.resources import Resources
from search.runners import room
from search.runners.room import actors, free_memory, no_room, shared_processors
from trainables.plug import Plug, resolve
from tuneyard.planning import plan_of

GIB = 2**30


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "processors", lambda: 2)


@pytest.fixture
def light() -> Plug:
    """A trainable without torch."""
    return resolve("chaos")


def test_the_arithmetic_is_said_and_what_would_fit(light: Plug) -> None:
    said = no_room(1000, None, Resources(), light, 16 * GIB)
    assert said is not None
    assert said.startswith("1,000 workers do not fit into this machine: each takes at least 117 MiB")
    assert "so all of them 114.3 GiB, and 16.0 GiB are free" in said
    assert "Ask for 140 at most (-j 140)" in said
    assert no_room(140, None, Resources(), light, 16 * GIB) is None
    assert no_room(141, None, Resources(), light, 16 * GIB) is not None


def test_with_torch_there_is_room_for_fewer() -> None:
    neural = resolve("mlp")
    said = no_room(100, None, Resources(), neural, 16 * GIB)
    assert said is not None
    assert "245 MiB" in said
    assert "with torch" in said


def test_a_file_that_imports_torch_is_known_by_it(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import torch.nn as nn\ndef train(config):\n    yield {'loss': 0.0}\n")
    assert no_room(100, None, Resources(), resolve("mine.py:train", tmp_path), 16 * GIB) is not None
    assert no_room(100, None, Resources(), resolve("chaos"), 16 * GIB) is None, "in the same process"


def test_no_more_are_counted_than_there_are_trials(light: Plug) -> None:
    assert no_room(1000, 20, Resources(), light, 16 * GIB) is None


def test_shares_of_a_processor_are_workers_too(light: Plug) -> None:
    assert actors(None, None, Resources(cpu=0.01)) == 200
    assert actors(None, None, Resources(cpu=4.0)) == 1
    assert no_room(None, None, Resources(cpu=0.01), light, 16 * GIB) is not None


def test_who_says_what_a_trial_may_hold_is_not_refused(light: Plug) -> None:
    assert no_room(1000, None, Resources(memory=GIB), light, 16 * GIB) is None


def test_workers_that_take_turns_are_worth_a_word() -> None:
    assert shared_processors(8, Resources()) is None
    assert shared_processors(None, Resources()) is None
    said = shared_processors(9, Resources())
    assert said is not None
    assert "9 workers share 2 processors" in said


def test_a_container_has_no_more_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"/proc/meminfo": "MemTotal: 99 kB\nMemAvailable: 8388608 kB\n"}
    monkeypatch.setattr(room, "_read", lambda path: files.get(path, ""))
    assert free_memory() == 8 * GIB
    files |= {"/sys/fs/cgroup/memory.max": f"{3 * GIB}\n", "/sys/fs/cgroup/memory.current": f"{GIB}\n"}
    assert free_memory() == 2 * GIB
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert free_memory() == 8 * GIB


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sweep]:
    monkeypatch.setattr("search.driving.free_memory", lambda: 2 * GIB)

    def made(**more: Any) -> Sweep:
        return Sweep(
            "chaos",
            method="random",
            parameters={"x": {"min": 0.0, "max": 1.0}},
            storage=str(tmp_path / "runs"),
            **more,
        )

    return made


def test_a_run_is_refused_before_anything_is_written(sweep: Callable[..., Sweep], tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"1,000 workers do not fit .* GiB are free"):
        sweep(workers=1000, run_cap=1000).run()
    assert not (tmp_path / "runs").exists()


def test_a_plan_says_that_it_will_be(sweep: Callable[..., Sweep]) -> None:
    (note,) = plan_of(sweep(workers=1000, run_cap=1000).resolved)["notes"]
    assert note.startswith("a run on this machine will be refused: 1,000 workers")
    (note,) = plan_of(sweep(workers=10, run_cap=10).resolved)["notes"]
    assert "10 workers share" in note
    assert plan_of(sweep(workers=2, run_cap=10).resolved)["notes"] == []


def test_on_a_virtual_clock_there_is_room_for_all(sweep: Callable[..., Sweep]) -> None:
    run = sweep(workers=1000, run_cap=1000, max_steps=1).run(runner="simulated")
    assert run.summary()["trials"]["completed"] == 1000
