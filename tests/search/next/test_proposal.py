"""The file as a whole: short, right where it lies, valid; and what is said where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contracts.followed import followed, trained
from search import Sweep
from search.confirmation import confirm
from search.errors import SettingsError
from search.next.change import Change
from search.next.places import next_name, placed
from search.next.text import commented
from search.settings.document import read_text

FILE: dict[str, Any] = {
    "max_steps": 6,
    "run_cap": 60,
    "parameters": {"x": {"min": 0.0, "max": 1.0}, "y": {"min": 1e-4, "max": 1.0, "log": True}},
}


def beyond(config: Mapping[str, Any]) -> float:
    return float((np.log10(config["y"]) - 0.5) ** 2 + config["x"] * 0.3)


def sound(config: Mapping[str, Any]) -> float:
    return float((np.log10(config["y"]) + 2) ** 2 + 3 * (config["x"] - 0.5) ** 2)


def test_the_file_reads_back_as_its_keys_and_validates() -> None:
    proposal = followed(FILE, trained(beyond)).next()
    assert read_text(proposal.text(), "next").data == proposal.keys()
    assert proposal.settings().problem().space.names == ("x", "y")
    assert len(proposal.text().splitlines()) < 30


def test_a_journal_that_did_not_keep_the_file_gives_the_shortest_one() -> None:
    kept, lost = (followed(FILE, trained(beyond), written=written).next() for written in (True, False))
    told = lost.keys()
    assert told["parameters"] == kept.keys()["parameters"]
    assert told["max_steps"] == 6
    assert {"resources", "failure", "checkpoint", "version", "seed"}.isdisjoint(told)
    assert lost.settings().problem().space == kept.settings().problem().space


def test_a_run_without_settings_is_followed_once_its_trainable_is_said() -> None:
    run = followed(
        FILE,
        trained(beyond),
        about={"settings": {"method": "random"}, "imported": {"from": "elsewhere"}},
        written=False,
    )
    proposal = run.next()
    with pytest.raises(SettingsError, match="does not say what was trained"):
        proposal.settings()
    assert proposal.with_overrides(["trainable=sphere"]).settings().problem().max_steps == 6


def test_relative_places_stay_right_wherever_the_file_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project" / "runs" / "digits").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.delenv("TUNEYARD_STORAGE", raising=False)
    run, base = tmp_path / "project" / "runs" / "digits", tmp_path / "project"
    here = {"name": "digits", "base": base, "run": run, "ignore": []}
    keys = {"trainable": "train.py:train"}
    assert placed(keys, folder=base, **here) == {"name": "digits-next", **keys, "warm_start": "digits"}
    below = placed(keys, folder=base / "a" / "b", **here)
    assert below["base"] == os.path.join("..", "..")
    assert "storage" not in below
    elsewhere = placed(keys, folder=base, **here | {"run": tmp_path / "other" / "digits"})
    assert elsewhere["storage"] == str(tmp_path / "other")
    inside = placed(keys, folder=base, **here | {"run": base / "out" / "digits"})
    assert inside["storage"] == "out"
    assert placed({**keys, "storage": "mine"}, folder=base, **here)["storage"] == "mine"
    ignoring = placed(keys, folder=base, **here | {"ignore": ["x"]})
    assert ignoring["warm_start"] == [{"run": "digits", "ignore": ["x"]}]


def test_names_count_on() -> None:
    assert next_name("digits") == "digits-next"
    assert next_name("digits-next") == "digits-next2"
    assert next_name("digits-next2") == "digits-next3"
    assert len(next_name("d" * 64)) == 64


@pytest.mark.parametrize("text", ["a\nrun_cap: 3", "=cmd()\r\n- x", "<script>", "\u2028: 1", "#" * 300])
def test_a_comment_cannot_end_early(text: str) -> None:
    keys = {"name": "x", "parameters": {"kind": {"values": [text, "b"]}}}
    told = commented(keys, [Change(("parameters", "kind"), "choices", f"{text} dropped", text)], text)
    assert read_text(told, "next").data == keys


def test_nothing_is_overwritten_unless_forced(tmp_path: Path) -> None:
    proposal = followed(FILE, trained(beyond)).next()
    file = proposal.write(tmp_path / "next.yaml")
    with pytest.raises(SettingsError, match="exists"):
        proposal.write(file)
    file.write_text("")
    proposal.write(file, force=True)
    assert file.read_text() == proposal.text(tmp_path)


def test_points_that_were_tried_are_not_tried_again() -> None:
    points = [{"x": 0.1, "y": 0.5}, {"x": 0.2, "y": 0.5}]
    proposal = followed(FILE | {"points": points}, trained(beyond)).next()
    assert proposal.keys().get("points") is None


def failing(config: Mapping[str, Any], rng: np.random.Generator) -> None:
    """Raises, whatever the config."""


@pytest.mark.parametrize(
    ("run", "said", "command"),
    [
        (followed(FILE, failing, 0), "No trial has run yet", "tuneyard resume digits"),
        (
            followed(FILE, failing, 1),
            "The only trial failed (t00000: it broke)",
            "tuneyard logs digits/t00000 --stderr",
        ),
        (followed(FILE, failing, 9), "All 9 trials failed", "tuneyard logs digits/t00000 --stderr"),
        (followed(FILE, trained(sound), 1), "too few", "tuneyard resume digits --add-trials 19"),
        (followed(FILE, trained(sound), 8, ended=False), "let it go on", "tuneyard resume digits"),
        (
            followed(FILE | {"outcome_constraints": ["loss <= -100"]}, trained(sound), 8),
            "No trial keeps to the outcome constraints (loss <= -100)",
            "tuneyard report digits --open",
        ),
    ],
    ids=["empty", "one failed", "all failed", "one trial", "killed", "all infeasible"],
)
def test_where_there_is_nothing_to_change_it_says_so_and_what_to_do(
    run: Any, said: str, command: str
) -> None:
    proposal = run.next()
    assert proposal.changes == ()
    assert proposal.instead is not None
    assert said in proposal.instead[0]
    assert proposal.instead[1] == command
    with pytest.raises(SettingsError, match="no check asks"):
        proposal.settings()


def test_a_sound_run_is_to_be_confirmed_or_gone_on_with() -> None:
    proposal = followed(FILE | {"method": "tpe"}, trained(sound, luck=0.2), 38).next()
    assert proposal.changes == ()
    assert proposal.instead is not None
    assert str(proposal.instead[1]).startswith(
        ("tuneyard confirm digits", "tuneyard resume digits --add-trials")
    )


def test_a_budget_of_time_stays_the_only_one() -> None:
    keys = {key: value for key, value in FILE.items() if key != "run_cap"} | {"time_budget": "1h"}
    proposal = followed(keys, trained(beyond)).next()
    assert proposal.changes
    assert proposal.keys()["time_budget"] == "1h"
    assert proposal.keys().get("run_cap") is None


def test_a_grid_is_followed_by_a_method_that_learns() -> None:
    keys = FILE | {"method": {"name": "grid", "resolution": 8}}
    proposal = followed(keys, trained(beyond)).next()
    assert proposal.changes
    assert proposal.keys()["method"] == "tpe"
    assert proposal.keys()["run_cap"] >= 10


def test_a_lead_that_may_be_luck_is_confirmed_at_the_end() -> None:
    proposal = followed(FILE, trained(beyond)).next()
    assert proposal.keys()["confirm"] == {"top": 3, "seeds": 5}
    own = followed(FILE | {"confirm": {"top": 2, "seeds": 3}}, trained(beyond)).next()
    assert own.keys()["confirm"] == {"top": 2, "seeds": 3}


def traded(config: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": config["x"], "gain": config["x"]}


def test_no_confirmation_is_asked_for_of_a_front() -> None:
    run = Sweep(
        traded,
        name="front",
        parameters={"x": {"min": 0.0, "max": 1.0}},
        metrics=["loss", {"name": "gain", "goal": "maximize"}],
        method="sobol",
        max_steps=1,
        run_cap=64,
        runner="inline",
    ).run()
    proposal = run.next()
    assert proposal.changes == ()
    assert proposal.instead is not None
    assert "choose a trial from the front" in proposal.instead[0]
    assert proposal.instead[1] == "tuneyard report front --open"


def quiet(config: Mapping[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """So much luck that no check finds anything to change."""
    yield {"loss": float(np.random.default_rng([seed, int(config["x"] * 1e6)]).normal())}


def test_what_was_confirmed_is_not_sent_there_again() -> None:
    keys: dict[str, Any] = {"parameters": {"x": {"min": 0.0, "max": 1.0}}, "metric": "loss", "method": "tpe"}
    run = Sweep(quiet, name="luck", max_steps=1, run_cap=60, runner="inline", **keys).run()
    before = run.next()
    assert before.changes == ()
    assert before.instead is not None
    assert before.instead[1] == "tuneyard confirm luck"
    confirm("luck", top=2, seeds=3, trainable=quiet)
    after = run.next().instead
    assert after is not None
    assert "were trained again" in after[0]
    assert after[1] == "tuneyard report luck --open"
