"""The mirror to MLflow, read back with MLflow's own client from the database that it wrote."""

from __future__ import annotations

import logging
import math
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts.ports import free_port
from search.journal import MemoryJournal
from search.problem import Budget, Objective, Problem
from search.views.mirror import Begin, MirrorView, Point, SweepCard
from search.views.mlflow import MlflowTracker, tracking_uri
from spaces import Categorical, Parameter, Space

pytest.importorskip("mlflow", reason="the mirror needs MLflow: pip install 'tuneyard[mlflow]'")

pytestmark = [
    pytest.mark.slow,  # MLflow takes some seconds to import, and to make its tables
    pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:sqlalchemy.exc.SADeprecationWarning"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning"
    ),  # MLflow closes its connections when it is collected
]


ROOT = Path(__file__).resolve().parents[3]


class Store:
    """A database of MLflow's, and what is in it."""

    def __init__(self, uri: str) -> None:
        from mlflow.tracking import MlflowClient

        self.uri, self._client = uri, MlflowClient(tracking_uri=uri)

    def runs(self, experiment: str = "digits") -> dict[str, Any]:
        """By run name."""
        found = self._client.get_experiment_by_name(experiment)
        runs = self._client.search_runs([found.experiment_id])
        names = [run.info.run_name for run in runs]
        assert len(set(names)) == len(names), "no run is there twice"
        return {run.info.run_name: run for run in runs}

    def curve(self, run: Any, metric: str) -> list[tuple[int, float]]:
        history = self._client.get_metric_history(run.info.run_id, metric)
        return sorted((each.step, each.value) for each in history)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables, which take seconds to make."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowTracker(f"sqlite:///{path}", "any").open(SweepCard("0" * 10, "any", "x", "minimize", 0.0, {}))
    return path


@pytest.fixture
def store(tmp_path: Path, template: Path) -> Store:
    (tmp_path / "mlflow.db").write_bytes(template.read_bytes())
    return Store(f"sqlite:///{tmp_path / 'mlflow.db'}")


@pytest.fixture
def view(store: Store) -> Callable[[], MirrorView]:
    return lambda: MirrorView("MLflow", lambda: MlflowTracker(store.uri, "digits"))


ABOUT = {"path": "/somewhere/digits", "settings": {"method": {"name": "tpe"}}}


def test_every_trial_is_a_run_below_that_of_the_sweep(
    by_hand: Any, store: Store, view: Callable[[], MirrorView]
) -> None:
    sweep = by_hand.begin(view(), about=ABOUT)
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6, loss=1.0)
    by_hand.train(sweep, 1, 0.3, math.nan)
    by_hand.train(sweep, 2, 0.1, 0.1)
    by_hand.train(sweep, 3, 0.4)
    sweep.close_observers()

    runs = store.runs()
    states = {name: run.info.status for name, run in runs.items()}
    assert states == {
        "digits": "KILLED",
        "t00000": "FINISHED",
        "t00001": "FAILED",
        "t00002": "FINISHED",
        "t00003": "KILLED",
    }
    parent, first = runs["digits"], runs["t00000"]
    assert all(
        run.data.tags["mlflow.parentRunId"] == parent.info.run_id for n, run in runs.items() if n != "digits"
    )
    assert first.data.params == {
        "lr": "0.01",
        "optimizer": "adam",
        "model.width": "16",
        "nesterov": "True",
        "layers": "None",
        "sizes": "[1, 2]",
        "epochs": "20",
    }
    assert store.curve(first, "val/acc") == [(1, 0.5), (2, 0.8), (3, 0.7), (4, 0.6)]
    assert store.curve(first, "best/val/acc") == [(1, 0.5), (2, 0.8), (3, 0.8), (4, 0.8)]
    assert store.curve(first, "loss") == [(step, 1.0) for step in range(1, 5)]
    assert math.isnan(store.curve(runs["t00001"], "val/acc")[1][1])
    trial = sweep.history.trials[0]
    tags = first.data.tags
    assert tags["tuneyard.run"] == "digits"
    assert tags["tuneyard.trial"] == "t00000"
    assert tags["tuneyard.seed"] == str(trial.seed)
    assert tags["tuneyard.fingerprint"] == sweep.problem.space.fingerprint(trial.config)
    assert (tags["tuneyard.best_step"], tags["tuneyard.best_value"]) == ("2", "0.8")
    assert runs["t00002"].data.tags["tuneyard.state"] == "stopped"
    assert runs["t00002"].data.tags["tuneyard.reason"].startswith("rung 2")
    assert parent.data.tags["tuneyard.method"] == "tpe"
    assert parent.data.tags["tuneyard.best_trial"] == "t00000"
    assert parent.data.metrics == {"best/val/acc": 0.8}
    assert first.info.end_time - first.info.start_time == 4500


