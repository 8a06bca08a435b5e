"""A cohort in this process: the trials of a sweep in lanes, side by side."""

from __future__ import annotations

import logging
import os
import socket

from search.runners.base import Clock, Lanes, Work
from search.runners.cohort.cohort import Cohort, Terms
from search.runners.cohort.drawing import to_draw
from search.runners.cohort.engine import Engine, NeuralEngine
from search.runners.cohort.messages import Orders
from search.runners.cohort.roster import Roster
from search.runners.cohort.waiting import Waiting
from search.runners.data_card import card_wanted, write_card
from search.runners.inline import device_of
from search.runners.limit import can_limit
from search.runners.room import processors
from search.sweep import PassiveSweep

__all__ = ["CohortRunner", "terms_of"]

log = logging.getLogger(__name__)


class CohortRunner:
    """Trains up to `work.lanes.width` trials at a time in this process, with `work.workers` threads.

    Trials of one shape are one computation; one that has no shape trains beside them, a step whenever they take one, and
    one such at a time. For checkpoints see `Cohort`. The step time-out holds for a step of a trial by itself, and for
    a stack's as often as it has lanes; a stack that raises or takes longer is taken apart, and its trials go on by
    themselves. A step that has not finished 8 s after a stop was asked for is broken off, and run again by the resume.

    `engine`: the lanes engine; default: `trainables.neural.lanes`.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        self._engine: Engine = NeuralEngine() if engine is None else engine

    def run(self, sweep: PassiveSweep, work: Work) -> str:
        """See `search.runners.base.Runner`."""
        if sweep.problem.failure.step_timeout is not None and not can_limit():
            log.warning("failure.step_timeout has no effect: the inline runner needs the main thread for it")
        section = card_wanted(sweep, work)
        if section is not None and work.paths is not None:
            write_card(work.paths, section)
        self._engine.prepare(work.plug)
        clock, lanes, stop = Clock(sweep.elapsed), work.lanes or Lanes(), work.stop
        waiting = Waiting(sweep, work.plug, self._engine, lanes.queue - lanes.width, stop.__bool__)
        roster = Roster(
            sweep, work, clock, waiting, width=lanes.width, node=socket.gethostname(), pid=os.getpid()
        )
        cohort = Cohort(
            work.plug,
            terms_of(
                sweep, work, lanes, device_of(work.resources), min(work.workers or processors(), processors())
            ),
            work.paths,
            home=work.home,
            stop=stop,
            engine=self._engine,
        )
        try:
            cohort.obey(roster.open())
            while roster.busy and not stop:
                cohort.obey(roster.take(cohort.step()))
            if not stop:
                cohort.obey(Orders(draw=to_draw(sweep, work)))
            elif not stop.urgent:
                cohort.save()
        except KeyboardInterrupt:
            if not stop:
                stop.request("interrupted")
        finally:
            cohort.close()
        now = clock.now()
        reason = stop.reason if stop else sweep.spent(now) or "every trial has ended"
        sweep.end(reason, now)
        return reason


def terms_of(sweep: PassiveSweep, work: Work, lanes: Lanes, device: str, threads: int) -> Terms:
    """What holds for every trial of the sweep's cohorts; each may use so many threads."""
    problem = sweep.problem
    return Terms(
        objective=problem.objective.metric,
        max_steps=problem.max_steps,
        width=lanes.width,
        every=work.checkpoint_every,
        device=device,
        limit=problem.failure.step_timeout,
        threads=threads,
    )
