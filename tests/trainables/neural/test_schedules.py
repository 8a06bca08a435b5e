"""Each schedule, change by change, against torch's scheduler of the same name; then what torch's do not have."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.optim import lr_scheduler

from trainables.neural.options import TRAINING, TRAINING_OPTIONS
from trainables.neural.schedules import Schedule

LR = 0.4
Make = Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler]

REFERENCES: dict[str, tuple[dict[str, Any], int, Make]] = {  # options, changes to compare, torch's
    "constant": ({}, 30, lambda o: lr_scheduler.ConstantLR(o, factor=1.0)),
    "step": (
        {"schedule_step": 4, "schedule_factor": 0.3},
        30,
        lambda o: lr_scheduler.StepLR(o, 4, gamma=0.3),
    ),
    "linear": (
        {"schedule_epochs": 12, "schedule_factor": 0.2},
        30,
        lambda o: lr_scheduler.LinearLR(o, start_factor=1.0, end_factor=0.2, total_iters=12),
    ),
    "exponential": ({"schedule_decay": 0.9}, 30, lambda o: lr_scheduler.ExponentialLR(o, 0.9)),
    "cosine": (
        {"schedule_epochs": 12, "schedule_factor": 0.05},
        12,  # torch's rises again
        lambda o: lr_scheduler.CosineAnnealingLR(o, 12, eta_min=0.05 * LR),
    ),
    "one_cycle": (
        {"schedule_epochs": 20},
        19,  # torch's raises
        lambda o: lr_scheduler.OneCycleLR(o, LR, total_steps=20, cycle_momentum=False, div_factor=25.0),
    ),
}


def optimizer(lr: float = LR) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def rates(
    options: dict[str, Any], epochs: int, updates: int = 1, losses: list[float] | None = None
) -> list[float]:
    """The rate of every update; the last of the list is that of the one after them."""
    schedule = Schedule(optimizer(), {**TRAINING, **options}, updates)
    seen = [schedule.rate]
    for epoch in range(epochs):
        for _ in range(updates):
            schedule.batch()
            seen.append(schedule.rate)
        schedule.epoch(losses[epoch] if losses else 1.0)
        seen[-1] = schedule.rate
    return seen


def torchs(make: Make, changes: int) -> list[float]:
    own = optimizer()
    scheduler = make(own)
    seen = [own.param_groups[0]["lr"]]
    for _ in range(changes):
        own.step()
        scheduler.step()
        seen.append(own.param_groups[0]["lr"])
    return seen


@pytest.mark.parametrize("name", REFERENCES)
def test_it_is_torchs_change_by_change(name: str) -> None:
    options, changes, make = REFERENCES[name]
    assert rates({"schedule": name, **options}, changes) == pytest.approx(torchs(make, changes), rel=1e-9)


@pytest.mark.parametrize("name", ["step", "linear", "cosine", "one_cycle", "exponential"])
def test_changes_with_every_batch_are_torchs_too(name: str) -> None:
    epochs, updates = 6, 5
    options: dict[str, Any] = {"schedule_every": "batch", "schedule_epochs": epochs, "schedule_step": 2}
    makes: dict[str, Make] = {
        "step": lambda o: lr_scheduler.StepLR(o, 2 * updates, gamma=0.1),
        "linear": lambda o: lr_scheduler.LinearLR(o, 1.0, 0.1, total_iters=epochs * updates),
        "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, epochs * updates, eta_min=0.1 * LR),
        "one_cycle": lambda o: lr_scheduler.OneCycleLR(
            o, LR, total_steps=epochs * updates, cycle_momentum=False
        ),
        "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.95 ** (1 / updates)),
    }
    found = rates({"schedule": name, **options}, epochs, updates)
    changes = epochs * updates - 1
    assert found[: changes + 1] == pytest.approx(torchs(makes[name], changes), rel=1e-9)


def test_a_plateau_is_torchs_epoch_by_epoch() -> None:
    losses = [
        1.0,
        0.9,
        0.9,
        0.95,
        0.9,
        0.8,
        0.79999,
        0.81,
        0.8,
        0.7,
        math.nan,
        math.nan,
        math.nan,
        0.6,
        0.6,
        0.6,
        0.6,
    ]
    options = {"schedule": "plateau", "schedule_factor": 0.5, "schedule_patience": 2}
    found = rates(options, len(losses), losses=losses)
    own = optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(own, factor=0.5, patience=2)
    expected = [LR]
    for loss in losses:
        scheduler.step(loss)
        expected.append(own.param_groups[0]["lr"])
    assert found == pytest.approx(expected)
    assert found[-1] < LR / 3


@pytest.mark.parametrize("name", ["constant", "step", "linear", "exponential", "cosine"])
def test_a_warm_up_is_torchs_sequence_of_two(name: str) -> None:
    options, _, make = REFERENCES[name]

    def both(own: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        warmup = lr_scheduler.LinearLR(own, start_factor=0.1, total_iters=3)
        return lr_scheduler.SequentialLR(own, [warmup, make(own)], milestones=[3])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's sequence uses what torch deprecates
        expected = torchs(both, 14)
    assert rates({"schedule": name, "warmup": 3, **options}, 14) == pytest.approx(expected, rel=1e-9)


def test_a_warm_up_before_a_plateau_is_not_watched() -> None:
    options = {"schedule": "plateau", "schedule_patience": 1, "warmup": 4}
    found = rates(options, 8, losses=[1.0] * 8)
    assert found[:5] == pytest.approx([LR * share for share in (0.1, 0.325, 0.55, 0.775, 1.0)])
    assert found[5:] == pytest.approx([LR, LR, 0.1 * LR, 0.1 * LR])


def test_the_warm_up_of_one_cycle_is_its_way_up() -> None:
    options = {"schedule": "one_cycle", "schedule_epochs": 20, "warmup": 10}

    def reference(own: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
        return lr_scheduler.OneCycleLR(own, LR, total_steps=20, pct_start=0.5, cycle_momentum=False)

    assert rates(options, 19) == pytest.approx(torchs(reference, 19), rel=1e-9)


@pytest.mark.parametrize("name", ["linear", "cosine", "one_cycle"])
def test_what_has_come_down_stays_down(name: str) -> None:
    found = rates({"schedule": name, "schedule_epochs": 5}, 12)
    assert found[5:] == pytest.approx([found[-1]] * 8)
    assert found[-1] == pytest.approx(LR / 25e4 if name == "one_cycle" else 0.1 * LR)


@pytest.mark.parametrize("epochs", [1, 2, 3, 4])
@pytest.mark.parametrize("warmup", [0, 1, 5])
def test_the_shortest_cycles(epochs: int, warmup: int) -> None:
    found = rates({"schedule": "one_cycle", "schedule_epochs": epochs, "warmup": warmup}, 8)
    assert all(0 < rate <= LR for rate in found)
    assert max(found) == pytest.approx(LR)


@pytest.mark.parametrize("name", TRAINING_OPTIONS["schedule"].choices)
def test_groups_keep_their_proportions_and_a_state_goes_on(name: str) -> None:
    options = {
        **TRAINING,
        "schedule": name,
        "schedule_epochs": 6,
        "schedule_step": 2,
        "schedule_patience": 1,
        "warmup": 2,
    }
    runs = []
    for pause in (None, 4):
        weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
        groups = [{"params": weights[:1], "lr": 0.01}, {"params": weights[1:]}]
        own = torch.optim.SGD(groups, lr=0.1)
        schedule, seen = Schedule(own, options, 3), []
        for epoch in range(9):
            if epoch == pause:
                state = schedule.state_dict()
                schedule = Schedule(
                    torch.optim.SGD([{"params": weights[:1], "lr": 0.01}, {"params": weights[1:]}], lr=0.1),
                    options,
                    3,
                )
                schedule.load_state_dict(state)
            for _ in range(3):
                schedule.batch()
            schedule.epoch(1.0)
            rates = [group["lr"] for group in schedule._optimizer.param_groups]
            assert rates[1] == pytest.approx(10 * rates[0])
            seen.append(schedule.rate)
        runs.append(seen)
    assert runs[0] == runs[1]
