"""The training loop of a stack: an epoch of all its lanes, the same arithmetic as `trainables.neural.training`, side by side."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor, nn

from trainables.neural.determinism import deterministic
from trainables.neural.examples import Examples, batch_sizes
from trainables.neural.lanes.lane import Lane
from trainables.neural.lanes.losses import batch_losses, mixed_losses
from trainables.neural.lanes.network import StackedNetwork
from trainables.neural.lanes.optimizers import STACKED
from trainables.neural.lanes.randomness import chances
from trainables.neural.lanes.rows import grown
from trainables.neural.losses import Targets
from trainables.neural.supervised import Prepared
from trainables.neural.training import accumulation
from trainables.scoring import scores_of_each

__all__ = ["StackedTraining", "updates_in"]

AT_ONCE = 64  # lanes, on a CPU: more save no calls worth saving, and only take memory
AT_LEAST = 8  # lanes for a thread of its own: fewer take nearly as long as these
EVALUATED = 128  # rows of a lane that are evaluated at once: as many in any company, or sums would be rounded otherwise

_Found = TypeVar("_Found")


class StackedTraining:
    """Trains the networks of a stack; which lane has which row is the caller's business.

    Args:
        module: the network of the first lane.
        prepared: its config; whatever a shape says is the same for all that follow.
        rows: to begin with.
        device: what is computed on.
        threads: on a CPU, how many parts of the lanes may be computed at the same time; used where the network is a plain
            sequence of layers.

    Attributes:
        network, optimizer: stacked.
        averages: the moving averages of the network's tensors; None where none are asked for.
        optimized: names of the parameters that have ever had a gradient.
    """

    def __init__(
        self, module: nn.Module, prepared: Prepared, rows: int, device: torch.device, threads: int = 1
    ) -> None:
        options = prepared.options
        self.dataset = prepared.dataset
        self._deterministic: bool = options["deterministic"]
        self._mixes = bool(options["mixup"])
        self._device = device
        self.network = StackedNetwork(module, rows, device)
        self._threads = threads if device.type == "cpu" and self.network.plain else 1
        self._broken_off = False
        tensors = self.network.tensors
        self.optimizer = STACKED[options["optimizer"]](
            [tensors[name] for name in self.network.trained], options
        )
        self.averages = (
            {name: torch.zeros_like(each) for name, each in tensors.items()} if options["ema"] else None
        )
        self.optimized: set[str] = set()
        self._weight = sum(tensors[name][0].numel() for name in self.network.parameters)
        self._targets = Targets(self.dataset, 0.0)
        self._train = Examples(self.dataset.train_x, self._targets.encode(self.dataset.train_y), device)
        self._valid = Examples(self.dataset.valid_x, self._targets.encode(self.dataset.valid_y), device)
        self._sizes = batch_sizes(len(self._train), options["batch_size"])
        self._shares, self._ends = accumulation(self._sizes, options["accumulate"])

    def put(self, row: int, lane: Lane) -> None:
        """A lane begins in this row; its module is taken over.

        Raises:
            TrainableError: its network is built otherwise than the others.
        """
        assert lane.module is not None
        self.network.put(row, lane.module)
        self.optimizer.put(row, lane.options)
        if self.averages is not None:
            for name, each in self.averages.items():
                each[row] = self.network.tensors[name][row]
        lane.module = None

    @property
    def rows(self) -> int:
        """How many lanes there is room for."""
        return len(self.optimizer.updates)

    def grow(self, rows: int) -> None:
        """Make room for so many lanes, at least as many as there is. Where memory does not suffice, nothing has changed."""
        averages = self.averages and {name: grown(each, rows) for name, each in self.averages.items()}
        before = self.network.tensors
        self.network.grow(rows)
        try:
            self.optimizer.grow([self.network.tensors[name] for name in self.network.trained])
        except BaseException:
            self.network.tensors = before  # or the lanes would compute with weights that nobody updates
            raise
        self.averages = averages

    def move(self, source: int, target: int) -> None:
        """The lane of row `source` goes on in row `target`."""
        self.network.move(source, target)
        self.optimizer.move(source, target)
        for each in (self.averages or {}).values():
            each[target] = each[source]

    def epoch(self, lanes: Sequence[Lane]) -> list[dict[str, float]]:
        """Train every lane on every row once, each in an order of its own, and measure.

        Args:
            lanes: of the rows 0, 1, ...

        Returns:
            the metrics of `Training.epoch`, but those of the whole stack's pace: "examples_per_second" counts the rows
            of one lane.
        """
        self.network.train(True)
        started = time.perf_counter()
        metrics = self._by_blocks(slice(0, len(lanes)), lambda rows: self._train_epoch(lanes[rows], rows))
        seconds = time.perf_counter() - started
        measured = self.validate(slice(0, len(lanes)))
        for own, validation in zip(metrics, measured, strict=True):
            own |= validation
            own["parameters"] = float(self._weight)
            own["examples_per_second"] = len(self._train) / max(seconds, 1e-9)
        return metrics

    def validate(self, rows: slice) -> list[dict[str, float]]:
        """The loss and the scores of the validation rows, of the lanes in these rows, by their averages where there are some."""
        self.network.train(False)
        sizes = batch_sizes(len(self._valid), EVALUATED)
        return self._by_blocks(rows, lambda block: self._validate(block, sizes))

    def _validate(self, rows: slice, sizes: list[int]) -> list[dict[str, float]]:
        lanes = rows.stop - rows.start
        outputs, losses = [], torch.zeros(lanes, dtype=torch.float64)
        for size, (x, y) in zip(sizes, self._valid.in_order(sizes), strict=True):
            found = self.network.evaluate(x, rows, self.averages)
            outputs.append(found)
            losses += batch_losses(found, y.expand(lanes, *y.shape), None).double().cpu() * size
        decoded = self._targets.decode(torch.cat(outputs, dim=1))
        means = (losses / len(self._valid)).tolist()
        scores = scores_of_each(self.dataset.task, decoded, self.dataset.valid_y)
        return [
            {"val/loss": loss, **{f"val/{name}": value for name, value in own.items()}}
            for loss, own in zip(means, scores, strict=True)
        ]

    def _by_blocks(self, rows: slice, work: Callable[[slice], list[_Found]]) -> list[_Found]:
        """What `work` finds of each lane, a block of them at a time, or as many blocks as there are threads."""
        blocks = self._blocks(rows)
        with deterministic(self._deterministic):
            if self._threads == 1 or len(blocks) == 1:
                return [each for block in blocks for each in work(block)]
            with ThreadPoolExecutor(self._threads, "lanes") as pool:
                try:
                    return [each for found in pool.map(work, blocks) for each in found]
                except BaseException:  # a time limit, Ctrl-C: the threads see it at their next batch
                    self._broken_off = True
                    raise

    def _blocks(self, rows: slice) -> list[slice]:
        """The lanes that are computed at once; each block has its whole epoch before the next begins."""
        lanes = rows.stop - rows.start
        if self._device.type != "cpu":
            return [rows]
        count = -(-lanes // AT_ONCE)
        count = max(count, min(-(-count // self._threads) * self._threads, lanes // AT_LEAST))
        ends = [rows.start + lanes * number // count for number in range(count + 1)]
        return [slice(start, end) for start, end in itertools.pairwise(ends)]

    def _train_epoch(self, lanes: Sequence[Lane], place: slice) -> list[dict[str, float]]:
        rows = len(self._train)
        orders = torch.stack([lane.begin(rows) for lane in lanes]).to(self._device)
        blends = self._blends(lanes)
        smoothing = self._vector(lanes, "label_smoothing")
        rates = _rates(lanes)
        scheduled = [lane for lane in lanes if lane.options["schedule_every"] == "batch"]
        leaves = self.network.leaves(place)
        losses: list[Tensor] = []
        hits = torch.zeros(len(lanes), device=self._device)
        norms: list[Tensor] = []
        summed: list[Tensor | None] = []
        for batch, chosen in enumerate(torch.split(orders, self._sizes, dim=1)):
            if self._broken_off:
                raise InterruptedError("another thread of this epoch was broken off")
            x, y = self._gathered(chosen, lanes)
            share = other = None
            if blends is not None:
                share = blends[:, batch]
                x, other = self._mixed(x, y, share, lanes)
            sites = self.network.sites(x[0])
            draws = chances(lanes, sites, self._device) if sites else ()
            outputs = self.network.forward(x, place, leaves, draws)
            if share is None or other is None:
                loss = batch_losses(outputs, y, smoothing)
            else:
                loss = mixed_losses(outputs, y, other, share, smoothing)
            losses.append(loss.detach())
            if self._targets.classes and blends is None:
                hits += (outputs.detach().argmax(dim=2) == y).sum(dim=1)
            total = (loss if self._shares is None else loss * self._shares[batch]).sum()
            summed = _added(summed, torch.autograd.grad(total, leaves, allow_unused=True))
            if batch in self._ends:
                used = rates
                self._update(summed, leaves, lanes, place, rates, norms, last=batch == len(self._sizes) - 1)
                summed = []
                for lane in scheduled:
                    lane.schedule.batch()
                if scheduled:
                    rates = _rates(lanes)
        weights = torch.tensor(self._sizes, dtype=torch.float32)
        metrics = [
            {"train/loss": loss} for loss in ((weights @ torch.stack(losses).float().cpu()) / rows).tolist()
        ]
        if self._targets.classes and blends is None:
            for own, share_hit in zip(metrics, (hits.double() / rows).tolist(), strict=True):
                own["train/accuracy"] = share_hit if math.isfinite(own["train/loss"]) else math.nan
        for own, rate, norm in zip(metrics, used[:, 0].tolist(), norms[-1].tolist(), strict=True):
            own |= {"lr": rate, "grad_norm": norm}
        if (clip := self._vector(lanes, "clip")) is not None:
            clipped = (torch.stack(norms) > clip).double().mean(0).tolist()
            for own, lane, part in zip(metrics, lanes, clipped, strict=True):
                if lane.options["clip"]:
                    own["clipped"] = part
        return metrics

    def _gathered(self, chosen: Tensor, lanes: Sequence[Lane]) -> tuple[Tensor, Tensor]:
        """The batch of each lane, (lanes, rows, ...), and its targets."""
        flat = chosen.reshape(-1)
        x = self._train.x.index_select(0, flat.to(self._train.x.device)).to(self._device, non_blocking=True)
        y = self._train.y.index_select(0, flat.to(self._train.x.device)).to(self._device, non_blocking=True)
        x, y = x.view(*chosen.shape, *x.shape[1:]), y.view(*chosen.shape, *y.shape[1:])
        for row, lane in enumerate(lanes):
            if lane.augment is not None:
                x[row] = lane.augmented(x[row])
        return x, y

    def _mixed(self, x: Tensor, y: Tensor, share: Tensor, lanes: Sequence[Lane]) -> tuple[Tensor, Tensor]:
        """Each row blended with another of its lane's batch, and the other's target."""
        others = torch.stack([lane.permuted(x.shape[1]) for lane in lanes]).to(self._device)
        places = torch.arange(len(lanes), device=self._device)[:, None]
        blend = share.view(-1, *[1] * (x.dim() - 1))
        return torch.lerp(x[places, others], x, blend), y[places, others]

    def _blends(self, lanes: Sequence[Lane]) -> Tensor | None:
        if not self._mixes:
            return None
        return torch.tensor([lane.blends(len(self._sizes)) for lane in lanes], device=self._device)

    def _vector(self, lanes: Sequence[Lane], option: str) -> Tensor | None:
        """An option of each lane, (lanes,); None where it is 0 in all."""
        values = [lane.options[option] for lane in lanes]
        return torch.tensor(values, device=self._device) if any(values) else None

    @torch.no_grad()
    def _update(
        self,
        gradients: list[Tensor | None],
        leaves: Sequence[Tensor],
        lanes: Sequence[Lane],
        place: slice,
        rates: Tensor,
        norms: list[Tensor],
        *,
        last: bool,
    ) -> None:
        clip, l1 = self._vector(lanes, "clip"), self._vector(lanes, "l1")
        if clip is not None or last:
            norms.append(_norms(gradients, len(lanes), self._device))
        if clip is not None:  # as torch.nn.utils.clip_grad_norm_
            share = torch.where(clip > 0, (clip / (norms[-1] + 1e-6)).clamp(max=1.0), 1.0)
            gradients = _each(gradients, lambda slope, _: slope * _along(share, slope), leaves)
        if l1 is not None:
            gradients = _each(gradients, lambda slope, leaf: slope + leaf.sign() * _along(l1, slope), leaves)
        named = zip(self.network.trained, gradients, strict=True)
        self.optimized.update(name for name, slope in named if slope is not None)
        self.optimizer.update(gradients, rates, place)
        if self.averages is not None:
            left = self._vector(lanes, "ema")
            assert left is not None
            self._average(1 - left, place)

    def _average(self, new: Tensor, place: slice) -> None:
        """The moving averages after an update; counters are taken over as they are."""
        assert self.averages is not None
        for name, average in self.averages.items():
            now = self.network.tensors[name][place]
            if average.is_floating_point():
                average[place].lerp_(now, _along(new, now).expand_as(now))
            else:
                average[place] = now


def updates_in(prepared: Prepared) -> int:
    """Updates of the weights in an epoch."""
    sizes = batch_sizes(len(prepared.dataset.train_x), prepared.options["batch_size"])
    together: int = prepared.options["accumulate"]
    return math.ceil(len(sizes) / together)


def _rates(lanes: Sequence[Lane]) -> Tensor:
    return torch.tensor([[lane.rate] for lane in lanes], dtype=torch.float64)


def _added(summed: Sequence[Tensor | None], gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
    """The gradients of several batches of one update added up."""
    if not summed:
        return list(gradients)
    pairs = zip(summed, gradients, strict=True)
    return [new if old is None else old if new is None else old + new for old, new in pairs]


def _norms(gradients: Sequence[Tensor | None], lanes: int, device: torch.device) -> Tensor:
    """The 2-norm of each lane's gradient, (lanes,)."""
    found = [slope.reshape(lanes, -1).norm(dim=1) for slope in gradients if slope is not None]
    return torch.stack(found).norm(dim=0) if found else torch.zeros(lanes, device=device)


def _each(
    gradients: Sequence[Tensor | None], change: Callable[[Tensor, Tensor], Tensor], leaves: Sequence[Tensor]
) -> list[Tensor | None]:
    pairs = zip(gradients, leaves, strict=True)
    return [None if slope is None else change(slope, leaf) for slope, leaf in pairs]


def _along(vector: Tensor, like: Tensor) -> Tensor:
    """A number for each lane, to be multiplied with something that has more axes."""
    return vector.view(-1, *[1] * (like.dim() - 1))
