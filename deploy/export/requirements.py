"""The versions that a model was made with, as pip reads them."""

from __future__ import annotations

import platform
from collections.abc import Iterable

from search.provenance import version

__all__ = ["requirements_text", "versions_of"]

ALWAYS = ("tuneyard", "numpy", "pandas", "scikit-learn", "skops")
BY_KIND = {
    "network": ("torch", "safetensors"),
    "xgboost": ("xgboost-cpu", "xgboost"),
    "lightgbm": ("lightgbm",),
    "onnx": ("onnxruntime",),
    "torch-export": ("torch",),
    "sklearn": (),
}


def versions_of(kinds: Iterable[str]) -> dict[str, str]:
    """The installed version of each package that a model of these kinds needs; "python" is one of them."""
    names = [*ALWAYS, *(name for kind in kinds for name in BY_KIND[kind])]
    found = {name: version(name) for name in dict.fromkeys(names)}
    return {"python": platform.python_version(), **{name: v for name, v in found.items() if v is not None}}


def requirements_text(versions: dict[str, str]) -> str:
    """The content of a requirements.txt."""
    lines = [f"{name}=={found}" for name, found in versions.items() if name != "python"]
    return "\n".join([f"# Python {versions['python']}", *lines, ""])
