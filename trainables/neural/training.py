"""The training loop of every network that learns to predict: an epoch a step, saved and restored exactly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trainables.data.dataset import Array, Dataset
from trainables.neural.augmentation import make_augmenter
from trainables.neural.averaging import MovingAverage
from trainables.neural.checkpoint import loading, write_state
from trainables.neural.determinism import deterministic
from trainables.neural.early_stopping import EarlyStopping
from trainables.neural.examples import Examples, batch_sizes, tensor
from trainables.neural.hardening import Hardening
from trainables.neural.initializers import initialize
from trainables.neural.losses import Targets
from trainables.neural.optimizers import make_optimizer, put_back
from trainables.neural.precision import Precision
from trainables.neural.randomness import OwnRandomness
from trainables.neural.schedules import Schedule
from trainables.scoring import scores

__all__ = ["Groups", "Training", "accumulation"]

VALIDATION_ROWS = 1024  # of a batch that is only evaluated

Groups = Callable[[nn.Module], Iterable[dict[str, Any]]]


class Training:
    """Trains one network on one data set.

    A run that has diverged reports NaN, for its accuracy too.

    Args:
        network: makes the network; its draws are seeded.
        dataset: of any view, with right answers.
        options: `TRAINING` options, checked (`check_training`).
        seed: of the weights, the order of the rows, dropout, mixup and augmentation.
        device: "cpu", "cuda" or "cuda:N".
        groups: the parameters to train, as torch's optimizers take them; None = all, in one group.
        before_epoch: called with the network, in its training mode, and the epochs done, before each one; it may
            freeze and unfreeze.

    Attributes:
        epochs: done so far.

    Raises:
        TrainableError: an option that the device or the optimizer refuses.
    """

    def __init__(
        self,
        network: Callable[[], nn.Module],
        dataset: Dataset,
        options: Mapping[str, Any],
        *,
        seed: int,
        device: str,
        groups: Groups | None = None,
        before_epoch: Callable[[nn.Module, int], None] | None = None,
    ) -> None:
        self.epochs = 0
        self.dataset = dataset
        self._options = options
        self._before_epoch = before_epoch
        self._stopped = False
        self._outputs: Array | None = None
        place = torch.device(device)
        self._random = OwnRandomness(seed, place)
        self._precision = Precision(options["precision"], place)
        with self._random.lent():
            module = network()
            initialize(module, options["initializer"], options["initializer_scale"])
        self._module = module.to(place)
        self._parameters = list(self._module.parameters())
        self._weight = sum(parameter.numel() for parameter in self._parameters)
        self._targets = Targets(dataset, options["label_smoothing"])
        self._train = Examples(dataset.train_x, self._targets.encode(dataset.train_y), place)
        self._augment = make_augmenter(dataset)
        self._harden = Hardening(options, dataset.train_x, place) if options["adversarial.strength"] else None
        self._valid = Examples(dataset.valid_x, self._targets.encode(dataset.valid_y), place)
        self._sizes = batch_sizes(len(self._train), options["batch_size"])
        self._whole = options["optimizer"] == "lbfgs"
        self._shares, self._ends = accumulation(self._sizes, options["accumulate"])
        self._optimizer = make_optimizer(groups(self._module) if groups else self._parameters, options)
        self._schedule = Schedule(self._optimizer, options, 1 if self._whole else len(self._ends))
        self._ema = MovingAverage(self._module, options["ema"]) if options["ema"] else None
        self._best = EarlyStopping(options["early_stopping"]) if options["early_stopping"] else None

    @property
    def over(self) -> bool:
        """Whether training has ended by itself: all epochs done, or stopped early."""
        return self._stopped or bool(self._options["epochs"] and self.epochs >= self._options["epochs"])

    def epoch(self) -> dict[str, float]:
        """Train on every row once, in a fresh order, and measure.

        Where early stopping ends the training, or the last of the epochs is done with it switched on, the best
        weights are put back and the validation metrics are theirs.

        Returns:
            "train/loss" (mean over the epoch), "train/accuracy" (of classes, while training; not under mixup),
            "val/loss" and every score of the task as "val/<name>" (`trainables.scoring`), of the moving average of
            the weights where there is one; "lr" (of the last update), "grad_norm" (2-norm of the last update's
            gradient, before it is clipped), "clipped" (share of updates that were; with `clip` only),
            "parameters" (how many numbers the network learns or has learnt: what it weighs), "examples_per_second" (trained).
        """
        with self._random.lent(), deterministic(self._options["deterministic"]):
            self._module.train()
            if self._before_epoch is not None:
                self._before_epoch(self._module, self.epochs)
            started = time.perf_counter()
            metrics = self._train_whole() if self._whole else self._train_batches()
            seconds = time.perf_counter() - started
            metrics |= self._validate()
            self.epochs += 1
            self._schedule.epoch(metrics["val/loss"])
            if self._best is not None:
                self._best.watch(metrics["val/loss"], self._weights())
                self._stopped = self._best.exhausted
                if self.over and self._best.weights is not None:
                    self._put_back(self._best.weights)
                    metrics |= self._validate()
        metrics["parameters"] = float(self._weight)
        metrics["examples_per_second"] = len(self._train) / max(seconds, 1e-9)
        return metrics

    def measure(self) -> dict[str, float]:
        """ "val/loss" and the scores of the validation rows, by the network as it stands."""
        with self._random.lent(), deterministic(self._options["deterministic"]):
            return self._validate()

    def outputs(self) -> Array:
        """What the network says of the validation rows now: probabilities, or values in the target's unit."""
        if self._outputs is None:
            with self._random.lent():
                self._validate()
        assert self._outputs is not None
        return self._outputs

    @property
    def module(self) -> nn.Module:
        """The network that is measured, in evaluation: the moving average where there is one."""
        module = self._module if self._ema is None else self._ema.module
        return module.eval()

    @property
    def targets(self) -> Targets:
        """Between the targets' unit and what the network puts out."""
        return self._targets

    @torch.no_grad()
    def predict(self, x: Array, module: nn.Module) -> Array:
        """What a network says of inputs, computed in float32 whatever the training's precision.

        Args:
            x: (rows, ...), as the network reads them.
            module: in evaluation, on any device; its outputs mean what this training's do.

        Returns:
            Probabilities (rows, classes), or values (rows,) or (rows, values) in the target's unit.
        """
        place = self._train.device
        with self._random.lent(), deterministic(self._options["deterministic"]):
            found = [module(batch.to(place)) for batch in torch.split(tensor(x), VALIDATION_ROWS)]
        decoded = self._targets.decode(torch.cat(found))
        return decoded[:, 0] if not self._targets.classes and decoded.shape[1] == 1 else decoded

    def save(self, directory: Path) -> None:
        """Write all that changes: weights, optimizer, schedule, generators (so the order of the rows), and the rest."""
        state = {
            "epochs": self.epochs,
            "stopped": self._stopped,
            "weights": self._weights(),
            "optimizer": self._optimizer.state_dict(),
            "schedule": self._schedule.state_dict(),
            "precision": self._precision.state_dict(),
            "best": None if self._best is None else self._best.state_dict(),
            "random": self._random.states,
        }
        write_state(directory, state)

    def load(self, directory: Path) -> None:
        """Read what `save` wrote.

        Raises:
            CheckpointError: the file is missing, cut, or of another architecture.
        """
        with loading(directory) as state:
            self._put_back(state["weights"])
            put_back(self._optimizer, state["optimizer"])
            self._schedule.load_state_dict(state["schedule"])
            self._precision.load_state_dict(state["precision"])
            if self._best is not None:
                self._best.load_state_dict(state["best"])
            self._random.states = list(state["random"])
            self.epochs, self._stopped = int(state["epochs"]), bool(state["stopped"])
            self._outputs = None

    def _train_batches(self) -> dict[str, float]:
        """An update after every batch, or after several whose gradients are added up."""
        rows, order = len(self._train), torch.randperm(len(self._train))
        losses: list[Tensor] = []
        guesses: list[Tensor] = []
        norms: list[Tensor] = []
        rate = self._schedule.rate
        blends = self._blends()
        for batch, (x, y) in enumerate(self._train.shuffled(self._sizes, order)):
            if self._augment is not None:
                x = self._augment(x, self._random.generator)
            if self._harden is not None:
                x = self._harden(self._module, x, y, self._targets.loss)
            outputs, loss = self._forward(x, y) if blends is None else self._mixed(x, y, blends[batch])
            losses.append(loss.detach())
            if self._targets.classes and blends is None:
                guesses.append(outputs.detach().argmax(dim=1))
            self._precision.backward(loss if self._shares is None else loss * self._shares[batch])
            if batch in self._ends:
                rate = self._schedule.rate
                self._update(norms, last=batch == len(self._sizes) - 1)
        sizes = torch.tensor(self._sizes, dtype=torch.float32)
        metrics = {"train/loss": float(torch.stack(losses).float().cpu() @ sizes) / rows}
        if guesses:
            hits = torch.cat(guesses).cpu() == self._train.y.cpu()[order]
            metrics["train/accuracy"] = (
                float(hits.double().mean()) if math.isfinite(metrics["train/loss"]) else math.nan
            )
        metrics |= {"lr": rate, "grad_norm": float(norms[-1])}
        if clip := self._options["clip"]:
            metrics["clipped"] = float((torch.stack(norms) > clip).double().mean())
        return metrics

    def _train_whole(self) -> dict[str, float]:
        """An epoch of L-BFGS: the closure gives the loss of all rows, a batch at a time to bound the memory.

        Within an epoch every evaluation draws the same (dropout, say), or its line search would compare losses of
        different networks.
        """
        rows, rate = len(self._train), self._schedule.rate
        losses: list[float] = []
        norms: list[Tensor] = []

        def closure() -> Tensor:
            self._random.rewind()
            self._optimizer.zero_grad()
            parts: list[Tensor] = []
            for size, (x, y) in zip(self._sizes, self._train.in_order(self._sizes), strict=True):
                if self._augment is not None:
                    x = self._augment(x, self._random.generator)
                loss = self._forward(x, y)[1] * (size / rows)
                self._precision.backward(loss)
                parts.append(loss.detach())
            fit = torch.stack(parts).sum()
            losses.append(float(fit))
            norms.append(self._norm())
            return fit + self._penalize()

        self._optimizer.step(closure)  # type: ignore[arg-type]
        self._updated()
        return {"train/loss": losses[-1], "lr": rate, "grad_norm": float(norms[-1])}

    def _forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        with self._precision.computing():
            outputs = self._module(x)
            return outputs, self._targets.loss(outputs, y)

    def _mixed(self, x: Tensor, y: Tensor, share: float) -> tuple[Tensor, Tensor]:
        """Each row blended with another of its batch (Zhang et al. 2018)."""
        other = torch.randperm(len(x)).to(x.device, non_blocking=True)
        with self._precision.computing():
            outputs = self._module(torch.lerp(x[other], x, share))
            return outputs, self._targets.mixed_loss(outputs, y, y[other], share)

    def _blends(self) -> list[float] | None:
        """The share of each batch's own rows, from Beta(alpha, alpha); None without mixup."""
        alpha = self._options["mixup"]
        if not alpha:
            return None
        shares: list[float] = torch.distributions.Beta(alpha, alpha).sample((len(self._sizes),)).tolist()
        return shares

    def _update(self, norms: list[Tensor], *, last: bool) -> None:
        clip, l1 = self._options["clip"], self._options["l1"]
        if clip or l1 or last:
            self._precision.unscale(self._optimizer)
        if clip:
            norms.append(nn.utils.clip_grad_norm_(self._parameters, clip, foreach=True))
        elif last:
            norms.append(self._norm())
        if l1:
            for parameter in self._parameters:
                if parameter.grad is not None:
                    parameter.grad.add_(parameter.detach().sign(), alpha=l1)
        self._precision.step(self._optimizer)
        self._optimizer.zero_grad()
        self._updated()

    def _updated(self) -> None:
        if self._ema is not None:
            self._ema.update()
        self._schedule.batch()

    def _norm(self) -> Tensor:
        return nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None], foreach=True)

    def _penalize(self) -> Tensor:
        """Add L1 and L2 terms to a loss that a line search compares, and to the gradients."""
        l1, l2 = self._options["l1"], self._options["weight_decay"]
        total = torch.zeros((), device=self._train.device)
        if l1 or l2:
            trained = [p for p in self._parameters if p.requires_grad]
            penalty = sum((l1 * p.abs().sum() + l2 / 2 * p.square().sum() for p in trained), total)
            self._precision.backward(penalty)
            total = penalty.detach()
        return total

    @torch.no_grad()
    def _validate(self) -> dict[str, float]:
        module = self._module if self._ema is None else self._ema.module
        module.eval()
        sizes = batch_sizes(len(self._valid), VALIDATION_ROWS)
        outputs, losses = [], []
        for x, y in self._valid.in_order(sizes):
            with self._precision.computing():
                outputs.append(module(x))
                losses.append(self._targets.loss(outputs[-1], y, training=False))
        loss = float(torch.stack(losses).double().cpu() @ torch.tensor(sizes, dtype=torch.float64)) / len(
            self._valid
        )
        self._outputs = self._targets.decode(torch.cat(outputs))
        found = scores(self.dataset.task, self._outputs, self.dataset.valid_y)
        return {"val/loss": loss, **{f"val/{name}": value for name, value in found.items()}}

    def _weights(self) -> dict[str, dict[str, Tensor]]:
        weights = {"module": self._module.state_dict()}
        if self._ema is not None:
            weights["ema"] = self._ema.state_dict()
        return weights

    def _put_back(self, weights: Mapping[str, Mapping[str, Tensor]]) -> None:
        self._module.load_state_dict(weights["module"])
        if self._ema is not None:
            self._ema.load_state_dict(weights["ema"])


def accumulation(sizes: list[int], together: int) -> tuple[list[float] | None, frozenset[int]]:
    """The share of each batch in its update, and the batches after which an update comes.

    The gradients of an update add up to that of one large batch: each batch weighs as many rows as it has.
    """
    starts = range(0, len(sizes), together)
    ends = frozenset(min(start + together, len(sizes)) - 1 for start in starts)
    if together == 1:
        return None, ends
    rows = [sum(sizes[start : start + together]) for start in starts]
    return [size / rows[batch // together] for batch, size in enumerate(sizes)], ends
