"""What a local run directory knows of its store: how much of the journal is the same in both."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass

from search.paths import RunPaths, write_atomic

__all__ = ["Synced"]


@dataclass(frozen=True)
class Synced:
    """The first `end` bytes of the journal are those of the store, of drivers up to `epoch`; `run_id`: of the run there.
    `driver`: who was at work there.
    """

    epoch: int = 0
    end: int = 0
    run_id: str = ""
    driver: str | None = None

    @classmethod
    def read(cls, paths: RunPaths) -> Synced:
        """Nothing is known where there is no memo, or none that reads: everything is then compared."""
        try:
            return cls(**json.loads(paths.synced.read_text()))
        except (OSError, ValueError, TypeError):
            return cls()

    def write(self, paths: RunPaths) -> None:
        """Keep it; a disk that does not take it costs a comparison the next time."""
        with contextlib.suppress(OSError):
            write_atomic(paths.synced, json.dumps(asdict(self)))
