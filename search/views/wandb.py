"""A sweep in Weights & Biases: one run for each trial, all in one group.

    <dir>/wandb/offline-run-<time>-<sweep id>-t00000/    upload later: wandb sync <dir>/wandb/offline-run-*

A run's id is made of the sweep's and the trial's, so it is the same whenever the sweep is gone on with. Offline, W&B
cannot append to a run: the folder of a trial that goes on is replaced by one that holds all of the trial, and an upload
puts that in place of what was uploaded before. Online, W&B itself goes on with the run.

Nothing but what the journal holds is recorded: no console output, code, host name, package list or load of the machine.
Checked with wandb 0.31.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from search.trial import trial_id, trial_number
from search.views.mirror import Begin, End, Point, SweepCard, SweepEnd

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run as ForeignRun

__all__ = ["WandbTracker"]

_ENDED = "tuneyard-end"  # a file beside those of W&B: the mark of the trial's end


class WandbTracker:
    """See the module's docstring and `search.views.mirror.Tracker`. `directory`: where W&B makes its `wandb/`."""

    def __init__(
        self, project: str, entity: str | None, mode: Literal["offline", "online"], directory: Path
    ) -> None:
        if mode == "offline":
            os.environ["WANDB_ERROR_REPORTING"] = "false"  # nothing goes out, not even how W&B itself fares
        self._project, self._entity, self._mode, self._directory = project, entity, mode, directory
        self._runs: dict[int, ForeignRun] = {}
        directory.mkdir(parents=True, exist_ok=True)
        import wandb

        self._wandb = wandb

    def open(self, card: SweepCard) -> Mapping[int, str]:
        """Looks for trials that were mirrored as a whole from this machine."""
        self._card = card
        if self._mode == "online" and not self._wandb.login(prompt=False):
            raise PermissionError("no API key; run wandb login, or set WANDB_API_KEY")
        complete = {}
        for path in (self._directory / "wandb").glob(f"*run-*-{card.id}-t*/{_ENDED}"):
            number = trial_number(path.parent.name.rpartition("-")[2])
            complete[number] = path.read_text(encoding="utf-8")
        return complete

    def begin(self, trial: Begin) -> int:
        """Starts the run of a trial, or goes on with it."""
        self._drop(trial.number)
        card = self._card
        facts = {
            **card.facts,
            "run": card.name,
            "sweep": card.id,
            "trial": trial.id,
            "seed": trial.seed,
            "fingerprint": trial.fingerprint,
            "origin": trial.origin,
        }
        settings = self._wandb.Settings(
            console="off",
            disable_code=True,
            disable_git=True,
            host="",
            root_dir=str(self._directory),
            silent=True,
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )
        run = self._wandb.init(
            project=self._project,
            entity=self._entity,
            id=f"{card.id}-{trial.id}",
            name=f"{card.name} {trial.id}",
            group=card.name,
            job_type="trial",
            mode=self._mode,
            dir=str(self._directory),
            resume="allow" if self._mode == "online" else None,
            reinit="create_new",
            config={**trial.config, **{f"tuneyard.{key}": value for key, value in facts.items()}},
            settings=settings,
        )
        run.define_metric(card.metric, summary="min" if card.goal == "minimize" else "max")
        self._runs[trial.number] = run
        return run.step - 1 if run.resumed else 0

    def log(self, number: int, points: Sequence[Point]) -> None:
        """One row of history for each step."""
        run = self._runs[number]
        for point in points:
            run.log({**point.metrics, "_timestamp": point.wall}, step=point.step)

    def end(self, number: int, end: End) -> None:
        """W&B knows finished, failed and, for a trial that is to be gone on with, preempted."""
        run = self._runs.pop(number)
        run.summary.update({"tuneyard.state": end.state, "tuneyard.reason": end.reason})
        if end.best is not None:
            run.summary.update({"tuneyard.best_step": end.best[0], "tuneyard.best_value": end.best[1]})
        if end.state == "interrupted":
            run.mark_preempting()
        folder = Path(run.dir).parent
        run.finish(exit_code=0 if end.state in ("completed", "stopped") else 1)
        if end.state != "interrupted":
            (folder / _ENDED).write_text(end.mark, encoding="utf-8")

    def close(self, end: SweepEnd) -> None:
        """Every run was finished when its trial ended; W&B has no run for a sweep."""
        for run in self._runs.values():
            run.finish()
        self._runs.clear()

    def _drop(self, number: int) -> None:
        """Forget what an earlier driver wrote offline of a trial that is now written anew."""
        if self._mode != "offline":
            return
        for path in (self._directory / "wandb").glob(f"offline-run-*-{self._card.id}-{trial_id(number)}"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
