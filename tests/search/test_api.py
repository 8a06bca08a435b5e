"""Sweep and resume: the parts put together, from Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from search import Run, Sweep, resume
from search.errors import JournalError, LockedError, RunExistsError, RunNotFoundError, SettingsError
from search.journal import RunLock
from search.runners.base import StopSignal
from search.settings import Override, ResolvedSettings, read_settings

SPACE = {"x": {"min": 0.0, "max": 1.0}, "depth": {"values": [1, 2, 3]}}


CURVES = {  # the catalogue's, with all that it declares
    "trainable": "curves",
    "parameters": None,
    "metric": None,
    "goal": None,
    "method": "tpe",
    "early_terminate": "asha",
}


def bowl(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    """A trainable of the user's."""
    for step in range(1, 10):
        yield {"loss": (config["x"] - 0.3) ** 2 + config["depth"] / step, "seconds": config["depth"]}


def sweep(**changed: Any) -> Sweep:
    settings: dict[str, Any] = {
        "parameters": SPACE,
        "metric": "loss",
        "goal": "minimize",
        "method": "random",
        "max_steps": 9,
        "run_cap": 8,
        "storage": "runs",
        "runner": "inline",
        **changed,
    }
    return Sweep(settings.pop("trainable", bowl), **settings)


def test_a_run_holds_what_the_readme_promises() -> None:
    run = sweep(name="first").run()
    assert run.state == "finished"
    assert run.paths is not None
    for path in (
        run.paths.settings,
        run.paths.journal,
        run.paths.report / "index.html",
        run.paths.report / "report.json",
    ):
        assert path.is_file(), path
    assert (run.paths.report / "trials.csv").is_file()
    assert any(run.paths.tensorboard.rglob("events.out.tfevents.*"))
    assert len(run.trials) == 8
    assert len(run.results) == run.history.steps_total
    assert run.best is not None
    assert run.best.value == pytest.approx(
        min(r.metrics["loss"] for t in run.history.trials for r in t.results)
    )
    again = Run.open("first")
    assert again.summary() == run.summary()


def test_the_summary_is_the_documented_contract() -> None:
    summary = sweep(early_terminate="asha").run().summary()
    assert set(summary) >= {
        "name",
        "path",
        "state",
        "metric",
        "goal",
        "trials",
        "steps_total",
        "seconds",
        "best",
    }
    assert set(summary["trials"]) == {"total", "completed", "stopped", "failed", "running"}
    assert sum(summary["trials"].values()) == 2 * summary["trials"]["total"]
    assert set(summary["best"]) == {"trial", "value", "step", "config"}


def test_a_name_of_the_users_is_never_numbered_and_one_of_ours_is(tmp_path: Path) -> None:
    file = tmp_path / "search.yaml"
    file.write_text("trainable: sphere\nrun_cap: 2\nmethod: random\n")
    names = [Sweep.from_file(file, runner="inline").run().name for _ in range(2)]
    assert names == ["search", "search-2"]
    chosen = [Override("name", "mine", "--name")]
    assert Sweep.from_file(file, chosen, runner="inline").run().name == "mine"
    with pytest.raises(RunExistsError, match="tuneyard resume mine"):
        Sweep.from_file(file, chosen, runner="inline").run()


def test_the_written_sweep_file_runs_again_the_same() -> None:
    first = sweep(**CURVES, run_cap=10).run()
    assert first.paths is not None
    second = Sweep.from_file(
        first.paths.settings, [Override("name", "again", "--name")], runner="inline"
    ).run()
    assert second.name == "again"
    assert [t.config for t in second.history.trials] == [t.config for t in first.history.trials]
    assert read_settings(first.paths.settings).file.seed == 0


def test_more_trials_extend_a_finished_run_as_if_it_had_been_longer() -> None:
    def told(run: Run) -> list[Any]:
        return [(dict(t.config), t.state, t.steps) for t in run.history.trials]

    short = sweep(**CURVES, run_cap=12).run()
    longer = resume(short.name, add_trials=8)
    whole = sweep(**CURVES, run_cap=20).run()
    assert len(longer.history.trials) == 20
    assert told(longer) == told(whole)
    assert longer.history.problem.budget.trials == 20


