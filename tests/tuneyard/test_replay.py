"""`tuneyard replay`, on the command line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]

ROOT = Path(__file__).parents[2]


@pytest.fixture
def one(call: Call) -> Path:
    Path("sweep.yaml").write_text("trainable: curves\nmethod: random\nearly_terminate: none\nrun_cap: 36\n")
    assert call("run", "sweep.yaml", "--name", "one", "--runner", "inline").code == 0
    return Path("runs/one")


def _files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_run_is_replayed_and_nothing_in_it_changes(one: Path, call: Call) -> None:
    before = _files(one)
    done = call("replay", "one", "--method", "random", "--scheduler", "asha", "-j", "4", "--seeds", "3")
    assert done.code == 0, done.err
    assert "one: 36 recorded configs (36 whole, 0 cut short, 0 failed)" in done.out
    assert "what would random, asha, 4 workers have saved?  cost and quality" in done.out
    assert "what the record cannot answer" in done.out
    assert "next: tuneyard plan" in done.err
    assert "--set method=random --set early_terminate=asha" in done.err
    assert _files(one) == before
    plan = re.search(r"tuneyard (plan .*)", done.err)
    assert plan is not None
    assert call(*plan[1].split()).code == 0


def test_every_key_that_programs_see_is_named(one: Path, call: Call) -> None:
    done = call("replay", "one", "--scheduler", "asha", "--seeds", "2", "--json")
    assert len(done.out.splitlines()) == 1
    named = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs/json-contract.md").read_text()))

    def keys(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    assert keys(done.json) <= named
    assert {arm["role"] for arm in done.json["arms"]} == {"own", "asked"}
    assert {each["question"] for each in done.json["answers"]} == {
        "would random have done as well?",
        "how many trials were enough?",
        "what would random, asha, 1 worker have saved?",
    }


def test_without_options_the_next_question_is_offered(one: Path, call: Call) -> None:
    done = call("replay", "one", "--seeds", "2")
    assert done.code == 0
    assert "next: tuneyard replay one --scheduler asha" in done.err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--method", "tpee"), "tpe"),
        (("--scheduler", "ashaa"), "asha"),
        (("--method", "cmaes"), "Take one of recorded"),
    ],
)
def test_what_cannot_be_replayed_is_refused(
    one: Path, call: Call, option: tuple[str, str], said: str
) -> None:
    done = call("replay", "one", *option)
    assert done.code == 2
    assert said in done.err