def test_a_resumed_sweep_goes_on_with_the_same_runs(
    by_hand: Any, store: Store, view: Callable[[], MirrorView]
) -> None:
    journal = MemoryJournal()
    sweep = by_hand.begin(view(), journal=journal, about=ABOUT)
    by_hand.train(sweep, 0, 0.5, 0.8, 0.7, 0.6)
    by_hand.train(sweep, 1, 0.4, 0.5)
    sweep.close_observers()
    before = store.runs()

    again = by_hand.resume(journal.records, view(), about=ABOUT)
    by_hand.train(again, 1, 0.6, 0.7)
    by_hand.train(again, 2, 0.4, 0.5, 0.6, 0.7)
    by_hand.train(again, 3, 0.4, 0.5, 0.6, 0.9)
    again.end("all 4 trials asked for", again.elapsed)
    again.close_observers()

    runs = store.runs()
    assert sorted(runs) == ["digits", "t00000", "t00001", "t00002", "t00003"]
    assert all(runs[name].info.run_id == run.info.run_id for name, run in before.items())
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert store.curve(runs["t00001"], "val/acc") == [(1, 0.4), (2, 0.5), (3, 0.6), (4, 0.7)]
    assert store.curve(runs["t00000"], "val/acc") == [(1, 0.5), (2, 0.8), (3, 0.7), (4, 0.6)]


def test_a_driver_killed_while_the_tables_are_made_leaves_no_half_of_them(tmp_path: Path) -> None:
    path = tmp_path / "mlflow.db"
    making = f"from search.views.mlflow import MlflowTracker; MlflowTracker('sqlite:///{path}', 'any')"
    driver = subprocess.Popen([sys.executable, "-W", "ignore", "-c", making], cwd=ROOT)
    while not any(each.stat().st_size for each in tmp_path.glob(".mlflow.db.*")):
        assert driver.poll() is None, "it was over before it could be killed"
        time.sleep(0.02)
    driver.kill()
    driver.wait()
    assert not path.exists()
    MlflowTracker(f"sqlite:///{path}", "any").open(SweepCard("0" * 10, "any", "x", "minimize", 0.0, {}))
    assert set(Store(f"sqlite:///{path}").runs("any")) == {"any"}


def test_names_that_mlflow_refuses_are_changed_and_stay_apart(store: Store) -> None:
    names = ["a//b", "../x", "läng", "lr (log)", "lr [log]", "q" * 400, "q" * 399 + "r", "."]
    tracker = MlflowTracker(store.uri, "names")
    tracker.open(SweepCard("0" * 10, "names", "x", "minimize", 0.0, {}))
    config: Mapping[str, Any] = {name: index for index, name in enumerate(names)} | {
        f"p{i}": i for i in range(150)
    }
    tracker.begin(Begin(0, "t00000", config, 1, "searcher", "f", 0.0))
    points: Sequence[Point] = [Point(step, float(step), dict.fromkeys(names, 0.5)) for step in range(1, 201)]
    tracker.log(0, points)
    run = store.runs("names")["t00000"]
    assert sorted(map(int, run.data.params.values())) == sorted([*range(8), *range(150)])
    assert len(run.data.metrics) == len(names)
    assert all(len(store.curve(run, name)) == 200 for name in run.data.metrics)


def test_a_server_that_is_not_there_costs_only_the_mirror(
    by_hand: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    uri = f"http://me:hunter2@127.0.0.1:{free_port()}"
    sweep = by_hand.begin(
        MirrorView("MLflow", lambda: MlflowTracker(uri, "digits")), about=ABOUT, journal=MemoryJournal()
    )
    with caplog.at_level(logging.WARNING, logger="search"):
        for number in range(4):
            by_hand.train(sweep, number, 0.5, 0.6, 0.7, 0.8)
        sweep.close_observers()
    assert [trial.state for trial in sweep.history.trials] == ["completed"] * 4
    assert "the mirror to MLflow failed" in caplog.text
    assert "tuneyard resume digits" in caplog.text
    assert "hunter2" not in caplog.text


def test_where_mlflow_keeps_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("PASSWORD", "a/b@c")
    assert tracking_uri(None, tmp_path) == f"sqlite:///{tmp_path}/mlflow.db"
    assert tracking_uri("https://me:${PASSWORD}@host", tmp_path) == "https://me:a%2Fb%40c@host"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:5000")
    assert tracking_uri(None, tmp_path) == "http://host:5000"
    assert tracking_uri("${MLFLOW_TRACKING_URI}", tmp_path) == "http://host:5000"


def test_a_long_curve_and_an_unfinished_space_are_no_trouble(by_hand: Any, store: Store) -> None:
    """More metrics than one call of MLflow takes, and a trial that has no result at all."""
    space = Space([Parameter("x", Categorical((1, 2)))])
    problem = Problem(space, Objective("y", "maximize"), 1500, Budget(trials=2), points=({"x": 1}, {"x": 2}))
    view = MirrorView("MLflow", lambda: MlflowTracker(store.uri, "digits"))
    sweep = by_hand.begin(view, problem=problem, about=ABOUT)
    by_hand.train(sweep, 0, *(0.5 + 1.0 / step for step in range(1, 1501)))
    sweep.start(1, 1600.0, node="here", pid=1)
    sweep.close_observers()
    runs = store.runs()
    assert len(store.curve(runs["t00000"], "y")) == 1500
    assert (runs["t00001"].info.status, runs["t00001"].data.metrics) == ("KILLED", {})
