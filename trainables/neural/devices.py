"""What torch can compute on here."""

from __future__ import annotations

__all__ = ["gpu_found"]


def gpu_found() -> bool:
    """Whether torch is installed and finds a GPU. Loads torch."""
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()
