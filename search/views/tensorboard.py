"""TensorBoard while a sweep runs: scalars of every trial, and one HParams table over all of them.

    tensorboard/
      events.out.tfevents.*        the HParams experiment: every parameter of the space, the objective first
      t00012/
        events.out.tfevents.*      config, then each step's metrics and, of one objective, `best/<metric>`
        events.out.tfevents.*.end  how the trial ended; absent while it is open
        events.out.tfevents.*.eval what it drew, if it is among the best five when it is closed, or at the end of the driver

TensorBoard believes the first status it reads of a trial, hence the file of its own for the end: emptied when the trial
is opened again.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from search.history import History, Record
from search.paths import RunPaths
from search.pictures import drawings, is_shown, pictures, shown
from search.trial import Result, Trial, so_far
from search.views.wall_clock import WallClock

if TYPE_CHECKING:
    from search.views.events import Entry, EventFile

__all__ = ["TensorBoardView"]

log = logging.getLogger(__name__)


class TensorBoardView:
    """Writes the `tensorboard/` directory of a run, as an observer of its sweep.

    Every record is on disk when `on_event` returns. At a resume the directory is brought in line with the history:
    what an earlier driver left of open trials is written anew, and nothing is taken twice. So it is where the disk was
    full or away for a while: as soon as a trial ends, or the driver, and it takes writes again.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._clock = WallClock()
        self._files: dict[int, EventFile] = {}
        self._history: History | None = None
        self._behind: History | None = None  # what was not shown, for want of a disk

    def on_event(self, record: Record, history: History) -> None:
        """See `search.sweep.Observer`. An OSError is warned of, and made good later."""
        self._history = history
        if self._behind is not None:
            if record["type"] in ("close", "resume"):
                self._catch_up(self._behind)
            return
        try:
            self._take(record, history)
        except OSError as error:
            self._behind = history
            log.warning("TensorBoard's files cannot be written (%s); what they lack is added later", error)

    def _take(self, record: Record, history: History) -> None:
        kind = record["type"]
        if kind == "sweep":
            self._begin(history)
        elif kind == "resume":
            self.repair(history)
        elif "trial" in record:
            if kind in ("ask", "start"):
                self._clock.start(record["now"])
            self._follow(record, history.trials[record["trial"]], history)

    def repair(self, history: History) -> None:
        """Bring the directory in line with `history`; complete trials are left as they are."""
        self._clock = WallClock.of(history)
        self._begin(history)
        for trial in history.trials:
            self._files.pop(trial.number, None)
            if trial.open:
                self._clear(trial)
                if trial.attempts:
                    self._rewrite(trial, history)
            elif not self._complete(trial):
                self._clear(trial)
                self._close(trial, history)

    def close(self) -> None:
        """What could not be written when it came, and what was drawn late. Raises OSError: nor can it be written now."""
        if self._behind is not None:
            self.repair(self._behind)
        if self._history is not None:
            for number in shown(self._history):
                self._add_pictures(self._history.trials[number])

    def _catch_up(self, history: History) -> None:
        try:
            self.repair(history)
            self._behind = None
        except OSError as error:
            log.debug("still not: %s", error)

    def _follow(self, record: Record, trial: Trial, history: History) -> None:
        kind = record["type"]
        if kind == "close":
            self._close(trial, history)
        elif kind == "reopen":
            self._clear(trial)
            if trial.attempts:
                self._rewrite(trial, history)
        elif kind in ("start", "result") and trial.number not in self._files:
            self._rewrite(trial, history)
        elif kind == "result" and not record.get("again"):
            best = trial.best.score if trial.best is not None else None
            self._files[trial.number].write(self._entry(trial.results[-1], best, history))

    def _begin(self, history: History) -> None:
        from search.views.events import EventFile, experiment

        _empty_events(self._directory)
        began = self._clock.at(0.0)
        name = self._directory.parent.name
        summary = experiment(history.problem.space, history.problem.objectives, name, began)
        EventFile(self._directory, began, [(began, 0, summary)])

    def _rewrite(self, trial: Trial, history: History) -> None:
        """The trial's event file from its beginning up to now."""
        from search.views.events import EventFile, session_start, text

        started = self._clock.at(trial.attempts[0].now if trial.attempts else trial.asked)
        group = history.problem.space.fingerprint(trial.config)
        entries = [
            (started, 0, session_start(trial.config, group, started)),
            (started, 0, text("trial/config", _config_text(trial))),
        ]
        last = history.problem.objective.counts == "last"
        for result, best in zip(trial.results, so_far(trial.results, last=last), strict=True):
            entries.append(self._entry(result, best, history))
        directory = self._trial_directory(trial)
        self._files[trial.number] = EventFile(directory, started, entries, restart=True)

    def _close(self, trial: Trial, history: History) -> None:
        from search.views.events import EventFile, session_end, text

        if trial.number not in self._files:  # it never started, or an earlier driver wrote it
            self._rewrite(trial, history)
        assert trial.outcome is not None
        assert trial.closed is not None
        ended = self._clock.at(trial.closed)
        del self._files[trial.number]
        if is_shown(trial, history):
            self._add_pictures(trial)
        entries = [
            (
                ended,
                trial.steps,
                text("trial/outcome", _outcome_text(trial, history.audited.get(trial.number))),
            ),
            (ended, trial.steps, session_end(trial.outcome, ended)),
        ]
        EventFile(self._trial_directory(trial), ended, entries, suffix=_end_suffix(trial))

    def _entry(self, result: Result, best: float | None, history: History) -> Entry:
        from search.views.events import scalars

        objective, values = history.problem.objective, dict(result.metrics)
        if best is not None and not history.problem.secondary:
            values[f"best/{objective.metric}"] = objective.value(best)
        return self._clock.at(result.now), result.step, scalars(values)

    def _add_pictures(self, trial: Trial) -> None:
        """What a closed trial drew, unless it is there."""
        from search.views.events import EventFile, picture

        assert trial.closed is not None
        directory, ended = self._trial_directory(trial), self._clock.at(trial.closed)
        for step, drawing in drawings(RunPaths(self._directory.parent).pictures(trial.number)):
            suffix = f".{step}-{len(trial.attempts)}.eval"
            if step <= trial.steps and not _holds(directory, suffix):
                found = [(f"eval/{name}", png) for name, png in pictures(drawing).items()]
                entries = [(ended, step, picture(tag, png)) for tag, png in found]
                if entries:
                    EventFile(directory, ended, entries, suffix=suffix)

    def _complete(self, trial: Trial) -> bool:
        """Whether all of a closed trial is there: its end is written last."""
        return _holds(self._trial_directory(trial), _end_suffix(trial))

    def _clear(self, trial: Trial) -> None:
        self._files.pop(trial.number, None)
        _empty_events(self._trial_directory(trial))

    def _trial_directory(self, trial: Trial) -> Path:
        return self._directory / trial.id


