"""The recipes of CONTRIBUTING.md, followed: each new member works from a sweep file after the one line that adds it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

import spaces.domains
from search.api import Sweep
from search.schedulers import SCHEDULERS
from search.searchers import SEARCHERS
from spaces import Domain
from trainables import CATALOGUE
from tuneyard.__main__ import main
from tuneyard.cli import COMMANDS

MEMBERS = '''
from search.schedulers.base import CONTINUE, Verdict
from search.searchers.capabilities import Capabilities, Option
from search.seeds import searcher_rng
from trainables.base import Declaration
import click


class Lowest:
    """A searcher: the smallest of a few draws."""

    capabilities = Capabilities(
        summary="", learns=False, stopped="nothing", conditions="native", categories="native", constraints="exact",
        parallel=True, options={"draws": Option("how many", 4, int, 1)},
    )

    def __init__(self, problem, *, draws):
        self._problem, self._draws = problem, draws

    def ask(self, history, number):
        rng = searcher_rng(self._problem.seed, number)
        return min((self._problem.space.sample(rng) for _ in range(self._draws)), key=lambda config: config["x"])


class OneStep:
    """A scheduler: everything stops after `last` steps."""

    def __init__(self, problem, *, last=1):
        self._last = last

    @property
    def rungs(self):
        return (self._last,)

    def decide(self, history, trial, result):
        return Verdict(True, f"step {result.step}", result.step) if result.step >= self._last else CONTINUE


class Square:
    """A trainable."""

    declared = Declaration("loss", "minimize", "step", 3, {"x": {"min": -1.0, "max": 1.0}})

    def setup(self, config, *, seed, device):
        self.x = config["x"]

    def step(self):
        return {"loss": self.x**2}

    def save(self, directory):
        (directory / "empty").write_text("")

    def load(self, directory):
        pass


@click.command("greet")
def command():
    click.echo("hello")
'''


@pytest.fixture(autouse=True)
def _members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipe_members.py").write_text(MEMBERS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "recipe_members", raising=False)
    monkeypatch.setitem(CATALOGUE, "square", "recipe_members:Square")


def test_a_trainable_alone_is_a_sweep_file() -> None:
    run = Sweep("square", run_cap=3, runner="inline").run()
    assert run.summary()["trials"]["total"] == 3
    assert run.summary()["state"] == "finished"


def test_a_searcher_is_a_method_with_options(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SEARCHERS, "lowest", "recipe_members:Lowest")

    def drawn(draws: int) -> float:
        sweep = Sweep("square", run_cap=8, method={"name": "lowest", "draws": draws}, runner="simulated")
        return float(np.mean([trial.config["x"] for trial in sweep.run().history.trials]))

    assert drawn(20) < drawn(1)


def test_a_scheduler_is_a_type_of_early_terminate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SCHEDULERS, "one_step", "recipe_members:OneStep")
    run = Sweep(
        "square", run_cap=3, early_terminate={"type": "one_step", "last": 2}, runner="simulated"
    ).run()
    assert [(trial.state, trial.steps) for trial in run.history.trials] == [("stopped", 2)] * 3


def test_a_domain_is_known_by_its_type(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True, eq=False)
    class Coin(Domain):
        type: ClassVar[str] = "coin"
        sides: int = 2

        @property
        def size(self) -> int:
            return self.sides

        def from_unit(self, u: float) -> Any:
            return min(int(u * self.sides), self.sides - 1)

        def to_unit(self, value: Any) -> float:
            return (int(value) + 0.5) / self.sides

        def validate(self, value: object) -> Any:
            return value

        def grid(self, n: int) -> tuple[Any, ...]:
            return tuple(range(self.sides))

    monkeypatch.setitem(spaces.domains._DOMAINS, "coin", Coin)
    coin = Coin(3)
    assert Domain.from_json(coin.to_json()) == coin
    assert [coin.from_unit(coin.to_unit(value)) for value in coin.grid(0)] == [0, 1, 2]


def test_a_command_is_a_file_and_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import recipe_members

    monkeypatch.setitem(COMMANDS, "greet", "Say hello.")
    monkeypatch.setitem(sys.modules, "tuneyard.commands.greet", recipe_members)
    assert main(["greet"]) == 0
    assert "hello" in capsys.readouterr().out
    assert main(["--help"]) == 0
    assert "Say hello." in capsys.readouterr().out
