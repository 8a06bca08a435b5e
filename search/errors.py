"""Every error a user can meet, as one tree.

    TuneyardError
    ├── SpaceError            a parameter, condition, constraint or config is wrong
    ├── TrainableError
    │   ├── PlugError         a trainable cannot be found or imported
    │   ├── DataError         a data set cannot be read or used
    │   ├── MetricError       a step reported something that is not a metric
    │   └── CheckpointError   a checkpoint is missing, cut or altered
    └── SweepError
        ├── SettingsError     a sweep file or an option is wrong (exit code 2)
        ├── RunNotFoundError  no such run, or an ambiguous prefix (exit code 2)
        ├── RunExistsError    the name is taken (exit code 2)
        ├── TrustError        somebody else could have written to the run directory (exit code 2)
        ├── LockedError       another driver holds the run directory (exit code 4)
        ├── JournalError      the journal is damaged or cannot be written (exit code 5)
        ├── RunnerError       the runner (Ray, a cluster) cannot do what was asked (exit code 1)
        ├── StorageError      a store (S3, ...) cannot be reached, or refuses (exit code 1)
        └── OrderError        the calls came in an order that makes no sense (a bug in a runner)

Exceptions raised by the user's own trainable are not in this tree: they come through untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spaces.errors import SpaceError, TuneyardError
from trainables.errors import CheckpointError, DataError, MetricError, PlugError, TrainableError

__all__ = [
    "CheckpointError",
    "DataError",
    "JournalError",
    "LockedError",
    "MetricError",
    "OrderError",
    "PlugError",
    "RunExistsError",
    "RunNotFoundError",
    "RunnerError",
    "SettingsError",
    "SpaceError",
    "StorageError",
    "SweepError",
    "TrainableError",
    "TrustError",
    "TuneyardError",
]


class SweepError(TuneyardError):
    """Something about a sweep, rather than about its space or its trainable."""

    exit_code: ClassVar[int] = 1


class SettingsError(SweepError, ValueError):
    """A sweep file or an option is wrong; holds every problem found, not the first only.

    `problems`: one line each, `file:line:column key: rule, value got, next move`.
    """

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class RunNotFoundError(SweepError, LookupError):
    """No run of that name, prefix or path."""

    exit_code = 2


class RunExistsError(SweepError, FileExistsError):
    """A run of that name exists already."""

    exit_code = 2


class TrustError(SweepError):
    """Going on with a run would execute what somebody else may have written."""

    exit_code = 2


class LockedError(SweepError):
    """Another driver works on this run directory."""

    exit_code = 4


class JournalError(SweepError):
    """The journal is damaged, does not match what is asked of it, or cannot be written."""

    exit_code = 5


class RunnerError(SweepError):
    """The runner cannot do what was asked of it (Ray, the cluster, the resources)."""


class StorageError(SweepError):
    """A store that a URL names cannot be reached, or refuses what was asked of it."""


class OrderError(SweepError, RuntimeError):
    """Calls on a sweep came in an order that makes no sense."""
