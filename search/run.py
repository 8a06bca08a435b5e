"""A run: what one sweep left behind, or is leaving behind right now. Read-only; nothing of the user's is imported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from search.history import History
from search.journal import iterate_journal, lock_holder
from search.paths import RunPaths
from search.storage import bring, driver_of, find_run
from search.trial import Trial

if TYPE_CHECKING:
    import pandas as pd

    from search.next import Proposal

__all__ = ["Best", "Compromise", "Run", "RunState"]

RunState = Literal["running", "finished", "interrupted", "killed", "detached", "failed"]


@dataclass(frozen=True)
class Best:
    """The best value that any feasible trial reached at any step. `config`: flat, dotted names."""

    trial: str
    value: float
    step: int
    config: dict[str, Any]


@dataclass(frozen=True)
class Compromise:
    """A trial that no other beats in every objective. `values`: by metric, in the order of the objectives."""

    trial: str
    values: dict[str, float]
    config: dict[str, Any]


class Run:
    """One run, as its journal tells.

    `paths` is None for a simulation, which leaves no files.
    """

    def __init__(self, history: History, paths: RunPaths | None = None, name: str = "") -> None:
        self.history, self.paths = history, paths
        self.name = paths.name if paths is not None else name

    @classmethod
    def open(cls, reference: str | Path, storage: str | Path = "runs") -> Run:
        """The run that `reference` means: a name under `storage`, a unique prefix of one, a path, a URL, or `last`.

        `storage`: a folder, or the URL of a store, from which the run is brought into this machine's cache.

        Raises: RunNotFoundError: none or several match; JournalError: its journal is damaged; StorageError: the store is away.
        """
        paths = find_run(storage, reference)
        return cls(History.from_records(iterate_journal(paths.journal)), paths)

    @classmethod
    def import_from(cls, source: str | Path, **options: Any) -> Run:
        """A run made of a Ray Tune experiment, an Optuna study or a W&B table; options as of `exchange.import_run`."""
        from search.exchange import import_run

        return import_run(source, **options)

    @property
    def state(self) -> RunState:
        """running: a driver is at work, or a copy is being followed. interrupted, killed: to be resumed. detached: the
        copy of a sweep on a cluster, which was not over when it was looked at last. failed: nothing came out of it."""
        if self.paths is not None and (lock_holder(self.paths.lock) or driver_of(self.paths)) is not None:
            return "running"
        if self.history.ended is None:
            copied = self.paths is not None and self.paths.cluster.is_file()
            return "detached" if copied else "killed"
        if not self.history.finished:
            return "interrupted"
        failure, failed = self.history.problem.failure, self.history.failed_total
        gave_up = failure.stop_after is not None and failed >= failure.stop_after
        return "failed" if gave_up or failed == len(self.history.trials) else "finished"

    @property
    def best(self) -> Best | None:
        """The best value over all steps of all trials that did not fail and are feasible; None before there is one.

        Of several objectives: of the first one, by the last step.
        """
        trial = self.history.best
        if trial is None or trial.best is None or trial.best.score is None:
            return None
        value = self.history.problem.objective.value(trial.best.score)
        return Best(trial.id, value, trial.best.step, dict(trial.config))

    @property
    def front(self) -> list[Compromise]:
        """The trials that ended and that no other dominates, the best in the first objective first; feasible ones only."""
        from search.front import front_of, values_of

        metrics = [objective.metric for objective in self.history.problem.objectives]
        return [
            Compromise(
                trial.id, dict(zip(metrics, values_of(self.history, trial), strict=True)), dict(trial.config)
            )
            for trial in front_of(self.history)
        ]

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial."""
        from search.views.frames import trials_frame

        return trials_frame(self.history)

    @property
    def results(self) -> pd.DataFrame:
        """One row per trial and step."""
        from search.views.frames import results_frame

        return results_frame(self.history)

    def trial(self, reference: str | int) -> Trial:
        """The trial that `t00012`, `12` or 12 means. Raises RunNotFoundError: the run has no such trial."""
        from search.errors import RunNotFoundError
        from search.trial import trial_number

        try:
            number = trial_number(str(reference))
            return self.history.trials[number]
        except (ValueError, IndexError):
            count = len(self.history.trials)
            known = f"it has {count}: t00000 to {self.history.trials[-1].id}" if count else "it has none yet"
            raise RunNotFoundError(f"{self.name} has no trial {reference!r}; {known}") from None

    def report(self, out: Path | None = None) -> Path:
        """Write the report (HTML, JSON, Markdown, CSV); returns the path of the page."""
        from search.report import build_report

        if self.paths is not None:
            bring(self.paths, "trials/*/pictures/*", "confirm*")
        return build_report(self, out)

    def next(self) -> Proposal:
        """The sweep after this one: what the doctor's checks ask for, as a file (`tuneyard next`).

        Raises SettingsError: the settings that this one was started with do not read any more.
        """
        from search.next import propose

        return propose(self)

    def export(
        self, to: Literal["optuna", "deepcave"], path: str | Path | None = None, *, force: bool = False
    ) -> Path:
        """Write the run for another tool; returns where it lies. See `exchange.export_run`."""
        from search.exchange import export_run

        return export_run(self, to, path, force=force)

    def summary(self) -> dict[str, Any]:
        """The machine-readable contract of `tuneyard run --json` and `tuneyard show --json` (docs/json-contract.md)."""
        history, objective = self.history, self.history.problem.objective
        counts = dict.fromkeys(("completed", "stopped", "failed", "running"), 0)
        if history.paused:
            counts["paused"] = 0
        for trial in history.trials:
            counts["running" if trial.open and not trial.paused else trial.state] += 1
        asked = [trial.asked for trial in history.trials]
        closed = [trial.closed if trial.closed is not None else history.now for trial in history.trials]
        best = self.best
        return {
            "name": self.name,
            "path": str(self.paths.root) if self.paths is not None else None,
            "state": self.state,
            "metric": objective.metric,
            "goal": objective.goal,
            "trials": {"total": len(history.trials), **counts},
            "steps_total": history.steps_total,
            "seconds": round(max(closed) - min(asked), 3) if asked else 0.0,
            "best": asdict(best) if best is not None else None,
            "front": [asdict(each) for each in self.front] if history.problem.secondary else None,
            "ended": history.ended,
        }

    def _repr_html_(self) -> str:
        """What a notebook shows: verdict, figures, first places; self-contained, below 200 kB."""
        from search.report.inline import inline_html

        return inline_html(self)

    def __repr__(self) -> str:
        best = self.best
        found = (
            f"best {self.history.problem.objective.metric} {best.value:.6g} ({best.trial})"
            if best
            else "no result"
        )
        return f"<Run {self.name!r} {self.state}: {len(self.history.trials)} trials, {found}>"
