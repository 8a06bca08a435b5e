"""ONNX graphs, computed by onnxruntime on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from deploy.errors import DeployError
from trainables.data.dataset import Array

__all__ = ["run", "session_of"]

ROWS = 1024
KINDS = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64}


def session_of(graph: Path | bytes) -> Any:
    """A session with one thread: a server runs several of them.

    Raises:
        DeployError: onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise DeployError("ONNX is computed by onnxruntime: pip install 'tuneyard[deploy]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def run(session: Any, x: Array) -> Array:
    """Probabilities (rows, classes), or values (rows,) or (rows, horizon), float64; of the graph's last output."""
    entry, last = session.get_inputs()[0], session.get_outputs()[-1].name
    kind = KINDS[entry.type]
    parts = [
        session.run([last], {entry.name: np.ascontiguousarray(x[start : start + ROWS], dtype=kind)})[0]
        for start in range(0, max(len(x), 1), ROWS)
    ]
    found = np.concatenate(parts).astype(np.float64)
    return found[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
