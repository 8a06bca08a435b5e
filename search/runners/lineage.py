"""A trial that goes on from another's checkpoint: the copy of its parent in a population."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from search.history import History
from search.runners.base import Work
from search.runners.endings import failure_of
from search.storage import resume_point
from search.sweep import PassiveSweep
from search.trial import Outcome, Trial
from spaces import nest
from trainables.checkpoint import receive_checkpoint, write_checkpoint
from trainables.host import Host

__all__ = ["hand_down", "has_inherited"]


def hand_down(history: History, work: Work, trial: Trial) -> None:
    """See to it that a copy has a checkpoint to go on from: in its own folder, so that its parent may go on, too.

    Call it before any attempt at a trial that has a `parent`. Where a crash came between the parent's last step and its
    checkpoint, the steps since the one before are done again here.

    Raises what the trainable raises; OSError: the checkpoint cannot be written.
    """
    assert work.paths is not None
    assert trial.parent is not None
    if resume_point(work.paths, trial.number, trial.steps, home=work.home) is not None:
        return
    folder, parent = work.paths.checkpoints(trial.number), history.trials[trial.parent]
    if parent.parent is not None:
        hand_down(history, work, parent)
    # it was saved when it was paused, on whatever node: waited for rather than trained again here
    found = resume_point(work.paths, parent.number, trial.from_step, home=work.home, every=1)
    if found is not None and found[1] == trial.from_step:
        receive_checkpoint(folder, lambda to: _copy(found[0], to))
        return
    checkpoint, step = found or (None, 0)
    host = Host(work.plug)
    try:
        host.start(nest(parent.config), seed=parent.seed, checkpoint=checkpoint, from_step=step)
        while host.step < trial.from_step and host.advance() is not None:
            pass
        write_checkpoint(folder, host.save, trial.from_step)
    finally:
        host.close()


def has_inherited(sweep: PassiveSweep, work: Work, trial: Trial, now: float) -> bool:
    """Whether a copy has its parent's checkpoint, handed down before a worker begins with it; one that cannot be had is a
    failure of the copy's."""
    try:
        hand_down(sweep.history, work, trial)
    except (Exception, SystemExit) as error:
        failure = replace(failure_of(error), kind="not started")
        sweep.close(trial.number, Outcome.FAILED, now, failure.message, failure)
        return False
    return True


def _copy(checkpoint: Path, to: Path) -> None:
    shutil.copytree(checkpoint, to, dirs_exist_ok=True)
