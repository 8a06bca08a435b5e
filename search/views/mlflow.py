"""A sweep in MLflow: one parent run for the sweep, one nested run for each trial.

    experiment
      digits                    tags tuneyard.sweep, .metric, .goal, .method, ...
        t00000                  parameters; metrics by step; tags tuneyard.trial, .seed, .fingerprint, .state, .reason

Trials are found again by the tags `tuneyard.sweep` and `tuneyard.trial`, so a resumed sweep goes on with the same runs.
Checked with mlflow-skinny 3.17, whose database and server stores are the same client.
"""

from __future__ import annotations

import logging
import os
import posixpath
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from search.views.mirror import Begin, End, Point, SweepCard, SweepEnd

if TYPE_CHECKING:
    from mlflow.entities import Run as ForeignRun

__all__ = ["MlflowTracker", "tracking_uri"]

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_METRICS, _PARAMS = 1000, 100  # MLflow's limits for one call
_KEY, _VALUE = 250, 6000  # characters
_STATUS = {"completed": "FINISHED", "stopped": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
_Item = TypeVar("_Item")


def tracking_uri(uri: str | None, storage: Path) -> str:
    """Where MLflow keeps its runs.

    `uri`: as the sweep file says it, `${NAME}` in it standing for an environment variable; None: the variable
    MLFLOW_TRACKING_URI, or the database `mlflow.db` in `storage`. Raises KeyError: the variable is not set.
    """
    given = uri if uri is not None else os.environ.get("MLFLOW_TRACKING_URI")
    if not given:
        return f"sqlite:///{storage / 'mlflow.db'}"
    if _VARIABLE.fullmatch(given):
        return os.environ[given[2:-1]]
    return _VARIABLE.sub(lambda found: quote(os.environ[found[1]], safe=""), given)


class MlflowTracker:
    """See the module's docstring and `search.views.mirror.Tracker`."""

    def __init__(self, uri: str, experiment: str) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing goes anywhere but to `uri`
        from mlflow.tracking import MlflowClient

        for talker in (
            "mlflow",
            "alembic",
        ):  # about the tables of a new database; their levels are set at the import
            logging.getLogger(talker).setLevel(logging.WARNING)
        if uri.startswith("sqlite:///"):
            _make_database(Path(uri.removeprefix("sqlite:///")))
        self._client = MlflowClient(tracking_uri=uri)
        self._experiment = experiment
        self._runs: dict[int, str] = {}
        self._keys: dict[str, str] = {}
        self._steps: dict[int, int] = {}

    def open(self, card: SweepCard) -> Mapping[int, str]:
        """Finds or makes the sweep's run, and finds those of its trials."""
        self._card = card
        found = self._client.get_experiment_by_name(self._experiment)
        self._place = (
            found.experiment_id if found is not None else self._client.create_experiment(self._experiment)
        )
        complete: dict[int, str] = {}
        parent = None
        for run in self._search(f"tags.`tuneyard.sweep` = '{card.id}'"):
            tags = run.data.tags
            if "tuneyard.trial" not in tags:
                parent = run.info.run_id
                continue
            number = int(tags["tuneyard.trial"].removeprefix("t"))
            self._runs[number] = run.info.run_id
            self._steps[number] = int(tags.get("tuneyard.steps", 0))
            if "tuneyard.end" in tags:
                complete[number] = tags["tuneyard.end"]
        self._parent = parent if parent is not None else self._begin_sweep(card)
        self._client.update_run(self._parent, status="RUNNING")
        return complete

    def begin(self, trial: Begin) -> int:
        """Makes the run of a trial, or takes it up again."""
        run = self._runs.get(trial.number)
        if run is not None:
            self._client.update_run(run, status="RUNNING")
            return self._steps[trial.number]
        tags = {
            "mlflow.parentRunId": self._parent,
            "tuneyard.sweep": self._card.id,
            "tuneyard.run": self._card.name,
            "tuneyard.trial": trial.id,
            "tuneyard.seed": str(trial.seed),
            "tuneyard.fingerprint": trial.fingerprint,
            "tuneyard.origin": trial.origin,
        }
        run = self._create(trial.id, trial.started, tags)
        self._runs[trial.number], self._steps[trial.number] = run, 0
        from mlflow.entities import Param

        params = [Param(self._key(name), str(value)[:_VALUE]) for name, value in trial.config.items()]
        for some in _chunks(params, _PARAMS):
            self._client.log_batch(run, params=some)
        return 0

    def log(self, number: int, points: Sequence[Point]) -> None:
        """All metrics of the points; the tag `tuneyard.steps` says how far the run has come."""
        from mlflow.entities import Metric, RunTag

        metrics = [
            Metric(self._key(name), float(value), round(point.wall * 1000), point.step)
            for point in points
            for name, value in point.metrics.items()
        ]
        for some in _chunks(metrics, _METRICS):
            self._client.log_batch(self._runs[number], metrics=some)
        self._steps[number] = points[-1].step
        done = [RunTag("tuneyard.steps", str(points[-1].step))]
        self._client.log_batch(self._runs[number], tags=done)

    def end(self, number: int, end: End) -> None:
        """The status, and in tags what MLflow has no word for."""
        from mlflow.entities import RunTag

        run = self._runs[number]
        tags = {
            "tuneyard.state": end.state,
            "tuneyard.reason": end.reason,
            "tuneyard.steps": str(end.steps),
            "tuneyard.end": end.mark,
        }
        if end.best is not None:
            tags |= {"tuneyard.best_step": str(end.best[0]), "tuneyard.best_value": repr(end.best[1])}
        self._client.log_batch(run, tags=[RunTag(key, value[:_VALUE]) for key, value in tags.items()])
        self._client.set_terminated(run, _STATUS[end.state], round(end.wall * 1000))

    def close(self, end: SweepEnd) -> None:
        """The sweep's own run ends with its driver; its metric is the sweep's best value."""
        if end.best is not None:
            trial, value = end.best
            self._client.set_tag(self._parent, "tuneyard.best_trial", trial)
            self._client.log_metric(self._parent, self._key(f"best/{self._card.metric}"), value)
        self._client.set_terminated(self._parent, "FINISHED" if end.finished else "KILLED")

    # -- inside -------------------------------------------------------------------------------------------------

    def _begin_sweep(self, card: SweepCard) -> str:
        told = {**card.facts, "sweep": card.id, "run": card.name, "metric": card.metric, "goal": card.goal}
        return self._create(
            card.name, card.began, {f"tuneyard.{key}": value[:_VALUE] for key, value in told.items()}
        )

    def _create(self, name: str, began: float, tags: dict[str, str]) -> str:
        run = self._client.create_run(self._place, start_time=round(began * 1000), tags=tags, run_name=name)
        return str(run.info.run_id)

    def _search(self, wanted: str) -> Iterator[ForeignRun]:
        token = None
        while True:
            page = self._client.search_runs(
                [self._place], filter_string=wanted, max_results=1000, page_token=token
            )
            yield from page
            token = page.token
            if not token:
                return

    def _key(self, name: str) -> str:
        """A name as MLflow allows it: letters, digits and `_-./: `, no path tricks; one for each name of ours."""
        if name not in self._keys:
            key = re.sub(r"[^\w.\-/: ]", "_", name)[: _KEY - 4]
            if posixpath.normpath(key) != key or key.startswith((".", "/")):
                key = "_" + key.replace("/", "_").lstrip(".")
            taken, number = set(self._keys.values()), 2
            unique = key
            while unique in taken:
                unique, number = f"{key}_{number}", number + 1
            self._keys[name] = unique
        return self._keys[name]


def _make_database(path: Path) -> None:
    """Make a database that is not there yet: whole, or not at all.

    MLflow makes its tables in several seconds and fifty steps, and cannot open what a killed driver left in between.
    """
    from mlflow.tracking import MlflowClient

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    MlflowClient(tracking_uri=f"sqlite:///{new}")
    try:
        os.link(new, path)
    except FileExistsError:  # another driver was first
        pass
    except OSError:  # a file system without links
        os.replace(new, path)
        return
    new.unlink()


def _chunks(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some
