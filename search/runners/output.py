"""Where a trial's printing goes while it runs in this process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO

from search.paths import RunPaths
from search.trial import trial_id

__all__ = ["TrialOutput"]

log = logging.getLogger(__name__)


class TrialOutput:
    """The stdout and stderr files of one trial, open for one attempt at it.

    `paths` None, or a disk that does not take the files: the trial prints where the process does.
    """

    def __init__(self, paths: RunPaths | None, number: int) -> None:
        self._files: list[TextIO] = []
        if paths is None:
            return
        try:
            paths.trial(number).mkdir(parents=True, exist_ok=True)
            for path in (paths.stdout(number), paths.stderr(number)):
                self._files.append(open(path, "a", buffering=1, encoding="utf-8", errors="replace"))  # noqa: SIM115
        except OSError as error:
            self.close()
            log.warning("%s: what it prints cannot be kept (%s)", trial_id(number), error)

    @contextmanager
    def captured(self) -> Iterator[None]:
        """What Python code prints inside the block is written to the files; what C libraries print is not."""
        if not self._files:
            yield
            return
        out, err = self._files
        with redirect_stdout(out), redirect_stderr(err):
            yield

    def close(self) -> None:
        for file in self._files:
            file.close()
        self._files = []
