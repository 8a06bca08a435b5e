"""The errors of trainables, one tree with the rest of the project.

```
TuneyardError                  (spaces.errors)
└── TrainableError             a trainable was given something it cannot use, or called out of order
    ├── PlugError              (also ValueError) what a sweep names as its trainable cannot be used
    ├── DataError              (also ValueError) a data set cannot be read: says file, column and row
    ├── MetricError            what a trainable reported cannot be used
    └── CheckpointError        a checkpoint is missing, cut or altered
```

An exception raised inside a user's own trainable is none of these: it comes through untouched.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from spaces.errors import TuneyardError

__all__ = ["CheckpointError", "DataError", "MetricError", "PlugError", "TrainableError", "nearest"]


class TrainableError(TuneyardError):
    """A trainable was given something it cannot use, or its verbs were called out of order."""


class PlugError(TrainableError, ValueError):
    """What a sweep names as its trainable cannot be found, imported or recognised."""


class DataError(TrainableError, ValueError):
    """A data set cannot be read as asked; the message names the file, the column and the row."""


class MetricError(TrainableError):
    """What a trainable reported cannot be used as metrics."""


class CheckpointError(TrainableError):
    """A checkpoint is missing, cut, altered, or does not belong to what is being resumed."""


def nearest(name: str, known: Iterable[str]) -> str:
    """End a sentence about an unknown ``name``: the nearest of the ``known`` ones, else a few of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    if not names:
        return "there are none."
    more = ", ..." if len(names) > 12 else ""
    return f"known: {', '.join(names[:12])}{more}"
