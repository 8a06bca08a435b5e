"""A thousand workers on a virtual clock, a million results, and a proposal after thousands of trials; see load.py."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from _load_noop import Decaying
from _load_trials import peak_mib, timed_journal

from search.journal import FileJournal, MemoryJournal
from search.paths import RunPaths
from search.problem import Budget, Objective, Problem
from search.run import Run
from search.runners.base import Work
from search.runners.simulated import SimulatedRunner
from search.schedulers import make_scheduler
from search.searchers import SEARCHERS, make_searcher
from search.sweep import PassiveSweep
from search.trial import Outcome
from search.views.tensorboard import TensorBoardView
from spaces import parse_parameters

STEPS = 27
ROWS_PER_TRIAL = 100
EIGHT = {f"x{place}": {"min": 0.0, "max": 1.0} for place in range(6)} | {
    "lr": {"min": 1e-5, "max": 1e-1, "distribution": "log_uniform_values"},
    "kind": {"values": ["a", "b", "c"]},
}
METHODS = tuple(name for name in SEARCHERS if name != "grid")


def simulated(trials: int, workers: int) -> dict[str, Any]:
    """Asynchronous halving of `trials` trials of up to 27 steps, `workers` of them at any time, as one process."""
    from trainables.plug import resolve

    problem = Problem(
        parse_parameters({"x": {"min": 0.0, "max": 1.0}}),
        Objective("loss"),
        STEPS,
        Budget(trials=trials),
        seed=1,
    )
    sweep = _begin(problem, MemoryJournal(), scheduler="asha")
    began, spent = time.monotonic(), time.process_time()
    SimulatedRunner().run(sweep, Work(resolve(Decaying), workers=workers))
    history = sweep.history
    return {
        "trials": len(history.trials),
        "concurrent": workers,
        "steps": history.steps_total,
        "closed": sum(not trial.open for trial in history.trials),
        "seconds": round(time.monotonic() - began, 2),
        "processor_seconds": round(time.process_time() - spent, 2),
        "peak_mib": round(peak_mib()),
    }


def results(rows: int, storage: str) -> dict[str, Any]:
    """`rows` results of three metrics, journalled and shown in TensorBoard one by one; then the run is opened and asked."""
    trials = rows // ROWS_PER_TRIAL
    problem = Problem(
        parse_parameters({"x": {"min": 0.0, "max": 1.0}}),
        Objective("loss"),
        ROWS_PER_TRIAL,
        Budget(trials=trials),
        seed=1,
    )
    paths = RunPaths(Path(storage, "rows"))
    paths.root.mkdir(parents=True)
    appended, journal = timed_journal(), FileJournal(paths.journal)
    sweep = _begin(problem, journal, observers=[TensorBoardView(paths.tensorboard)])
    began, spent, tenths = time.monotonic(), time.process_time(), []
    for done in range(trials):
        if done % max(1, trials // 10) == 0:
            tenths.append((time.monotonic(), time.process_time()))
        _train(sweep, float(done))
    tenths.append((time.monotonic(), time.process_time()))
    seconds, processor = time.monotonic() - began, time.process_time() - spent
    sweep.end("every trial has ended", float(trials))
    sweep.close_observers()
    journal.close()
    lengths = [[after[i] - before[i] for i in (0, 1)] for before, after in pairwise(tenths)]
    peak = peak_mib()
    return {
        "rows": trials * ROWS_PER_TRIAL,
        "seconds": round(seconds, 2),
        "rows_per_second": round(rows / seconds),
        "processor_seconds": round(processor, 2),
        "rows_per_processor_second": round(rows / processor),
        "processor_late_to_early": round(lengths[-1][1] / lengths[0][1], 2),
        "journal_share": round(appended()[1] / seconds, 3),
        "journal_mib": round(paths.journal.stat().st_size / 2**20, 1),
        "peak_mib": round(peak),
        **_asked(paths, sweep),
    }


def _asked(paths: RunPaths, sweep: PassiveSweep) -> dict[str, float]:
    """Seconds that opening the run takes, and the best of it, once it is open."""
    from search.analysis.leaderboard import leaderboard

    began = time.monotonic()
    run = Run.open(paths.root)
    opened = time.monotonic()
    assert run.best is not None
    best = time.monotonic()
    leaderboard(run.history)
    ranked = time.monotonic()
    assert sweep.history.best is not None
    assert run.best.trial == sweep.history.best.id
    return {
        "open_seconds": round(opened - began, 2),
        "best_seconds": round(best - opened, 4),
        "ranking_seconds": round(ranked - best, 3),
    }


def suggestion(method: str, trials: int, asks: int = 20) -> dict[str, Any]:
    """Processor milliseconds of a proposal after `trials` trials, eight parameters; each hears of the trial before it."""
    problem = Problem(parse_parameters(EIGHT), Objective("loss"), 1, Budget(trials=trials + asks + 1), seed=1)
    journal = MemoryJournal()
    learned = _begin(problem, journal, searcher="random")
    for _ in range(trials):
        _train(learned, 0.0)
    searcher = _Timed(make_searcher(method, problem))
    sweep = PassiveSweep.resume(journal.records, searcher, make_scheduler("none", problem), MemoryJournal())
    for _ in range(asks + 1):
        _train(sweep, 0.0)
    first, *rest = searcher.spent
    rest.sort()
    return {
        "method": method,
        "trials": trials,
        "processor_ms": round(1000 * statistics.median(rest), 1),
        "processor_ms_p95": round(1000 * rest[int(0.95 * (len(rest) - 1))], 1),
        "first_after_resume_seconds": round(first, 2),
        "notices": sum("window" in each["text"] for each in sweep.history.notices),
    }


def raw_suggestion(library: str, trials: int, asks: int) -> dict[str, Any]:
    """The same of Optuna's and Hyperopt's own TPE, with all trials in the study, as their documentation shows it."""
    spent = _optuna(trials, asks) if library == "optuna" else _hyperopt(trials, asks)
    return {"library": library, "trials": trials, "processor_ms": round(1000 * statistics.median(spent), 1)}


def _optuna(trials: int, asks: int) -> list[float]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    def suggest(trial: Any) -> float:
        values = [trial.suggest_float(f"x{place}", 0, 1) for place in range(6)]
        trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        trial.suggest_categorical("kind", ["a", "b", "c"])
        return sum(values)

    study.optimize(suggest, n_trials=trials)
    study.sampler = optuna.samplers.TPESampler(seed=0)

    def ask() -> None:
        trial = study.ask()
        study.tell(trial, suggest(trial))

    return [_spent(ask) for _ in range(asks)]


def _hyperopt(trials: int, asks: int) -> list[float]:
    import numpy as np
    from hyperopt import hp, rand, tpe
    from hyperopt.base import JOB_STATE_DONE, STATUS_OK, Domain, Trials

    space: dict[str, Any] = {f"x{place}": hp.uniform(f"x{place}", 0, 1) for place in range(6)}
    space["lr"] = hp.loguniform("lr", float(np.log(1e-5)), float(np.log(1e-1)))
    space["kind"] = hp.choice("kind", ["a", "b", "c"])
    domain, known = Domain(None, space), Trials()

    def told(documents: list[dict[str, Any]]) -> None:
        for document in documents:
            values = document["misc"]["vals"]
            loss = sum(values[f"x{place}"][0] for place in range(6))
            document.update(state=JOB_STATE_DONE, result={"status": STATUS_OK, "loss": loss})
        known.insert_trial_docs(documents)
        known.refresh()

    told(rand.suggest(list(range(trials)), domain, known, 0))
    return [
        _spent(
            lambda number=trials + place: told(tpe.suggest([number], domain, known, number, verbose=False))
        )
        for place in range(asks)
    ]


class _Timed:
    """A searcher whose proposals are timed."""

    def __init__(self, searcher: Any) -> None:
        self.searcher, self.spent = searcher, []

    def ask(self, history: Any, number: int) -> Any:
        answer: list[Any] = []
        self.spent.append(_spent(lambda: answer.append(self.searcher.ask(history, number))))
        return answer[0]

    @property
    def notice(self) -> str | None:
        return getattr(self.searcher, "notice", None)


def _spent(call: Callable[[], Any]) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def _begin(
    problem: Problem, journal: Any, *, searcher: str = "random", scheduler: str = "none", observers: Any = ()
) -> PassiveSweep:
    return PassiveSweep.begin(
        problem,
        make_searcher(searcher, problem),
        make_scheduler(scheduler, problem),
        journal,
        observers=observers,
    )


def _train(sweep: PassiveSweep, now: float) -> None:
    """One trial from its proposal to its end; a parabola in each number."""
    (trial,) = sweep.ask(1, now)
    sweep.start(trial.number, now, node="none", pid=0)
    floor = sum((value - 0.3) ** 2 for value in trial.config.values() if isinstance(value, float))
    for step in range(1, sweep.problem.max_steps + 1):
        metrics = {"loss": floor + 1 / step, "train/loss": floor, "lr": 0.1}
        decision = sweep.report(trial.number, step, metrics, now)
    sweep.close(trial.number, decision.outcome or Outcome.COMPLETED, now, decision.reason)
