"""Many no-op trials on Ray, ours and raw Tune's, and the resume of a killed sweep of them; see load.py."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _load_noop import note

WORKERS = 2
MIB = 2**20


class Marks:
    """Where a sweep of `trials` stood after each tenth of them: seconds, processor seconds of the driver, its memory."""

    def __init__(self, trials: int) -> None:
        self.every = max(1, trials // 10)
        self.closed = 0
        self.began = self.spent = 0.0
        self.at: list[tuple[int, float, float]] = []

    def begin(self) -> None:
        """The first trial is about to be asked for."""
        if not self.began:
            self.began, self.spent = time.monotonic(), time.process_time()

    def close(self) -> None:
        """One more trial has ended."""
        self.closed += 1
        if self.closed % self.every == 0:
            self.at.append((self.closed, time.monotonic(), time.process_time()))

    def figures(self) -> dict[str, float]:
        """Seconds in all, and milliseconds a trial in the second and in the last tenth: the first one starts workers."""
        trials, ended, spent = self.at[-1]
        first, last = (self.at[1], self.at[0]), (self.at[-1], self.at[-2])
        return {
            "trials": trials,
            "seconds": round(ended - self.began, 2),
            "driver_processor_seconds": round(spent - self.spent, 2),
            "ms_per_trial_early": round(_ms(*first, 1), 2),
            "ms_per_trial_late": round(_ms(*last, 1), 2),
            "driver_processor_ms_early": round(_ms(*first, 2), 2),
            "driver_processor_ms_late": round(_ms(*last, 2), 2),
            "driver_peak_mib": round(peak_mib()),
        }


def _ms(after: tuple[int, float, float], before: tuple[int, float, float], which: int) -> float:
    return 1000 * (after[which] - before[which]) / (after[0] - before[0])


def peak_mib() -> float:
    """Peak of the resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class Following:
    """An observer of our sweep: takes the marks, looks at the workers' memory, and may kill the driver."""

    def __init__(self, marks: Marks, kill_at: int | None = None) -> None:
        self.marks, self.kill_at = marks, kill_at
        self.ready: tuple[float, float] | None = (
            None  # the first trial was started: system's monotonic clock, processor
        )
        self.workers: list[float] = []

    def on_event(self, record: Any, history: Any) -> None:
        kind = record["type"]
        if kind in ("ask", "start"):
            self.marks.begin()
        if kind == "start" and self.ready is None:
            self.ready = time.monotonic(), time.process_time()
        if kind == "close":
            self.marks.close()
            if self.marks.closed % self.marks.every == 0:
                self.workers.append(max(workers_mib(), default=0.0))
            if self.marks.closed == self.kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def close(self) -> None:
        pass


def workers_mib() -> list[float]:
    """Resident memory of each worker of this driver's Ray."""
    session, found = os.getpid(), []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            if not (status.parent / "cmdline").read_bytes().startswith(b"ray::"):
                continue
            if session in _ancestors(int(status.parent.name)):
                pages = int((status.parent / "statm").read_text().split()[1])
                found.append(pages * os.sysconf("SC_PAGE_SIZE") / MIB)
        except (OSError, IndexError, ValueError):  # it ended this instant
            continue
    return found


def _ancestors(pid: int) -> list[int]:
    line: list[int] = []
    while pid > 1:
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        line.append(pid)
    return line


def timed_journal() -> Callable[[], tuple[int, float]]:
    """From now on the time that this thread spends in the journal is counted; returns what says (records, seconds).

    What the journal's own thread does meanwhile nobody waits for.
    """
    from search.journal import FileJournal

    append, sync, spent = FileJournal.append, FileJournal.sync, [0, 0.0]
    driver = threading.current_thread()

    def appending(self: FileJournal, record: Any) -> None:
        began = time.perf_counter()
        append(self, record)
        spent[0] += 1
        spent[1] += time.perf_counter() - began

    def syncing(self: FileJournal) -> None:
        began = time.perf_counter()
        sync(self)
        if threading.current_thread() is driver:
            spent[1] += time.perf_counter() - began

    FileJournal.append, FileJournal.sync = appending, syncing  # type: ignore[method-assign]
    return lambda: (int(spent[0]), spent[1])


