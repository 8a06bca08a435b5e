"""One sweep file that every method and every scheduler takes, with the trainable of its user beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from search.history import History, Record
from search.journal import Journal
from search.paths import RunPaths
from search.runners.base import Runner, Work
from search.schedulers import SCHEDULERS
from search.searchers import SEARCHERS
from search.settings import ResolvedSettings, read_settings
from search.sweep import PassiveSweep

__all__ = [
    "COMBINATIONS",
    "TRIALS",
    "begin",
    "drive",
    "overrides",
    "resume",
    "settings_of",
    "story",
    "write_sweep",
]

TRIALS = 14

SWEEP = f"""
name: matrix
trainable: training.py:Descent
metric: {{name: loss, goal: minimize}}
parameters:
  optimizer: {{values: [sgd, adam]}}
  lr: {{min: 1.0e-3, max: 1.0, distribution: log_uniform_values}}
  momentum: {{min: 0.0, max: 0.9, when: {{optimizer: sgd}}}}
  model:
    depth: {{min: 1, max: 4}}
    width: {{values: [8, 16, 32], ordered: true}}
constraints: ["model.depth * model.width <= 64"]
max_steps: 9
run_cap: {TRIALS}
workers: 1
seed: 4
"""

TRAINING = '''
import json


class Descent:
    """Falls from a height towards a floor, both of which the config decides; the sum makes a wrong resume show."""

    def setup(self, config, *, seed, device):
        model = config["model"]
        self.speed = config["lr"] * (1 + config.get("momentum", 0.0)) * (2 if config["optimizer"] == "adam" else 1)
        self.floor = abs(config["lr"] - 0.1) + 1 / model["depth"] + model["width"] / 100
        self.height, self.total, self.seconds = 3.0 + seed % 5, 0.0, float(model["depth"])

    def step(self):
        self.height *= 1 - 0.9 * min(self.speed, 1.0)
        self.total += self.height
        return {"loss": self.floor + self.height, "total": self.total, "seconds": self.seconds}

    def save(self, directory):
        (directory / "state.json").write_text(json.dumps([self.height, self.total]))

    def load(self, directory):
        self.height, self.total = json.loads((directory / "state.json").read_text())
'''

_FILLING = [
    name for name in SCHEDULERS if name != "population"
]  # which ends with its members, not with its trials

COMBINATIONS = [*((method, scheduler) for method in SEARCHERS for scheduler in _FILLING), ("bohb", None)]
"""(method, early_terminate.type) of a sweep file; `bohb` brings its own scheduler, which is hyperband."""


def write_sweep(folder: Path) -> Path:
    """The sweep file and its trainable, written into `folder`."""
    (folder / "training.py").write_text(TRAINING)
    file = folder / "sweep.yaml"
    file.write_text(SWEEP)
    return file


def overrides(method: str, scheduler: str | None, **more: Any) -> list[str]:
    """What `--set` says to have the file run with that method and that scheduler."""
    options = {"grid": ", resolution: 3"}  # the only method that cannot take a continuous parameter as it is
    keys = {"method": f"{{name: {method}{options.get(method, '')}}}", **more}
    if scheduler is not None:
        keys["early_terminate"] = scheduler
    return [f"{key}={value}" for key, value in keys.items()]


def begin(settings: ResolvedSettings, journal: Journal) -> PassiveSweep:
    """A new sweep of these settings."""
    problem = settings.problem()
    return PassiveSweep.begin(problem, settings.searcher(problem), settings.scheduler(problem), journal)


def resume(settings: ResolvedSettings, records: list[Record], journal: Journal) -> PassiveSweep:
    """The sweep that `records` tell of, with a fresh searcher and a fresh scheduler."""
    problem = History.from_records(records[:1]).problem
    return PassiveSweep.resume(records, settings.searcher(problem), settings.scheduler(problem), journal)


def drive(
    runner: Runner, sweep: PassiveSweep, settings: ResolvedSettings, root: Path | None = None
) -> History:
    """Run a sweep to its end; `root`: the run directory, for a runner that needs one."""
    paths = None if root is None else RunPaths(root)
    work = Work(plug=settings.plug, paths=paths, workers=settings.workers, base=settings.base)
    runner.run(sweep, work)
    return sweep.history


def settings_of(file: Path, method: str, scheduler: str | None, **more: Any) -> ResolvedSettings:
    """The settings of the sweep file under that method and that scheduler."""
    return read_settings(file, overrides(method, scheduler, **more)).resolved()


def story(history: History) -> list[Any]:
    """What a sweep came to: proposals, results, decisions and what was learned; not when, where, or how often begun."""
    return [
        [
            (
                t.id,
                dict(t.config),
                t.seed,
                t.origin,
                t.state,
                t.reason,
                [(r.step, dict(r.metrics)) for r in t.results],
            )
            for t in history.trials
        ],
        sorted((d["trial"], d["step"], d["outcome"], d["reason"], d["rung"]) for d in history.decisions),
        [(o.number, o.score, o.outcome, o.curve) for o in history.observations],
    ]
