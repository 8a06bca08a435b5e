"""What can go wrong on the way from a run to a model that serves.

```
TuneyardError
└── DeployError       the run, the trial or the request cannot be used for what was asked
    └── ModelError    a model folder is damaged, altered, incomplete or from another version
```
"""

from __future__ import annotations

from spaces.errors import TuneyardError

__all__ = ["DeployError", "ModelError"]


class DeployError(TuneyardError):
    """A winner cannot be used as asked; the message says why and what to do next."""


class ModelError(DeployError):
    """A model folder is damaged, altered, incomplete or from another version; the message names the file."""