def test_more_trials_lift_a_spent_budget_of_steps() -> None:
    short = sweep(run_cap=50, step_budget=20).run()
    assert short.history.steps_total == 20
    longer = resume(short.name, add_trials=2, trainable=bowl)
    assert longer.history.problem.budget.steps is None
    assert len(longer.history.trials) == len(short.history.trials) + 2  # and not up to the cap of 50
    assert [t.state for t in longer.history.trials[-2:]] == ["completed", "completed"]


def test_more_trials_where_none_would_run_are_refused() -> None:
    reached = sweep(run_cap=50, target=0.5).run()
    assert reached.history.ended is not None
    assert reached.history.ended.startswith("target loss = 0.5 reached")
    with pytest.raises(SettingsError, match=r"target loss = 0.5 reached, which ends this sweep"):
        resume(reached.name, add_trials=5, trainable=bowl)
    assert reached.paths is not None
    again = Run.open(reached.paths.root)
    assert again.state == "finished"  # the refusal left no trace in the journal
    assert again.history.problem.budget.trials == 50


def test_failed_trials_are_tried_again_on_request(tmp_path: Path) -> None:
    once = str(tmp_path / "once")
    broken = sweep(
        trainable="chaos",
        parameters={"x": {"min": 0.0, "max": 1.0}, "mode": {"value": "raise"}, "at": 4, "once": once},
        run_cap=3,
    ).run()
    assert [t.state for t in broken.history.trials] == ["failed"] * 3
    assert broken.state == "failed"
    mended = resume(broken.name, retry_failed=True)
    assert mended.state == "finished"
    assert [t.state for t in mended.history.trials] == ["completed"] * 3
    assert [a.from_step for t in mended.history.trials for a in t.attempts] == [0, 3] * 3


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    class AfterTen:
        """Asks for a stop after ten results, as Ctrl-C would."""

        def __init__(self, stop: StopSignal) -> None:
            self.stop, self.seen = stop, 0

        def on_event(self, record: Any, history: Any) -> None:
            self.seen += record["type"] == "result"
            if self.seen == 10 and not self.stop:
                self.stop.request("interrupted")

        def close(self) -> None:
            pass

    stop = StopSignal()
    run = sweep(trainable="curves", parameters=None, metric=None, goal=None).run(
        stop=stop, observers=[AfterTen(stop)]
    )
    assert run.state == "interrupted"
    assert run.history.steps_total == 10
    whole = resume(run.name)
    assert whole.state == "finished"
    assert whole.history.steps_total == 72


def test_a_warm_start_teaches_the_searcher_what_an_earlier_run_saw() -> None:
    def deciding(name: str, **more: Any) -> Run:
        quiet = {"x": {"min": 0.0, "max": 1.0}}
        return sweep(
            name=name,
            trainable="chaos",
            parameters=quiet,
            method={"name": "tpe", "startup_trials": 10},
            max_steps=1,
            **more,
        ).run()

    early = deciding("early", run_cap=30)
    warm = deciding("warm", run_cap=10, warm_start=["early"], seed=4)
    cold = deciding("cold", run_cap=10, seed=4)
    assert len(warm.history.observations) == 40
    assert [o.number for o in warm.history.observations[:30]] == [None] * 30
    assert min(t.config["x"] for t in early.history.trials) < 0.2
    mean = [sum(t.config["x"] for t in run.history.trials) / 10 for run in (warm, cold)]
    assert mean[0] < mean[1], "chaos is better for small x, and the warm searcher knows it from the start"
    assert resume("warm", add_trials=1).history.observations[0].number is None


