"""The Ray runner on a real local Ray: what a sweep does there is what it does anywhere."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from contracts.ray_cases import Case
from search.errors import JournalError, RunnerError, SettingsError
from search.history import History
from search.problem import FailurePolicy
from search.runners.base import Resources
from search.runners.inline import InlineRunner
from search.runners.ray_tune import RayTuneRunner
from search.runners.ray_tune.cluster import cluster
from trainables.checkpoint import newest_valid

pytestmark = [pytest.mark.ray, pytest.mark.slow]

X = {"x": {"min": 0.0, "max": 1.0}}


@pytest.fixture(scope="module", autouse=True)
def one_ray() -> Iterator[Any]:
    """One local Ray for the tests of this file; the runner uses it because it is there."""
    with cluster(None, 2, Resources()) as ray:
        yield ray


def told(history: History) -> list[Any]:
    """What a sweep decided and learned, without times and places."""
    return [
        (t.number, dict(t.config), t.seed, t.state, t.reason, [(r.step, dict(r.metrics)) for r in t.results])
        for t in history.trials
    ]


@pytest.mark.parametrize("trainable", ["user.py:curve", "user.py:Counter"])
@pytest.mark.parametrize(
    ("method", "scheduler"), [("random", "none"), ("tpe", "asha"), ("hyperopt", "hyperband")]
)
def test_one_worker_does_what_the_inline_runner_does(
    tmp_path: Path, trainable: str, method: str, scheduler: str
) -> None:
    def case(name: str) -> Case:
        return Case(tmp_path / name, trainable, X, method=method, scheduler=scheduler, max_steps=9, trials=12)

    inline = case("inline").run(InlineRunner())
    on_ray = case("ray").run(RayTuneRunner(), workers=1)
    assert told(on_ray) == told(inline)
    assert len(on_ray.trials) == 12


def test_the_audited_run_on_as_in_this_process(tmp_path: Path) -> None:
    found = []
    for name, runner in (("inline", InlineRunner()), ("ray", RayTuneRunner())):
        case = Case(
            tmp_path / name, "user.py:Counter", X, scheduler="asha", max_steps=9, trials=20, audit=0.3
        )
        found.append(case.run(runner, workers=1))
    inline, on_ray = found
    assert told(on_ray) == told(inline)
    assert on_ray.audited == inline.audited
    assert on_ray.audited
    assert all(on_ray.trials[number].steps == 9 for number in on_ray.audited)


def test_what_is_drawn_is_what_the_inline_runner_draws(tmp_path: Path) -> None:
    drawn = []
    for name, runner in (("inline", InlineRunner()), ("ray", RayTuneRunner())):
        case = Case(tmp_path / name, "user.py:Artist", X, max_steps=9, trials=8)
        case.run(runner, workers=1)
        files = sorted(case.paths.trials.glob("*/pictures/*/*"))
        drawn.append({str(file.relative_to(case.paths.trials)): file.read_text() for file in files})
    assert drawn[0] == drawn[1]
    assert {name.rpartition("/")[0] for name in drawn[0]} >= {"t00000/pictures/5", "t00000/pictures/9"}


def test_output_and_checkpoints_land_in_the_trials_folder(tmp_path: Path) -> None:
    case = Case(tmp_path, "user.py:Counter", X, trials=3)
    history = case.run(RayTuneRunner())
    for trial in history.trials:
        found = newest_valid(case.paths.checkpoints(trial.number))
        assert found is not None
        assert found[1] == trial.steps == 5
    talking = Case(tmp_path / "talking", "user.py:curve", X, trials=2)
    for trial in talking.run(RayTuneRunner()).trials:
        assert f"training with {trial.config['x']}" in talking.paths.stdout(trial.number).read_text()
        assert "to stderr" in talking.paths.stderr(trial.number).read_text()


def test_every_kind_of_failure_ends_one_trial_and_no_other(tmp_path: Path) -> None:
    modes = ["none", "raise", "nan", "inf", "string", "missing", "hang", "exit", "sigkill"]
    case = Case(
        tmp_path,
        "chaos",
        {"mode": {"values": modes}, "at": 2},
        method="grid",
        max_steps=4,
        trials=len(modes),
        failure=FailurePolicy(stop_after=None, step_timeout=6.0),
    )
    history = case.run(RayTuneRunner())
    kinds = {t.config["mode"]: (t.state, t.failure.kind if t.failure else None) for t in history.trials}
    bad = ("failed", "bad metric")
    assert kinds == {
        "none": ("completed", None),
        "raise": ("failed", "raised"),
        "nan": bad,
        "inf": bad,
        "string": bad,
        "missing": bad,
        "hang": ("failed", "timeout"),
        "exit": ("failed", "exited"),
        "sigkill": ("failed", "exited"),
    }
    raised = next(t for t in history.trials if t.config["mode"] == "raise")
    assert raised.failure is not None
    assert raised.failure.log is not None
    assert "Traceback" in (case.paths.root / raised.failure.log).read_text()


def test_ray_prints_nothing_of_its_own(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    modes = {"mode": {"values": ["exit", "raise", "none"]}}
    Case(tmp_path, "chaos", modes, method="grid", max_steps=3, trials=3).run(RayTuneRunner())
    assert capfd.readouterr().out == ""


def test_no_result_is_read_back_when_the_sweep_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tune makes a data frame of each trial's results at the end, which nobody here asks for; the files stay for its tools."""
    from ray.tune import ExperimentAnalysis

    read: list[Any] = []
    one = ExperimentAnalysis._fetch_trial_dataframe
    monkeypatch.setattr(
        ExperimentAnalysis,
        "_fetch_trial_dataframe",
        lambda self, trial: read.append(trial) or one(self, trial),
    )
    Case(tmp_path, "chaos", X, max_steps=2, trials=2).run(RayTuneRunner())
    assert not read
    (folder,) = tmp_path.glob("**/tune/g*")
    analysis = ExperimentAnalysis(str(folder))
    assert len(read) == 2
    assert [len(frame) for frame in analysis.trial_dataframes.values()] == [2, 2]


