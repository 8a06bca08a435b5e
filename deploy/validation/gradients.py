"""What a network goes by, by its gradients: integrated gradients (Sundararajan et al. 2017), computed by captum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from deploy.trained import Trained

__all__ = ["integrated_gradients"]

Array = np.ndarray[Any, np.dtype[Any]]

ROWS, STEPS, LARGE_ROWS, LARGE = 100, 32, 16, 2_000_000


def integrated_gradients(trained: Trained, x: Array) -> dict[str, Any] | None:
    """How much each prepared input moves the network's answer from what it says of the mean training row.

    Args:
        trained: None is returned where it is no network, or where it reads words, which have no gradient.
        x: prepared inputs; the first 100 are explained, of a network of more than two million parameters 16.

    Returns:
        {"names": of the inputs, of a picture its (height, width) instead; "size": mean magnitude of the attribution of
        each; "rows"; "left_over": the share of the change that the attributions do not account for}.
    """
    module = trained.module
    if module is None or trained.data.train_x.dtype.kind != "f":
        return None
    import torch
    from captum.attr import IntegratedGradients

    weight = sum(parameter.numel() for parameter in module.parameters())
    device = next(module.parameters()).device
    inputs = torch.as_tensor(x[: ROWS if weight < LARGE else LARGE_ROWS], dtype=torch.float32).to(device)
    usual = trained.data.train_x.mean(axis=0, keepdims=True)
    baseline = torch.as_tensor(usual, dtype=torch.float32).to(device)
    with torch.no_grad():
        outputs = module(inputs)
    target: Any = outputs.argmax(dim=1) if trained.task == "classification" else None
    forward = module if target is not None else (lambda rows: module(rows).mean(dim=1))
    found, delta = IntegratedGradients(forward).attribute(
        inputs,
        baselines=baseline,
        target=target,
        n_steps=STEPS,
        internal_batch_size=max(len(inputs), 256),
        return_convergence_delta=True,
    )
    size = found.detach().abs().mean(dim=0).cpu().numpy().astype(np.float64)
    moved = found.detach().flatten(1).sum(dim=1).abs().mean()
    left = float(delta.detach().abs().mean() / moved.clamp(min=1e-9))
    return {**_named(trained, size), "rows": len(inputs), "left_over": left}


def _named(trained: Trained, size: Array) -> dict[str, Any]:
    if trained.view == "images":
        return {"kind": "picture", "names": [], "size": size.sum(axis=0).tolist()}
    if size.ndim == 2:
        return {"kind": "steps", "names": list(trained.data.names), "size": size.T.tolist()}
    order = np.argsort(-size, kind="stable")[:30]
    names = trained.data.names
    return {
        "kind": "features",
        "names": [names[k] if k < len(names) else f"input {k + 1}" for k in order],
        "size": size[order].tolist(),
    }
