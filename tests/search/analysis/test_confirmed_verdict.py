"""What the words about a sweep become once its best configs were trained again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from search import Run, Sweep, resume
from search.analysis import confirmation, outdated
from search.confirmation import confirm, confirmation_of


def lucky(config: dict[str, Any], seed: int) -> Iterator[dict[str, float]]:
    """Luck outweighs the config, so the search's first is seldom the best."""
    yield {"loss": config["x"] + 2 * np.random.default_rng([seed, int(config["x"] * 1e6)]).normal()}


def searched(trials: int = 20, **changed: Any) -> Run:
    return Sweep(
        lucky,
        name="first",
        parameters={"x": {"min": 0.0, "max": 1.0}},
        metric="loss",
        method="random",
        max_steps=1,
        run_cap=trials,
        runner="inline",
        **changed,
    ).run()


def report() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(Path("runs/first/report/report.json").read_text())
    return told


def commands(verdict: dict[str, Any]) -> list[str]:
    return [step["command"] for step in verdict["next"]]


def test_the_headline_is_of_the_config_that_fresh_seeds_put_first() -> None:
    run = searched(seed=3)
    assert report()["verdict"]["confirmed"] is None
    found = confirmation(confirm("first", top=4, seeds=5, trainable=lucky).history)
    verdict, best = report()["verdict"], found["configs"][0]
    assert run.best is not None
    assert best["label"] != run.best.trial  # by the seed of this sweep
    assert verdict["headline"].startswith(f"{best['label']} is best over 5 fresh seeds: mean loss ")
    assert verdict["sentences"][0].startswith(f"In the search {run.best.trial} was first")
    assert verdict["winner"]["trial"] == run.best.trial
    assert verdict["confirmed"] == {
        "trial": best["label"],
        "mean": best["mean"],
        "config": best["config"],
    }
    assert "tuneyard confirm first --top 4 --seeds 7" in commands(verdict)
    assert "tuneyard confirm first" not in commands(verdict)


def test_enough_seeds_ask_for_no_more() -> None:
    searched()
    confirm("first", top=4, seeds=7, trainable=lucky)
    assert not any("confirm" in (command or "") for command in commands(report()["verdict"]))


def test_a_first_place_that_was_not_trained_again_is_said_and_the_report_is_of_today() -> None:
    run = searched(3, confirm={"top": 1, "seeds": 2})
    assert not outdated(run.history, confirmation(confirmation_of(run)))  # type: ignore[arg-type]
    more = resume("first", add_trials=20, trainable=lucky, runner="inline")
    assert run.best is not None
    assert more.best is not None
    assert more.best.trial != run.best.trial
    assert outdated(more.history, confirmation(confirmation_of(more)))  # type: ignore[arg-type]
    told = report()
    assert told["summary"]["trials"]["total"] == 23
    assert told["verdict"]["headline"].startswith(f"{more.best.trial} is best: loss")
    assert any("was not trained again" in caution for caution in told["verdict"]["cautions"])
    assert "tuneyard confirm first --afresh" in commands(told["verdict"])
