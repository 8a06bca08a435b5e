"""A lane's state in the files of an ordinary trial, so that a trial may leave its lane and go on alone, and come back.

The files are those of `Host.save` of a network: the training's state (`trainables.neural.checkpoint`), what the network is
(`supervised.NETWORK`), and the host's step and generators.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from torch import Tensor

from trainables.errors import CheckpointError
from trainables.host import STATE_FILE
from trainables.neural.checkpoint import loading, write_state
from trainables.neural.lanes.lane import Lane
from trainables.neural.lanes.training import StackedTraining
from trainables.neural.optimizers import make_optimizer
from trainables.neural.supervised import NETWORK
from trainables.randomness import capture_globals, restore_globals, seed_globals

__all__ = ["put_weights", "read_lane", "state_of", "weights_of", "write_lane"]


def weights_of(training: StackedTraining, row: int) -> dict[str, dict[str, Tensor]]:
    """The weights of one lane by module and name, as `Training` saves them; views."""
    weights = {"module": training.network.state(row)}
    if training.averages is not None:
        weights["ema"] = training.network.state(row, training.averages)
    return weights


def put_weights(training: StackedTraining, row: int, weights: dict[str, dict[str, Tensor]]) -> None:
    """Put weights into the row of a lane.

    Raises:
        CheckpointError: they are those of another architecture.
    """
    training.network.load(row, weights["module"])
    if training.averages is not None:
        training.network.load(row, weights["ema"], training.averages)


def state_of(training: StackedTraining, row: int, lane: Lane) -> dict[str, Any]:
    """All that changes of a lane, copied: what `Training.save` of the same trial writes."""
    return {
        "epochs": lane.epochs,
        "stopped": lane.stopped,
        "weights": {
            part: {name: each.clone() for name, each in held.items()}
            for part, held in weights_of(training, row).items()
        },
        "optimizer": _optimizer_state(training, row, lane),
        "schedule": lane.schedule.state_dict(),
        "precision": {},
        "best": None if lane.best is None else lane.best.state_dict(),
        "random": lane.random_states,
    }


def write_lane(directory: Path, state: dict[str, Any], lane: Lane) -> None:
    """Write the files of a trial's checkpoint into the existing `directory`."""
    write_state(directory, state)
    (directory / NETWORK).write_text(json.dumps(lane.description, indent=1), encoding="utf-8")
    (directory / STATE_FILE).write_text(f'{{"step": {lane.epochs}, "random": {_globals_of(lane.seed)}}}')


def read_lane(directory: Path, training: StackedTraining, row: int, lane: Lane) -> None:
    """Put a trial's checkpoint into a row where its lane has just begun.

    Raises:
        CheckpointError: a file is missing, cut, or of another architecture.
    """
    with loading(directory) as state:
        put_weights(training, row, state["weights"])
        _load_optimizer(training, row, state["optimizer"]["state"], int(state["epochs"]))
        lane.schedule.load_state_dict(state["schedule"])
        if lane.best is not None:
            lane.best.load_state_dict(state["best"])
        lane.random_states = list(state["random"])
        lane.epochs, lane.stopped = int(state["epochs"]), bool(state["stopped"])
    try:
        step = int(json.loads((directory / STATE_FILE).read_text())["step"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{directory / STATE_FILE} cannot be read: {error}") from error
    if step != lane.epochs:
        raise CheckpointError(
            f"{directory}: the host had done {step} steps, its network {lane.epochs} epochs"
        )


def _optimizer_state(training: StackedTraining, row: int, lane: Lane) -> dict[str, Any]:
    """The state dict of torch's optimizer, had it done these updates."""
    alike = list(training.network.graph.parameters())  # torch numbers them; what they hold is not looked at
    optimizer = make_optimizer(alike, lane.options)
    optimizer.param_groups[0]["lr"] = lane.rate
    trained = dict(zip(training.network.trained, training.optimizer.state, strict=True))
    updates = training.optimizer.updates[row]
    for parameter, name in zip(alike, training.network.parameters, strict=True):
        if updates and name in trained and name in training.optimized:
            shape = training.network.tensors[name].shape[1:]
            kept = {slot: each[row].view(shape).clone() for slot, each in trained[name].items()}
            counted = {"step": updates.float()} if training.optimizer.counts else {}
            if counted or kept:
                optimizer.state[parameter] = {**counted, **kept}
    saved: dict[str, Any] = optimizer.state_dict()
    return saved


def _load_optimizer(training: StackedTraining, row: int, saved: dict[int, Any], epochs: int) -> None:
    training.optimizer.updates[row] = epochs  # of what counts its updates: replaced below
    for number, name in enumerate(training.network.parameters):
        held = saved.get(number)
        if held is None or name not in training.network.trained:
            continue
        state = training.optimizer.state[training.network.trained.index(name)]
        for slot, each in state.items():
            each[row] = held[slot].reshape(-1)
        if training.optimizer.counts:
            training.optimizer.updates[row] = float(held["step"])


@lru_cache(maxsize=1024)
def _globals_of(seed: int) -> str:
    """The global generators of a trial alone, as JSON: they are seeded when it starts, and its training draws from its own."""
    outside = capture_globals()
    try:
        seed_globals(seed)
        return json.dumps(capture_globals())
    finally:
        restore_globals(outside)
