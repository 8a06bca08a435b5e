"""Row 19, the newest checkpoint is damaged: the one before it is used, the steps since then run again, and it is said."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contracts.kills import Killed, told
from contracts.measured import Measured

SEED = 19
CHANGES = {"run_cap": 6}


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "cut": cut,
    "empty": empty,
    "missing": Path.unlink,
    "flip": flip,
}
FILES = ("manifest.json", "chaos.json", "host-state.json")


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name[5:13])


def newest(checkpoints: Path) -> list[Path]:
    """The trial's checkpoints, the newest first."""
    return sorted(checkpoints.glob("step-*"), reverse=True)


def amid_a_trial(sweep: Killed, chance: random.Random) -> int:
    """Let it work, and kill it where an open trial has two checkpoints; its number."""
    while True:
        assert sweep.kill_after(chance.randint(5, 9))
        for trial in sweep.history.running:
            saved = newest(sweep.paths.checkpoints(trial.number))
            if len(saved) == 2 and trial.steps < 8 and step_of(saved[0]) <= trial.steps:
                return trial.number


def damages() -> Iterator[tuple[str, str]]:
    yield from ((name, damage) for name in FILES for damage in DAMAGES)


@pytest.mark.slow
def test_the_one_before_it_is_used(tmp_path: Path, measured: Measured) -> None:
    changes = {"run_cap": 40}
    expected = Killed(tmp_path / "whole", changes).finish()
    sweep = Killed(tmp_path / "run", changes, {"delay": 0.004})
    chance, tries = random.Random(SEED), 0
    for name, damage in damages():
        number = amid_a_trial(sweep, chance)
        damaged, before = newest(sweep.paths.checkpoints(number))
        step = step_of(before)
        DAMAGES[damage](damaged / name)
        sweep.said.unlink()
        assert sweep.kill_after(4)
        went_on = sweep.history.trials[number].attempts[-1]
        assert went_on.from_step == step, f"{name} {damage}"
        assert "a damaged checkpoint is passed over" in sweep.said.read_text()
        tries += 1
    history = sweep.finish()
    lost = sweep.lost_steps(lost_per_kill=2)  # a kill's, and that of the damaged checkpoint
    fault = "newest checkpoint cut, emptied, removed or altered, each of its files"
    measured(19, fault, tries=tries, lost_steps=lost, lost_trials=sweep.lost_trials, seed=SEED)
    assert told(history) == told(expected)
    assert sweep.lost_trials == 0


@pytest.mark.parametrize("name", FILES)
def test_with_no_sound_one_left_it_begins_anew(tmp_path: Path, measured: Measured, name: str) -> None:
    expected = Killed(tmp_path / "whole", CHANGES).finish()
    sweep = Killed(tmp_path / "run", CHANGES, {"delay": 0.01})
    number = amid_a_trial(sweep, random.Random(SEED))
    steps = sweep.history.trials[number].steps
    for checkpoint in newest(sweep.paths.checkpoints(number)):
        flip(checkpoint / name)
    history = sweep.finish()
    assert sweep.said.read_text().count("a damaged checkpoint is passed over") == 2
    assert history.trials[number].attempts[-1].from_step == 0
    lost = sweep.lost_steps(lost_per_kill=steps + 1)
    measured(19, f"both checkpoints altered ({name})", tries=1, lost_steps=lost, lost_trials=0, seed=SEED)
    assert told(history) == told(expected)
    assert json.loads((newest(sweep.paths.checkpoints(number))[0] / "manifest.json").read_text())["step"] == 9
