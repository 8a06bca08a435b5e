"""Pausing on a real local Ray: workers are freed, and what goes on later goes on from its checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.ray_cases import Case
from search.history import History
from search.runners.base import Resources
from search.runners.inline import InlineRunner
from search.runners.ray_tune import RayTuneRunner
from search.runners.ray_tune.cluster import cluster

pytestmark = [pytest.mark.ray, pytest.mark.slow]

X = {"x": {"min": 0.0, "max": 1.0}}


@pytest.fixture(scope="module", autouse=True)
def one_ray() -> Iterator[Any]:
    """One local Ray for the tests of this file; the runner uses it because it is there."""
    with cluster(None, 2, Resources()) as ray:
        yield ray


def told(history: History) -> list[Any]:
    """What a sweep decided and learned, without times and places."""
    return [
        (
            t.number,
            dict(t.config),
            t.parent,
            t.state,
            t.reason,
            [(r.step, dict(r.metrics)) for r in t.results],
        )
        for t in history.trials
    ]


def promoting(folder: Path, trials: int = 15) -> Case:
    options: dict[str, object] = {"promote": True}
    return Case(folder, "user.py:Counter", X, scheduler="asha", options=options, max_steps=9, trials=trials)


@pytest.mark.parametrize("every", [1, 4])
def test_one_worker_pauses_and_promotes_as_the_inline_runner_does(tmp_path: Path, every: int) -> None:
    inline = promoting(tmp_path / "inline").run(InlineRunner(), checkpoint_every=every)
    on_ray = promoting(tmp_path / "ray").run(RayTuneRunner(), workers=1, checkpoint_every=every)
    assert told(on_ray) == told(inline)
    assert [p["trial"] for p in on_ray.promotions] == [p["trial"] for p in inline.promotions]
    assert on_ray.promotions
    assert on_ray.finished
    for trial in on_ray.trials:  # from its checkpoint: no step was done again
        assert {attempt.from_step for attempt in trial.attempts[1:]} <= {1, 3}


def test_two_workers_share_the_trials_and_none_waits_for_ever(tmp_path: Path) -> None:
    history = promoting(tmp_path, trials=20).run(RayTuneRunner(), workers=2)
    assert history.finished
    assert all(not trial.open for trial in history.trials)
    assert any(trial.state == "completed" for trial in history.trials)
    assert {a.pid for t in history.trials for a in t.attempts} != set()
    promoted = {p["trial"] for p in history.promotions}
    assert all(len(history.trials[number].attempts) > 1 for number in promoted)


def test_a_stop_leaves_them_paused_and_a_resume_takes_them_up(tmp_path: Path) -> None:
    case = promoting(tmp_path / "cut")
    from search.runners.ray_tune.bridge import Bridge

    reported, seen = Bridge.reported, 0

    def stop_after_thirty(self: Bridge, *given: Any) -> bool:
        nonlocal seen
        seen += 1
        if seen == 30:
            case.stop.request("interrupted by a test")
        return reported(self, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bridge, "reported", stop_after_thirty)
        cut = case.run(RayTuneRunner(), workers=1)
    assert cut.paused
    assert not cut.finished
    again = promoting(tmp_path / "cut")
    whole = again.run(RayTuneRunner(), workers=1)
    assert whole.finished
    assert told(whole) == told(promoting(tmp_path / "inline").run(InlineRunner()))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_population_on_ray_is_the_one_of_this_process(tmp_path: Path, workers: int) -> None:
    def case(name: str) -> Case:
        options: dict[str, object] = {"size": 4, "interval": 2}
        return Case(
            tmp_path / name,
            "user.py:Counter",
            X,
            scheduler="population",
            options=options,
            max_steps=6,
            trials=12,
        )

    inline = case("inline").run(InlineRunner())
    on_ray = case("ray").run(RayTuneRunner(), workers=workers)
    assert sorted(map(repr, told(on_ray))) == sorted(map(repr, told(inline)))
    copies = [trial for trial in on_ray.trials if trial.parent is not None]
    assert len(copies) == 2
    for (
        trial
    ) in copies:  # from its parent's checkpoint: the total counts on from what the parent had added up
        parent = on_ray.trials[trial.parent or 0]
        assert trial.attempts[0].from_step == trial.from_step
        assert 1.0 / (trial.results[0].metrics["loss"] - trial.config["x"]) == pytest.approx(
            trial.from_step * (1 + parent.seed % 7) + 1 + trial.seed % 7
        )
