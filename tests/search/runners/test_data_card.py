"""data.json: written once, by whoever begins the run, and never in its way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from search.api import Sweep, resume
from search.run import Run


def run(name: str, runner: str = "inline", **settings: object) -> Run:
    given = {"parameters": {"lr": {"min": 1e-3, "max": 1e-1}}, "run_cap": 1, "max_steps": 1, **settings}
    return Sweep("mlp", name=name, **given).run(runner=runner)


def card(run: Run) -> dict[str, object]:
    assert run.paths is not None
    told: dict[str, object] = json.loads(run.paths.data.read_text())
    return told


def test_a_run_has_the_card_of_its_data() -> None:
    first = run("first", data={"source": "wine", "scaling": {"values": ["robust", "none"]}, "limit": 60})
    told = card(first)
    assert told["source"] == "wine"
    assert told["options"] == {"scaling": "robust", "limit": 60}


def test_it_is_written_once() -> None:
    first = run("first", data="wine")
    assert first.paths is not None
    first.paths.data.write_text('{"format": 1, "mine": true}')
    resume("first", add_trials=1)
    assert card(first) == {"format": 1, "mine": True}
    first.paths.data.unlink()
    resume("first", add_trials=1)
    assert card(first)["source"] == "wine"


def test_a_trainable_with_data_of_its_own_has_none() -> None:
    def train(config: dict[str, object]) -> object:
        yield {"loss": 1.0}

    alone = Sweep(train, name="own", metric="loss", parameters={"x": {"min": 0.0, "max": 1.0}}, run_cap=1,
                  data={"source": "wine"}).run(runner="inline")  # fmt: skip
    assert alone.paths is not None
    assert not alone.paths.data.exists()


def test_a_card_that_cannot_be_made_is_a_note_and_no_failure(tmp_path: Path) -> None:
    """The file is whole when the run is planned, and gone wrong when it begins."""
    from search.paths import RunPaths
    from search.runners.data_card import write_card

    write_card(RunPaths(tmp_path), {"source": str(tmp_path / "gone.csv"), "target": "y"})
    told = json.loads((tmp_path / "data.json").read_text())
    assert told["format"] == 1
    assert told["problem"].startswith("DataError: data.source: cannot read")


@pytest.mark.ray
@pytest.mark.slow
def test_on_ray_the_actor_of_the_data_writes_it() -> None:
    told = card(run("far", runner="ray", data="wine", workers=1))
    assert told["source"] == "wine"
    assert told["rows"]["train"] > 0  # type: ignore[index]
