"""What a scheduler that pauses trials, or copies them, needs of the rest of a sweep file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search.errors import SettingsError
from search.settings import ResolvedSettings, Settings


class Saved:
    """It can be saved."""

    def setup(self, config: dict[str, Any]) -> None:
        self.x = config["x"]

    def step(self) -> dict[str, float]:
        return {"loss": self.x}

    def save(self, directory: Path) -> None:
        pass

    def load(self, directory: Path) -> None:
        pass


def generated(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": config["x"]}


def native(config: dict[str, Any]) -> None:
    from ray import tune

    tune.report({"loss": config["x"]})


def resolved(trainable: Any = Saved, **more: Any) -> ResolvedSettings:
    keys = {
        "metric": {"name": "loss", "goal": "minimize"},
        "parameters": {"x": {"min": 0.0, "max": 1.0}},
        "method": "random",
        "max_steps": 9,
        **more,
    }
    return Settings.from_python(trainable, **keys).resolved()


@pytest.mark.parametrize(
    ("trainable", "more", "said"),
    [
        (generated, {"early_terminate": "population"}, "cannot be saved; give it save(directory) and load"),
        (
            Saved,
            {"early_terminate": {"type": "population", "size": 20}, "run_cap": 20},
            "20 members leave none of the 20 trials of run_cap for copies",
        ),
        (Saved, {"early_terminate": "population", "audit": 0.1}, "paused rather than stopped, so there is"),
        (
            Saved,
            {"early_terminate": {"type": "asha", "promote": True}, "audit": 0.1},
            "with promote: true trials are paused rather than stopped",
        ),
        (Saved, {"early_terminate": {"type": "population", "mutate": ["y"]}}, "'y' is no parameter"),
        (
            native,
            {"early_terminate": {"type": "asha", "promote": True}},
            "test_pausing:native is a native Ray Tune trainable, which only Ray could pause; write a class",
        ),
        (
            native,
            {"early_terminate": {"type": "auto", "opening": 9}},
            "opening: the opening of auto pauses trials",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_a_next_move(
    trainable: Any, more: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        resolved(trainable, **more)
    assert said in str(caught.value)


def test_auto_has_no_opening_where_nothing_can_be_paused() -> None:
    settings = resolved(native, early_terminate="auto")
    assert settings.to_dict()["early_terminate"] == {"type": "auto", "opening": 0}


def test_a_generator_may_be_promoted() -> None:
    settings = resolved(generated, early_terminate={"type": "asha", "promote": True})
    assert settings.scheduler(settings.problem()).rungs == (1, 3)


@pytest.mark.parametrize(("cap", "size"), [(None, 20), (90, 20), (30, 10), (2, 1)])
def test_the_size_of_a_population_is_written_out(cap: int | None, size: int) -> None:
    """A resume with a larger budget has the population that the sweep began with."""
    settings = resolved(early_terminate="population", **({} if cap is None else {"run_cap": cap}))
    assert settings.to_dict()["early_terminate"] == {"type": "population", "size": size}
    assert settings.problem().budget.trials == cap
