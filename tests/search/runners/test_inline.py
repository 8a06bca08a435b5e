from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from contracts.runners import RunnerContract, begin, chaos, resume
from search.errors import SettingsError
from search.journal import FileJournal, MemoryJournal, read_journal
from search.paths import RunPaths
from search.runners import inline, make_runner
from search.runners.base import Resources, StopSignal, Work
from search.runners.inline import InlineRunner
from search.sweep import PassiveSweep
from trainables.checkpoint import newest_valid
from trainables.plug import resolve


class TestWithFiles(RunnerContract):
    def make(self) -> InlineRunner:
        return InlineRunner()


class TestWithoutFiles(RunnerContract):
    @pytest.fixture
    def paths(self) -> None:
        return None

    def make(self) -> InlineRunner:
        return InlineRunner()


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path / "run")


def run(sweep: PassiveSweep, paths: RunPaths | None, plug: Any = "chaos", **more: Any) -> str:
    return InlineRunner().run(sweep, Work(plug=resolve(plug), paths=paths, **more))


def talks(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    print("setting up", os.getpid())
    for step in (1, 2):
        print(f"step {step}: größer", end="")
        print("careful", file=sys.stderr)
        yield {"loss": 1.0}


def swallows(config: dict[str, Any]) -> Iterator[dict[str, float]]:
    yield {"loss": 1.0}
    while True:
        with contextlib.suppress(Exception):
            time.sleep(60)


class HangsInSetup:
    def setup(self, config: dict[str, Any]) -> None:
        time.sleep(60)

    def step(self) -> dict[str, float]:
        return {"loss": 1.0}


class Unsaveable:
    """Its disk is full from the second step on."""

    error: type[Exception] = OSError

    def setup(self, config: dict[str, Any]) -> None:
        self.done = 0

    def step(self) -> dict[str, float]:
        self.done += 1
        return {"loss": 1.0 / self.done}

    def save(self, directory: Path) -> None:
        if self.done >= 2:
            raise self.error("no space left on device")
        (directory / "done").write_text(str(self.done))

    def load(self, directory: Path) -> None:
        self.done = int((directory / "done").read_text())


class BadSave(Unsaveable):
    error = RuntimeError


def test_the_traceback_of_each_attempt_is_kept_and_named(paths: RunPaths) -> None:
    sweep = begin(chaos(mode="raise", retries=1, trials=1))
    run(sweep, paths)
    trial = sweep.history.trials[0]
    assert trial.failure is not None
    assert trial.failure.log == "trials/t00000/failure-2.txt"
    assert trial.attempts[1].after is not None
    assert trial.attempts[1].after.log == "trials/t00000/failure-1.txt"
    for attempt in (1, 2):
        text = paths.failure(0, attempt).read_text()
        assert text.startswith("Traceback (most recent call last)")
        assert text.endswith("RuntimeError: chaos was told to raise\n")


def test_what_a_trial_prints_lies_in_its_folder(paths: RunPaths, capsys: pytest.CaptureFixture[str]) -> None:
    run(begin(chaos(trials=2)), paths, talks)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
    for number in (0, 1):
        assert paths.stdout(number).read_text() == f"setting up {os.getpid()}\nstep 1: größerstep 2: größer"
        assert paths.stderr(number).read_text() == "careful\n" * 2


def test_without_a_folder_a_trial_prints_where_the_process_does(capsys: pytest.CaptureFixture[str]) -> None:
    run(begin(chaos(trials=1)), None, talks)
    assert capsys.readouterr().err == "careful\ncareful\n"


def test_a_full_disk_costs_what_a_trial_prints_and_not_the_trial(
    paths: RunPaths, caplog: pytest.LogCaptureFixture
) -> None:
    paths.trial(0).mkdir(parents=True)
    paths.stdout(0).symlink_to("/dev/full")
    sweep = begin(chaos(trials=1))
    run(sweep, paths, talks)
    assert sweep.history.trials[0].state == "completed"
    assert paths.stderr(0).read_text() == "careful\n" * 2
    assert "t00000: not all that it printed was kept ([Errno 28] No space left on device)" in caplog.text


def test_checkpoints_come_at_the_interval_and_at_the_end(paths: RunPaths) -> None:
    run(begin(chaos(max_steps=7, trials=1)), paths, checkpoint_every=3)
    kept = sorted(path.name for path in paths.checkpoints(0).iterdir())
    assert kept == ["step-00000006-0001", "step-00000007-0001"]


def test_a_stopped_trial_is_not_saved_again(paths: RunPaths) -> None:
    sweep = begin(chaos(max_steps=9, trials=9), "asha")
    run(sweep, paths, checkpoint_every=100)
    for trial in sweep.history.trials:
        assert paths.checkpoints(trial.number).exists() == (trial.state == "completed")


def test_a_retry_begins_at_the_newest_checkpoint(paths: RunPaths, tmp_path: Path) -> None:
    sweep = begin(chaos(max_steps=8, trials=2, mode="raise", at=6, once=str(tmp_path / "once"), retries=1))
    run(sweep, paths, checkpoint_every=2)
    for trial in sweep.history.trials:
        assert [attempt.from_step for attempt in trial.attempts] == [0, 4]
        assert trial.state == "completed"
        assert [result.metrics["loss"] for result in trial.results] == [
            trial.config["x"] + 1 / step for step in range(1, 9)
        ]


def test_a_damaged_checkpoint_is_passed_over(
    paths: RunPaths, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal, stop = MemoryJournal(), StopSignal()

    class Stopping(MemoryJournal):
        def append(self, record: Any) -> None:
            journal.append(record)
            if record["type"] == "result" and record["step"] == 5:
                stop.request("enough")

    run(begin(chaos(max_steps=8, trials=1), journal=Stopping()), paths, stop=stop)
    found = newest_valid(paths.checkpoints(0))
    assert found is not None
    assert found[1] == 5
    (found[0] / "chaos.json").write_text("{")
    again = resume(journal.records)
    run(again, paths)
    assert [attempt.from_step for attempt in again.history.trials[0].attempts] == [0, 4]
    assert again.history.trials[0].state == "completed"
    assert "damaged checkpoint" in caplog.text


def test_a_checkpoint_beyond_the_journal_is_not_used(paths: RunPaths) -> None:
    """A power cut may take the journal's last lines and leave a checkpoint of steps that nobody knows of."""
    journal = MemoryJournal()
    run(begin(chaos(max_steps=5, trials=1), journal=journal), paths)
    cut = next(i for i, r in enumerate(journal.records) if r["type"] == "result" and r["step"] == 4) + 1
    again = resume(journal.records[:cut])
    run(again, paths)
    trial = again.history.trials[0]
    assert [attempt.from_step for attempt in trial.attempts] == [0, 4]
    assert (trial.state, trial.steps) == ("completed", 5)


def test_steps_run_again_after_a_crash_count_once(paths: RunPaths, tmp_path: Path) -> None:
    journal = MemoryJournal()
    problem = chaos(max_steps=8, trials=1, mode="raise", at=6, once=str(tmp_path / "once"), retries=1)
    sweep = begin(problem, journal=journal)
    run(sweep, paths, checkpoint_every=4)
    again = [record["step"] for record in journal.records if record.get("again")]
    assert again == [5]
    assert sweep.history.steps_total == 8


def test_a_disk_that_takes_no_checkpoint_is_no_fault_of_the_trial(
    paths: RunPaths, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = begin(chaos(trials=1))
    run(sweep, paths, Unsaveable)
    assert sweep.history.trials[0].state == "completed"
    assert "t00000: no checkpoint after step 2 (no space left on device); it goes on" in caplog.text


def test_a_save_that_raises_is(paths: RunPaths) -> None:
    sweep = begin(chaos(trials=1))
    run(sweep, paths, BadSave)
    assert sweep.history.trials[0].state == "failed"
    assert sweep.history.trials[0].reason == "RuntimeError: no space left on device"


@pytest.mark.parametrize("plug", ["chaos", swallows])
def test_a_hanging_step_is_cut_off_and_retried(plug: Any, paths: RunPaths) -> None:
    sweep = begin(chaos(mode="hang", trials=1, step_timeout=1.0, retries=1))
    run(sweep, paths, plug)
    trial = sweep.history.trials[0]
    assert trial.failure is not None
    assert (trial.failure.kind, trial.failure.message) == ("timeout", "step 2 took longer than 1 s")
    assert len(trial.attempts) == 2


def test_setting_up_may_hang_too(paths: RunPaths) -> None:
    sweep = begin(chaos(trials=1, step_timeout=0.2))
    run(sweep, paths, HangsInSetup)
    assert sweep.history.trials[0].reason == "setting up took longer than 0.2 s"


def test_outside_the_main_thread_there_is_no_time_out(caplog: pytest.LogCaptureFixture) -> None:
    sweep = begin(chaos(trials=1, step_timeout=0.2))
    thread = Thread(target=run, args=(sweep, None))
    thread.start()
    thread.join()
    assert sweep.history.trials[0].state == "completed"
    assert "needs the main thread" in caplog.text


def test_the_journal_on_disk_is_the_history(paths: RunPaths) -> None:
    paths.root.mkdir()
    journal = FileJournal(paths.journal)
    sweep = begin(chaos(mode="nan", below=0.5, trials=10), "hyperband", journal=journal)
    run(sweep, paths)
    journal.close()
    again = resume(read_journal(paths.journal), "hyperband")
    assert [(t.state, t.steps) for t in again.history.trials] == [
        (t.state, t.steps) for t in sweep.history.trials
    ]


def test_runners_are_made_by_name() -> None:
    assert isinstance(make_runner("inline"), InlineRunner)
    with pytest.raises(SettingsError, match=r"unknown runner 'inlin' \(did you mean inline\?\)"):
        make_runner("inlin")


@pytest.mark.parametrize(("there", "device"), [("True", "cuda"), ("False", "cpu")])
def test_a_gpu_that_is_asked_for_is_looked_for_before_any_trial_has_loaded_torch(
    there: str, device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A module in torch's place says whether there is one."""
    (tmp_path / "torch.py").write_text(f"class cuda:\n    is_available = staticmethod(lambda: {there})\n")
    monkeypatch.setitem(sys.modules, "torch", None)  # what is in its place until now comes back in the end
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.syspath_prepend(tmp_path)
    inline._gpu_found.cache_clear()
    assert inline.device_of(Resources()) == "cpu"
    assert "torch" not in sys.modules
    assert [inline.device_of(Resources(gpu=1)) for _ in range(2)] == [device, device]
    inline._gpu_found.cache_clear()
    said = [record for record in caplog.records if "torch finds no GPU here" in record.message]
    assert len(said) == (device == "cpu")
