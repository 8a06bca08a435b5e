"""One hash for the content of a source, whatever it was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from trainables.data.dataset import Array

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fingerprint_of"]


def fingerprint_of(*parts: pd.DataFrame | Array | Iterable[str] | None) -> str:
    """SHA-256, hexadecimal, of names, types and values in their order; equal content gives an equal hash."""
    import pandas as pd

    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"|")
        if part is None:
            continue
        if isinstance(part, pd.DataFrame):
            for name in part.columns:
                digest.update(f"{name!r}=".encode())
                _add_array(digest, np.asarray(part[name]))
        elif isinstance(part, np.ndarray):
            _add_array(digest, part)
        else:
            _add_texts(digest, part)
    return digest.hexdigest()


def _add_array(digest: hashlib._Hash, array: Array) -> None:
    if array.dtype == object:
        _add_texts(digest, array.ravel().tolist())
        return
    digest.update(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).tobytes())


def _add_texts(digest: hashlib._Hash, texts: Iterable[object]) -> None:
    cells = ["-" if text is None else f"{len(str(text))}:{text}" for text in texts]
    digest.update("".join(cells).encode("utf-8", "surrogatepass"))
