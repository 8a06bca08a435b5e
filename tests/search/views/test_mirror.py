"""What all mirrors share: the driver never waits, and a tracker that fails, hangs or lies behind is dealt with."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from search.errors import SweepError
from search.journal import MemoryJournal
from search.outcomes import OutcomeConstraint
from search.trial import Failure, Outcome
from search.views import mirror
from search.views.mirror import Begin, End, MirrorView, Point, SweepCard, SweepEnd


class Shelf:
    """A tracker in memory. `holds`: number -> steps that it has; `whole`: number -> mark of a whole trial."""

    def __init__(
        self,
        holds: Mapping[int, int] | None = None,
        whole: Mapping[int, str] | None = None,
        *,
        fails_at: str = "",
        waits: threading.Event | None = None,
    ) -> None:
        self.holds, self.whole, self._fails_at, self._waits = holds or {}, whole or {}, fails_at, waits
        self.begun: dict[int, Begin] = {}
        self.steps: dict[int, list[int]] = {}
        self.points: dict[int, list[Point]] = {}
        self.ends: dict[int, list[End]] = {}
        self.calls: list[str] = []
        self.card: SweepCard | None = None
        self.closed: SweepEnd | None = None

    def open(self, card: SweepCard) -> Mapping[int, str]:
        self._called("open")
        self.card = card
        return self.whole

    def begin(self, trial: Begin) -> int:
        self._called("begin")
        self.begun[trial.number] = trial
        return self.holds.get(trial.number, 0)

    def log(self, number: int, points: Sequence[Point]) -> None:
        self._called("log")
        self.steps.setdefault(number, []).extend(point.step for point in points)
        self.points.setdefault(number, []).extend(points)

    def end(self, number: int, end: End) -> None:
        self._called("end")
        self.ends.setdefault(number, []).append(end)

    def close(self, end: SweepEnd) -> None:
        self._called("close")
        self.closed = end

    def _called(self, verb: str) -> None:
        self.calls.append(verb)
        if self._waits is not None:
            self._waits.wait(30)
        if verb == self._fails_at:
            raise ConnectionError("https://me:hunter2@tracker.example/api is not there")


def test_a_tracker_is_told_the_whole_life_of_a_sweep(by_hand: Any) -> None:
    shelf = Shelf()
    sweep = by_hand.begin(MirrorView("shelf", lambda: shelf), about={"path": "/somewhere/digits"})
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6, loss=1.0)
    by_hand.train(sweep, 1, 0.3, math.nan)
    by_hand.train(sweep, 2, 0.1, 0.1)
    by_hand.train(sweep, 3, 0.4)
    sweep.close_observers()

    assert shelf.card is not None
    assert (shelf.card.name, shelf.card.metric, shelf.card.goal) == ("digits", "val/acc", "maximize")
    assert shelf.steps == {0: [1, 2, 3, 4], 1: [1, 2], 2: [1, 2], 3: [1]}
    assert [p.metrics["best/val/acc"] for p in shelf.points[0]] == [0.5, 0.8, 0.8, 0.8]
    assert [p.metrics["loss"] for p in shelf.points[0]] == [1.0] * 4
    walls = [point.wall for point in shelf.points[0]]
    assert [round(later - earlier, 3) for earlier, later in pairwise(walls)] == [1.0] * 3
    states = {number: ends[-1].state for number, ends in shelf.ends.items()}
    assert states == {0: "completed", 1: "failed", 2: "stopped", 3: "interrupted"}
    assert shelf.ends[0][0].best == (2, 0.8)
    assert shelf.ends[1][0].reason.startswith("bad metric: step 2")
    assert shelf.begun[0].fingerprint == sweep.problem.space.fingerprint(by_hand.problem.points[0])
    assert shelf.closed == SweepEnd(finished=False, best=("t00000", 0.8))


def test_only_what_is_missing_is_sent_after_a_resume(by_hand: Any) -> None:
    journal = MemoryJournal()
    sweep = by_hand.begin(journal=journal)
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6)
    by_hand.train(sweep, 1, 0.4, 0.5)

    shelf = Shelf(holds={1: 1}, whole={0: "4-1-completed"})
    again = by_hand.resume(journal.records, MirrorView("shelf", lambda: shelf))
    by_hand.train(again, 1, 0.6, 0.7)
    by_hand.train(again, 2, 0.4, 0.5, 0.6, 0.7)
    again.close_observers()
    assert shelf.steps == {1: [2, 3, 4], 2: [1, 2, 3, 4]}
    assert 0 not in shelf.begun, "a whole trial is left alone"
    assert shelf.closed is not None
    assert not shelf.closed.finished, "trial 3 never started"


def test_the_best_so_far_is_sent_after_a_resume_as_it_would_have_been(by_hand: Any) -> None:
    problem = replace(by_hand.problem, outcome_constraints=(OutcomeConstraint("val/acc", "<=", 0.7),))
    journal, live, again = MemoryJournal(), Shelf(), Shelf()
    sweep = by_hand.begin(MirrorView("shelf", lambda: live), journal=journal, problem=problem)
    by_hand.train(sweep, 0, 0.9, 0.5, 0.6)
    sweep.close_observers()
    by_hand.resume(journal.records, MirrorView("shelf", lambda: again)).close_observers()
    told = [[point.metrics["best/val/acc"] for point in shelf.points[0]] for shelf in (live, again)]
    assert told == [[0.9, 0.5, 0.6]] * 2, "0.9 breaks the constraint"


def test_a_trial_that_is_tried_again_goes_on_where_it_failed(by_hand: Any) -> None:
    shelf = Shelf()
    sweep = by_hand.begin(MirrorView("shelf", lambda: shelf))
    by_hand.train(sweep, 0, 0.5, math.nan)
    sweep.reopen(0, sweep.elapsed)
    shelf.holds = {0: 2}
    by_hand.train(sweep, 0, 0.6, 0.7, 0.8)
    sweep.close_observers()
    assert shelf.steps[0] == [1, 2, 2, 3, 4], "the step that failed is told anew"
    assert [end.state for end in shelf.ends[0]] == ["failed", "completed"]


def test_a_trial_that_never_started_is_told_with_its_end(by_hand: Any) -> None:
    shelf = Shelf()
    sweep = by_hand.begin(MirrorView("shelf", lambda: shelf))
    sweep.close(0, Outcome.FAILED, 3.0, "no room", Failure("not started", "no room"))
    sweep.close_observers()
    assert (list(shelf.begun), shelf.steps, shelf.ends[0][0].reason) == ([0], {}, "not started: no room")


def test_the_driver_does_not_wait_for_a_slow_tracker(by_hand: Any) -> None:
    gate = threading.Event()
    shelf = Shelf(waits=gate)
    sweep = by_hand.begin(MirrorView("shelf", lambda: shelf))
    for number in range(3):
        by_hand.train(sweep, number, 0.5, 0.6, 0.7, 0.8)
    assert shelf.calls in ([], ["open"]), "it is still at its first call, and the trials are over"
    gate.set()
    sweep.close_observers()
    assert shelf.steps == {number: [1, 2, 3, 4] for number in range(3)}
    assert shelf.calls.count("log") == 3, "what waited is told in one call a trial"


@pytest.mark.parametrize("verb", ["open", "begin", "log", "end", "close"])
def test_a_tracker_that_fails_is_left_out_and_the_sweep_goes_on(
    by_hand: Any, caplog: pytest.LogCaptureFixture, verb: str
) -> None:
    shelf = Shelf(fails_at=verb)
    sweep = by_hand.begin(MirrorView("the shelf", lambda: shelf), about={"path": "/somewhere/digits"})
    with caplog.at_level(logging.WARNING):
        for number in range(4):
            by_hand.train(sweep, number, 0.5, 0.6, 0.7, 0.8)
        sweep.close_observers()
    assert [trial.state for trial in sweep.history.trials] == ["completed"] * 4
    (said,) = [record.message for record in caplog.records]
    assert "the mirror to the shelf failed: ConnectionError" in said
    assert "tuneyard resume digits" in said
    assert "hunter2" not in said


def test_a_tracker_that_hangs_is_not_waited_for_for_ever(
    by_hand: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "_PATIENCE", 0.3)
    gate = threading.Event()
    shelf = Shelf(waits=gate)
    sweep = by_hand.begin(MirrorView("the shelf", lambda: shelf))
    by_hand.train(sweep, 0, 0.5)
    with caplog.at_level(logging.WARNING):
        sweep.close_observers()
    gate.set()
    assert "has not answered for 0.3 s and is no longer waited for" in caplog.text


def test_a_tracker_that_cannot_be_made_is_told_at_the_end(by_hand: Any) -> None:
    def make() -> Shelf:
        raise ModuleNotFoundError("No module named 'mlflow'")

    view = MirrorView("MLflow", make)
    view.on_event({"type": "resume", "now": 0.0}, by_hand.begin().history)
    with pytest.raises(SweepError, match="No module named 'mlflow'"):
        view.close()


def test_secrets_are_hidden(by_hand: Any) -> None:
    shelf = Shelf()
    sweep = by_hand.begin(
        MirrorView("shelf", lambda: shelf),
        about={"path": "/x/run", "settings": {"description": "from postgresql://me:hunter2@host/db"}},
    )
    sweep.start(0, 1.0, node="here", pid=1)
    failure = Failure("raised", "OperationalError: postgresql://me:hunter2@host/db refused")
    sweep.close(0, Outcome.FAILED, 2.0, failure.message, failure)
    sweep.close_observers()
    assert "hunter2" not in repr((shelf.card, shelf.begun, shelf.ends))
    assert "postgresql://me:[hidden]@host/db" in shelf.ends[0][0].reason


def test_a_sweep_that_begins_has_the_identity_that_a_resume_will_find(by_hand: Any, tmp_path: Path) -> None:
    root = tmp_path / "digits"
    root.mkdir()
    first, again = Shelf(), Shelf()
    about = {"path": str(root)}
    sweep = by_hand.begin(MirrorView("shelf", lambda: first), journal=root / "journal.jsonl", about=about)
    sweep.close_observers()
    sweep = by_hand.resume(root / "journal.jsonl", MirrorView("shelf", lambda: again), about=about)
    sweep.close_observers()
    assert first.card is not None
    assert again.card is not None
    assert first.card.id == again.card.id


def test_a_run_keeps_its_identity_and_a_fork_has_its_own(by_hand: Any) -> None:
    def card_of(records: Sequence[Mapping[str, Any]], root: str) -> SweepCard:
        shelf = Shelf()
        sweep = by_hand.resume(records, MirrorView("shelf", lambda: shelf), about={"path": root})
        sweep.close_observers()
        assert shelf.card is not None
        return shelf.card

    journal = MemoryJournal()
    by_hand.begin(journal=journal)
    first, moved = card_of(journal.records, "/a/digits"), card_of(journal.records, "/b/digits")
    assert first.id == moved.id
    assert card_of(journal.records, "/a/digits-2").id != first.id
