"""Precision: what this device cannot do is refused by name."""

from __future__ import annotations

import pytest
import torch

from trainables import Host, TrainableError, resolve
from trainables.neural.precision import Precision

CPU = torch.device("cpu")


def test_what_is_refused() -> None:
    with pytest.raises(
        TrainableError, match="precision float16 needs a GPU; on a CPU take float32, or bfloat16"
    ):
        Precision("float16", CPU)
    with pytest.raises(TrainableError, match="no precision 'half'"):
        Precision("half", CPU)
    with pytest.raises(TrainableError, match="float16 needs a GPU"):
        Host(resolve("mlp")).start({"data": "wine", "precision": "float16"}, seed=0)


@pytest.mark.parametrize(("name", "kind"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)])
def test_the_arithmetic(name: str, kind: torch.dtype) -> None:
    precision = Precision(name, CPU)
    layer = torch.nn.Linear(3, 2)
    with precision.computing():
        outputs = layer(torch.ones(4, 3))
    assert outputs.dtype == kind
    precision.backward(outputs.float().sum())
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype == torch.float32
    assert precision.state_dict() == {}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="float16 and its gradient scaler need a GPU")
@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_mixed_precision_on_a_gpu(name: str, tmp_path: object) -> None:
    host = Host(resolve("mlp"))
    host.start({"data": "digits", "precision": name, "clip": 1.0}, seed=0, device="cuda")
    rows = [host.advance() or {} for _ in range(5)]
    assert rows[-1]["val/accuracy"] > 0.8
