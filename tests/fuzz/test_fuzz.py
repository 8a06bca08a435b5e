"""A few seconds of fuzzing for every target; `scripts/fuzz --inputs 1000000` is the long version."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.space_strategies import patient
from fuzz.mutation import NASTY, as_json
from fuzz.oracle import judge
from fuzz.targets import TARGETS
from search.errors import SettingsError

QUICK = ("expression", "space", "override", "journal", "W&B sweep")
FEW = {"run directory": 12, "Ray Tune directory": 15}


@pytest.mark.parametrize("name", TARGETS)
def test_almost_sound_input_is_read_or_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    target, chance = TARGETS[name], Random(f"7/{name}")
    seeds = target.seeds()
    judge(name, target.call, seeds[0], tmp_path)  # what is imported on the way is none of an input's doing
    findings = [
        judge(name, target.call, target.mutate(chance.choice(seeds), chance), tmp_path)
        for _ in range(FEW.get(name, 60))
    ]
    assert [finding for finding in findings if finding is not None] == []


words = st.sampled_from(
    [
        *("parameters", "min", "max", "values", "when", "constraints", "distribution", "lr", "a.b"),
        *map(str, NASTY[:24]),
    ]
)
parts = st.recursive(
    st.sampled_from([value for value in NASTY if not isinstance(value, list | dict)]) | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=20,
)


@given(parts, parts)
@settings(patient, max_examples=60)
def test_any_data_is_a_space_or_refused(one: object, other: object) -> None:
    data = as_json({"parameters": {"x": {"min": 0, "max": 1}, "y": one}, "constraints": [other, "x < 1"]})
    assert judge("space", TARGETS["space"].call, data, Path.cwd()) is None


@given(st.sampled_from(QUICK), st.binary(max_size=200))
@settings(patient, max_examples=150)
def test_any_bytes_are_read_or_refused(name: str, data: bytes) -> None:
    assert judge(name, TARGETS[name].call, data, Path.cwd()) is None


def _writes_outside(data: bytes, folder: Path) -> None:
    (folder.parent / "outside").write_bytes(data)


def _renames_outside(data: bytes, folder: Path) -> None:
    (folder / "in").write_bytes(data)
    os.rename(folder / "in", folder.parent / "out")


def _executes(data: bytes, folder: Path) -> None:
    subprocess.run(["true"], check=True)


def _unforeseen(data: bytes, folder: Path) -> None:
    raise KeyError("x")


def _talks(data: bytes, folder: Path) -> None:
    raise SettingsError("a" * 5000)


def _exits(data: bytes, folder: Path) -> None:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (_writes_outside, "outside the root: open"),
        (_renames_outside, "outside the root: os.rename"),
        (_executes, "outside the root: subprocess.Popen"),
        (_unforeseen, "KeyError"),
        (_talks, "a message of"),
        (_exits, "SystemExit"),
    ],
)
def test_the_oracle_finds_what_no_input_may_do(
    call: Callable[[bytes, Path], None], said: str, tmp_path: Path
) -> None:
    (room := tmp_path / "room").mkdir()
    finding = judge("any", call, b"", room)
    assert finding is not None
    assert finding.kind.startswith(said)


def test_what_takes_too_long_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.oracle.SECONDS", 0.05)
    monkeypatch.setattr("fuzz.oracle.ENDLESS", 0.5)

    def endless(data: bytes, folder: Path) -> None:
        while True:
            pass

    def slow(data: bytes, folder: Path) -> None:
        sum(range(10_000_000))

    kinds = [finding.kind for call in (endless, slow) if (finding := judge("any", call, b"", tmp_path))]
    assert kinds == ["hang", "slow"]