def test_a_trainable_that_ends_by_itself_is_completed(tmp_path: Path) -> None:
    history = Case(tmp_path, "user.py:ends_early", X, trials=2).run(RayTuneRunner())
    assert [(t.state, t.steps) for t in history.trials] == [("completed", 3)] * 2
    history = Case(tmp_path / "silent", "user.py:never_reports", X, trials=1).run(RayTuneRunner())
    assert history.trials[0].failure is not None
    assert history.trials[0].failure.kind == "bad metric"


@pytest.mark.parametrize("trainable", ["native.py:NativeClass", "native.py:native_function"])
def test_native_trainables_run_unchanged(tmp_path: Path, trainable: str) -> None:
    history = Case(tmp_path, trainable, X, scheduler="asha", max_steps=5, trials=6).run(RayTuneRunner())
    assert len(history.trials) == 6
    assert {t.state for t in history.trials} <= {"completed", "stopped"}
    assert any(t.state == "completed" for t in history.trials)
    for trial in history.trials:
        expected = [(trial.config["x"] - 0.3) ** 2 + 1.0 / step for step in range(1, trial.steps + 1)]
        assert [r.metrics["loss"] for r in trial.results] == pytest.approx(expected)


def test_a_native_trainable_that_raises_fails_alone(tmp_path: Path) -> None:
    history = Case(tmp_path, "native.py:native_raises", X, trials=2).run(RayTuneRunner())
    for trial in history.trials:
        assert trial.failure is not None
        assert (trial.failure.kind, trial.failure.message) == ("raised", "ValueError: a native one raised")


@pytest.mark.parametrize("scheduler", ["async_hyperband", "median_stopping_rule"])
@pytest.mark.parametrize("trainable", ["user.py:curve", "user.py:Counter"])
def test_rays_own_schedulers_stop_trials(tmp_path: Path, scheduler: str, trainable: str) -> None:
    median = scheduler == "median_stopping_rule"
    options: dict[str, Any] = {"grace_period": 1, "min_samples_required": 2} if median else {}
    case = Case(tmp_path, trainable, X, max_steps=9, trials=10)
    history = case.run(RayTuneRunner(scheduler=(scheduler, options)))
    assert len(history.trials) == 10
    assert {t.state for t in history.trials} <= {"completed", "stopped"}
    stopped = [t for t in history.trials if t.state == "stopped"]
    assert stopped
    assert {t.reason for t in stopped} == {"stopped by Ray's scheduler"}


