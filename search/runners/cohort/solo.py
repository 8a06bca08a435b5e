"""A trial that trains by itself beside the lanes: an ordinary host behind the interface of a stack of one lane."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search.paths import RunPaths
from search.runners.endings import close_host
from search.runners.output import TrialOutput
from trainables.host import Host
from trainables.plug import Plug
from trainables.randomness import capture_globals, restore_globals

__all__ = ["Solo"]


class Solo:
    """One trial, hosted as by any runner: what it prints goes into its folder, what its code raises is its own affair.

    The global generators, from which a user's code may draw, are lent to it for the length of each call: what else
    trains in this process between two of its steps changes nothing about it.
    """

    def __init__(self, plug: Plug, paths: RunPaths | None, device: str) -> None:
        self.host = Host(plug)
        self._paths, self._device = paths, device
        self._key: int | None = None
        self._generators: dict[str, Any] | None = None

    def add(self, key: int, config: Mapping[str, Any], *, seed: int, checkpoint: Path | None = None) -> None:
        """Begin the trial, or go on from its checkpoint."""
        self._key, self._output = key, TrialOutput(self._paths, key)
        scratch = None if self._paths is None else self._paths.scratch(key)
        with self._output.captured():
            self.host.start(config, seed=seed, device=self._device, checkpoint=checkpoint, scratch=scratch)
        self._generators = capture_globals()

    def step(self) -> Mapping[int, Mapping[str, Any] | BaseException]:
        """One step. What it raises is returned, a `sys.exit` of the user's among it."""
        assert self._key is not None
        assert self._generators is not None
        restore_globals(self._generators)
        try:
            with self._output.captured():
                raw = self.host.advance()
        except (Exception, SystemExit) as error:
            return {self._key: error}
        self._generators = capture_globals()
        return {self._key: StopIteration() if raw is None else raw}

    def save(self, key: int, directory: Path) -> None:
        """Write the trial's checkpoint."""
        assert self._generators is not None
        restore_globals(self._generators)
        with self._output.captured():
            self.host.save(directory)

    def free(self, key: int) -> None:
        """End the trial."""
        if self._key is not None:
            close_host(self.host, self._key)
            self._output.close()
            self._key = None

    def close(self) -> None:
        """End the trial, if there is one."""
        if self._key is not None:
            self.free(self._key)
