"""One worker is one worker: the same sweep leaves the same journal in this process and on the simulated clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.journals import Recorded, plain
from contracts.runners import begin, chaos
from search.history import Record
from search.paths import RunPaths
from search.problem import Problem
from search.runners.base import Runner, Work
from search.runners.inline import InlineRunner
from search.runners.simulated import SimulatedRunner
from search.schedulers import SCHEDULERS, Promoter, make_scheduler
from trainables.plug import resolve


def moody(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Misbehaves as its config falls, and takes no checkpoints: a retry begins anew wherever it runs."""
    x = config["x"]
    for step in range(1, 100):
        if x < 0.1 and step == 3:
            raise ValueError("too small")
        if x > 0.9 and step == 4:
            return
        yield {"loss": float("nan")} if 0.1 < x < 0.2 and step == 2 else {"loss": (x - 0.5) ** 2 + 1 / step}


def journal_of(runner: Runner, problem: Problem, scheduler: str, searcher: str, work: Work) -> list[Record]:
    journal = Recorded()
    runner.run(begin(problem, scheduler, searcher, journal), work)
    return [plain(record) for record in journal.records]


# Where trials are paused, what cannot be saved begins anew here and is kept there; see test_pausing for what can be.
DECIDING = [name for name in SCHEDULERS if not isinstance(make_scheduler(name, chaos()), Promoter)]


@pytest.mark.parametrize("scheduler", DECIDING)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    trials=st.integers(1, 25),
    max_steps=st.integers(1, 12),
    retries=st.integers(0, 2),
    searcher=st.sampled_from(["random", "sobol"]),
)
def test_inline_and_simulated_leave_the_same_journal(
    tmp_path_factory: pytest.TempPathFactory,
    scheduler: str,
    trials: int,
    max_steps: int,
    retries: int,
    searcher: str,
) -> None:
    problem = chaos(max_steps=max_steps, trials=trials, retries=retries)
    work = Work(plug=resolve(moody), paths=RunPaths(tmp_path_factory.mktemp("run")))
    inline = journal_of(InlineRunner(), problem, scheduler, searcher, work)
    simulated = journal_of(SimulatedRunner(), problem, scheduler, searcher, Work(plug=work.plug))
    assert inline == simulated


@pytest.mark.parametrize("name", ["chaos", "curves"])
def test_so_do_trainables_that_take_checkpoints(name: str, tmp_path: Any) -> None:
    problem = chaos(max_steps=9, trials=15)
    if name == "curves":
        from dataclasses import replace

        from spaces import Float, Parameter, Space

        problem = replace(problem, space=Space((Parameter("quality", Float(0.0, 1.0)),)))
    plug = resolve(name)
    inline = journal_of(
        InlineRunner(), problem, "hyperband", "random", Work(plug=plug, paths=RunPaths(tmp_path))
    )
    simulated = journal_of(SimulatedRunner(), problem, "hyperband", "random", Work(plug=plug))
    assert inline == simulated