@pytest.mark.parametrize("scheduler", ["async_hyperband", "median_stopping_rule"])
def test_rays_own_schedulers_survive_what_fails_and_what_ends_by_itself(
    tmp_path: Path, scheduler: str
) -> None:
    median = scheduler == "median_stopping_rule"
    options: dict[str, Any] = {"grace_period": 1, "min_samples_required": 1} if median else {}
    modes = {"mode": {"values": ["raise", "nan", "missing", "none"]}, "at": 3}
    failing = Case(tmp_path / "failing", "chaos", modes, method="grid", trials=4)
    history = failing.run(RayTuneRunner(scheduler=(scheduler, options)), workers=2)
    assert [t.state for t in history.trials[:3]] == ["failed"] * 3
    assert history.trials[3].state in ("completed", "stopped")
    ending = Case(tmp_path / "ending", "user.py:curve", {**X, "steps": {"values": [2, 4, 5]}}, trials=9)
    assert not ending.run(RayTuneRunner(scheduler=(scheduler, options)), workers=2).running


@pytest.mark.parametrize("name", ["pbt", "hyperband", "no_such"])
def test_a_scheduler_of_rays_that_cannot_be_followed_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=f"ray/{name} is not available"):
        RayTuneRunner(scheduler=(name, {}))


def test_a_stop_leaves_trials_open_and_a_resume_goes_on(tmp_path: Path) -> None:
    case = Case(tmp_path, "user.py:Counter", {**X, "sleep": 0.2}, max_steps=12, trials=4)

    def once_under_way() -> None:
        journal = case.paths.journal
        while not (journal.exists() and journal.read_bytes().count(b'"type":"result"') >= 6):
            time.sleep(0.05)
        case.stop.request("interrupted by a test")

    threading.Thread(target=once_under_way, daemon=True).start()
    first = case.run(RayTuneRunner(), workers=2)
    assert first.ended == "interrupted by a test"
    assert not first.finished
    assert first.running
    case.stop = type(case.stop)()
    second = case.run(RayTuneRunner(), workers=2)
    whole = Case(tmp_path / "whole", "user.py:Counter", {**X, "sleep": 0.0}, max_steps=12, trials=4).run(
        InlineRunner()
    )
    assert second.finished
    assert [[r.metrics for r in t.results] for t in second.trials] == [
        [r.metrics for r in t.results] for t in whole.trials
    ]
    went_on = [a.from_step for t in second.trials for a in t.attempts[1:]]
    assert any(step > 0 for step in went_on), "from its checkpoint; one that had only begun begins again"


def test_ctrl_c_in_a_script_ends_the_sweep_and_not_the_script(tmp_path: Path) -> None:
    case = Case(tmp_path, "user.py:Counter", {**X, "sleep": 0.2}, max_steps=30, trials=4)

    def once_running() -> None:
        while not (case.paths.journal.exists() and b'"type":"result"' in case.paths.journal.read_bytes()):
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=once_running, daemon=True).start()
    first = case.run(RayTuneRunner(), workers=2)
    assert first.ended == "interrupted"
    assert not first.finished
    assert first.running


def test_more_than_the_cluster_has_is_refused_with_the_arithmetic(tmp_path: Path) -> None:
    case = Case(tmp_path, "user.py:curve", X)
    with pytest.raises(
        RunnerError, match=r"a trial needs 1 CPU and 3 GPU on one node; no node has more than \d GPU"
    ):
        case.run(RayTuneRunner(), resources=Resources(gpu=3))


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # Ray's loggers leave files open then
def test_a_journal_that_cannot_be_written_stops_the_sweep_cleanly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.journal import FileJournal

    kept = FileJournal.append

    def full(self: FileJournal, record: Any) -> None:
        if record["type"] == "result" and record["trial"] == 2:
            raise JournalError("cannot write (disk full)")
        kept(self, record)

    monkeypatch.setattr(FileJournal, "append", full)
    case = Case(tmp_path, "user.py:Counter", X)
    with pytest.raises(JournalError, match="disk full"):
        case.run(RayTuneRunner())
    monkeypatch.undo()
    assert case.run(RayTuneRunner()).finished


def test_nothing_of_ours_listens_off_loopback(tmp_path: Path) -> None:
    listening = set()
    for process in [psutil.Process(), *psutil.Process().children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            connections = process.net_connections(kind="inet")
            listening |= {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
    assert listening
    assert {ip for ip in listening if ip not in ("127.0.0.1", "::1", "::ffff:127.0.0.1")} == set()