def _holds(directory: Path, suffix: str) -> bool:
    """Whether an event file with this suffix is there, and was not taken back."""
    return any(path.stat().st_size for path in directory.glob(f"*{suffix}"))


def _empty_events(directory: Path) -> None:
    """Take back what event files say. Emptied, not deleted: a TensorBoard that reads one would look for it for ever."""
    from search.views.events import PREFIX

    if directory.is_symlink():  # not ours: it might lead out of the run directory
        directory.unlink()
    for path in directory.glob(f"{PREFIX}*"):
        if path.is_symlink():
            path.unlink()
        elif path.stat().st_size:
            os.truncate(path, 0)


def _end_suffix(trial: Trial) -> str:
    """Says what the files of the trial hold: a trial that was opened again since does not fit it."""
    return f".{len(trial.results)}-{len(trial.attempts)}.end"


def _config_text(trial: Trial) -> str:
    """Markdown. Indented, not fenced: nothing in a value can end it."""
    lines = json.dumps(dict(trial.config), indent=2, ensure_ascii=False).splitlines()
    return f"seed {trial.seed}, {trial.origin}\n\n" + "\n".join(f"    {line}" for line in lines)


def _outcome_text(trial: Trial, audited: int | None) -> str:
    """`audited`: the step at which the scheduler stopped it, if it ran on from there for the audit."""
    reason = f"{trial.failure.kind}: {trial.failure.message}" if trial.failure else trial.reason
    lines = reason.splitlines() or ["(no reason given)"]
    if audited is not None:
        lines.append(
            f"audited: the scheduler stopped it at step {audited}, and it ran on to show what became of it"
        )
    return f"{trial.state} after {trial.steps} steps\n\n" + "\n".join(f"    {line}" for line in lines)
