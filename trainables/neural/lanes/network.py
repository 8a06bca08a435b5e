"""One network for many lanes: their parameters and buffers stacked, row by row, and one forward pass for all of them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from trainables.errors import CheckpointError, TrainableError
from trainables.neural.lanes.layers import sequence_of
from trainables.neural.lanes.randomness import Draws, Site, without_draws
from trainables.neural.lanes.rows import grown

__all__ = ["StackedNetwork"]


class StackedNetwork:
    """The networks of the lanes of a stack; a lane is a row of every tensor.

    Args:
        module: the network of one lane; all others are built alike.
        rows: to begin with; the first are in use.
        device: where they lie.

    Attributes:
        tensors: every parameter and buffer by its name, (rows, ...).
        trained: the names of the parameters that are trained, in the order of ``module.parameters()``.
        parameters: the names of all of them, in that order.
    """

    def __init__(self, module: nn.Module, rows: int, device: torch.device) -> None:
        self._draws = Draws()
        self.graph = without_draws(copy.deepcopy(module), self._draws)
        self._layers = sequence_of(self.graph)
        held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        self.tensors = {
            name: torch.zeros((rows, *each.shape), dtype=each.dtype, device=device)
            for name, each in held.items()
        }
        self.parameters = [name for name, _ in module.named_parameters()]
        self.trained = [name for name, each in module.named_parameters() if each.requires_grad]
        self._names = _names_in_state(module, held)
        self._sites: dict[tuple[int, ...], list[Site]] = {}

    @property
    def plain(self) -> bool:
        """Whether it is a sequence of known layers, of which several threads may compute different rows at a time."""
        return self._layers is not None

    def put(self, row: int, module: nn.Module) -> None:
        """Take over the tensors of a network.

        Raises:
            TrainableError: it is built otherwise than the first was.
        """
        held = {**dict(module.named_parameters()), **dict(module.named_buffers())}
        if {name: each.shape for name, each in held.items()} != {
            name: each.shape[1:] for name, each in self.tensors.items()
        }:
            raise TrainableError(
                "its network has other parameters than those of its neighbours, though the options that decide about "
                "them are equal; a network that is built at random cannot be stacked: train it without lanes"
            )
        with torch.no_grad():
            for name, each in held.items():
                self.tensors[name][row].copy_(each)

    def grow(self, rows: int) -> None:
        """Have so many rows, at least as many as there are."""
        self.tensors = {name: grown(each, rows) for name, each in self.tensors.items()}

    def move(self, source: int, target: int) -> None:
        """The network of row `source` goes on in row `target`."""
        for each in self.tensors.values():
            each[target] = each[source]

    def state(self, row: int, held: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """The state dict of one network, of `held` in place of `tensors` where given; its tensors are views."""
        tensors = held or self.tensors
        return {name: tensors[own][row] for name, own in self._names.items()}

    def load(self, row: int, state: Mapping[str, Tensor], held: Mapping[str, Tensor] | None = None) -> None:
        """Put a state dict into a row, of `held` in place of `tensors` where given.

        Raises:
            CheckpointError: it is that of another architecture.
        """
        if state.keys() != self._names.keys():
            odd = sorted(state.keys() ^ self._names.keys())
            raise CheckpointError(f"the saved weights are of another architecture: {', '.join(odd[:5])}")
        tensors = held or self.tensors
        for name, own in self._names.items():
            row_of = tensors[own][row]
            if row_of.shape != state[name].shape:
                raise CheckpointError(
                    f"the saved weights are of another architecture: {name} is {tuple(state[name].shape)}, "
                    f"not {tuple(row_of.shape)}"
                )
            row_of.copy_(state[name])

    def train(self, training: bool) -> None:
        """What follows is training, or evaluation."""
        self.graph.train(training)

    def sites(self, batch: Tensor) -> list[Site]:
        """What layers draw for a training batch of one lane, in order; in training."""
        key = tuple(batch.shape)
        if key not in self._sites:
            found = self._draws.start_noting()
            with torch.no_grad():
                self.graph(batch.cpu())
            self._sites[key] = found
        return self._sites[key]

    def leaves(self, rows: slice) -> list[Tensor]:
        """The trained parameters of some lanes, whose gradients can be asked for."""
        return [self._rows_of(name, rows).requires_grad_() for name in self.trained]

    def forward(
        self, x: Tensor, rows: slice, leaves: Sequence[Tensor], draws: Sequence[Tensor] = ()
    ) -> Tensor:
        """The outputs in training (`train`), (lanes, examples, outputs).

        Args:
            x: (lanes, examples, ...).
            rows: the lanes.
            leaves: theirs, of `leaves`.
            draws: (lanes, ...) for each of `sites`.
        """
        held = {name: self._rows_of(name, rows) for name in self.tensors}
        held.update(zip(self.trained, leaves, strict=True))
        self._draws.hand_out(draws)
        if self._layers is not None:
            for layer in self._layers:
                x = layer(x, held, True)
            return x
        return self._mapped((0, 0, 0), held, x, tuple(draws))

    @torch.no_grad()
    def evaluate(self, x: Tensor, rows: slice, held: Mapping[str, Tensor] | None = None) -> Tensor:
        """The outputs in evaluation (`train`), (lanes, len(x), outputs), for examples that all lanes share.

        Args:
            x: (examples, ...).
            rows: the lanes.
            held: tensors in place of `tensors`.
        """
        tensors = {name: each[rows] for name, each in (held or self.tensors).items()}
        if self._layers is not None:
            x = x.expand(rows.stop - rows.start, *x.shape)
            for layer in self._layers:
                x = layer(x, tensors, False)
            return x
        return self._mapped((0, None, None), tensors, x, ())

    def _rows_of(self, name: str, rows: slice) -> Tensor:
        # `data`: autograd would take the updates of other rows, by another thread, for updates of these
        return self.tensors[name].data[rows]

    def _mapped(
        self, axes: tuple[int | None, ...], held: dict[str, Tensor], x: Tensor, draws: tuple[Tensor, ...]
    ) -> Tensor:
        with sdpa_kernel(SDPBackend.MATH):  # vmap takes the fused kinds of attention lane by lane
            outputs: Tensor = vmap(self._one, in_dims=axes, randomness="error")(held, x, draws)
        return outputs

    def _one(self, held: dict[str, Tensor], x: Tensor, draws: tuple[Tensor, ...]) -> Tensor:
        self._draws.hand_out(draws)
        outputs: Tensor = functional_call(self.graph, held, (x,))
        return outputs


def _names_in_state(module: nn.Module, held: Mapping[str, Tensor]) -> dict[str, str]:
    """The names of a state dict, and those of the tensors that they stand for (a tied one has several)."""
    names = {id(each): name for name, each in held.items()}
    state = module.state_dict(keep_vars=True)
    missing = [name for name, each in state.items() if id(each) not in names]
    if missing:
        raise TrainableError(f"its state holds more than parameters and buffers: {', '.join(missing[:3])}")
    return {name: names[id(each)] for name, each in state.items()}
