"""Row 9, the driver is killed under a searcher that learns: it proposes what it would have proposed undisturbed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from contracts.kills import Killed, told
from contracts.measured import Measured
from search.journal import MemoryJournal, read_journal
from search.schedulers import make_scheduler
from search.searchers import make_searcher
from search.sweep import PassiveSweep

SEED = 9
NEXT = 5


@pytest.mark.slow
@pytest.mark.parametrize(("method", "kills"), [("hyperopt", 8), ("tpe", 10), ("cmaes", 5), ("gp", 3)])
def test_the_next_five_proposals(tmp_path: Path, measured: Measured, method: str, kills: int) -> None:
    changes = {"method": method, "max_steps": 3, "run_cap": 24}
    expected = Killed(tmp_path / "whole", changes).finish()
    often = Killed(tmp_path / "often", changes, {"delay": 0.004})
    history = often.kill_often(random.Random(SEED), kills, within=12)
    often.measure(measured, 9, f"driver SIGKILL, {method}", SEED)
    assert told(history) == told(expected)
    for asked in often.asked:  # there were so many trials when it was killed
        proposed = [trial.config["x"] for trial in history.trials[asked : asked + NEXT]]
        assert proposed == [trial.config["x"] for trial in expected.trials[asked : asked + NEXT]]
    assert often.lost_trials == 0
    assert often.lost_steps() <= kills


@pytest.mark.parametrize("method", ["hyperopt", "tpe"])
def test_five_asked_for_at_once_after_a_kill(tmp_path: Path, measured: Measured, method: str) -> None:
    """With trials under way, too: the searcher that lived and the one that was replayed propose the same."""
    changes = {"method": method, "max_steps": 3, "run_cap": 24}
    killed = Killed(tmp_path / "killed", changes, {"delay": 0.004})
    assert killed.kill_after(70)
    records = read_journal(killed.paths.journal)
    amid = max(n for n, record in enumerate(records) if record["type"] == "result" and record["step"] == 1)
    records = records[: amid + 1]  # as if killed amid a trial, with nothing decided about it
    problem = killed.history.problem

    def replayed(upto: int) -> PassiveSweep:
        searcher, scheduler = make_searcher(method, problem), make_scheduler("none", problem)
        return PassiveSweep.resume(records[:upto], searcher, scheduler, MemoryJournal())

    half = next(n for n, record in enumerate(records) if n > len(records) // 2 and record["type"] == "ask")
    lived = replayed(half)
    for record in records[half:]:
        match record["type"]:
            case "ask":
                (trial,) = lived.ask(1, record["now"])
                assert trial.config["x"] == record["config"]["x"]
            case "start":
                lived.start(record["trial"], record["now"], node=record["node"], pid=record["pid"])
            case "result":
                lived.report(record["trial"], record["step"], record["metrics"], record["now"])
            case "close":
                trial = lived.history.trials[record["trial"]]
                decision = lived.standing(trial.number)
                assert decision.outcome is not None
                lived.close(trial.number, decision.outcome, record["now"], decision.reason)
    now = records[-1]["now"]
    five = [
        [trial.config["x"] for trial in sweep.ask(NEXT, now)] for sweep in (lived, replayed(len(records)))
    ]
    measured(9, f"driver SIGKILL, {method}, five at once", tries=1, lost_steps=0, lost_trials=0, seed=11)
    assert five[0] == five[1]
    assert len(set(five[0])) == NEXT
