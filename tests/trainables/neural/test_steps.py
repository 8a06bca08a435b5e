"""Steps of sequences: what is padding is never seen, patches are counted from the end, pooling takes real steps."""

from __future__ import annotations

import pytest
import torch

from trainables import TrainableError
from trainables.neural.steps import Anchor, Patches, Steps, Words, most_steps, pool, reader
from trainables.neural.supervised import Inputs

WORDS = torch.tensor([[5, 3, 2, 0, 0, 0], [4, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]])


def test_a_batch_of_texts_is_cut_to_its_longest() -> None:
    steps = Words(8, 4, 0.0)(WORDS)
    assert steps.values.shape == (3, 3, 4)
    assert steps.lengths.tolist() == [3, 1, 1]
    assert steps.real.tolist() == [[True, True, True], [True, False, False], [True, False, False]]


def test_the_vector_of_padding_is_zero_and_is_not_learnt() -> None:
    words = Words(8, 4, 0.0)
    words(WORDS).values.sum().backward()
    assert not words.vectors.weight[0].any()
    assert not words.vectors.weight.grad[0].any()
    assert words.vectors.weight.grad[5].all()


def test_patches_are_counted_from_the_end() -> None:
    patches = Patches(channels=1, size=3, width=3)
    with torch.no_grad():
        patches.project.weight.copy_(torch.eye(3))
        patches.project.bias.zero_()
    steps = patches(torch.tensor([[[1.0], [2.0], [3.0], [4.0]]]))
    assert steps.values.tolist() == [[[1.0, 1.0, 1.0], [2.0, 3.0, 4.0]]]
    assert steps.real is None


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("last", [[3.0, 30.0], [7.0, 70.0]]),
        ("mean", [[2.0, 20.0], [7.0, 70.0]]),
        ("max", [[3.0, 30.0], [7.0, 70.0]]),
    ],
)
def test_pooling_takes_real_steps_alone(pooling: str, expected: list[list[float]]) -> None:
    values = torch.tensor(
        [[[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], [[7.0, 70.0], [99.0, 99.0], [99.0, 99.0]]]
    )
    assert pool(Steps(values, torch.tensor([3, 1])), pooling).tolist() == expected


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_pooling_without_padding_is_as_with_full_lengths(pooling: str) -> None:
    values = torch.randn(4, 5, 3, generator=torch.Generator().manual_seed(0))
    full = torch.full((4,), 5)
    torch.testing.assert_close(pool(Steps(values), pooling), pool(Steps(values, full), pooling))


def test_an_anchored_network_first_forecasts_the_last_value() -> None:
    class Nothing(torch.nn.Module):
        def forward(self, series: torch.Tensor) -> torch.Tensor:
            assert not series[:, -1].any(), "the window is relative to its last time step"
            return torch.zeros(len(series), 2)

    series = torch.randn(5, 7, 3, generator=torch.Generator().manual_seed(0))
    forecasts = Anchor(Nothing(), channels=3, outputs=2)(series)
    assert torch.equal(forecasts, series[:, -1, :1].expand(-1, 2))


@pytest.mark.parametrize(
    ("length", "patch", "steps"),
    [(64, 0, 64), (65, 0, 33), (275, 0, 55), (275, 10, 28), (5, 99, 1), (52, 1, 52)],
)
def test_how_many_steps_a_series_has(length: int, patch: int, steps: int) -> None:
    inputs = Inputs(task="classification", view="sequences", shape=(length, 2), outputs=3, vocabulary_size=0)
    assert most_steps(inputs, patch) == steps
    made = reader(inputs, 6, patch, 0.0)(torch.zeros(2, length, 2))
    assert made.values.shape == (2, steps, 6)


@pytest.mark.parametrize(
    ("width", "patch", "dropout", "rule"),
    [
        (0, 0, 0.0, r"at least 1 number .*, not 0"),
        (4, -1, 0.0, "patch is at least 1"),
        (4, 0, 1.0, "below 1, not 1.0"),
    ],
)
def test_wrong_options(width: int, patch: int, dropout: float, rule: str) -> None:
    inputs = Inputs(task="classification", view="sequences", shape=(9, 2), outputs=3, vocabulary_size=0)
    with pytest.raises(TrainableError, match=rule):
        reader(inputs, width, patch, dropout)
