"""The pictures that trials draw of their work: when they are drawn, where they are kept, whose are shown.

    trials/t00012/pictures/
      14/                  a drawing: what the trainable drew after step 14
        confusion.png
        evaluation.json
      27/
      .writing-.../        one that was being drawn when its process died

Drawing costs time, and most trials are soon forgotten: only a trial that is better than the best five closed ones so far
(those when it started) is drawn, and of those that are drawn, views show the ones that still are when they close. In
lanes, where a drawing costs as much as many steps, it is the best five when the sweep is over.
"""

from __future__ import annotations

import contextlib
import heapq
import logging
import os
import re
import shutil
import uuid
from pathlib import Path

from search.history import History
from search.trial import Outcome, Trial
from trainables.host import Host

__all__ = ["Drawings", "bar", "drawings", "is_shown", "pictures", "shown"]

log = logging.getLogger(__name__)

SHOWN = 5
KEPT = 2
MOST_PICTURES = 12
LARGEST = 2**20

_STEP = re.compile(r"[1-9][0-9]{0,11}")
_PICTURE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\.png")
_PNG, _HEADER = b"\x89PNG\r\n\x1a\n", 33  # what a PNG file begins with; how long its header is
_WRITING = ".writing-"


class Drawings:
    """Has the trainable of one trial draw, and keeps what it drew.

    It draws once in the second half of the steps, when one improves the trial's score (step 14 of 27); and after the last
    step, or when the trial ends by itself, if there was an improvement since. The newest two drawings are kept.

    Args:
        folder: the trial's own for drawings; need not exist.
        max_steps: of a trial at full fidelity.
        best: the trial's lowest score so far, where it is gone on with.
        bar: the score that is to be beaten, see `bar`; None = any is drawn.
    """

    def __init__(self, folder: Path, max_steps: int, *, best: float | None, bar: float | None) -> None:
        self._folder, self._max_steps = folder, max_steps
        self._best, self._bar = best, bar
        self._drawn = max((step for step, _ in drawings(folder)), default=0)
        self._improved = False

    def after_step(self, host: Host, score: float | None) -> None:
        """Draw if it is time to. `score`: of the step just done, smaller is better; None where it has none."""
        step, full, due = host.step, self._max_steps, False
        if score is not None and (self._best is None or score < self._best):
            self._best = score
            self._improved = self._bar is None or score < self._bar
            due = 2 * step >= full and step >= 2 * self._drawn
        if self._improved and (due or step >= full):
            self._draw(host)

    def at_end(self, host: Host) -> None:
        """The trainable has ended by itself."""
        if self._improved:
            self._draw(host)

    def _draw(self, host: Host) -> None:
        """A drawing appears whole or not at all; that it fails is no fault of the trial's."""
        self._improved, self._drawn = False, host.step
        writing = self._folder / f"{_WRITING}{uuid.uuid4().hex}"
        try:
            writing.mkdir(parents=True)
            host.draw(writing)
            if any(writing.iterdir()):
                final = self._folder / str(host.step)
                shutil.rmtree(final, ignore_errors=True)
                os.replace(writing, final)
                _prune(self._folder)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a time limit, a sys.exit of the user's
            log.warning("no pictures after step %d (draw() raised %r); the trial goes on", host.step, error)
        finally:
            shutil.rmtree(writing, ignore_errors=True)


def bar(history: History) -> float | None:
    """The score to beat in order to be among the best five closed trials; None while there are fewer."""
    best = _best(history)
    return best[-1][0] if len(best) == SHOWN else None


def shown(history: History) -> list[int]:
    """Numbers of the best five closed trials, best first; of equals the first are."""
    return [number for _, number in _best(history)]


def is_shown(trial: Trial, history: History) -> bool:
    """Whether a closed trial is among the best five."""
    return trial.number in shown(history)


def drawings(folder: Path) -> list[tuple[int, Path]]:
    """(step, directory) of the drawings in a trial's folder, by step; [] where there is none."""
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if _STEP.fullmatch(path.name)]
    return sorted((int(path.name), path) for path in found if path.is_dir() and not path.is_symlink())


def pictures(drawing: Path) -> dict[str, bytes]:
    """The PNG files of a drawing, by name without the ending: 12 at most, none larger than 1 MiB.

    Whatever else is there, cannot be read or has just been removed is passed over.
    """
    found: dict[str, bytes] = {}
    names = sorted(path.name for path in drawing.iterdir()) if drawing.is_dir() else []
    for path in (drawing / name for name in names if _PICTURE.fullmatch(name)):
        with contextlib.suppress(OSError):
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST:
                content = path.read_bytes()
                if content.startswith(_PNG) and len(content) > _HEADER and len(found) < MOST_PICTURES:
                    found[path.stem] = content
    return found


def _best(history: History) -> list[tuple[float, int]]:
    """(score, number) of the best closed trials that did not fail, best first."""
    sound = (trial for trial in history.trials if not trial.open and trial.outcome is not Outcome.FAILED)
    scored = ((trial.best.score, trial.number) for trial in sound if trial.best is not None)
    return heapq.nsmallest(SHOWN, ((score, number) for score, number in scored if score is not None))


def _prune(folder: Path) -> None:
    """Only its one writer calls this, between drawings."""
    for _, drawing in drawings(folder)[:-KEPT]:
        shutil.rmtree(drawing, ignore_errors=True)
    for unfinished in folder.glob(f"{_WRITING}*"):
        shutil.rmtree(unfinished, ignore_errors=True)