def test_more_trials_leave_standing_what_was_decided_by_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often a run is extended: a searcher that sizes its opening by the budget does not begin another one."""
    seen = []
    made = ResolvedSettings.searcher
    monkeypatch.setattr(
        ResolvedSettings,
        "searcher",
        lambda settings, problem: seen.append(problem.budget.trials) or made(settings, problem),
    )
    run = sweep(trainable="sphere", parameters=None, max_steps=None, run_cap=2).run()
    resume(run.name, add_trials=1)
    assert len(resume(run.name, add_trials=1).trials) == 4
    assert seen == [2, 2, 2]


def test_a_warm_start_that_means_nothing_is_refused() -> None:
    sweep(name="early").run()
    with pytest.raises(SettingsError, match="values of one say nothing about the other"):
        sweep(warm_start=["early"], goal="maximize").run()
    with pytest.raises(SettingsError, match="none of the 8 trials of early lies in this space"):
        sweep(warm_start=["early"], trainable="sphere", parameters=None, metric="loss").run()
    with pytest.raises(SettingsError, match="did you mean early"):
        sweep(warm_start=["erly"]).run()
    assert [path.name for path in Path("runs").iterdir()] == ["early"]


def test_a_simulation_leaves_no_files_and_tells_virtual_time() -> None:
    run = sweep(runner="simulated", workers=4, run_cap=None, step_budget=60).run()
    assert not Path("runs").exists()
    assert run.paths is None
    assert 60 <= run.history.steps_total <= 63, "steps under way when the budget is spent are finished"
    assert run.best is not None
    assert run.results["now"].max() > 9
    same = sweep(runner="simulated", workers=4, run_cap=None, step_budget=60).run()
    assert same.results.equals(run.results)


def test_what_cannot_run_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "native.py").write_text("def train(config):\n    pass\n")
    with pytest.raises(SettingsError, match="only the Ray runner"):
        sweep(trainable="native.py:train").run()
    with pytest.raises(SettingsError, match="lives in Ray Tune"):
        sweep(early_terminate={"type": "ray/async_hyperband"}).run()
    with pytest.raises(SettingsError, match="address"):
        sweep(address="auto").run()
    assert not Path("runs").exists()


@pytest.mark.parametrize("error", [JournalError("cannot write"), OSError(28, "no space left on device")])
def test_a_run_that_never_began_leaves_its_name_free_and_says_why(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*_: Any) -> None:
        raise error

    with monkeypatch.context() as disk:
        disk.setattr("search.journal.FileJournal.append", full)
        with pytest.raises(type(error)) as caught:
            sweep(name="full").run()
    assert caught.value is error
    assert caught.value.__context__ is None
    assert not Path("runs/full").exists()
    assert sweep(name="full").run().state == "finished"


def test_a_second_driver_is_refused_and_changes_nothing() -> None:
    run = sweep().run()
    assert run.paths is not None
    before = run.paths.journal.read_bytes()
    lock = RunLock(run.paths.lock)
    try:
        with pytest.raises(LockedError, match="pid"):
            resume(run.name, add_trials=5)
    finally:
        lock.release()
    assert run.paths.journal.read_bytes() == before


def test_a_trial_that_is_not_there_is_named() -> None:
    run = sweep(run_cap=2).run()
    assert run.trial("t00001").number == run.trial("1").number == run.trial(1).number == 1
    with pytest.raises(RunNotFoundError, match="it has 2: t00000 to t00001"):
        run.trial("7")


def test_a_runs_state_is_derived_from_its_journal_and_its_lock() -> None:
    run = sweep(run_cap=3).run()
    assert run.paths is not None
    lines = run.paths.journal.read_bytes().splitlines(keepends=True)
    run.paths.journal.write_bytes(b"".join(lines[:-1]))  # killed before it could take its leave
    assert Run.open(run.name).state == "killed"
    lock = RunLock(run.paths.lock)
    assert Run.open(run.name).state == "running"
    lock.release()
    assert Run.open(run.name).state == "killed"
    assert resume(run.name, trainable=bowl).state == "finished"


def test_a_fork_goes_on_beside_the_run_as_the_run_would_have() -> None:
    run = sweep(**CURVES, run_cap=6).run()
    assert run.paths is not None
    before = run.paths.journal.read_bytes()
    fork = resume(run.name, fork="branch", add_trials=4)
    assert run.paths.journal.read_bytes() == before
    assert fork.name == "branch"
    assert len(fork.history.trials) == 10
    longer = resume(run.name, add_trials=4)
    assert [t.config for t in fork.history.trials] == [t.config for t in longer.history.trials]
    assert fork.paths is not None
    assert (fork.paths.report / "index.html").is_file()
    assert len(list(fork.paths.tensorboard.glob("t000*"))) == 10
    with pytest.raises(RunExistsError, match="another name"):
        resume(run.name, fork="branch")
    with pytest.raises(SettingsError, match="name of the fork"):
        resume(run.name, fork="../branch")
