"""Whether all that a run says of itself agrees with what really ran: journal, TensorBoard, report and table."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from search.driving import recorded_settings
from search.history import History, Record
from search.journal import MemoryJournal, read_journal
from search.paths import RunPaths
from search.sweep import PassiveSweep
from search.trial import Trial
from soak.account import Line
from soak.model import walked

__all__ = ["disagreements"]


def disagreements(run: RunPaths, truth: Sequence[Line]) -> list[str]:
    """A sentence for each; none where all agree exactly."""
    records = read_journal(run.journal)
    history = History.from_records(records)
    return [
        *_of_journal(records, history, truth),
        *_of_replay(records),
        *_of_tensorboard(run.tensorboard, history),
        *_of_report(run.report, history),
    ]


def _of_journal(records: Sequence[Record], history: History, truth: Sequence[Line]) -> Iterator[str]:
    """Created = closed = n, ids and configs never part, and each result is the one that was computed."""
    if not history.finished:
        yield "the sweep is not finished"
    asked = [record["trial"] for record in records if record["type"] == "ask"]
    closed = Counter(record["trial"] for record in records if record["type"] == "close")
    if asked != list(range(len(asked))):
        yield "trials were not asked for one after the other"
    if closed != Counter(asked):
        yield f"not every trial was closed once: {(closed - Counter(asked)) or (Counter(asked) - closed)}"
    if len({trial.seed for trial in history.trials}) != len(history.trials):
        yield "two trials have one seed"
    ran: dict[int, list[Line]] = {}
    for line in truth:
        ran.setdefault(line.seed, []).append(line)
    for trial in history.trials:
        yield from _of_trial(trial, ran.get(trial.seed, []))
    for record in records:
        if record["type"] == "result" and record.get("again"):
            first = history.trials[record["trial"]].results[record["step"] - 1]
            if dict(first.metrics) != record["metrics"]:
                yield f"{first.step} of trial {record['trial']} came out differently the second time"


def _of_trial(trial: Trial, lines: Sequence[Line]) -> Iterator[str]:
    if trial.failure is not None:
        yield f"{trial.id} failed: {trial.failure.kind}: {trial.failure.message}"
    searched = {name: value for name, value in trial.config.items() if name in ("x", "kind", "spread")}
    if any(line.config != searched for line in lines):
        yield f"{trial.id} ran with another config"
    expected = walked(trial.seed, trial.config["x"], trial.config.get("spread", 0.0), trial.steps)
    told = [dict(result.metrics) for result in trial.results]
    if told != expected or [result.step for result in trial.results] != list(range(1, trial.steps + 1)):
        yield f"{trial.id}: the journal's results are not those of an undisturbed trial"
    longest = max((line.step for line in lines), default=0)
    undisturbed = walked(trial.seed, trial.config["x"], trial.config.get("spread", 0.0), longest)
    if any(line.event == "step" and line.metrics != undisturbed[line.step - 1] for line in lines):
        yield f"{trial.id}: a step went on from a wrong checkpoint"


def _of_replay(records: Sequence[Record]) -> Iterator[str]:
    """Every decision comes out again; else the resume raises."""
    settings = recorded_settings(records[0]["about"], "soak", None)
    problem = History.from_records(records).problem
    again = PassiveSweep.resume(
        records, settings.searcher(problem), settings.scheduler(problem), MemoryJournal()
    )
    if len(again.history.trials) != len({r["trial"] for r in records if r["type"] == "ask"}):
        yield "a replay does not end where the sweep did"


def _of_tensorboard(directory: Path, history: History) -> Iterator[str]:
    """What TensorBoard's own reader makes of the event files."""
    from tensorboard.plugins.hparams import plugin_data_pb2

    names = {parameter.name for parameter in history.problem.space.parameters}
    summary = plugin_data_pb2.HParamsPluginData()
    summary.ParseFromString(_read(directory).SummaryMetadata("_hparams_/experiment").plugin_data.content)
    if {info.name for info in summary.experiment.hparam_infos} != names:
        yield "TensorBoard: the HParams table does not have every parameter of the space"
    folders = {path.name for path in directory.iterdir() if path.is_dir()}
    if folders != {trial.id for trial in history.trials}:
        yield f"TensorBoard: {sorted(folders ^ {trial.id for trial in history.trials})[:5]} too many or too few"
    for trial in history.trials:
        if trial.id not in folders:
            continue
        yield from _of_board(trial, _read(directory / trial.id))


def _of_board(trial: Trial, board: Any) -> Iterator[str]:
    from tensorboard.plugins.hparams import plugin_data_pb2

    content = plugin_data_pb2.HParamsPluginData()
    content.ParseFromString(board.SummaryMetadata("_hparams_/session_start_info").plugin_data.content)
    hparams = content.session_start_info.hparams
    shown = {name: getattr(value, str(value.WhichOneof("kind"))) for name, value in hparams.items()}
    if shown != dict(trial.config):
        yield f"TensorBoard: {trial.id} has other hyperparameters: {shown}"
    if "_hparams_/session_end_info" not in board.summary_metadata:
        yield f"TensorBoard: {trial.id} has no end"
    losses = [result.metrics["loss"] for result in trial.results]
    columns = {
        "loss": losses,
        "drift": [result.metrics["drift"] for result in trial.results],
        "best/loss": list(accumulate(losses, min)),
    }
    for tag, values in columns.items() if losses else ():
        points = [(event.step, event.value) for event in board.Scalars(tag)]
        wanted = [(step, float(np.float32(value))) for step, value in enumerate(values, start=1)]
        if points != wanted:
            missing, added = sorted(set(wanted) - set(points)), sorted(set(points) - set(wanted))
            yield f"TensorBoard: {trial.id} {tag}: lacks {missing[:3]}, has {added[:3]}, {len(points)} points"


def _read(folder: Path) -> Any:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    return board.Reload()


def _of_report(folder: Path, history: History) -> Iterator[str]:
    report = json.loads((folder / "report.json").read_text())
    summary, states = report["summary"], Counter(str(trial.state) for trial in history.trials)
    counts = {"total": len(history.trials), **{state: states[state] for state in _STATES}}
    if summary["trials"] != counts:
        yield f"report: {summary['trials']} trials, and {counts} in the journal"
    if summary["steps_total"] != sum(trial.steps for trial in history.trials):
        yield f"report: {summary['steps_total']} steps"
    best, losses = (
        summary["best"],
        [(_best(trial), trial.number, trial) for trial in history.trials if trial.steps],
    )
    value, _, winner = min(losses)
    if (best["trial"], best["value"], best["config"]) != (winner.id, value, dict(winner.config)):
        yield f"report: the best is {best}, and {winner.id} with {value} in the journal"
    for row in report["leaderboard"]["rows"]:
        trial = history.trials[int(row["trial"][1:])]
        if (row["best"], row["steps"]) != (_best(trial) if trial.steps else None, trial.steps):
            yield f"report: the leaderboard has {row} of {trial.id}"
    with (folder / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = [(row["trial"], row["state"], int(row["steps"]), row["best"]) for row in rows]
    wanted = [(t.id, t.state, t.steps, repr(_best(t)) if t.steps else "") for t in history.trials]
    if told != wanted:
        yield f"trials.csv differs: {[pair for pair in zip(told, wanted, strict=False) if pair[0] != pair[1]][:3]}"


_STATES = ("completed", "stopped", "failed", "running")


def _best(trial: Trial) -> float:
    return min(result.metrics["loss"] for result in trial.results)
