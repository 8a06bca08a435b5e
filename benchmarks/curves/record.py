"""Records the learning curves of real trainings, to be played back by the benchmarks of early stopping.

    python benchmarks/curves/record.py mlp-digits --configs 300             go on until there are 300
    python benchmarks/curves/record.py --minutes 4 --processes 2            every task, for 4 minutes each at most
    python benchmarks/curves/record.py --list                               what there is so far

Random search over the trainable's default space: config number i of a task is always the same one, under the same seed,
and each is trained once to full length. Recording goes on where it stopped, whatever stopped it: what is there is kept
in `benchmarks/curves/<task>.parquet` every half minute, and at the end. `seconds` is the processor time of one thread, so
that neighbours on the machine do not stretch it.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy or torch is imported, here and in the processes
sys.path.insert(0, str(Path(__file__).parents[1]))

from _machine import describe  # noqa: E402
from _recordings import CURVES, Row, load, write  # noqa: E402

from search.seeds import searcher_rng, trial_seed  # noqa: E402
from spaces import nest  # noqa: E402
from spaces.reading import parse_parameters  # noqa: E402
from trainables.base import Declaration  # noqa: E402
from trainables.host import Host  # noqa: E402
from trainables.plug import resolve  # noqa: E402

METRIC = "val/loss"
KEPT = ("val/loss", "val/accuracy", "train/loss")
EVERY = 30.0  # seconds between two times that what is there is kept
SEED = 0


@dataclass(frozen=True)
class Task:
    """A trainable on a data set. `configs`: as many as are worth their time on two cores. `constants`: further settings that
    every config has, by dotted name. `max_steps`: of full length, where it is not what the trainable declares."""

    trainable: str
    data: str
    configs: int
    constants: Mapping[str, Any] = field(default_factory=dict)
    max_steps: int | None = None

    def declared(self) -> Declaration:
        """What the trainable declares for the data, `max_steps` put in its place."""
        found = resolve(self.trainable).declaration({"source": self.data})
        return found if self.max_steps is None else replace(found, max_steps=self.max_steps)

    def settings(self) -> dict[str, Any]:
        """What every config has: the data, the constants, and a schedule as long as the training."""
        declared = self.declared()
        length = {declared.length: declared.max_steps} if declared.length is not None else {}
        return {"data.source": self.data, **length, **self.constants}


TASKS = {
    "mlp-digits": Task("mlp", "digits", 1000),
    "mlp-breast_cancer": Task("mlp", "breast_cancer", 1000),
    "boosting-penguins": Task("boosting", "penguins", 1000),
    "boosting-wine": Task("boosting", "wine", 1000),
    "cnn-mnist_5k": Task(
        "cnn", "mnist_5k", 300, {"data.split.test": 0.84, "data.split.valid": 0.08}, max_steps=9
    ),
    "rnn-movie_sentences": Task(
        "rnn", "movie_sentences", 300, {"data.split.test": 0.88, "data.split.valid": 0.05}
    ),
}


def about(task: Task) -> dict[str, Any]:
    """What a recording says of itself; its rows are drawn from `parameters`."""
    declared = task.declared()
    assert declared.max_steps is not None
    return {
        "trainable": task.trainable,
        "constants": task.settings(),
        "parameters": dict(declared.parameters),
        "max_steps": declared.max_steps,
        "step_unit": declared.step_unit,
        "metric": METRIC,
        "goal": "minimize",
        "seed": SEED,
        "machine": describe(),
    }


def train(name: str, number: int) -> Row:
    """Config `number` of a task, trained to full length or to its failure."""
    task = TASKS[name]
    plug, declared = resolve(task.trainable), task.declared()
    config = parse_parameters(declared.parameters).sample(searcher_rng(SEED, number))
    seed, host = trial_seed(SEED, number), Host(plug)
    curves: dict[str, list[float]] = {metric: [] for metric in KEPT}
    seconds: list[float] = []
    failure = None
    try:
        host.start(nest({**config, **task.settings()}), seed=seed)
        for _ in range(declared.max_steps or 1):
            began = time.process_time()
            raw = host.advance()
            if raw is None:
                break
            seconds.append(time.process_time() - began)
            for metric, values in curves.items():
                values.append(float(raw.get(metric, math.nan)))
            if not math.isfinite(curves[METRIC][-1]):
                failure = f"{METRIC} is {curves[METRIC][-1]}"
                break
    except ArithmeticError as error:
        failure = f"{type(error).__name__}: {error}"[:200]
    finally:
        host.close()
    return Row(number, seed, config, curves, seconds, failure)


def record(name: str, configs: int, processes: int, minutes: float, folder: Path) -> tuple[int, int]:
    """Go on with a task. Returns (configs now, configs that were new)."""
    rows = {row.number: row for row in load(name, folder).rows} if _there(name, folder) else {}
    before, missing = len(rows), iter([number for number in range(configs) if number not in rows])
    kept = time.monotonic()
    for row in _trained(name, missing, processes, kept + 60 * minutes):
        rows[row.number] = row
        if time.monotonic() - kept > EVERY:
            write(name, about(TASKS[name]), list(rows.values()), folder)
            kept = time.monotonic()
    if len(rows) > before:
        write(name, about(TASKS[name]), list(rows.values()), folder)
    return len(rows), len(rows) - before


def _trained(name: str, numbers: Iterator[int], processes: int, deadline: float) -> Iterator[Row]:
    """Rows as they come; none is begun past the deadline."""
    if processes == 1:
        for number in numbers:
            yield train(name, number)
            if time.monotonic() >= deadline:
                return
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        running: set[Future[Row]] = set()
        while True:
            while len(running) < processes and time.monotonic() < deadline:
                number = next(numbers, None)
                if number is None:
                    break
                running.add(pool.submit(train, name, number))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (each.result() for each in done)


def _there(name: str, folder: Path) -> bool:
    return (folder / f"{name}.parquet").is_file()


def _list(folder: Path) -> None:
    for name, task in TASKS.items():
        if not _there(name, folder):
            print(f"{name:24} none of {task.configs}")
            continue
        found = load(name, folder)
        cost = sum(sum(row.seconds) for row in found.rows) / len(found.rows)
        failed = sum(row.failure is not None for row in found.rows)
        size = (folder / f"{name}.parquet").stat().st_size / 1024
        print(
            f"{name:24} {len(found.rows):5} of {task.configs}, {failed} failed, {found.max_steps} steps, "
            f"{cost:6.2f} s each, {size:.0f} KiB"
        )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {', '.join(TASKS)}; default all")
    parser.add_argument("--configs", type=int, help="how many there are to be; default: those of the task")
    parser.add_argument("--processes", type=int, default=1, help="one thread each")
    parser.add_argument("--minutes", type=float, default=math.inf, help="of each task, at most")
    parser.add_argument("--folder", type=Path, default=CURVES)
    parser.add_argument("--list", action="store_true", help="what there is so far; records nothing")
    chosen = parser.parse_args(argv)
    if unknown := [name for name in chosen.tasks if name not in TASKS]:
        parser.error(f"unknown task {unknown[0]}; there are {', '.join(TASKS)}")
    for name in () if chosen.list else chosen.tasks or TASKS:
        there, new = record(
            name, chosen.configs or TASKS[name].configs, chosen.processes, chosen.minutes, chosen.folder
        )
        print(f"{name}: {there} configs, {new} of them new")
    if chosen.list:
        _list(chosen.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