def run_ours(trials: int, storage: str, runner: str = "ray", kill_at: int | None = None) -> dict[str, Any]:
    """A sweep of no-op trials with everything that a run has but the report."""
    from search import api

    api.write_report = lambda run: None  # type: ignore[attr-defined]
    journal, following = timed_journal(), Following(Marks(trials), kill_at)
    run = api.Sweep(
        f"{Path(__file__).with_name('_load_noop.py')}:Noop",
        name="load",
        parameters={"x": {"min": 0.0, "max": 1.0}, "truth": str(Path(storage, "truth"))},
        metric="loss",
        goal="minimize",
        method="random",
        early_terminate="none",
        max_steps=1,
        run_cap=trials,
        workers=WORKERS,
        storage=storage,
    ).run(runner=runner, observers=[following])
    return {**_figures(following, journal()), **counts(run.history, Path(storage, "truth"))}


def resume_ours(storage: str, began: float) -> dict[str, Any]:
    """The rest of a killed sweep. `began`: when this process was started, on the system's monotonic clock."""
    from search import api

    api.write_report = lambda run: None  # type: ignore[attr-defined]
    closed = len([t for t in api.Run.open("load", storage).history.trials if not t.open])
    following = Following(Marks(1))
    run = api.resume("load", storage=storage, runner="ray", observers=[following])
    assert following.ready is not None
    return {
        "closed_before": closed,
        "ready_seconds": round(following.ready[0] - began, 2),
        "ready_processor_seconds": round(following.ready[1], 2),
        "driver_peak_mib": round(peak_mib()),
        **counts(run.history, Path(storage, "truth")),
    }


def _figures(following: Following, journal: tuple[int, float]) -> dict[str, Any]:
    figures: dict[str, Any] = following.marks.figures()
    records, seconds = journal
    return {
        **figures,
        "worker_mib": round(max(following.workers, default=0.0)),
        "journal_records": records,
        "journal_seconds": round(seconds, 2),
        "journal_share": round(seconds / figures["seconds"], 4),
    }


def counts(history: Any, truth: Path) -> dict[str, int]:
    """How many ids were asked for and closed, and how many configs were never, or more than once, trained."""
    trained = Counter(float(line) for line in truth.read_text(encoding="utf-8").splitlines())
    asked = {trial.config["x"] for trial in history.trials}
    return {
        "ids": len({trial.id for trial in history.trials}),
        "closed": sum(not trial.open for trial in history.trials),
        "never_trained": len(asked - trained.keys()),
        "trained_twice": sum(times > 1 for times in trained.values()),
        "unknown": len(trained.keys() - asked),
    }


def run_tune(trials: int, storage: str, steps: int = 1) -> dict[str, Any]:
    """Raw Ray Tune: a class trainable with reused actors, the fastest it offers, and its default loggers."""
    warnings.simplefilter("ignore")
    os.environ["RAY_AIR_NEW_OUTPUT"] = "0"
    import ray
    from ray import tune

    marks = Marks(trials)

    class Following(tune.Callback):  # type: ignore[misc]
        workers = 0.0
        first = last = 0.0

        def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
            marks.begin()

        def on_trial_result(
            self, iteration: int, trials: list[Any], trial: Any, result: Any, **info: Any
        ) -> None:
            self.last = time.monotonic()
            self.first = self.first or self.last

        def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
            marks.close()
            if marks.closed % marks.every == 0:
                self.workers = max(self.workers, *workers_mib(), 0.0)

    class Raw(tune.Trainable):  # type: ignore[misc]
        def setup(self, config: dict[str, Any]) -> None:
            self.x, self.truth = config["x"], config["truth"]

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            self.setup(new_config)
            return True

        def step(self) -> dict[str, float]:
            note(self.truth, self.x)
            return {"loss": self.x}

    following = Following()
    ray.init(address="local", num_cpus=WORKERS, log_to_driver=False, logging_level="ERROR")
    tune.Tuner(
        Raw,
        param_space={"x": tune.uniform(0, 1), "truth": str(Path(storage, "truth"))},
        tune_config=tune.TuneConfig(num_samples=trials, metric="loss", mode="min", reuse_actors=True),
        run_config=tune.RunConfig(
            storage_path=storage,
            verbose=0,
            callbacks=[following],
            stop={"training_iteration": steps},
            checkpoint_config=tune.CheckpointConfig(
                checkpoint_at_end=False
            ),  # as ours: there is nothing to save
        ),
    ).fit()
    ray.shutdown()
    if steps > 1:
        results = trials * steps
        return {"results": results, "rows_per_second": round(results / (following.last - following.first))}
    return {**marks.figures(), "worker_mib": round(following.workers)}
