"""What the training loop costs beside the training: an epoch of tuneyard's against one of a loop written by hand.

    OMP_NUM_THREADS=1 python benchmarks/training_loop.py [--quick]

The loop by hand is what a careful engineer writes: tensors prepared once, a batch gathered at a time, the fused
optimizer, the mean loss of the epoch, and the same validation metrics after it, all of them once an epoch. Both train the same network
on the same rows from the same weights with the same optimizer; epochs alternate, so that whatever else the machine does
falls on both. Figures are processor seconds of one thread, medians over the epochs; overhead is the median of
the paired ratios, less one.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _machine import describe, keep
from torch import nn

from trainables import resolve
from trainables.data import Dataset
from trainables.scoring import scores

CASES: dict[str, tuple[str, dict[str, Any]]] = {  # trainable, config
    "mlp on digits": ("mlp", {"data": "digits"}),
    "mlp on mnist_5k": ("mlp", {"data": "mnist_5k"}),
    "mlp on diabetes": ("mlp", {"data": "diabetes"}),
    "mlp on digits, all options": (
        "mlp",
        {"data": "digits", "clip": 1.0, "schedule": "one_cycle", "schedule_every": "batch", "ema": 0.99},
    ),
    "cnn on digits": ("cnn", {"data": "digits"}),
    "cnn on mnist_5k": ("cnn", {"data": {"source": "mnist_5k", "limit": 1000}}),
}
EPOCHS = {"mlp": 60, "cnn": 15}
BATCH, LR = 64, 1e-3


def by_hand(network: nn.Module, data: Dataset, options: dict[str, Any], epochs: int) -> Callable[[], float]:
    """One epoch of a loop that knows of nothing but this network and this data."""
    x = torch.tensor(data.train_x, dtype=torch.float32)
    valid_x = torch.tensor(data.valid_x, dtype=torch.float32)
    if data.n_classes:
        y, valid_y = torch.tensor(data.train_y), torch.tensor(data.valid_y)
        loss_of: Callable[..., torch.Tensor] = nn.functional.cross_entropy
    else:
        middle, deviation = data.train_y.mean(), data.train_y.std()
        y = torch.tensor((data.train_y - middle) / deviation, dtype=torch.float32)[:, None]
        valid_y = torch.tensor((data.valid_y - middle) / deviation, dtype=torch.float32)[:, None]
        loss_of = nn.functional.mse_loss
    optimizer = torch.optim.Adam(network.parameters(), lr=LR, fused=True)
    clip, ema = options.get("clip"), None
    batches = -(-len(x) // BATCH)
    schedule = None
    if "schedule" in options:
        total = max(27, epochs) * batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total, cycle_momentum=False)
    if "ema" in options:
        average = torch.optim.swa_utils.get_ema_multi_avg_fn(options["ema"])
        ema = torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=average, use_buffers=True)

    def epoch() -> float:
        network.train()
        order, total = torch.randperm(len(x)), 0.0
        for first in range(0, len(x), BATCH):
            rows = order[first : first + BATCH]
            inputs, targets = x[rows], y[rows]
            optimizer.zero_grad()
            loss = loss_of(network(inputs), targets)
            loss.backward()
            if clip:
                nn.utils.clip_grad_norm_(network.parameters(), clip)
            optimizer.step()
            if schedule is not None:
                schedule.step()
            if ema is not None:
                ema.update_parameters(network)
            total += loss.item() * len(rows)
        measured = network if ema is None else ema
        measured.eval()
        with torch.no_grad():
            outputs = measured(valid_x)
            found = {"val/loss": loss_of(outputs, valid_y).item()}
            if data.n_classes:
                found |= scores(data.task, outputs.softmax(dim=1).numpy(), data.valid_y)
            else:
                found |= scores(data.task, outputs[:, 0].numpy() * deviation + middle, data.valid_y)
        return total / len(x)

    return epoch


def compare(name: str, epochs: int) -> dict[str, float]:
    """Seconds of an epoch of both, taken by turns."""
    trainable, config = CASES[name]
    ours = resolve(trainable).target()
    ours.setup({**config, "batch_size": BATCH, "lr": LR, "optimizer": "adam"}, seed=0, device="cpu")
    data = ours._training.dataset
    twin = resolve(trainable).target()
    twin.setup({**config, "batch_size": BATCH}, seed=0, device="cpu")
    torch.manual_seed(0)
    hand = by_hand(twin._training._module, data, config, epochs + 2)
    times: dict[str, list[float]] = {"tuneyard": [], "hand": []}
    losses: dict[str, list[float]] = {"tuneyard": [], "hand": []}
    turns: dict[str, Callable[[], float]] = {"tuneyard": lambda: ours.step()["train/loss"], "hand": hand}
    for epoch in range(epochs + 2):
        for contender in ("tuneyard", "hand") if epoch % 2 else ("hand", "tuneyard"):
            started = time.process_time()
            loss = turns[contender]()
            if epoch >= 2:  # the first ones warm up caches
                times[contender].append(time.process_time() - started)
            losses[contender].append(loss)
    ratios = np.array(times["tuneyard"]) / np.array(times["hand"])
    draws = np.random.default_rng(0).choice(ratios, (2000, len(ratios)))
    low, high = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    return {
        "epochs": epochs,
        "train_rows": len(data.train_x),
        "hand_milliseconds": round(1e3 * statistics.median(times["hand"]), 3),
        "tuneyard_milliseconds": round(1e3 * statistics.median(times["tuneyard"]), 3),
        "overhead": round(float(np.median(ratios)) - 1, 4),
        "overhead_low": round(float(low) - 1, 4),
        "overhead_high": round(float(high) - 1, 4),
        "last_loss_hand": round(losses["hand"][-1], 5),
        "last_loss_tuneyard": round(losses["tuneyard"][-1], 5),
    }


def main() -> None:
    """Print the table and keep it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few epochs, and nothing is kept")
    parser.add_argument("--only", default="", help="cases whose name contains this")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = {}
    for name in (each for each in CASES if arguments.only in each):
        found[name] = compare(name, 5 if arguments.quick else EPOCHS[CASES[name][0]])
        row = found[name]
        print(
            f"{name:28} by hand {row['hand_milliseconds']:8.2f} ms an epoch, tuneyard {row['tuneyard_milliseconds']:8.2f} ms: "
            f"{row['overhead']:+.1%} ({row['overhead_low']:+.1%} .. {row['overhead_high']:+.1%})"
        )
    if not arguments.quick and not arguments.only:
        print(Path(keep("training_loop", {"machine": describe(), "cases": found})))


if __name__ == "__main__":
    main()
